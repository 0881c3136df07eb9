"""The daemon's end of one worker: a process, which does one job after the other."""

from __future__ import annotations

import asyncio
import pickle
import socket
from typing import Final, Protocol

from pyxie.bounds import RENDER_TIME
from pyxie.config.settings import Settings
from pyxie.threads import Pool
from pyxie.workers.frames import HEAD, READY, lengths, letters_of, packed
from pyxie.workers.made import Made, from_plain

_LARGE: Final = 1 << 18
"""Bytes of an answer that is not read on the event loop."""


class Forks(Protocol):
    """What is asked of `pyxie.workers.forkserver.ForkServer`."""

    @property
    def control(self) -> socket.socket:
        """Closed at its other end once no worker can be started any more."""
        ...

    def become(self, user: str) -> None:
        """Have all workers be of that user."""
        ...

    def start(self, *files: int) -> tuple[int, socket.socket]:
        """Start a worker; return its number, and the line to it; raises OSError.

        Args:
            files: What `pyxie.workers.forkserver.ForkServer.start` takes.
        """
        ...

    def kill(self, number: int) -> None:
        """End a worker."""
        ...


class NotStartedError(OSError):
    """The process was not started: too many are not gone, or the host has no room for it."""


class Child:
    """One of them, started when it is made.

    Args:
        forks: Starts it.
        settings: Those of now; it gets ready by them.
        reading: Threads in which long answers are read.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, forks: Forks, settings: Settings, reading: Pool) -> None:
        self._reading = reading
        self._forks = forks
        self._number, self._line = forks.start()
        self._line.setblocking(False)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._settings = settings
        loop = asyncio.get_running_loop()
        self._opening = loop.create_task(self._open(), name=f"worker {self._number}")
        self._opening.add_done_callback(_looked_at)

    @property
    def is_there(self) -> bool:
        """Whether it has not ended meanwhile."""
        return self._reader is None or not self._reader.at_eof()

    async def ask(self, settings: Settings, message: bytes) -> Made:
        """Have a job done.

        Raises:
            TimeoutError: It takes too long.
            NotStartedError: It never began.
            OSError: It has ended.
            EOFError: It has ended.
            FrameError: It says what cannot be.
        """
        async with asyncio.timeout(RENDER_TIME.most):
            reader, writer = await asyncio.shield(self._opening)
            if settings is not self._settings:
                self._settings = settings
                writer.write(_of_settings(settings))
            writer.write(packed(message))
            await writer.drain()
            plain, text = lengths(await reader.readexactly(HEAD.size))
            data = await reader.readexactly(plain)
            letters = await reader.readexactly(text)
        if plain + text > _LARGE:
            return await self._reading.run(_read, data, letters)
        return _read(data, letters)

    def end(self) -> None:
        """End it, whatever it does."""
        self._forks.kill(self._number)
        self._opening.cancel()
        if self._writer is not None:
            self._writer.transport.abort()
        self._line.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_unix_connection(sock=self._line)
        self._reader, self._writer = reader, writer
        try:
            await reader.readexactly(len(READY))
        except (EOFError, OSError):
            raise NotStartedError("it did not begin") from None
        writer.write(_of_settings(self._settings))
        return reader, writer


def _looked_at(opening: asyncio.Task[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
    """Have its failure be no news: whoever asks is told."""
    if not opening.cancelled():
        opening.exception()


def _of_settings(settings: Settings) -> bytes:
    return packed(pickle.dumps(settings, pickle.HIGHEST_PROTOCOL))


def _read(data: bytes, letters: bytes) -> Made:
    return from_plain(data, letters_of(letters))
