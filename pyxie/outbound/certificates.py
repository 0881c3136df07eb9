"""Certificates that are believed: read when the first is looked at, if ever.

OpenSSL reads some hundred and forty of them for each context, which is a twentieth of what a start
takes and nearly a megabyte; aiohttp has it do so twice when it is loaded.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from pyxie.errors import BusyError
from pyxie.threads import Pool

_READS: Final = "set_default_verify_paths"
_ONE: Final = threading.Lock()
"""Two parts that need them at once have them read once."""


class Certificates:
    """Those by which one part of pyxie knows other servers; for the event loop.

    Args:
        ca: A file with some beside the host's own.
    """

    def __init__(self, ca: Path | None = None) -> None:
        self._ca = ca
        self._pool = Pool("certificates", most=1, patience=float("inf"))
        self._turn = asyncio.Lock()
        self._context: ssl.SSLContext | None = None

    async def read(self) -> ssl.SSLContext:
        """Return what connections are made by.

        Raises:
            OSError: The file cannot be read, or holds none, as ssl's own errors say; or the host
                has no thread for it.
        """
        async with self._turn:
            if self._context is None:
                try:
                    self._context = await self._pool.run(of_host if self._ca is None else self._own)
                except BusyError as exc:
                    raise OSError(errno.EAGAIN, str(exc)) from exc
            return self._context

    def _own(self) -> ssl.SSLContext:
        context = _believing()
        context.load_verify_locations(self._ca)
        return context


def of_host() -> ssl.SSLContext:
    """Return what believes the host's own; in a thread, or before anything is served."""
    with _ONE:
        return _of_host()


@cache
def _of_host() -> ssl.SSLContext:
    return _believing()


def _believing() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(("http/1.1",))  # as aiohttp's own
    return context


@contextmanager
def none_read() -> Iterator[None]:
    """Have contexts that are made meanwhile believe nobody.

    For loading aiohttp, which makes two that nobody here uses; if anybody did, no server would be
    taken for what it says it is.
    """
    setattr(ssl.SSLContext, _READS, lambda _context: None)
    try:
        yield
    finally:
        delattr(ssl.SSLContext, _READS)
