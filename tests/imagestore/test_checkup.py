"""Recipes' files: are they where they should be, and does what says what they are hold?"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pyxie.images.spec import Upstream
from pyxie.imagestore.checkup import Checkup, Found, in_json
from pyxie.imagestore.named import Named
from pyxie.verification.expected import Expected, Listed
from pyxie.verification.lists import Lists
from pyxie.verification.verifier import Verifier
from tests.http.upstream import mirror

KERNEL = b"k" * 5000
SUMS = f"{hashlib.sha256(KERNEL).hexdigest()}  linux\n".encode()


async def looked(folder: Path, *sources: Upstream, seconds: float = 20) -> list[Found]:
    named = [Named(by="debian-12 amd64", part="kernel", source=each) for each in sources]
    verifier = Verifier(Lists(), lambda: folder)
    async with verifier, Checkup(verifier, seconds=seconds) as checkup:
        return await checkup.of(named)


def listed(url: str, name: str = "linux", signature: str = "", keyring: str = "") -> Expected:
    sums = Listed(url=f"{url}/SHA256SUMS", signature=signature, keyring=keyring)
    return Expected(listed=sums, name=name)


async def test_a_file_that_is_there_is_not_fetched(tmp_path: Path) -> None:
    async with mirror({"linux": KERNEL}) as there:
        (found,) = await looked(tmp_path, Upstream(f"{there.url}/linux"))

        assert (found.state, found.size, found.signature) == ("answers", 5000, "none")
        assert there.headers[0]["Range"] == "bytes=0-0"


async def test_one_that_has_gone_is_told(tmp_path: Path) -> None:
    async with mirror({"linux": 404}) as there:
        (found,) = await looked(tmp_path, Upstream(f"{there.url}/linux"))

    assert (found.state, found.why) == ("refused", "answered 404 Not Found")


async def test_a_server_that_is_not_reached_or_says_nothing_is_silent(tmp_path: Path) -> None:
    async with mirror({"linux": KERNEL, "away": "ftp://x/y"}) as there:
        there.may.clear()
        slow, nobody = await looked(
            tmp_path,
            Upstream(f"{there.url}/linux"),
            Upstream("http://127.0.0.1:1/linux"),
            seconds=0.3,
        )
        there.may.set()
        (astray,) = await looked(tmp_path, Upstream(f"{there.url}/away"))

    assert (slow.state, slow.why) == ("silent", "sent nothing within 0.3 s")
    assert (nobody.state, bool(nobody.why)) == ("silent", True)
    assert (astray.state, astray.why) == ("silent", "redirects to what is no URL of HTTP")


async def test_what_a_list_says_of_it_is_told_with_who_signed_that(tmp_path: Path) -> None:
    files = {"linux": KERNEL, "SHA256SUMS": SUMS, "SHA256SUMS.gpg": b"none"}
    async with mirror(files) as there:
        url = f"{there.url}/linux"
        signed = listed(there.url, signature=f"{there.url}/SHA256SUMS.gpg", keyring="no-such")
        found = await looked(
            tmp_path,
            Upstream(url, expected=Expected(sha256="a" * 64)),
            Upstream(url, expected=listed(there.url)),
            Upstream(url, expected=listed(there.url, "other")),
            Upstream(url, expected=listed(f"{there.url}/gone")),
            Upstream(url, expected=signed),
        )

    assert [each.signature for each in found][:3] == ["unsigned", "unsigned", "wrong"]
    assert found[1].by.endswith("SHA256SUMS, which is not signed")
    assert found[4].signature == "unchecked"
    assert "no-such" in found[4].by


async def test_a_list_that_has_gone_is_told(tmp_path: Path) -> None:
    async with mirror({"linux": KERNEL, "SHA256SUMS": 404}) as there:
        source = Upstream(f"{there.url}/linux", expected=listed(there.url))
        (found,) = await looked(tmp_path, source)

    assert (found.state, found.signature) == ("answers", "unread")
    assert found.by.endswith("cannot be fetched: answered 404 Not Found")


async def test_no_password_is_told(tmp_path: Path) -> None:
    async with mirror({"linux": KERNEL}) as there:
        url = there.url.replace("http://", "http://me:sesame@")
        (found,) = await looked(tmp_path, Upstream(f"{url}/linux"))

    assert in_json(found) == {
        "arch": "amd64",
        "part": "kernel",
        "url": f"{there.url}/linux",
        "state": "answers",
        "why": "",
        "size": 5000,
        "signature": "none",
        "by": "",
    }
