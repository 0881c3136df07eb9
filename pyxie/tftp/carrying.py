"""The process that carries big transfers: it is told of each once that is decided, and tells ends.

It drives them as the server's own event loop does, by the same code, and has nothing else to do. It
opens no file: what it sends it is handed open.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pyxie.bounds import TFTP_AHEAD, TFTP_FRAMES, TFTP_PORT, THREADS_PATIENCE, Bound
from pyxie.openfile import Descriptor, OpenFile
from pyxie.tftp.batches import line_of
from pyxie.tftp.beginning import Beginning, end_session
from pyxie.tftp.driver import Driver
from pyxie.tftp.files import Content, Library, Opened
from pyxie.tftp.handover import LONGEST, Ask, Begin, End, Ending, Forget, ordered
from pyxie.tftp.packet import ReadRequest, parse
from pyxie.tftp.readahead import ReadAhead
from pyxie.tftp.session import Session
from pyxie.tftp.sockets import fitting
from pyxie.tftp.tidings import Counted, Moved, NotBegun, Over, Still, Told, in_pieces, told
from pyxie.tftp.turning import PollLoop

EVERY: Final = 0.25
"""Seconds between two messages on how far all are."""
BOUNDS: Final[tuple[Bound, ...]] = (TFTP_AHEAD, TFTP_FRAMES, TFTP_PORT, THREADS_PATIENCE)
"""Those that are reached there, in the order in which `Counted` tells of them."""
_ORDERS_A_TURN: Final = 16
_NUMBER: Final = struct.Struct("@i")


def carry(line: socket.socket) -> None:
    """Carry what is handed over by ``line``, until it is closed at the other end."""
    Carrying(line).run()


class Carrying:
    """Transfers, by the numbers that the server gives them.

    Args:
        line: To the server.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._loop = PollLoop()
        self._driver = Driver(line_of, self._ended, self._on_stray, _called)
        self._library = Library()
        self._ahead = ReadAhead(self._loop, self._driver, self._library)
        self._beginning = Beginning(self._driver, fitting, self._on_no_offload, self._ahead.begin)
        self._files: dict[int, Content] = {}
        self._sessions: dict[int, Session] = {}
        self._numbers: dict[Session, int] = {}
        self._said: dict[int, Moved] = {}
        self._strays = self._no_offload = 0
        self._telling = self._closed = False

    def run(self) -> None:
        """Work until the line is closed; tell clients that are left then."""
        self._line.setblocking(True)
        self._loop.add_reader(self._line.fileno(), self._on_orders)
        self._driver.run(self._loop)
        self._say_progress()
        while not self._closed:
            self._loop.turn()
        self._driver.close()

    def _on_orders(self) -> None:
        for _ in range(_ORDERS_A_TURN):
            try:
                message, files = _received(self._line)
            except BlockingIOError:
                return
            except ConnectionError:
                message = b""
            if not message:
                self._closed = True
                return
            match ordered(message):
                case Begin() as begin:
                    self._begin(begin, files)
                case End(number, why):
                    self._end(number, why)
                case Ask(number):
                    if self._listened(number) is not None:
                        self._tell(Still(number))
                case Forget(file):
                    self._files.pop(file).close()

    def _begin(self, begin: Begin, files: list[int]) -> None:
        for number in files:
            file = OpenFile(Path(), Descriptor(number), os.fstat(number))
            opened = Opened(None, file, begin.size, ((begin.file,), None, False))
            self._files[begin.file] = self._library.lend(opened)
        content = self._files[begin.file].share()
        request = parse(begin.datagram)
        assert isinstance(request, ReadRequest)  # noqa: S101 - the server looked
        try:
            session = self._beginning.session(
                request, content, begin.local, begin.peer, begin.limits
            )
        except OSError as exc:
            self._tell(NotBegun(begin.number, exc.errno or 0))
            return
        self._sessions[begin.number] = session
        self._numbers[session] = begin.number
        self._driver.start(session, self._loop.time())
        if not self._telling and self._sessions:
            self._telling = True
            self._loop.call_at(self._loop.time() + EVERY, self._on_time)

    def _end(self, number: int, why: Ending) -> None:
        session = self._listened(number)
        if session is not None:
            end_session(self._driver, session, why)

    def _listened(self, number: int) -> Session | None:
        """Return a transfer that is going on, whatever its client has said by now."""
        session = self._sessions.get(number)
        if session is not None:
            self._driver.look(session)
        return self._sessions.get(number)

    def _ended(self, session: Session) -> None:
        number = self._numbers.pop(session)
        del self._sessions[number]
        self._said.pop(number, None)
        transfer, trouble = session.transfer, session.trouble
        self._tell(
            Over(
                number=number,
                received=transfer.received,
                resent=transfer.resent,
                blksize=transfer.blksize,
                heard=transfer.heard,
                trouble=0 if trouble is None else trouble.errno or 0,
                outcome=transfer.outcome,
            )
        )

    def _on_time(self) -> None:
        self._telling = bool(self._sessions)
        if self._telling:
            self._loop.call_at(self._loop.time() + EVERY, self._on_time)
        self._say_progress()
        reached = tuple(each.times for each in BOUNDS)
        if self._strays or self._no_offload or any(reached):
            self._tell(Counted(self._strays, self._no_offload, reached))
            self._strays = self._no_offload = 0
            for each in BOUNDS:
                each.reached(-each.times)

    def _say_progress(self) -> None:
        moved = []
        for number, session in self._sessions.items():
            transfer = session.transfer
            now = Moved(number, transfer.received, transfer.heard, transfer.stalled)
            if self._said.get(number) != now:
                self._said[number] = now
                moved.append(now)
        for each in in_pieces(moved):
            self._tell(each)

    def _on_stray(self) -> None:
        self._strays += 1
        if not self._telling:
            self._telling = True
            self._loop.call_at(self._loop.time() + EVERY, self._on_time)

    def _on_no_offload(self, error: OSError) -> None:
        self._no_offload = error.errno or 0

    def _tell(self, what: Told) -> None:
        try:
            self._line.send(told(what))
        except OSError:
            self._closed = True  # the server is gone


def _received(line: socket.socket) -> tuple[bytes, list[int]]:
    """Return a message and the files that came with it; `socket.recv_fds` forgets its flags."""
    flags = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
    message, ancillary, _, _ = line.recvmsg(LONGEST, socket.CMSG_SPACE(_NUMBER.size), flags)
    rights = socket.SOL_SOCKET, socket.SCM_RIGHTS
    came = (data for level, kind, data in ancillary if (level, kind) == rights)
    return message, [number for data in came for (number,) in _NUMBER.iter_unpack(data)]


def _called(work: Callable[[], None]) -> None:
    work()
