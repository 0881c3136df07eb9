"""What is done of many things on the event loop: some at a time, with turns for others between.

For short work on each that has to see the state of the loop. What can be told from a snapshot is
done in a thread, see `pyxie.threads`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

SLICE: Final = 0.005
"""Seconds of work in one turn of the event loop; a DHCP client is answered between two."""


async def in_slices(
    values: Iterable[T], *, turn: float = SLICE, rest: float = 0.0
) -> AsyncIterator[T]:
    """Walk ``values`` as they are now, leaving the event loop to others every few milliseconds.

    Whatever is changed meanwhile is not seen here: look again at what has to be so still.

    Args:
        values: They.
        turn: Seconds of work in one turn.
        rest: Seconds that others have between two at least: for what nobody waits for.
    """
    until = time.monotonic() + turn
    for each in tuple(values):
        yield each
        if time.monotonic() >= until:
            await asyncio.sleep(rest)
            until = time.monotonic() + turn
