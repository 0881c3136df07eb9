"""A small answer that is ready but for something that is waited for, as for the state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import cast

log = logging.getLogger(__name__)


class Awaited:
    """One such answer.

    Args:
        first: What is waited for.
        made: Returns the answer then, and notes that it is sent.
        closes: The connection is over with it.
        under_way: Its task is among these, until it is done.
    """

    def __init__(
        self,
        first: Callable[[], Awaitable[None]],
        made: Callable[[], bytes],
        under_way: set[asyncio.Task[None]],
        *,
        closes: bool,
    ) -> None:
        self._first = first
        self._made = made
        self._closes = closes
        self._under_way = under_way

    def begin(self, transport: asyncio.BaseTransport, over: Callable[[bool], None]) -> bool:
        """Wait, and send it; as of `pyxie.http.sending.Sending.begin`."""
        task = asyncio.get_running_loop().create_task(self._send(transport, over))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return True

    async def _send(self, transport: asyncio.BaseTransport, over: Callable[[bool], None]) -> None:
        closes = True  # unless there is an answer
        try:
            await self._first()
            cast("asyncio.Transport", transport).write(self._made())
            closes = self._closes
        except Exception:
            log.exception("a bug, before an answer")
        finally:
            over(closes)
