"""What is kept: pins, checks, and the same in memory as on disk."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from pyxie.errors import NotServedError, PyxieError
from pyxie.imagestore.entry import key_of
from pyxie.imagestore.growth import UncachedError
from pyxie.imagestore.imagecache import HeldError
from pyxie.imagestore.needed import Needs
from pyxie.imagestore.ondisk import Disk
from pyxie.outbound.reach import Reach
from tests.http.upstream import File, mirror
from tests.imagestore.stores import KERNEL, got, kept, lies, only, store
from tests.support import eventually


class TestPins:
    async def test_last(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there:
            async with store(tmp_path) as made:
                await kept(made, f"{there.url}/linux")
                assert (await made.cache.pin(only(made).key)).pinned
            async with store(tmp_path) as made:
                assert only(made).pinned
                assert not (await made.cache.pin(only(made).key, pinned=False)).pinned

    async def test_are_of_what_is_there(self, tmp_path: Path) -> None:
        async with store(tmp_path) as made:
            with pytest.raises(NotServedError):
                await made.cache.pin("x")


class TestDiscarding:
    async def test_removes_one_and_what_lies_of_it(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL, "initrd": b"i"}) as there, store(tmp_path) as made:
            await kept(made, f"{there.url}/linux")
            gone = only(made)
            await kept(made, f"{there.url}/initrd")

            assert await made.cache.discard(gone.key) == gone

            assert only(made).url == f"{there.url}/initrd"
            assert lies(tmp_path) == {"blobs": 1, "partial": 0, "urls": 1}

    async def test_leaves_what_is_pinned_sent_or_needed_and_says_by_whom(
        self, tmp_path: Path
    ) -> None:
        needed: dict[str, list[str]] = {}

        async def needs() -> Needs:
            return needed

        async with mirror({"linux": KERNEL}) as there, store(tmp_path, needed=needs) as made:
            await kept(made, f"{there.url}/linux")
            key = only(made).key
            async with made.cache.opened(key):
                with pytest.raises(HeldError, match=r"it is being sent just now: try again"):
                    await made.cache.discard(key)
            needed[key] = ["web01", "web02", "web03"]
            with pytest.raises(HeldError, match=r"web01 and 2 more in build mode may boot it yet"):
                await made.cache.discard(key)
            await made.cache.pin(key)
            with pytest.raises(HeldError, match="it is pinned: unpin it first"):
                await made.cache.discard(key)

            assert only(made).key == key

    async def test_is_of_what_is_there(self, tmp_path: Path) -> None:
        async with store(tmp_path) as made:
            with pytest.raises(NotServedError):
                await made.cache.discard("x")


class TestVerifying:
    async def test_tells_what_is_damaged_and_removes_it(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there, store(tmp_path) as made:
            await kept(made, f"{there.url}/linux")
            key = only(made).key
            assert await made.cache.verify(key) == only(made).digest

            (blob,) = (each for each in (tmp_path / "blobs").rglob("*") if each.is_file())
            blob.chmod(0o600)
            blob.write_bytes(b"x" + KERNEL[1:])

            assert await made.cache.verify(key) == sha256(b"x" + KERNEL[1:]).hexdigest()
            assert made.cache.entries() == []
            assert lies(tmp_path) == {"blobs": 0, "partial": 0, "urls": 0}


class TestAllAtOnce:
    @pytest.mark.parametrize("seed", range(5))
    async def test_leave_in_memory_what_is_on_disk(self, tmp_path: Path, seed: int) -> None:
        """Fetches, copies that make room, pins, prunings, checks and removals, in any order."""
        chance = random.Random(seed)
        files: dict[str, File] = {str(n): str(n % 5).encode() * 50_000 for n in range(8)}
        async with mirror(files) as there:
            settings = {"size": "150 kB", "revalidate": "always"}
            async with store(tmp_path, settings) as made:

                async def something() -> None:
                    url = f"{there.url}/{chance.randrange(8)}"
                    key = key_of(url, Reach.ANYWHERE)
                    with suppress(PyxieError):
                        match chance.randrange(10):
                            case 0:
                                await made.cache.pin(key, pinned=chance.random() < 0.3)
                            case 1:
                                await made.cache.prune()
                            case 2:
                                assert await made.cache.verify(key)
                            case 3:
                                await made.cache.discard(key)
                            case _:
                                assert await got(made, url) == files[url[-1]]

                for _ in range(10):
                    await asyncio.gather(*(something() for _ in range(12)))
                await eventually(lambda: not made.fetching())
                in_memory = {(each.key, each.digest, each.pinned) for each in made.cache.entries()}

        disk = Disk(tmp_path)
        await asyncio.to_thread(disk.claim)
        before = lies(tmp_path)["blobs"]
        on_disk = await asyncio.to_thread(disk.load, 100)
        await asyncio.to_thread(disk.leave)
        assert {(each.key, each.digest, each.pinned) for each in on_disk} == in_memory
        assert before == len({each.digest for each in on_disk})


class TestWithoutAFolder:
    async def test_nothing_is_kept_and_that_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        async with mirror({"linux": KERNEL}) as there, store(tmp_path / "file/store") as made:
            assert made.problem == f"no images are kept: {tmp_path}/file/store: Not a directory"
            with pytest.raises(UncachedError):
                await got(made, f"{there.url}/linux")

    async def test_that_another_pyxie_has_nothing_is_kept(self, tmp_path: Path) -> None:
        async with store(tmp_path), store(tmp_path) as second:
            assert second.problem.endswith("another pyxie is using it")

    async def test_it_is_kept_once_there_is_one(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_text("x")
        async with store(file / "store") as made:
            serving = asyncio.create_task(made.serve())
            file.unlink()
            made.wake()
            await eventually(lambda: not made.problem)
            serving.cancel()

    async def test_a_size_of_nothing_makes_none(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there:
            async with store(tmp_path / "x", {"size": 0}) as made:
                with pytest.raises(UncachedError):
                    await got(made, f"{there.url}/linux")

            assert not (tmp_path / "x").exists()
            assert there.asked == []
