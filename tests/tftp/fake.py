"""A session on a line that fails on demand."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from typing import Any

from pyxie.tftp.batches import Failed, Heard, Name, Peer, Route, name_of
from pyxie.tftp.files import Content
from pyxie.tftp.framing import PIECE, Run
from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ReadRequest, data_header
from pyxie.tftp.session import Session
from pyxie.tftp.transfer import Transfer
from pyxie.tftp.transferports import Port

PEER = ("192.0.2.7", 2070)
CONTENT = bytes(n % 251 for n in range(1468 * 200 + 5))


class FakeLine:
    """Keeps what is sent and hears what it is given; call by call, fails as it is told to.

    Attributes:
        number: What it says that its file number is.
        room: How much may be added before some is sent.
        sent: Whole datagrams, in order, and `to` whom.
        segmented: How many each call to the kernel was cut into, if into more than one.
        on_send: What becomes of the next ones that are sent.
        gone: Whose ports are closed.
        at_once: How many have been sent without being added.
    """

    def __init__(self, number: int = -1, room: int = 64) -> None:
        self.number = number
        self.room = room
        self.sent: list[bytes] = []
        self.to: list[Name] = []
        self.segmented: list[int] = []
        self.to_hear: list[list[tuple[Name, bytes]] | OSError] = []
        self.on_send: list[OSError | None] = []
        self.gone: list[Peer] = []
        self.closed = False
        self.at_once = 0
        self._added: list[tuple[Any, Route, bytes, int, int]] = []

    def fileno(self) -> int:
        return self.number

    def take(self) -> Heard:
        heard = self.to_hear.pop(0) if self.to_hear else []
        if isinstance(heard, OSError):
            raise heard
        return [name for name, _ in heard], [said for _, said in heard]

    def reply(self, to: Sequence[Name], pieces: Sequence[bytes], /) -> tuple[int, OSError | None]:
        for at, (name, piece) in enumerate(zip(to, pieces, strict=True)):
            error = self.on_send.pop(0) if self.on_send else None
            if error is not None:
                return at, None if at else error
            self.sent.append(ctypes.string_at(*PIECE.unpack(piece)))
            self.to.append(name)
            self.at_once += 1
        return len(to), None

    def add(
        self, of: Any, route: Route, run: Run, start: int, length: int, first: int, count: int, /
    ) -> bool:
        assert 0 < length <= min(65507, len(run.data) - start)
        if len(self._added) >= self.room:
            return False
        self._added.append((of, route, run.data[start : start + length], first, count))
        return True

    def send(self) -> OSError | None:
        """Cut into segments as the kernel does (udp(7))."""
        while self._added:
            error = self.on_send.pop(0) if self.on_send else None
            if error is not None:
                return error
            of, route, data, _, count = self._added.pop(0)
            segment = of.transfer.blksize + 4 if count > 1 else len(data)
            pieces = [data[at : at + segment] for at in range(0, len(data), segment)]
            if count > 1:
                self.segmented.append(count)
                assert len(pieces) == count
            self.sent += pieces
            self.to += [route.name] * len(pieces)
        return None

    def skip(self, error: OSError, /) -> Failed:
        of, _, _, first, count = self._added.pop(0)
        return Failed(error, of, first, count)

    def refused(self) -> list[Peer]:
        gone, self.gone = self.gone, []
        return gone

    def close(self) -> None:
        self.closed = True


class Bench:
    """A session whose port is flushed after each thing that it does."""

    def __init__(self) -> None:
        self.line = FakeLine()
        self.port: Port[Session] = Port(self.line, None)
        self.refusals: list[OSError] = []
        self.lacking: list[int] = []

    def session(self, content: Content, **options: str) -> Session:
        transfer = Transfer(
            ReadRequest("f", "octet", options), content.size, Limits(max_windowsize=100)
        )
        session = Session(
            transfer,
            content,
            self.port,
            Route(None, PEER, transfer.blksize + 4),
            PEER,
            self.refusals.append,
            lambda _, offset: self.lacking.append(offset),
        )
        self.port.sessions[name_of(PEER)] = session
        return session

    def starts(self, session: Session) -> list[bytes]:
        return self.does(session.start)

    def hear(self, session: Session, datagram: bytes) -> list[bytes]:
        return self.does(lambda now: session.hear(now, datagram))

    def does(self, work: Callable[[float], object]) -> list[bytes]:
        """Return what is sent when a session does something, and hears what did not go out."""
        self.line.sent.clear()
        work(0.0)
        self.port.flush()
        while failed := self.port.troubles()[0]:
            for each in failed:
                each.of.failed(0.0, each.error, each.first, each.count)
            self.port.flush()
        return list(self.line.sent)

    def waits(self) -> bool:
        """Whether something waits for room."""
        return bool(self.port.waiting)


def is_slow(session: Session) -> None:
    """Have it be known how long its client takes: longer than any time-out."""
    session.transfer._round_trip.took(10.0)


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def blocks(first: int, stop: int, blksize: int = 1468) -> list[bytes]:
    return [data_header(n) + CONTENT[(n - 1) * blksize : n * blksize] for n in range(first, stop)]
