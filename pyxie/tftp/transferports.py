"""The ports that transfers go by: one serves hundreds of them, each with a client of its own.

RFC 1350 section 4 has a server choose a port for each transfer, its TID; what tells transfers
apart is the pair of both ends'. So one socket does for all clients of an address of ours, and what
has come for any of them is read and answered by one system call each (`pyxie.tftp.batches`). It
serves no client's port twice: what is still on its way to a transfer that is over would be taken
for the next one's. After some hundred transfers another takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address
from typing import Any, Generic, Protocol, TypeVar

from pyxie.bounds import TFTP_PORT
from pyxie.tftp.batches import Failed, Heard, Name, Peer, Route
from pyxie.tftp.framing import Run
from pyxie.tftp.lockstep import Steps, answers
from pyxie.tftp.sockets import OF_ANOTHER

S = TypeVar("S")
"""A session: whoever is told of what comes in."""


class Line(Protocol):
    """What is needed of a socket: `pyxie.tftp.batches.UdpLine`."""

    def fileno(self) -> int:
        """Return its number."""
        ...

    def take(self) -> Heard:
        """As `pyxie.tftp.batches.Incoming.take`, whose errors are raised here too."""
        ...

    def reply(self, to: Sequence[Name], pieces: Sequence[bytes], /) -> tuple[int, OSError | None]:
        """Send at once; return how many went out; if none, why the first did not."""
        ...

    def add(
        self, of: Any, route: Route, run: Run, start: int, length: int, first: int, count: int, /
    ) -> bool:
        """As of `pyxie.tftp.batches.Outgoing`, like those that follow."""
        ...

    def send(self) -> OSError | None:
        """Send it."""
        ...

    def skip(self, error: OSError, /) -> Failed:
        """Leave the next one out."""
        ...

    def refused(self) -> list[Peer]:
        """Return those to whom something was sent and whose port was closed."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


class Port(Generic[S]):
    """A socket with the sessions that go by it.

    Attributes:
        line: The socket.
        local: Our address that it is bound to; None for any.
        served: The clients that it has, and those that it had.
        sessions: By their clients.
        steps: Where those of them are that may be answered many at once.
        waiting: Those that have something to send for which there is no room, the longest first.
        blocked: There is no room in the socket's send buffer.
    """

    __slots__ = (
        *("_awaits", "_failed", "_refused"),
        *("blocked", "line", "local", "served", "sessions", "steps", "waiting"),
    )

    def __init__(self, line: Line, local: IPv4Address | None) -> None:
        self.line = line
        self.local = local
        self.sessions: dict[Name, S] = {}
        self.steps: dict[Name, Steps] = {}
        self.served: set[Name] = set()
        self.waiting: dict[S, None] = {}
        self.blocked = False
        self._failed: list[Failed] = []
        self._refused: list[Peer] = []
        self._awaits = False

    def answer(
        self, heard: Heard, now: float
    ) -> tuple[Sequence[tuple[Name, bytes]], list[tuple[Name, bytes]]]:
        """Send those in step what they have called for.

        Args:
            heard: What has come in.
            now: The time.

        Returns:
            Which pieces did not go out, whose session is to send them; and what else was said.
        """
        if self.blocked:
            return (), list(zip(*heard, strict=True))  # who waits is not to be overtaken
        to, pieces, rest = answers(self.steps, *heard, now)
        if not to:
            return (), rest
        sent, error = self.line.reply(to, pieces)
        if sent == len(to):
            return (), rest
        if error is not None and error.errno in OF_ANOTHER:
            self.hear_errors()
        return list(zip(to[sent:], pieces[sent:], strict=True)), rest

    def flush(self) -> None:
        """Send what there is, or as much as there is room for."""
        again = self.blocked = False
        while (error := self.line.send()) is not None:
            if isinstance(error, BlockingIOError):
                self.blocked = True
                return
            if error.errno in OF_ANOTHER and not again:
                # Said of another's datagram, most likely; this one has not gone out.
                self.hear_errors()
                again = True
                continue
            self._failed.append(self.line.skip(error))
            again = False

    def hear_errors(self) -> None:
        """Take what the network has said of datagrams that went out."""
        self._refused += self.line.refused()

    @property
    def troubled(self) -> bool:
        """There is something for `troubles` to tell."""
        return bool(self._failed or self._refused)

    def troubles(self) -> tuple[list[Failed], list[Peer]]:
        """Return what did not go out, and whose port is closed, since it was asked last."""
        found = self._failed, self._refused
        self._failed, self._refused = [], []
        return found

    def awaits(self, room: bool) -> bool:
        """Note whether it is asked to be told of room; False if that is nothing new."""
        changed, self._awaits = room != self._awaits, room
        return changed


class Ports(Generic[S]):
    """Those that are open, by the address of ours that they are bound to.

    Args:
        opening: Opens a socket, bound to an address.
    """

    def __init__(self, opening: Callable[[IPv4Address], Line]) -> None:
        self._opening = opening
        self._open: dict[IPv4Address, list[Port[S]]] = {}

    def __iter__(self) -> Iterator[Port[S]]:
        for ports in self._open.values():
            yield from ports

    def lend(self, local: IPv4Address, name: Name) -> Port[S]:
        """Return one for a client's port, to be given back by `close` when it has no session left.

        Raises:
            OSError: There are too many open files, or the address is none of ours.
        """
        ports = self._open.setdefault(local, [])
        for port in ports:
            if name not in port.served and len(port.served) < TFTP_PORT.whole:
                break
        else:
            if ports:
                TFTP_PORT.reached()
            port = Port(self._opening(local), local)
            ports.insert(0, port)
        port.served.add(name)
        return port

    def close(self, port: Port[S]) -> None:
        """Close one that has no session left."""
        assert port.local is not None  # noqa: S101 - `lend` gave it
        ports = self._open[port.local]
        ports.remove(port)
        if not ports:
            del self._open[port.local]
        port.line.close()
