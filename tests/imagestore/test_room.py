"""Room for the next file, and for what was broken off."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.bounds import Bound
from pyxie.images.spec import Upstream
from pyxie.images.upstream import UpstreamError
from pyxie.imagestore.entry import key_of
from pyxie.imagestore.growth import UncachedError
from pyxie.imagestore.needed import Needs
from pyxie.outbound.reach import Reach
from tests.http.upstream import mirror
from tests.imagestore.liar import liar, whole
from tests.imagestore.stores import KERNEL, got, kept, lies, store
from tests.support import Clock, eventually


class TestRoom:
    async def test_is_made_by_what_was_used_the_longest_ago(self, tmp_path: Path) -> None:
        clock = Clock()
        files = {name: name.encode() * 100_000 for name in "abc"}
        async with mirror(files) as there, store(tmp_path, {"size": "250 kB"}, clock=clock) as made:
            for name in "aba":
                clock.now += 1
                await kept(made, f"{there.url}/{name}")
            await kept(made, f"{there.url}/c")

            assert {each.url[-1] for each in made.cache.entries()} == {"a", "c"}
            assert lies(tmp_path) == {"blobs": 2, "partial": 0, "urls": 2}

    async def test_is_never_made_by_what_is_served_pinned_or_needed(self, tmp_path: Path) -> None:
        files = {name: name.encode() * 100_000 for name in "abcd"}
        async with mirror(files) as there:
            needed = key_of(f"{there.url}/a", Reach.ANYWHERE)

            async def needs() -> Needs:
                return {needed: ["web01"]}

            async with store(tmp_path, {"size": "350 kB"}, needed=needs) as made:
                for name in "abc":
                    await kept(made, f"{there.url}/{name}")
                await made.cache.pin(key_of(f"{there.url}/b", Reach.ANYWHERE))
                async with made.open(Upstream(f"{there.url}/c")):
                    with pytest.raises(UncachedError, match="no room"):
                        await got(made, f"{there.url}/d")
                    assert "no room" in made.problem

                assert {each.url[-1] for each in made.cache.entries()} == set("abc")

    async def test_is_not_made_for_what_is_larger_than_all(self, tmp_path: Path) -> None:
        async with (
            mirror({"a": b"a" * 100, "linux": KERNEL}) as there,
            store(tmp_path, {"size": "250 kB"}) as made,
        ):
            await kept(made, f"{there.url}/a")
            with pytest.raises(UncachedError, match="larger than 'image_store"):
                await got(made, f"{there.url}/linux")

            assert len(made.cache.entries()) == 1

    async def test_is_left_for_others_on_the_disk(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there, store(tmp_path, spare=1 << 60) as made:
            with pytest.raises(UncachedError, match="no room"):
                await got(made, f"{there.url}/linux")

    async def test_is_made_by_hand(self, tmp_path: Path) -> None:
        clock = Clock()
        async with (
            mirror({"a": b"a", "b": b"b", "c": b"c"}) as there,
            store(tmp_path, clock=clock) as made,
        ):
            for name in "abc":
                await kept(made, f"{there.url}/{name}")
                clock.now += 100
            await made.cache.pin(key_of(f"{there.url}/a", Reach.ANYWHERE))

            assert [each.url[-1] for each in await made.cache.prune(unused=150)] == ["b"]
            assert {each.url[-1] for each in made.cache.entries()} == {"a", "c"}


class TestWhatWasBrokenOff:
    """Whoever may ask for a file beside a kernel may ask for any number that are not there."""

    async def test_leaves_nothing_where_there_was_nothing(self, tmp_path: Path) -> None:
        async with mirror({"linux": 404}) as there, store(tmp_path) as made:
            for at in range(20):
                with pytest.raises(UpstreamError):
                    await kept(made, f"{there.url}/{at}")

            await eventually(lambda: not made.fetching())
            assert lies(tmp_path) == {"blobs": 0, "partial": 0, "urls": 0}

    async def test_takes_no_more_than_there_is_room_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.imagestore.fetching._WAITS", ())
        settings = {"size": 3 * len(KERNEL)}
        cut = whole(KERNEL, cut=len(KERNEL) - 1000)
        async with liar(cut) as there, store(tmp_path, settings, asks=there) as made:
            for at in range(8):
                with pytest.raises(UpstreamError):
                    await kept(made, f"{there.url}/{at}")
                await eventually(lambda: not made.fetching())

            parts = [each.stat().st_size for each in (tmp_path / "partial").glob("*.part")]
            assert parts
            assert sum(parts) <= 3 * len(KERNEL)

    async def test_is_so_many_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pyxie.imagestore.fetching._WAITS", ())
        monkeypatch.setattr("pyxie.imagestore.room.IMAGE_PARTS", Bound("x", 3, "files", "gone"))
        async with liar(whole(b"kernel", cut=3)) as there, store(tmp_path, asks=there) as made:
            for at in range(6):
                with pytest.raises(UpstreamError):
                    await kept(made, f"{there.url}/{at}")
                await eventually(lambda: not made.fetching())

            assert len(list((tmp_path / "partial").glob("*.part"))) == 3
