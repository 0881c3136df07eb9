"""Which digest a file must have: by lists, and by signatures that real programs check."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pyxie.bounds import VERIFY_HELD, VERIFY_KEPT, VERIFY_READS, Bound
from pyxie.config.checksums import INLINE
from pyxie.outbound.reach import Reach
from pyxie.verification.expected import Expected, Listed, Wanted
from pyxie.verification.faults import (
    ListError,
    MismatchError,
    SignatureError,
    UncheckedError,
    UnlistedError,
    UnreadError,
    VerificationError,
)
from pyxie.verification.signature import program
from pyxie.verification.verifier import Verifier
from tests.needs import program as needed
from tests.verification.signers import Keys

LINUX, OTHER = "a1" * 32, "b2" * 32
FOLDER = "http://deb.example/dists/bookworm"
URL = f"{FOLDER}/main/images/SHA256SUMS"
SUMS = f"{LINUX}  ./netboot/linux\n".encode()
RELEASE = (
    f"Date: x\nSHA256:\n {hashlib.sha256(SUMS).hexdigest()} 1 main/images/SHA256SUMS\n".encode()
)
NAME = "netboot/linux"
PLAIN = Expected(listed=Listed(url=URL), name=NAME)


@dataclass
class Site:
    """A server's files, and what was asked of it.

    Attributes:
        files: By their URLs.
        now: Seconds, by any clock.
        may: Cleared, to have it keep all who ask waiting.
    """

    files: dict[str, bytes]
    asked: list[str] = field(default_factory=list)
    now: float = 0.0
    may: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> object:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def read(self, url: str, _reach: Reach, _most: Bound) -> bytes:
        self.asked.append(url)
        await self.may.wait()
        if url not in self.files:
            raise UnreadError(url, "cannot be fetched: answered 404 Not Found")
        return self.files[url]


@asynccontextmanager
async def verifier(
    site: Site, keyrings: Mapping[str, bytes] | None = None, folder: Path = Path("/nowhere")
) -> AsyncIterator[Verifier]:
    site.may.set()
    for name, keys in (keyrings or {}).items():
        (folder / name).write_bytes(keys)
    made = Verifier(site, lambda: folder, clock=lambda: 1e9 + site.now, steady=lambda: site.now)
    async with made:
        yield made


@pytest.fixture
def site() -> Site:
    return Site({URL: SUMS})


class TestAFile:
    async def test_with_a_digest_beside_it_needs_no_list(self, site: Site) -> None:
        expected = Expected(sha256=LINUX, listed=Listed(url=URL), name=NAME)

        async with verifier(site) as made:
            assert await made.wanted(expected) == Wanted(LINUX, "'sha256'")
        assert site.asked == []

    async def test_has_the_digest_of_its_list(self, site: Site) -> None:
        async with verifier(site) as made:
            assert await made.wanted(PLAIN) == Wanted(LINUX, f"{URL}, which is not signed")

    async def test_that_the_list_does_not_name_is_refused(self, site: Site) -> None:
        async with verifier(site) as made:
            with pytest.raises(UnlistedError) as caught:
                await made.wanted(Expected(listed=Listed(url=URL), name="linux"))

        assert str(caught.value) == f"{URL}: names no 'linux'"

    async def test_whose_list_is_not_to_be_had_cannot_be_checked(self, site: Site) -> None:
        del site.files[URL]

        async with verifier(site) as made:
            with pytest.raises(UnreadError, match="answered 404"):
                await made.wanted(PLAIN)


class TestAListOfSeveralMirrors:
    OTHER_URL = URL.replace("deb.example", "mirror.example")
    BOTH = Expected(listed=Listed(url=URL, elsewhere=(Listed(url=OTHER_URL),)), name=NAME)

    @pytest.mark.parametrize("first", [b"", b"nonsense", f"{LINUX}  ./other\n".encode()])
    async def test_counts_where_it_holds_and_names_the_file(
        self, first: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        site = Site({self.OTHER_URL: SUMS} | ({URL: first} if first else {}))

        async with verifier(site) as made:
            assert await made.wanted(self.BOTH) == Wanted(
                LINUX, f"{self.OTHER_URL}, which is not signed"
            )
            site.now += 10
            await made.wanted(self.BOTH)

        assert site.asked == [URL, self.OTHER_URL], "the one that fails is left alone, too"
        assert ("another mirror's counts" in caplog.text) is (
            first != f"{LINUX}  ./other\n".encode()
        )

    async def test_that_holds_nowhere_is_told_as_of_the_first(self) -> None:
        async with verifier(Site({})) as made:
            with pytest.raises(UnreadError, match="deb"):
                await made.wanted(self.BOTH)


class TestASignedList:
    SIGNED = Expected(listed=Listed(url=URL, signature=f"{URL}.gpg", keyring="mirror"), name=NAME)

    async def test_holds_with_a_good_signature(
        self, site: Site, keys: Keys, tmp_path: Path
    ) -> None:
        site.files[f"{URL}.gpg"] = keys.signers.detached(SUMS, "mirror")

        async with verifier(site, {"mirror.gpg": keys.mirror}, tmp_path) as made:
            found = await made.wanted(self.SIGNED)

        assert found.digest == LINUX
        assert found.by.startswith(f"{URL}, signed by ")

    async def test_that_was_changed_is_refused(
        self, site: Site, keys: Keys, tmp_path: Path
    ) -> None:
        site.files[f"{URL}.gpg"] = keys.signers.detached(SUMS, "mirror")
        site.files[URL] = SUMS.replace(b"a1", b"a2")

        async with verifier(site, {"mirror.gpg": keys.mirror}, tmp_path) as made:
            with pytest.raises(SignatureError):
                await made.wanted(self.SIGNED)

    async def test_by_another_key_is_refused(self, site: Site, keys: Keys, tmp_path: Path) -> None:
        site.files[f"{URL}.gpg"] = keys.signers.detached(SUMS, "stranger")

        async with verifier(site, {"mirror.gpg": keys.mirror}, tmp_path) as made:
            with pytest.raises(SignatureError):
                await made.wanted(self.SIGNED)

    async def test_without_its_signature_or_keyring_cannot_be_checked(
        self, site: Site, tmp_path: Path
    ) -> None:
        async with verifier(site, {}, tmp_path) as made:
            with pytest.raises(UnreadError, match=r"SHA256SUMS\.gpg: .* 404"):
                await made.wanted(self.SIGNED)
            site.files[f"{URL}.gpg"] = b"x"
            site.now += 10
            with pytest.raises(UncheckedError, match="keyring mirror: is in none of"):
                await made.wanted(self.SIGNED)

    async def test_may_have_it_inside(self, site: Site, keys: Keys, tmp_path: Path) -> None:
        expected = Expected(listed=Listed(url=URL, signature=INLINE, keyring="mirror"), name=NAME)
        site.files[URL] = keys.signers.inline(SUMS, "mirror")

        async with verifier(site, {"mirror.gpg": keys.mirror}, tmp_path) as made:
            assert (await made.wanted(expected)).digest == LINUX

    async def test_with_text_beside_it_is_refused(
        self, site: Site, keys: Keys, tmp_path: Path
    ) -> None:
        expected = Expected(listed=Listed(url=URL, signature=INLINE, keyring="mirror"), name=NAME)
        forged = f"{OTHER}  ./netboot/linux\n".encode()
        site.files[URL] = forged + keys.signers.inline(SUMS, "mirror")

        async with verifier(site, {"mirror.gpg": keys.mirror}, tmp_path) as made:
            with pytest.raises(ListError, match=":1: is not signed inline"):
                await made.wanted(expected)

    async def test_cannot_be_checked_without_a_program(self, site: Site, tmp_path: Path) -> None:
        site.files[f"{URL}.gpg"] = b"x"
        (tmp_path / "mirror.gpg").write_bytes(b"\x99")
        site.may.set()

        async with Verifier(site, lambda: tmp_path, checker=lambda: program(str(tmp_path))) as made:
            with pytest.raises(UncheckedError, match="install the package sqv, or gpgv"):
                await made.wanted(self.SIGNED)


class TestDebiansChain:
    IN_RELEASE = f"{FOLDER}/InRelease"
    CHAIN = Expected(
        listed=Listed(url=URL, signature=INLINE, keyring="debian", release=IN_RELEASE), name=NAME
    )

    async def test_leads_from_inrelease_by_the_list_to_the_file(
        self, site: Site, keys: Keys, tmp_path: Path
    ) -> None:
        site.files[self.IN_RELEASE] = keys.signers.inline(RELEASE, "mirror", "stranger")

        async with verifier(site, {"debian-keyring.gpg": keys.mirror}, tmp_path) as made:
            found = await made.wanted(self.CHAIN)

        assert found.digest == LINUX
        assert found.by.startswith(f"{URL} by InRelease, signed by ")

    async def test_breaks_where_the_list_was_changed_and_both_digests_are_named(
        self, site: Site, keys: Keys, tmp_path: Path
    ) -> None:
        site.files[self.IN_RELEASE] = keys.signers.inline(RELEASE, "mirror")
        site.files[URL] = SUMS.replace(b"a1", b"a2")

        async with verifier(site, {"debian.gpg": keys.mirror}, tmp_path) as made:
            with pytest.raises(MismatchError) as caught:
                await made.wanted(self.CHAIN)

        assert caught.value.wanted == hashlib.sha256(SUMS).hexdigest()
        assert caught.value.found == hashlib.sha256(site.files[URL]).hexdigest()
        assert caught.value.what == URL

    async def test_breaks_where_the_release_does_not_name_the_list(
        self, site: Site, keys: Keys, tmp_path: Path
    ) -> None:
        site.files[self.IN_RELEASE] = keys.signers.inline(
            RELEASE.replace(b"main/", b"contrib/"), "mirror"
        )

        async with verifier(site, {"debian.gpg": keys.mirror}, tmp_path) as made:
            with pytest.raises(UnlistedError, match="names no 'main/images/SHA256SUMS'"):
                await made.wanted(self.CHAIN)

    async def test_breaks_where_the_release_is_not_above_the_list(self, site: Site) -> None:
        elsewhere = Listed(url=URL, release="http://other.example/InRelease")
        site.files["http://other.example/InRelease"] = RELEASE

        async with verifier(site) as made:
            with pytest.raises(UnlistedError, match="is not above the list SHA256SUMS"):
                await made.wanted(Expected(listed=elsewhere, name=NAME))

    async def test_breaks_where_the_release_is_too_old(
        self, site: Site, keys: Keys, tmp_path: Path
    ) -> None:
        old = b"Valid-Until: Sat, 8 Sep 2001 00:00:00 UTC\n" + RELEASE
        site.files[self.IN_RELEASE] = keys.signers.inline(old, "mirror")

        async with verifier(site, {"debian.gpg": keys.mirror}, tmp_path) as made:
            with pytest.raises(SignatureError, match="was valid until 2001-09-08"):
                await made.wanted(self.CHAIN)


class TestAListInMemory:
    async def test_is_read_once_for_all_who_ask(self, site: Site) -> None:
        async with verifier(site) as made:
            site.may.clear()
            asking = [asyncio.create_task(made.wanted(PLAIN)) for _ in range(50)]
            await asyncio.sleep(0)
            asking[0].cancel()
            site.may.set()
            found = await asyncio.gather(*asking[1:])

        assert {each.digest for each in found} == {LINUX}
        assert site.asked == [URL]

    async def test_is_read_again_after_a_minute(self, site: Site) -> None:
        async with verifier(site) as made:
            await made.wanted(PLAIN)
            site.now = 59.0
            await made.wanted(PLAIN)
            assert site.asked == [URL]
            site.now = 60.0
            await made.wanted(PLAIN)

        assert site.asked == [URL, URL]

    async def test_that_could_not_be_read_is_asked_for_again_after_seconds(
        self, site: Site
    ) -> None:
        del site.files[URL]

        async with verifier(site) as made:
            for site.now in (0.0, 4.0):
                with pytest.raises(UnreadError):
                    await made.wanted(PLAIN)
            site.files[URL], site.now = SUMS, 5.0
            assert (await made.wanted(PLAIN)).digest == LINUX

        assert site.asked == [URL, URL]

    async def test_is_read_again_after_seconds_for_who_doubts_it(self, site: Site) -> None:
        async with verifier(site) as made:
            await made.wanted(PLAIN)
            site.files[URL] = SUMS.replace(b"a1", b"b2")
            assert (await made.wanted(PLAIN, anew=True)).digest == LINUX
            site.now = 5.0
            assert (await made.wanted(PLAIN)).digest == LINUX
            assert (await made.wanted(PLAIN, anew=True)).digest == OTHER
            assert (await made.wanted(PLAIN)).digest == OTHER

    async def test_is_one_of_so_many(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(VERIFY_KEPT, "most", 2)
        others = [f"{FOLDER}/{n}/SHA256SUMS" for n in range(3)]
        site.files.update(dict.fromkeys(others, SUMS))
        before = VERIFY_KEPT.times

        async with verifier(site) as made:
            for url in (*others, others[2], others[0]):
                await made.wanted(Expected(listed=Listed(url=url), name=NAME))

        assert site.asked == [*others, others[0]]
        assert VERIFY_KEPT.times == before + 2

    @pytest.mark.parametrize(
        ("reach", "most"), [(Reach.ANYWHERE, VERIFY_READS.whole), (Reach.PUBLIC, 8)]
    )
    async def test_is_one_of_so_many_that_are_read_at_once(
        self, site: Site, reach: Reach, most: int
    ) -> None:
        """Whoever asks for one may leave, and ask for the next."""
        async with verifier(site) as made:
            site.may.clear()
            for n in range(most):
                listed = Listed(url=f"{FOLDER}/{n}/SHA256SUMS", reach=reach)
                asking = asyncio.create_task(made.wanted(Expected(listed=listed, name=NAME)))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                asking.cancel()

            one_more = Expected(listed=Listed(url=URL, reach=reach), name=NAME)
            with pytest.raises(UnreadError, match="too many lists are being read"):
                await made.wanted(one_more)

            assert len(site.asked) == most
            if reach is Reach.PUBLIC:  # the operator's are read all the same
                asking = asyncio.create_task(made.wanted(PLAIN))
                site.may.set()
                assert (await asking).digest == LINUX

    async def test_that_is_long_drives_out_older_ones(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(VERIFY_HELD, "most", 2 * len(SUMS))
        urls = [f"{FOLDER}/{n}/SHA256SUMS" for n in range(3)]
        site.files.update(dict.fromkeys(urls, SUMS))

        async with verifier(site) as made:
            for url in (*urls, urls[2], urls[1], urls[0]):
                await made.wanted(Expected(listed=Listed(url=url), name=NAME))

        assert site.asked == [*urls, urls[0]]

    async def test_that_is_being_read_at_the_end_is_given_up(self, site: Site) -> None:
        async with verifier(site) as made:
            site.may.clear()
            asking = asyncio.create_task(made.wanted(PLAIN))
            await asyncio.sleep(0)

        with pytest.raises(asyncio.CancelledError):
            await asking


class TestWhatAgrees:
    BOTH = Expected(sha256=LINUX, listed=Listed(url=URL), name=NAME)

    async def test_is_said_by_both(self, site: Site) -> None:
        async with verifier(site) as made:
            assert await made.agreed(self.BOTH, "x") == Wanted(
                LINUX, f"'sha256' and {URL}, which is not signed"
            )
            assert await made.agreed(PLAIN, "x") == await made.wanted(PLAIN)

    async def test_is_not_what_the_list_contradicts_and_both_digests_are_named(
        self, site: Site
    ) -> None:
        site.files[URL] = SUMS.replace(b"a1", b"b2")

        async with verifier(site) as made:
            with pytest.raises(MismatchError) as caught:
                await made.agreed(self.BOTH, f"{FOLDER}/main/images/netboot/linux")

        assert str(caught.value) == (
            f"{FOLDER}/main/images/netboot/linux: its SHA-256 is {OTHER}, and should be {LINUX}"
            f" by 'sha256', against {URL}, which is not signed"
        )

    @pytest.mark.parametrize("data", [None, b"", b"%b  other\n" % LINUX.encode()])
    async def test_is_not_contradicted_by_a_list_that_says_nothing(
        self, data: bytes | None, site: Site
    ) -> None:
        site.files = {} if data is None else {URL: data}

        async with verifier(site) as made:
            assert await made.agreed(self.BOTH, "x") == Wanted(LINUX, "'sha256'")


async def test_debians_own_keyring_is_found() -> None:
    """Where its package is installed, as on every Debian."""
    needed("gpgv", "gpgv")
    site = Site({})
    signed = Expected(
        listed=Listed(url=URL, signature=f"{URL}.gpg", keyring="debian-archive"), name=NAME
    )
    site.files = {URL: SUMS, f"{URL}.gpg": b""}

    async with verifier(site) as made:
        with pytest.raises(VerificationError, match=r"signature|signed"):
            await made.wanted(signed)
