"""A store in a folder, and who reads of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pyxie.config.imagestore import ImageStore as StoreSettings
from pyxie.images.spec import Upstream
from pyxie.imagestore.copies import Copy, ImageStore
from pyxie.imagestore.entry import Entry
from tests.imagestore.liar import Liar
from tests.support import Clock, eventually

KERNEL = bytes(range(256)) * 4096


@asynccontextmanager
async def store(
    folder: Path, settings: dict[str, Any] | None = None, *, asks: Liar | None = None, **more: Any
) -> AsyncIterator[ImageStore]:
    """Give a store in ``folder``, which asks that server; ``more`` is for its constructor."""
    told = StoreSettings.model_validate(settings or {})
    clock = more.pop("clock", Clock())
    async with ImageStore(folder, lambda: told, clock=clock, **more) as made:
        if asks is not None:
            asks.store = made
        yield made


async def read(copy: Copy) -> bytes:
    """Return all of a copy, as it grows."""
    data = b""
    while (there := await copy.beyond(len(data))) > len(data):
        with copy.file.descriptor as number:
            data += os.pread(number, there - len(data), len(data))
    return data


async def got(made: ImageStore, url: str, *mirrors: str) -> bytes:
    """Return all of a file."""
    async with asyncio.timeout(60), made.open(Upstream(url, mirrors=mirrors)) as copy:
        return await read(copy)


async def kept(made: ImageStore, url: str) -> bytes:
    """Return all of a file once it is kept."""
    data = await got(made, url)
    await eventually(lambda: not made.fetching())
    return data


def only(made: ImageStore) -> Entry:
    """Return what is known of the one copy that there is."""
    (entry,) = made.cache.entries()
    return entry


def lies(folder: Path) -> dict[str, int]:
    """Return how many files of each sort lie in a store's folder."""
    return {
        "blobs": sum(each.is_file() for each in (folder / "blobs").rglob("*")),
        "partial": sum(1 for _ in (folder / "partial").iterdir()),
        "urls": sum(1 for _ in (folder / "urls").iterdir()),
    }
