"""What the store fetches, handed on as it comes: what was broken off goes on where it was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from pyxie.errors import BusyError, NotServedError
from pyxie.images.spec import Upstream
from pyxie.images.upstream import RefusedError, UpstreamError
from pyxie.imagestore.copies import ImageStore
from pyxie.imagestore.entry import key_of
from pyxie.imagestore.imagecache import HeldError

_PIECE: Final = 1 << 20


def may_pass(error: Exception) -> bool:
    """Tell whether a fetch that ended so may well succeed in a while."""
    if isinstance(error, RefusedError):
        return not error.is_absence
    return isinstance(error, UpstreamError | BusyError)


def dropped(store: ImageStore, url: str) -> None:
    """End the fetch of a file that was handed on, unless somebody else is given it."""
    source = Upstream(url)
    with suppress(NotServedError, HeldError):
        store.cancel(key_of(source.url, source.reach))


async def through(
    store: ImageStore,
    url: str,
    write: Callable[[bytes], Awaitable[None]],
    moved: Callable[[int, int | None], None],
) -> None:
    """Hand on the newest of a file.

    Args:
        store: Fetches it, and may keep it.
        url: Where it is; an operator's, who may name any server.
        write: Takes its bytes, in order.
        moved: Told how many have come, and of how many, where that is known.

    Raises:
        UpstreamError: Its server does not give it.
        UncachedError: The store cannot hold it.
        PyxieError: It is not what it should be.
    """
    async with store.open(Upstream(url), anew=True) as copy:
        at = 0
        while (there := await copy.beyond(at)) > at:
            while at < there:
                data = await store.reading.run(copy.file.read, at, min(_PIECE, there - at))
                if not data:
                    raise OSError(0, "became shorter while it was read")
                await write(data)
                at += len(data)
                moved(at, copy.head.size)
            if copy.is_whole and at >= (copy.head.size or at):
                return
