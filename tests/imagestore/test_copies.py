"""The store, for who asks: what is served, and how often its server is asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pyxie.images.spec import Upstream
from pyxie.images.upstream import UpstreamError
from pyxie.imagestore.growth import UncachedError
from tests.http.upstream import mirror
from tests.imagestore.liar import liar, says, whole
from tests.imagestore.stores import KERNEL, got, kept, lies, only, store
from tests.support import Clock

DAY = 86_400.0
NOT_MODIFIED = says("304 Not Modified")


class TestACopy:
    async def test_is_asked_about_once_a_day(self, tmp_path: Path) -> None:
        clock = Clock()
        async with liar(whole(KERNEL), NOT_MODIFIED) as there, store(tmp_path, clock=clock) as made:
            url = f"{there.url}/linux"
            await kept(made, url)
            clock.now += DAY - 1
            assert await got(made, url) == KERNEL
            assert len(there.asked) == 1
            clock.now += 1
            assert await got(made, url) == KERNEL
            assert await got(made, url) == KERNEL

            assert [each.headers.get("if-none-match") for each in there.asked] == [None, '"one"']
            assert only(made).checked == clock.now

    async def test_is_asked_about_never(self, tmp_path: Path) -> None:
        clock = Clock()
        async with liar(whole(KERNEL)) as there:
            async with store(tmp_path, {"revalidate": "never"}, clock=clock) as made:
                await kept(made, f"{there.url}/linux")
                clock.now += 1000 * DAY
                await got(made, f"{there.url}/linux")

            assert len(there.asked) == 1

    async def test_is_asked_about_always_and_by_many_at_once_once(self, tmp_path: Path) -> None:
        async with (
            liar(whole(KERNEL), NOT_MODIFIED) as there,
            store(tmp_path, {"revalidate": "always"}) as made,
        ):
            url = f"{there.url}/linux"
            await kept(made, url)
            found = await asyncio.gather(*(got(made, url) for _ in range(20)))

            assert set(found) == {KERNEL}
            assert len(there.asked) == 2

    async def test_that_has_changed_is_fetched_anew_and_the_old_one_is_gone(
        self, tmp_path: Path
    ) -> None:
        new = KERNEL[::-1]
        async with (
            liar(whole(KERNEL), whole(new, etag='"two"')) as there,
            store(tmp_path, {"revalidate": "always"}) as made,
        ):
            await kept(made, f"{there.url}/linux")
            assert await kept(made, f"{there.url}/linux") == new

            assert only(made).etag == '"two"'
            assert lies(tmp_path) == {"blobs": 1, "partial": 0, "urls": 1}

    @pytest.mark.parametrize("status", ["500 Oh", "503 No", "404 Gone", "403 You"])
    async def test_is_served_though_its_server_does_not_give_it(
        self, tmp_path: Path, status: str
    ) -> None:
        clock = Clock()
        async with liar(whole(KERNEL), says(status)) as there, store(tmp_path, clock=clock) as made:
            source = Upstream(f"{there.url}/linux")
            await kept(made, source.url)
            clock.now += 2 * DAY
            async with made.open(source) as copy:
                assert copy.is_whole
                assert copy.stale.startswith(f"answered {status[:3]}")
                assert copy.age == 2 * DAY
            clock.now += 59
            await got(made, source.url)
            assert len(there.asked) == 2, "it is left alone for a minute"
            clock.now += 1
            await got(made, source.url)
            assert len(there.asked) == 3

    async def test_is_served_though_its_server_is_gone(self, tmp_path: Path) -> None:
        clock = Clock()
        async with store(tmp_path, clock=clock) as made:
            async with liar(whole(KERNEL)) as there:
                await kept(made, f"{there.url}/linux")
            clock.now += DAY
            async with made.open(Upstream(f"{there.url}/linux")) as copy:
                assert copy.stale == "Connection refused"

    async def test_that_was_removed_by_somebody_is_streamed_and_then_fetched(
        self, tmp_path: Path
    ) -> None:
        async with mirror({"linux": KERNEL}) as there, store(tmp_path) as made:
            await kept(made, f"{there.url}/linux")
            for path in (tmp_path / "blobs").rglob("*"):
                if path.is_file():
                    path.unlink()

            with pytest.raises(UncachedError):
                await got(made, f"{there.url}/linux")
            assert await kept(made, f"{there.url}/linux") == KERNEL


class TestFetching:
    """For the command line: all of it, and the newest."""

    async def test_gives_what_is_known_of_it(self, tmp_path: Path) -> None:
        seen: list[tuple[int, int | None]] = []
        async with liar(whole(KERNEL), NOT_MODIFIED) as there, store(tmp_path) as made:
            source = Upstream(f"{there.url}/linux")
            first = await made.fetch(source, lambda *moved: seen.append(moved))
            again = await made.fetch(source)

            assert (first.size, again.digest) == (len(KERNEL), first.digest)
            assert seen[-1] == (len(KERNEL), len(KERNEL))
            assert len(there.asked) == 2

    async def test_says_that_there_is_only_the_old_one(self, tmp_path: Path) -> None:
        async with liar(whole(KERNEL), says("503 No")) as there, store(tmp_path) as made:
            await made.fetch(Upstream(f"{there.url}/linux"))

            with pytest.raises(UpstreamError, match="answered 503"):
                await made.fetch(Upstream(f"{there.url}/linux"))
            assert len(made.cache.entries()) == 1


class TestWhole:
    async def test_is_a_copy_whose_size_is_known(self, tmp_path: Path) -> None:
        """TFTP tells it before the first block (RFC 2349)."""
        async with mirror({"linux": KERNEL}) as there, store(tmp_path) as made:
            for _ in range(2):
                async with made.whole(Upstream(f"{there.url}/linux")) as copy:
                    assert await copy.beyond(0) == len(KERNEL)

            assert len(there.asked) == 1
