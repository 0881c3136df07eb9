"""A build whose kernel or initrd is known to be wrong does not begin."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from pyxie.access.scope import Scope
from pyxie.bounds import VERIFY_BEGIN
from pyxie.builds.life import Build, GivenFile
from pyxie.events.kind import Step
from pyxie.images.spec import Upstream, images_of
from pyxie.imagestore.trust import Trust
from tests.http.site import ALL_LOCAL, CONFIG, HOST, LOCAL, Served, serving
from tests.http.upstream import File, Mirror, mirror
from tests.needs import program
from tests.support import eventually
from tests.verification.signers import Keys

LINUX = hashlib.sha256(b"kernel").hexdigest()
INITRD = hashlib.sha256(b"initrd").hexdigest()
OTHER = "b2" * 32
SUMS = f"{LINUX}  linux\n{INITRD}  initrd.gz\n".encode()
BODY = b"kernel: {url: linux, sha256: %b}\n"


@asynccontextmanager
async def site(
    folder: Path, files: dict[str, File], checksums: str, more: str = ""
) -> AsyncIterator[tuple[Served, Mirror]]:
    """Serve a machine whose kernel is at a mirror, where its list may be as well."""
    async with mirror(files) as there:
        machine = (
            f"hostname: {HOST}\nimage_url: {there.url}/\nkernel: linux\ninitrd: initrd.gz\n"
            "network: [{macaddress: '00:de:ad:90:74:60'}]\ncmdline: quiet\n"
            f"{checksums.format(url=there.url)}"
        )
        async with serving(folder, config=CONFIG + more, machine=machine) as served:
            yield served, there


def signed(keyring: str = "mirror") -> str:
    return (
        "checksums:\n    url: {url}/SHA256SUMS\n    signature: SHA256SUMS.gpg\n"
        f"    keyring: {keyring}\n"
    )


UNSIGNED = "checksums: {{url: '{url}/SHA256SUMS'}}\n"


async def asked(served: Served, body: bytes | None = None) -> tuple[int, str]:
    answer = await served.ask("PUT", f"/build/{HOST}", body)
    return answer.status, answer.text.rstrip()


def troubles(served: Served) -> list[str]:
    """Return what went wrong, without advice on a build that has no template."""
    return [text for text in served.texts(Step.TROUBLE) if not text.startswith("advice")]


class TestABuild:
    async def test_begins_where_all_agree(self, tmp_path: Path, keys: Keys) -> None:
        program("gpgv", "gpgv")
        files: dict[str, File] = {
            "SHA256SUMS": SUMS,
            "SHA256SUMS.gpg": keys.signers.detached(SUMS, "mirror"),
        }
        (tmp_path / "keyrings").mkdir()
        (tmp_path / "keyrings/mirror.gpg").write_bytes(keys.mirror)

        async with site(tmp_path, files, signed()) as (served, _):
            assert await asked(served, BODY % LINUX.encode()) == (200, "OK")

    async def test_is_refused_where_what_is_written_is_not_what_the_list_says(
        self, tmp_path: Path
    ) -> None:
        async with site(tmp_path, {"SHA256SUMS": SUMS}, UNSIGNED) as (served, there):
            status, told = await asked(served, BODY % OTHER.encode())

        assert (status, told) == (
            400,
            (
                f"body:1:30: kernel.sha256: {there.url}/linux: its SHA-256 is {LINUX}, and should"
                f" be {OTHER} by 'sha256', against {there.url}/SHA256SUMS, which is not signed"
            ),
        )
        assert [told in text for text in served.texts(Step.TROUBLE)] == [True]
        assert served.parts.index.active(HOST) is None

    async def test_is_refused_where_the_list_does_not_name_its_file(self, tmp_path: Path) -> None:
        files: dict[str, File] = {"SHA256SUMS": f"{LINUX}  linux\n".encode()}

        async with site(tmp_path, files, UNSIGNED) as (served, there):
            assert await asked(served) == (
                400,
                (
                    f"{tmp_path}/machines/{HOST}.yaml:7:18: checksums.url:"
                    f" {there.url}/SHA256SUMS: names no 'initrd.gz'"
                ),
            )

    async def test_is_refused_where_the_list_was_changed(self, tmp_path: Path, keys: Keys) -> None:
        program("gpgv", "gpgv")
        files: dict[str, File] = {
            "SHA256SUMS": SUMS + b"#\n",
            "SHA256SUMS.gpg": keys.signers.detached(SUMS, "mirror"),
        }
        (tmp_path / "keyrings").mkdir()
        (tmp_path / "keyrings/mirror.gpg").write_bytes(keys.mirror)

        async with site(tmp_path, files, signed()) as (served, there):
            status, told = await asked(served)

        assert status == 400
        assert f"machines/{HOST}.yaml:8:10: checksums.url: {there.url}/SHA256SUMS: is " in told

    async def test_is_refused_where_its_keyring_is_missing(self, tmp_path: Path) -> None:
        files: dict[str, File] = {"SHA256SUMS": SUMS, "SHA256SUMS.gpg": b"x"}

        async with site(tmp_path, files, signed("fedora")) as (served, _):
            status, told = await asked(served)

        assert status == 400
        assert "keyring fedora: is in none of " in told
        assert told.endswith(": put the distribution's keys there as fedora.gpg")

    async def test_is_refused_where_the_copy_in_the_store_is_not_what_it_should_be(
        self, tmp_path: Path
    ) -> None:
        async with site(tmp_path, {"linux": b"kernel"}, "") as (served, there):
            await served.build()
            await served.get(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: not served.parts.image_store.fetching())
            status, told = await asked(served, BODY % OTHER.encode())

        assert (status, told) == (
            400,
            (
                f"body:1:30: kernel.sha256: {there.url}/linux: its SHA-256 is {LINUX},"
                f" and should be {OTHER} by 'sha256'"
            ),
        )

    async def test_begins_where_the_copy_in_the_store_is_old(self, tmp_path: Path) -> None:
        files: dict[str, File] = {"linux": b"older"}
        async with site(tmp_path, files, "") as (served, _):
            await served.build()
            await served.get(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: not served.parts.image_store.fetching())
            files["linux"] = b"kernel"

            assert await asked(served, BODY % LINUX.encode()) == (200, "OK")

    async def test_begins_with_advice_where_the_list_is_not_to_be_had(self, tmp_path: Path) -> None:
        async with site(tmp_path, {"SHA256SUMS": 404}, UNSIGNED) as (served, there):
            answer = await served.ask("PUT", f"/api/v1/builds/{HOST}", b"{}")

        assert answer.status == 200
        assert [each for each in json.loads(answer.body)["advice"] if "SHA256SUMS" in each] == [
            (
                f"{tmp_path}/machines/{HOST}.yaml:7:18: checksums.url: {there.url}/SHA256SUMS:"
                " cannot be fetched: answered 404 Not Found; when the machine asks for it, it is"
                " tried again"
            )
        ]

    async def test_does_not_wait_for_a_list_for_long(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(VERIFY_BEGIN, "most", 0.1)

        async with site(tmp_path, {"SHA256SUMS": SUMS}, UNSIGNED) as (served, there):
            there.may.clear()
            answer = await served.ask("PUT", f"/api/v1/builds/{HOST}", b"{}")

        assert answer.status == 200
        assert "kernel: is not verified within 0.1 s; " in answer.text

    async def test_with_a_file_of_ours_is_refused_where_that_was_changed(
        self, tmp_path: Path
    ) -> None:
        machine = LOCAL.replace("deb/linux", f"{{url: deb/linux, sha256: {OTHER}}}")
        (tmp_path / "images/deb").mkdir(parents=True)
        for name in ("deb/linux", "deb/initrd.gz", "firmware.cpio"):
            (tmp_path / "images" / name).write_bytes(b"kernel")

        async with serving(tmp_path, config=ALL_LOCAL, machine=machine) as served:
            status, told = await asked(served)
            assert (status, told.partition(" deb/linux: ")[2]) == (
                400,
                f"its SHA-256 is {LINUX}, and should be {OTHER} by 'sha256'",
            )
            assert (await asked(served, BODY.replace(b": linux", b": deb/linux") % LINUX.encode()))[
                0
            ] == 200


class TestAMachine:
    """What it is given of a file that is, or is not, what it should be."""

    @pytest.mark.parametrize("store", ["", "image_store: {size: 0}\n"])
    async def test_gets_what_was_meant(self, tmp_path: Path, store: str) -> None:
        files: dict[str, File] = {"SHA256SUMS": SUMS, "linux": b"kernel", "initrd.gz": b"initrd"}

        async with site(tmp_path, files, UNSIGNED, store) as (served, there):
            await served.build()
            kernel = await served.get(f"/boot/{HOST}/kernel/linux")
            part = await served.get(f"/boot/{HOST}/initrd/0/initrd.gz", Range="bytes=2-3")

        assert (kernel.status, kernel.body) == (200, b"kernel")
        assert (part.status, part.body) in ((206, b"it"), (200, b"initrd"))
        assert served.texts(Step.IMAGE)[0].endswith(
            f"{there.url}/linux, verified by SHA256SUMS, which is not signed"
        )

    @pytest.mark.parametrize("store", ["", "image_store: {size: 0}\n"])
    async def test_does_not_get_all_of_anything_else_and_both_digests_are_told(
        self, tmp_path: Path, store: str
    ) -> None:
        forged = b"forged" * 100_000
        files: dict[str, File] = {"SHA256SUMS": SUMS, "linux": forged}

        async with site(tmp_path, files, UNSIGNED, store) as (served, there):
            await served.build()
            got = await served.cut_off(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: not served.parts.image_store.fetching())
            kept = served.parts.image_store.cache.entries()

        assert len(got) < len(forged)
        assert kept == []
        assert troubles(served) == [
            (
                f"kernel is not given: the SHA-256 of {there.url}/linux is"
                f" {hashlib.sha256(forged).hexdigest()}, and should be {LINUX} by"
                f" {there.url}/SHA256SUMS, which is not signed"
            )
        ]

    async def test_gets_nothing_of_what_the_list_does_not_name(self, tmp_path: Path) -> None:
        files: dict[str, File] = {"SHA256SUMS": SUMS, "linux": b"kernel", "grub.cfg": b"x"}

        async with site(tmp_path, files, UNSIGNED) as (served, there):
            await served.build()
            beside = await served.get(f"/boot/{HOST}/kernel/grub.cfg")

        assert beside.status == 404
        assert ("GET", "grub.cfg") not in there.asked

    async def test_gets_nothing_where_it_cannot_be_told_what_it_should_be(
        self, tmp_path: Path
    ) -> None:
        files: dict[str, File] = {"SHA256SUMS": 503, "linux": b"kernel"}

        async with site(tmp_path, files, UNSIGNED) as (served, there):
            await served.build()
            kernel = await served.get(f"/boot/{HOST}/kernel/linux")

        assert kernel.status == 502
        assert ("GET", "linux") not in there.asked
        assert troubles(served) == [
            (
                f"kernel: {there.url}/linux: cannot be verified: {there.url}/SHA256SUMS: cannot be"
                " fetched: answered 503 Service Unavailable"
            )
        ]

    async def test_gets_a_file_of_ours_only_if_it_is_what_it_should_be(
        self, tmp_path: Path
    ) -> None:
        machine = LOCAL.replace("deb/linux", f"{{url: deb/linux, sha256: {LINUX}}}")
        (tmp_path / "images/deb").mkdir(parents=True)
        for name in ("deb/linux", "deb/initrd.gz", "firmware.cpio"):
            (tmp_path / "images" / name).write_bytes(b"kernel")

        async with serving(tmp_path, config=ALL_LOCAL, machine=machine) as served:
            await served.build()
            good = await served.get(f"/boot/{HOST}/kernel/linux")
            (tmp_path / "images/deb/linux").write_bytes(b"forged")
            bad = await served.get(f"/boot/{HOST}/kernel/linux")

        assert (good.status, good.body) == (200, b"kernel")
        assert bad.status == 404
        assert troubles(served) == [
            (
                "kernel is not given: the SHA-256 of deb/linux is"
                f" {hashlib.sha256(b'forged').hexdigest()}, and should be {LINUX} by 'sha256'"
            )
        ]

    async def test_is_told_of_as_not_verified_where_nobody_says_what_it_should_be(
        self, tmp_path: Path
    ) -> None:
        async with site(tmp_path, {"linux": b"kernel"}, "") as (served, there):
            await served.build()
            await served.get(f"/boot/{HOST}/kernel/linux")

        assert served.texts(Step.IMAGE)[0] == (
            f"fetching kernel, streamed from {there.url}/linux, not verified"
        )


@asynccontextmanager
async def several(
    folder: Path, *mirrors: dict[str, File], store: str = "", beside: str = "", more: str = ""
) -> AsyncIterator[tuple[Served, list[Mirror]]]:
    """Serve a machine that boots from the first of several mirrors of one tree."""
    async with AsyncExitStack() as stack:
        there = [await stack.enter_async_context(mirror(each)) for each in mirrors]
        machine = (
            f"hostname: {HOST}\nimage_url: {there[0].url}/\nkernel: {{url: linux{beside}}}\n"
            "initrd: initrd.gz\nnetwork: [{macaddress: '00:de:ad:90:74:60'}]\ncmdline: quiet\n"
            f"{more.format(url=there[0].url)}"
        )
        urls = ", ".join(each.url for each in there)
        config = f"{CONFIG}mirrors: {{lab: [{urls}]}}\n{store}"
        async with serving(folder, config=config, machine=machine) as served:
            yield served, there


class TestALongerDigest:
    LONG = hashlib.sha512(b"kernel").hexdigest()

    @pytest.mark.parametrize("store", ["", "image_store: {size: 0}\n"])
    @pytest.mark.parametrize("listed", [True, False])
    async def test_tells_what_is_right_and_what_is_not(
        self, tmp_path: Path, store: str, listed: bool
    ) -> None:
        forged = b"forged" * 100_000
        sums = f"{self.LONG}  linux\n{INITRD}  initrd.gz\n".encode()
        files: dict[str, File] = {"linux": b"kernel", "SHA256SUMS": sums}
        beside = "" if listed else f", sha512: {self.LONG}"
        more = UNSIGNED if listed else ""
        async with several(tmp_path, files, store=store, beside=beside, more=more) as (served, _):
            await served.build()
            first = await served.get(f"/boot/{HOST}/kernel/linux")
            again = await served.get(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: len(given(served)) == 1)
            (recorded,) = given(served)

            files["linux"] = forged
            await served.parts.image_store.cache.prune()
            await eventually(lambda: not served.parts.image_store.fetching())
            if not store:
                return
            await served.cut_off(f"/boot/{HOST}/kernel/linux")

        assert first.body == again.body == b"kernel"
        assert recorded.sha256 == LINUX
        assert f"its SHA-512 is {hashlib.sha512(forged).hexdigest()}" in troubles(served)[-1] or (
            "the SHA-512 of " in troubles(served)[-1]
        )


class TestASignatureOfItsOwn:
    BESIDE = ", signature: linux.sig, keyring: mirror"

    @pytest.fixture
    def good(self, tmp_path: Path, keys: Keys) -> dict[str, File]:
        program("gpgv", "gpgv")
        (tmp_path / "keyrings").mkdir()
        (tmp_path / "keyrings/mirror.gpg").write_bytes(keys.mirror)
        return {"linux": b"kernel", "linux.sig": keys.signers.detached(b"kernel", "mirror")}

    async def test_that_is_good_is_told_and_kept_with_the_copy(
        self, tmp_path: Path, good: dict[str, File]
    ) -> None:
        async with several(tmp_path, good, beside=self.BESIDE) as (served, (there,)):
            await served.build()
            kernel = await served.get(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: not served.parts.image_store.fetching())
            (kept,) = served.parts.image_store.cache.entries()
            good["linux"] = good["linux.sig"] = 503
            again = await served.get(f"/boot/{HOST}/kernel/linux")

        assert kernel.body == again.body == b"kernel"
        assert kept.verified.startswith(f"{there.url}/linux.sig, signed by ")
        assert served.texts(Step.IMAGE)[0].endswith(
            "verified by linux.sig by one of the keyring mirror"
        )
        assert there.asked.count(("GET", "linux")) == 1

    async def test_still_counts_after_a_restart_while_its_mirror_is_down(
        self, tmp_path: Path, good: dict[str, File]
    ) -> None:
        async with several(tmp_path, good, beside=self.BESIDE) as (served, _):
            await served.build()
            await served.get(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: not served.parts.image_store.fetching())
            (kept,) = served.parts.image_store.cache.entries()
            source = images_of(served.parts.definitions.of(active(served))).kernel
            good["linux"] = good["linux.sig"] = 503
            assert isinstance(source, Upstream)
            forgetful = Trust(served.parts.verifier)
            async with served.parts.image_store.cache.opened(kept.key) as (entry, file):
                await forgetful.approve(source, entry, file)

    async def test_that_is_of_something_else_is_refused_at_this_mirror(
        self, tmp_path: Path, good: dict[str, File]
    ) -> None:
        forged = {**good, "linux": b"forged" * 100_000}
        async with several(tmp_path, forged, good, beside=self.BESIDE) as (served, there):
            await served.build()
            await served.cut_off(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: not served.parts.image_store.fetching())
            again = await served.get(f"/boot/{HOST}/kernel/linux")

        assert again.body == b"kernel"
        assert there[0].asked.count(("GET", "linux")) == 1
        assert "is signed, but not what was sent" in troubles(served)[0] or (
            "is not signed well" in troubles(served)[0]
        )

    async def test_that_came_after_its_file_counts_from_then_on(
        self, tmp_path: Path, good: dict[str, File], keys: Keys
    ) -> None:
        """A mirror that is just being updated has the new file with the old signature."""
        async with several(tmp_path, good, beside=self.BESIDE) as (served, _):
            await served.build()
            good["linux"] = b"newer" * 100_000
            await served.cut_off(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: not served.parts.image_store.fetching())
            good["linux.sig"] = keys.signers.detached(b"newer" * 100_000, "mirror")

            assert (await served.get(f"/boot/{HOST}/kernel/linux")).body == b"newer" * 100_000

    async def test_of_an_old_file_keeps_no_newer_one_away(
        self, tmp_path: Path, good: dict[str, File], keys: Keys
    ) -> None:
        always = "image_store: {revalidate: always}\n"
        async with several(tmp_path, good, beside=self.BESIDE, store=always) as (served, _):
            await served.build()
            first = await served.get(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: not served.parts.image_store.fetching())
            good["linux"] = b"newer"
            good["linux.sig"] = keys.signers.detached(b"newer", "mirror")
            second = await served.get(f"/boot/{HOST}/kernel/linux")

        assert (first.body, second.body) == (b"kernel", b"newer")

    async def test_needs_the_image_store(self, tmp_path: Path, good: dict[str, File]) -> None:
        size = "image_store: {size: 0}\n"
        async with several(tmp_path, good, beside=self.BESIDE, store=size) as (served, there):
            await served.build()
            kernel = await served.get(f"/boot/{HOST}/kernel/linux")

        assert kernel.status == 502
        assert troubles(served)[0].endswith("for which all of it has to be in the image store")
        assert ("GET", "linux") not in there[0].asked

    async def test_without_its_keyring_refuses_the_build(self, tmp_path: Path) -> None:
        files: dict[str, File] = {"linux": b"kernel", "linux.sig": b"x"}
        async with several(tmp_path, files, beside=self.BESIDE) as (served, _):
            status, told = await asked(served)

        assert status == 400
        assert f"machines/{HOST}.yaml:3:" in told
        assert "kernel.signature: keyring mirror: is in none of " in told


class TestSeveralMirrors:
    FORGED = b"forged" * 100_000
    BESIDE = f", sha256: {LINUX}"

    @pytest.mark.parametrize("store", ["", "image_store: {size: 0}\n"])
    async def test_of_which_the_first_is_wrong_cost_a_hall_one_attempt(
        self, tmp_path: Path, store: str
    ) -> None:
        files: tuple[dict[str, File], ...] = ({"linux": self.FORGED}, {"linux": b"kernel"})
        async with several(tmp_path, *files, store=store, beside=self.BESIDE) as (served, there):
            wrong, good = there
            await served.build()
            await served.cut_off(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: not served.parts.image_store.fetching())
            hall = [(await served.get(f"/boot/{HOST}/kernel/linux")).body for _ in range(5)]

        why = (
            f"{wrong.url}/linux: its SHA-256 is {hashlib.sha256(self.FORGED).hexdigest()},"
            f" and should be {LINUX} by 'sha256'"
        )
        assert hall == [b"kernel"] * 5
        assert len(wrong.asked) == 1
        assert f"kernel comes from {good.url}/linux, for {why}" in served.texts(Step.IMAGE)
        assert len(troubles(served)) == 1

    @pytest.mark.parametrize("store", ["", "image_store: {size: 0}\n"])
    async def test_of_which_the_first_is_down_give_the_file(
        self, tmp_path: Path, store: str
    ) -> None:
        files: tuple[dict[str, File], ...] = ({"linux": 503}, {"linux": 404}, {"linux": b"kernel"})
        async with several(tmp_path, *files, store=store) as (served, there):
            await served.build()
            kernel = await served.get(f"/boot/{HOST}/kernel/linux")

        down, lacking, good = (f"{each.url}/linux" for each in there)
        assert kernel.body == b"kernel"
        assert [each for each in served.texts(Step.IMAGE) if "comes from" in each][-1:] == [
            f"kernel comes from {good}, for {lacking}: answered 404 Not Found"
        ]
        assert any(f"for {down}: answered 503 Service" in each for each in served.texts(Step.IMAGE))

    async def test_of_which_one_has_what_was_meant_begin_a_build(self, tmp_path: Path) -> None:
        files: tuple[dict[str, File], ...] = ({"linux": b"older"}, {"linux": b"kernel"})
        async with several(tmp_path, *files) as (served, _):
            await served.build()
            await served.get(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: not served.parts.image_store.fetching())

            assert await asked(served, BODY % LINUX.encode()) == (200, "OK")

    async def test_that_are_all_wrong_refuse_a_build_with_all_their_digests(
        self, tmp_path: Path
    ) -> None:
        files: tuple[dict[str, File], ...] = ({"linux": b"older"}, {"linux": b"other"})
        async with several(tmp_path, *files) as (served, (first, second)):
            await served.build()
            await served.get(f"/boot/{HOST}/kernel/linux")
            await eventually(lambda: not served.parts.image_store.fetching())
            status, told = await asked(served, BODY % LINUX.encode())

        older, other = (hashlib.sha256(each).hexdigest() for each in (b"older", b"other"))
        assert status == 400
        assert told == (
            f"body:1:30: kernel.sha256: {first.url}/linux: its SHA-256 is {older}, and should be"
            f" {LINUX} by 'sha256'; {second.url}/linux: its SHA-256 is {other}, and should be"
            f" {LINUX} by 'sha256'"
        )


def active(served: Served) -> Build:
    build = served.parts.index.active(HOST)
    assert build is not None
    return build


def given(served: Served) -> tuple[GivenFile, ...]:
    """Return what the machine was given; that is noted behind the last byte."""
    build = served.parts.index.active(HOST)
    return build.given if build is not None else ()


class TestTheBuild:
    async def test_records_the_digests_of_what_it_was_given_also_for_the_next_start(
        self, tmp_path: Path
    ) -> None:
        files: dict[str, File] = {"SHA256SUMS": SUMS, "linux": b"kernel", "initrd.gz": b"initrd"}
        by = "SHA256SUMS, which is not signed"

        async with site(tmp_path, files, UNSIGNED) as (served, _):
            await served.build()
            await served.get(f"/boot/{HOST}/kernel/linux")
            await served.get(f"/boot/{HOST}/kernel/linux")
            await served.get(f"/boot/{HOST}/initrd/0/initrd.gz")
            await eventually(lambda: len(given(served)) == 2)
            told = json.loads((await served.get(f"/api/v1/builds/{HOST}")).body)["given"]
            await eventually(lambda: not served.parts.builds.unsaved)
            (stored,) = await served.parts.records.latest()

        assert told == {
            "kernel": {"sha256": LINUX, "verified": by},
            "initrd 0": {"sha256": INITRD, "verified": by},
        }
        assert stored.given == (
            GivenFile("kernel", LINUX, by),
            GivenFile("initrd 0", INITRD, by),
        )

    async def test_records_what_nobody_verified_as_such(self, tmp_path: Path) -> None:
        async with site(tmp_path, {"linux": b"kernel"}, "") as (served, _):
            await served.build()
            await served.get(f"/boot/{HOST}/kernel/linux")

            await eventually(lambda: given(served) == (GivenFile("kernel", LINUX, ""),))


class TestWhoMayBuildAndNoMore:
    async def test_names_no_keyring_by_its_path(self, tmp_path: Path) -> None:
        body = b"checksums: {url: http://a.example/S, signature: inline, keyring: /etc/shadow}\n"

        async with serving(tmp_path) as served:
            _, secret = await served.parts.tokens.create("builder", Scope.BUILD, None)
            answer = await served.ask(
                "PUT",
                f"/build/{HOST}",
                body,
                Authorization=f"Bearer {secret}",
                X_Forwarded_For="192.0.2.9",
            )

        assert answer.status == 403
        assert answer.text.startswith("the path of a keyring in the body: ")

    async def test_has_no_list_read_of_an_inner_server(self, tmp_path: Path) -> None:
        body = b"checksums: {url: 'http://127.0.0.1:1/S'}\n"

        async with serving(tmp_path) as served:
            _, secret = await served.parts.tokens.create("builder", Scope.BUILD, None)
            answer = await served.ask(
                "PUT",
                f"/build/{HOST}",
                body,
                Authorization=f"Bearer {secret}",
                X_Forwarded_For="192.0.2.9",
            )

        assert answer.status == 403
        assert "an address of this host" in answer.text


class TestWhatIsShown:
    async def test_is_by_what_each_file_is_verified(self, tmp_path: Path) -> None:
        async with site(tmp_path, {}, signed()) as (served, there):
            found = await served.get(f"/api/v1/machines/{HOST}/definition")
        with_digest = f"kernel: {{url: linux, sha256: {LINUX}}}\ninitrd: x\n"
        async with serving(tmp_path / "2", machine=f"hostname: {HOST}\n{with_digest}") as other:
            second = await other.get(f"/api/v1/machines/{HOST}/definition")

        by = "SHA256SUMS, signed by one of the keyring mirror"
        assert json.loads(found.body)["images"] == [
            {"part": "kernel", "source": f"{there.url}/linux", "verified": by},
            {"part": "initrd 0", "source": f"{there.url}/initrd.gz", "verified": by},
        ]
        assert [each["verified"] for each in json.loads(second.body)["images"]] == [
            "its 'sha256'",
            None,
        ]
