"""The store: what is fetched, how often, and what is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from pyxie.config.imagestore import ImageStore as StoreSettings
from pyxie.images.spec import Upstream
from pyxie.imagestore.copies import Copy, ImageStore
from tests.http.upstream import File, Mirror, mirror
from tests.support import Clock

KERNEL = bytes(range(256)) * 4096


@asynccontextmanager
async def store(
    folder: Path, files: Mapping[str, File], **settings: object
) -> AsyncIterator[tuple[ImageStore, Mirror]]:
    """Give a store in a folder, and a mirror."""
    told = StoreSettings.model_validate(settings)
    async with (
        mirror(files) as there,
        ImageStore(folder / "store", lambda: told, clock=Clock()) as made,
    ):
        yield made, there


async def read(copy: Copy) -> bytes:
    """Return all of a copy, as it grows."""
    data = b""
    while (there := await copy.beyond(len(data))) > len(data):
        with copy.file.descriptor as number:
            import os

            data += os.pread(number, there - len(data), len(data))
    return data


class TestTheFirst:
    async def test_has_it_fetched_and_reads_it_as_it_grows(self, tmp_path: Path) -> None:
        async with store(tmp_path, {"linux": KERNEL}) as (made, there):
            async with made.open(Upstream(f"{there.url}/linux")) as copy:
                assert await read(copy) == KERNEL
            async with made.open(Upstream(f"{there.url}/linux")) as copy:
                assert await read(copy) == KERNEL

            assert there.asked == [("GET", "linux")]

    async def test_shares_it_with_all_others(self, tmp_path: Path) -> None:
        async def one(made: ImageStore, url: str) -> bytes:
            async with made.open(Upstream(url)) as copy:
                return await read(copy)

        async with store(tmp_path, {"linux": KERNEL}) as (made, there):
            url = f"{there.url}/linux"
            found = await asyncio.gather(*(one(made, url) for _ in range(100)))

            assert set(found) == {KERNEL}
            assert there.asked == [("GET", "linux")]
