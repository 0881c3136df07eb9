"""Copies that are, or are not, what their files should be."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from pyxie.images.spec import Upstream
from pyxie.imagestore.copies import ImageStore
from pyxie.imagestore.entry import Entry, key_of
from pyxie.imagestore.trust import Trust, was_verified
from pyxie.outbound.reach import Reach
from pyxie.verification.expected import Expected, Listed, Wanted
from pyxie.verification.faults import MismatchError, UnlistedError, UnreadError
from pyxie.verification.lists import Lists as Nobody
from pyxie.verification.verifier import Verifier
from tests.http.upstream import File, Mirror, mirror
from tests.imagestore.liar import Asked, head, liar, says, whole
from tests.imagestore.stores import KERNEL, kept, lies, only, read, store
from tests.support import eventually

NEWER = KERNEL[::-1]
SUMS = "http://mirror.example/SHA256SUMS"
LISTED = Listed(url=SUMS)
PLAIN = Expected(listed=LISTED, name="linux")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Says(Verifier):
    """Says the same of all files; or what it is told to raise.

    Args:
        data: What they should be.
        newer: What they should be by a list that is read anew.
    """

    def __init__(self, data: bytes, newer: bytes | None = None) -> None:
        super().__init__(Nobody(), Path)
        self.data = data
        self.newer = newer
        self.fault: Exception | None = None

    async def wanted(self, expected: Expected, *, anew: bool = False) -> Wanted:
        if expected.sha256:
            return Wanted(expected.sha256, "'sha256'")
        if self.fault is not None:
            raise self.fault
        if anew and self.newer is not None:
            self.data = self.newer
        return Wanted(digest(self.data), SUMS)


async def unchanged(asked: Asked, writer: asyncio.StreamWriter) -> None:
    assert "if-none-match" in asked.headers
    writer.write(head("304 Not Modified", ETag='"one"'))
    await writer.drain()


def source(there: Mirror, expected: Expected | None = None) -> Upstream:
    return Upstream(
        f"{there.url}/linux", expected=expected or Expected(listed=LISTED, name="linux")
    )


async def got(made: ImageStore, wanted: Upstream) -> bytes:
    async with asyncio.timeout(60), made.open(wanted) as copy:
        return await read(copy)


class TestAFetch:
    async def test_of_what_it_should_be_is_kept_with_how_that_is_known(
        self, tmp_path: Path
    ) -> None:
        async with (
            mirror({"linux": KERNEL}) as there,
            store(tmp_path, trust=Trust(Says(KERNEL))) as made,
        ):
            assert await got(made, source(there)) == KERNEL
            await eventually(lambda: not made.fetching())

            assert only(made).verified == SUMS

    async def test_of_anything_else_is_not_given_to_its_end_and_nothing_is_kept(
        self, tmp_path: Path
    ) -> None:
        async with (
            mirror({"linux": NEWER}) as there,
            store(tmp_path, trust=Trust(Says(KERNEL))) as made,
        ):
            async with made.open(source(there)) as copy:
                with pytest.raises(MismatchError) as caught:
                    await copy.beyond(len(NEWER) - 1)
                assert copy.growth is not None
                assert copy.growth.there == len(NEWER) - 1
            await eventually(lambda: not made.fetching())

            assert (caught.value.wanted, caught.value.found) == (digest(KERNEL), digest(NEWER))
            assert made.cache.entries() == []
            assert lies(tmp_path) == {"blobs": 0, "partial": 0, "urls": 0}

    async def test_is_judged_by_a_list_that_is_read_anew_where_they_differ(
        self, tmp_path: Path
    ) -> None:
        """A mirror may have got a new file and its list since that was read."""
        async with (
            mirror({"linux": NEWER}) as there,
            store(tmp_path, trust=Trust(Says(KERNEL, newer=NEWER))) as made,
        ):
            assert await got(made, source(there)) == NEWER

    async def test_is_judged_for_each_who_takes_part(self, tmp_path: Path) -> None:
        """Who began it may expect nothing, or something else."""
        async with (
            mirror({"linux": NEWER}) as there,
            store(tmp_path, trust=Trust(Says(KERNEL))) as made,
        ):
            there.may.clear()
            plain = asyncio.create_task(got(made, replace(source(there), expected=None)))
            await eventually(lambda: bool(there.asked))
            careful = asyncio.create_task(got(made, source(there)))
            there.may.set()

            assert await plain == NEWER
            with pytest.raises(MismatchError):
                await careful
            assert there.asked == [("GET", "linux")]


class TestACopy:
    async def test_that_is_right_is_served_without_asking_its_server(self, tmp_path: Path) -> None:
        settings = {"revalidate": "always"}
        async with (
            mirror({"linux": KERNEL}) as there,
            store(tmp_path, settings, trust=Trust(Says(KERNEL))) as made,
        ):
            await kept(made, f"{there.url}/linux")

            assert await got(made, source(there)) == KERNEL
            assert there.asked == [("GET", "linux")]

    async def test_that_is_not_is_fetched_anew_however_fresh(self, tmp_path: Path) -> None:
        settings, says = {"revalidate": "never"}, Says(KERNEL)
        files: dict[str, File] = {"linux": KERNEL}
        async with mirror(files) as there, store(tmp_path, settings, trust=Trust(says)) as made:
            await kept(made, f"{there.url}/linux")
            files["linux"] = NEWER
            says.data = NEWER

            assert await got(made, source(there)) == NEWER

    async def test_that_is_not_and_has_not_changed_is_not_served(self, tmp_path: Path) -> None:
        says = Says(KERNEL)
        async with mirror({"linux": KERNEL}) as there, store(tmp_path, trust=Trust(says)) as made:
            await kept(made, f"{there.url}/linux")
            says.data = NEWER

            with pytest.raises(MismatchError):
                await got(made, source(there))

    async def test_that_was_right_is_served_while_list_and_server_are_down(
        self, tmp_path: Path
    ) -> None:
        says = Says(KERNEL)
        files: dict[str, File] = {"linux": KERNEL}
        async with mirror(files) as there, store(tmp_path, trust=Trust(says)) as made:
            await got(made, source(there))
            await eventually(lambda: not made.fetching())
            says.fault = UnreadError(SUMS, "is down")
            files["linux"] = 503

            assert await got(made, source(there)) == KERNEL

    async def test_that_was_never_verified_is_not(self, tmp_path: Path) -> None:
        says = Says(KERNEL)
        files: dict[str, File] = {"linux": KERNEL}
        async with mirror(files) as there, store(tmp_path, trust=Trust(says)) as made:
            await kept(made, f"{there.url}/linux")
            says.fault = UnreadError(SUMS, "is down")

            with pytest.raises(UnreadError):
                await got(made, source(there))

    async def test_is_judged_by_its_own_digest_whatever_the_list_says(self, tmp_path: Path) -> None:
        async with (
            mirror({"linux": KERNEL}) as there,
            store(tmp_path, trust=Trust(Says(NEWER))) as made,
        ):
            own = source(there, Expected(sha256=digest(KERNEL), listed=LISTED, name="linux"))
            other = source(there, Expected(sha256=digest(NEWER)))

            assert await got(made, own) == KERNEL
            with pytest.raises(MismatchError):
                await got(made, other)


def at(one: Mirror, *others: Mirror) -> Upstream:
    """Return the file at several mirrors, of which a list says what it is."""
    wanted = source(one)
    return replace(wanted, mirrors=tuple(f"{each.url}/linux" for each in others))


class TestMirrors:
    async def test_are_tried_in_their_order_until_one_has_what_was_meant(
        self, tmp_path: Path
    ) -> None:
        async with (
            mirror({"linux": NEWER}) as wrong,
            mirror({"linux": 503}) as down,
            mirror({"linux": KERNEL}) as good,
            store(tmp_path, trust=Trust(Says(KERNEL))) as made,
        ):
            async with made.whole(at(wrong, down, good)) as copy:
                assert await read(copy) == KERNEL

            assert copy.at == f"{good.url}/linux"
            assert copy.passed == (
                str(MismatchError(f"{wrong.url}/linux", digest(KERNEL), digest(NEWER), SUMS)),
                f"{down.url}/linux: answered 503 Service Unavailable",
            )
            assert [len(each.asked) for each in (wrong, down, good)] == [1, 1, 1]

    async def test_that_gave_what_is_wrong_are_not_asked_by_whoever_comes_next(
        self, tmp_path: Path
    ) -> None:
        """Who had the beginning of it is cut off, and asks again."""
        async with (
            mirror({"linux": NEWER}) as wrong,
            mirror({"linux": KERNEL}) as good,
            store(tmp_path, trust=Trust(Says(KERNEL))) as made,
        ):
            hall = [asyncio.create_task(got(made, at(wrong, good))) for _ in range(20)]
            for each in await asyncio.gather(*hall, return_exceptions=True):
                assert isinstance(each, MismatchError)
            again = [asyncio.create_task(got(made, at(wrong, good))) for _ in range(20)]

            assert {*await asyncio.gather(*again)} == {KERNEL}
            assert await got(made, at(wrong, good)) == KERNEL
            assert (len(wrong.asked), len(good.asked)) == (1, 1)

    async def test_that_all_are_wrong_are_named_with_their_digests_and_left_alone(
        self, tmp_path: Path
    ) -> None:
        other = KERNEL[:100]
        async with (
            mirror({"linux": NEWER}) as first,
            mirror({"linux": other}) as second,
            store(tmp_path, trust=Trust(Says(KERNEL))) as made,
        ):
            for _ in range(3):
                with pytest.raises(MismatchError) as caught:
                    async with made.whole(at(first, second)):
                        pass

            assert str(caught.value) == (
                f"{first.url}/linux: its SHA-256 is {digest(NEWER)}, and should be"
                f" {digest(KERNEL)} by {SUMS}; {second.url}/linux: its SHA-256 is"
                f" {digest(other)}, and should be {digest(KERNEL)} by {SUMS}"
            )
            assert (len(first.asked), len(second.asked)) == (1, 1)
            with pytest.raises(MismatchError):
                await made.fetch(at(first, second))
            assert (len(first.asked), len(second.asked)) == (2, 2), "somebody wants to know"

    async def test_are_asked_at_once_where_something_else_is_wanted_by_now(
        self, tmp_path: Path
    ) -> None:
        says = Says(KERNEL)
        async with mirror({"linux": NEWER}) as there, store(tmp_path, trust=Trust(says)) as made:
            with pytest.raises(MismatchError):
                await got(made, source(there))
            says.data = NEWER

            assert await got(made, source(there)) == NEWER

    async def test_that_still_have_what_was_meant_before_are_passed_over(
        self, tmp_path: Path
    ) -> None:
        """By 304: it has nothing new, and what it has is not what should be there now."""
        says = Says(KERNEL)
        old = whole(KERNEL)
        async with (
            liar(old, unchanged) as behind,
            mirror({"linux": NEWER}) as good,
            store(tmp_path, trust=Trust(says)) as made,
        ):
            wanted = Upstream(f"{behind.url}/linux", mirrors=(f"{good.url}/linux",), expected=PLAIN)
            assert await got(made, wanted) == KERNEL
            await eventually(lambda: not made.fetching())
            says.data = NEWER

            assert await got(made, wanted) == NEWER

    async def test_that_break_off_what_is_wrong_stop_nobody(self, tmp_path: Path) -> None:
        """What another goes on with is wrong then, and nobody but the first is to blame."""
        cut = whole(NEWER, cut=len(NEWER) // 2)
        async with (
            liar(cut, says("503 No")) as wrong,
            liar(whole(KERNEL)) as good,
            store(tmp_path, asks=wrong, trust=Trust(Says(KERNEL))) as made,
        ):
            wanted = Upstream(f"{wrong.url}/linux", mirrors=(f"{good.url}/linux",), expected=PLAIN)
            async with made.whole(wanted) as copy:
                assert await read(copy) == KERNEL


class Lists(Verifier):
    """Says what each mirror's list says.

    Args:
        digests: By the list's URL; raises what is none.
    """

    def __init__(self, digests: dict[str, str]) -> None:
        super().__init__(Nobody(), Path)
        self.digests = digests

    async def wanted(self, expected: Expected, *, anew: bool = False) -> Wanted:
        assert expected.listed is not None
        return Wanted(self.digests[expected.listed.url], expected.listed.url)


class TestAList:
    """Of another mirror counts where the first one's lags behind the files, and no longer."""

    FIRST, SECOND = "http://a.example/SHA256SUMS", "http://b.example/SHA256SUMS"
    WANTED = Upstream(
        "http://a.example/linux",
        expected=Expected(listed=Listed(url=FIRST, elsewhere=(Listed(url=SECOND),)), name="linux"),
    )

    async def test_of_another_mirror_counts_for_what_was_fetched(self) -> None:
        trust = Trust(Lists({self.FIRST: digest(KERNEL), self.SECOND: digest(NEWER)}))

        assert await trust.judge(self.WANTED, digest(NEWER)) == self.SECOND
        with pytest.raises(MismatchError, match=f"should be {digest(KERNEL)} by {self.FIRST}"):
            await trust.judge(self.WANTED, "a1" * 32)

    async def test_of_another_mirror_keeps_nothing_that_the_first_knows_no_more(self) -> None:
        trust = Trust(Lists({self.FIRST: digest(NEWER), self.SECOND: digest(KERNEL)}))
        kept = replace(entry(""), digest=digest(KERNEL))

        assert not await trust.is_right(self.WANTED, kept)
        assert await trust.is_right(self.WANTED, kept, asked=True)


