"""Where workers come from: a process that is forked off the daemon before that holds anything.

It has all modules loaded, so that a worker begins in milliseconds and needs no file of Python's,
which the ``user`` of the settings may not be let at. It has no thread, no socket of the network, no
database and no machine; and no template is ever rendered in it.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Final, NoReturn, Self

from pyxie import privileges
from pyxie.bounds import RENDER_PROCESSES
from pyxie.errors import StartError
from pyxie.render.strict import compile_ahead
from pyxie.shipped import shipped
from pyxie.workers.medium import read
from pyxie.workers.walls import enclose
from pyxie.workers.worker import work

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG: Final = 1
_PATIENCE: Final = 1.0
"""Seconds that it has to end."""
_LONGEST: Final = 512


class ForkServer:
    """The daemon's side of it.

    To be made before there is a thread or an event loop, for what is forked has those halved.

    Args:
        carry: What the process for TFTP is to do with its line.
    """

    def __init__(self, carry: Callable[[socket.socket], None] | None = None) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if self._pid == 0:
            _end(_Server(theirs, carry).serve)
        theirs.close()
        self._control.setblocking(False)
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        """End it, and with it all workers."""
        self._control.close()
        for _each in range(int(_PATIENCE / 0.01)):
            if os.waitpid(self._pid, os.WNOHANG)[0]:
                return
            time.sleep(0.01)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def become(self, user: str) -> None:
        """Have it give up root's powers, as `pyxie.privileges.drop`; all workers come after that.

        Raises:
            OSError: It has died.
        """
        self._control.send(f"user {user}".encode())

    def start(self, *files: int) -> tuple[int, socket.socket]:
        """Start a worker; return its number, and the line to it.

        Where none can be started, that line is closed at its other end.

        Args:
            files: None for one that renders; the number of an open file for one that reads it
                as a medium, see `pyxie.workers.medium`.

        Raises:
            OSError: The fork server has died, or there is no descriptor left.
        """
        return self._ask("start", socket.SOCK_STREAM, *files)

    def start_carrier(self) -> tuple[int, socket.socket]:
        """Start a process for TFTP; return its number, and the line to it, by whole messages.

        Raises:
            OSError: As of `start`.
        """
        return self._ask("carry", socket.SOCK_SEQPACKET)

    def kill(self, number: int) -> None:
        """End a worker, whatever it does; nothing if it has ended."""
        with suppress(OSError):
            self._control.send(f"kill {number}".encode())

    @property
    def control(self) -> socket.socket:
        """The line to it; it is closed at the other end once it has died."""
        return self._control

    def _ask(self, word: str, kind: int, *files: int) -> tuple[int, socket.socket]:
        self._number += 1
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        message = f"{word} {self._number}".encode()
        with theirs:
            try:
                socket.send_fds(self._control, [message], [theirs.fileno(), *files])
            except OSError:
                ours.close()
                raise
        return self._number, ours


class _Server:
    """What runs in the process.

    Args:
        control: By which it is told what to do.
        carry: As of `ForkServer`.
    """

    def __init__(
        self, control: socket.socket, carry: Callable[[socket.socket], None] | None
    ) -> None:
        self._control = control
        self._carry = carry
        self._workers: dict[int, int] = {}

    def serve(self) -> None:
        """Start and end workers, until the daemon closes the line."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the daemon is meant, and may still render
        _close_all_but(self._control.fileno())
        compile_ahead(shipped("ipxe"))
        gc.freeze()
        ended, woken = socket.socketpair()
        woken.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(woken.fileno())
        try:
            while True:
                ready, _, _ = select.select([self._control, ended], [], [])
                if ended in ready:
                    ended.recv(_LONGEST)
                    self._reap()
                if self._control in ready and not self._obey():
                    return
        finally:
            for pid in self._workers.values():
                os.kill(pid, signal.SIGKILL)

    def _obey(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, _LONGEST, 2)
        word, _, rest = message.decode().partition(" ")
        match word:
            case "start":
                with socket.socket(fileno=descriptors[0]) as line, ExitStack() as files:
                    for each in descriptors[1:]:
                        files.callback(os.close, each)
                    self._start_worker(int(rest), line, descriptors[1:])
            case "carry" if self._carry is not None:
                with socket.socket(fileno=descriptors[0]) as line:
                    self._fork(int(rest), line, (), partial(_carry, self._carry, line))
            case "kill" if int(rest) in self._workers:
                os.kill(self._workers[int(rest)], signal.SIGKILL)
            case "user":
                try:
                    privileges.drop(rest)
                except StartError as exc:
                    log.error("templates cannot be rendered: %s", exc)  # noqa: TRY400
                    return False
            case _:
                pass
        return bool(message)

    def _start_worker(self, number: int, line: socket.socket, files: Sequence[int]) -> None:
        # Some may be dead and not gone, as on a file system that does not answer.
        if len(self._workers) < RENDER_PROCESSES.whole:
            self._fork(number, line, files, partial(_work, line, files))

    def _fork(
        self,
        number: int,
        line: socket.socket,
        files: Sequence[int],
        serve: Callable[[], None],
    ) -> None:
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as exc:
            log.error("a process cannot be started: %s", exc.strerror)  # noqa: TRY400
            return
        if pid:
            self._workers[number] = pid
            return
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _close_all_but(line.fileno(), *files)

        def begin() -> None:
            _end_with(server)
            serve()

        _end(begin)

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while (gone := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                self._workers = {each: pid for each, pid in self._workers.items() if pid != gone}


def _end(serve: Callable[[], None]) -> NoReturn:
    """Run what a forked process is for, and end it: nothing of the daemon's is to run in it."""
    code = 1
    try:
        serve()
        code = 0
    except BaseException:
        log.exception("a bug, in a process of the fork server's")
    finally:
        os._exit(code)


def _close_all_but(*kept: int) -> None:
    begin = 3
    for each in sorted(kept):
        os.closerange(begin, each)
        begin = each + 1
    os.closerange(begin, os.sysconf("SC_OPEN_MAX"))


def _end_with(server: int) -> None:
    """Have this process end when the fork server does."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != server:
        raise ProcessLookupError("the fork server has ended")


def _work(line: socket.socket, files: Sequence[int]) -> None:
    """Render, or read a medium, with no power that reading templates does not take."""
    # Root reads the operator's files by its own, whoever they belong to.
    if os.geteuid() != 0:
        privileges.renounce()
    if files:
        read(line, files[0])
    else:
        work(line)


def _carry(carry: Callable[[socket.socket], None], line: socket.socket) -> None:
    """Carry transfers, with no power at all: what is sent is handed over open."""
    privileges.renounce()
    enclose()
    carry(line)
