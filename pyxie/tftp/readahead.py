"""Threads that read on what is sent and not in memory, where there is no asyncio."""

from __future__ import annotations

import os
import threading
from collections import deque
from queue import SimpleQueue
from typing import Final

from pyxie.bounds import THREADS_PATIENCE
from pyxie.tftp.driver import Driver
from pyxie.tftp.files import Library
from pyxie.tftp.session import Session
from pyxie.tftp.turning import PollLoop, Timer

_MOST: Final = 4
"""Threads."""


class ReadAhead:
    """Those threads, made as they are needed.

    Args:
        loop: In which the driver works.
        driver: Told of a session whose content can be read on, or cannot, and why.
        library: Keeps what was read.
    """

    def __init__(self, loop: PollLoop, driver: Driver, library: Library) -> None:
        self._loop = loop
        self._driver = driver
        self._library = library
        self._jobs: SimpleQueue[tuple[Session, int]] = SimpleQueue()
        self._done: deque[tuple[Session, int, bytes | OSError]] = deque()
        self._in_hand: dict[Session, Timer] = {}
        self._threads = 0
        self._woken = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        loop.add_reader(self._woken, self._on_done)

    def begin(self, session: Session, offset: int) -> None:
        """Read what a session sends, from an offset on."""
        late = self._loop.time() + THREADS_PATIENCE.most
        self._in_hand[session] = self._loop.call_at(late, self._on_late, session)
        self._jobs.put((session, offset))
        if self._threads < min(_MOST, len(self._in_hand)):
            self._threads += 1
            threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            session, offset = self._jobs.get()
            try:
                found: bytes | OSError = session.content.fetch(offset)
            except OSError as exc:
                found = exc
            self._done.append((session, offset, found))
            os.eventfd_write(self._woken, 1)

    def _on_done(self) -> None:
        os.eventfd_read(self._woken)
        while self._done:
            session, offset, found = self._done.popleft()
            timer = self._in_hand.pop(session, None)
            if timer is None:
                continue  # it was given up
            timer.cancel()
            if isinstance(found, OSError):
                self._driver.give_up(session, found.strerror or str(found))
            else:
                self._library.keep(session.content, offset, found)
                self._driver.arrived(session)

    def _on_late(self, session: Session) -> None:
        del self._in_hand[session]
        THREADS_PATIENCE.reached()
        why = f"no answer within {THREADS_PATIENCE.most:g} s; does its file system hang?"
        self._driver.give_up(session, why)
