"""Workers that are threads, which a test starts in the place of processes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property


class Threads:
    """A `pyxie.workers.pool.Forks` whose workers are threads.

    Args:
        work: What a worker does with its line; by default nothing, as one that hangs.
    """

    def __init__(self, work: Callable[[socket.socket], None] = lambda _: None) -> None:
        self._work = work
        self.lines: dict[int, socket.socket] = {}
        self.killed: list[int] = []
        self.users: list[str] = []

    @cached_property
    def _ends(self) -> tuple[socket.socket, socket.socket]:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        return ours, theirs

    @property
    def control(self) -> socket.socket:
        return self._ends[0]

    @property
    def far(self) -> socket.socket:
        return self._ends[1]

    def become(self, user: str) -> None:
        self.users.append(user)

    def start(self, *files: int) -> tuple[int, socket.socket]:
        number = len(self.lines) + 1
        ours, self.lines[number] = socket.socketpair()
        threading.Thread(target=self._serve, args=(number,), daemon=True).start()
        return number, ours

    def _serve(self, number: int) -> None:
        with suppress(OSError):
            self._work(self.lines[number])

    def kill(self, number: int) -> None:
        self.killed.append(number)
        with suppress(OSError):
            self.lines[number].shutdown(socket.SHUT_RDWR)
        self.lines[number].close()

    def close(self) -> None:
        for line in (self.control, self.far, *self.lines.values()):
            line.close()