class TestBeforeAFetch:
    async def test_it_is_known_what_the_file_should_be(self) -> None:
        says = Says(KERNEL)
        trust, wanted = Trust(says), Upstream("http://a.example/linux")
        expected = replace(wanted, expected=Expected(listed=LISTED, name="linux"))
        await trust.knows(wanted, None)
        await trust.knows(expected, None)

        says.fault = UnlistedError(SUMS, "names no 'linux'")
        with pytest.raises(UnlistedError):
            await trust.knows(expected, None)
        says.fault = UnreadError(SUMS, "is down")
        with pytest.raises(UnreadError):
            await trust.knows(expected, None)
        await trust.knows(expected, entry(SUMS))


def entry(verified: str) -> Entry:
    key = key_of("http://a.example/linux", Reach.ANYWHERE)
    return Entry(key=key, url="x", digest="a" * 64, size=1, verified=verified)


class TestWhatWasVerified:
    @pytest.mark.parametrize(
        ("listed", "verified", "good"),
        [
            (LISTED, f"{SUMS}, which is not signed", True),
            (LISTED, "", False),
            (LISTED, "http://other.example/SHA256SUMS", False),
            (replace(LISTED, signature="inline"), f"{SUMS}, which is not signed", False),
            (replace(LISTED, signature="inline"), f"{SUMS}, signed by ABC", True),
            (
                Listed(url="http://first.example/SHA256SUMS", elsewhere=(LISTED,)),
                f"{SUMS}, which is not signed",
                True,
            ),
        ],
    )
    def test_counts_for_the_same_list_alone(
        self, listed: Listed, verified: str, good: bool
    ) -> None:
        wanted = Upstream("http://a.example/x", expected=Expected(listed=listed, name="x"))

        assert was_verified(wanted, verified) is good
        assert not was_verified(replace(wanted, expected=None), verified)
