"""One transfer with its socket and its content: carries out what the state machine says."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import sys
from collections.abc import Callable, Iterable
from typing import Protocol

from pyxie.tftp.files import Content, NotInMemoryError, UnreadableError
from pyxie.tftp.transfer import Burst, Out, Transfer

_UDP_SEGMENT = 103  # linux/udp.h; Python's socket module lacks it
_MOST_SEGMENTS = 64
_MOST_BYTES = 65507
_NO_SEGMENTATION = {errno.EIO, errno.EINVAL, errno.EOPNOTSUPP}


class Socket(Protocol):
    """What a session needs of its connected, non-blocking UDP socket."""

    def fileno(self) -> int:
        """As of `socket.socket`, like the others."""
        ...

    def recv(self, size: int, /) -> bytes:
        """Take one datagram."""
        ...

    def send(self, data: bytes | memoryview, /) -> int:
        """Send one datagram."""
        ...

    def sendmsg(
        self,
        buffers: Iterable[bytes | memoryview],
        ancillary: Iterable[tuple[int, int, bytes]],
        /,
    ) -> int:
        """Send pieces together."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


class Poll(Protocol):
    """What a session needs of the epoll set that watches its socket."""

    def register(self, number: int, events: int, /) -> None:
        """As of `select.epoll`, like the other."""
        ...

    def modify(self, number: int, events: int, /) -> None:
        """Wait for other events."""
        ...


class Session:
    """A transfer in progress.

    Every method returns at once and sends at most one window. Check ``transfer.outcome``
    and ``transfer.deadline`` after each.

    Attributes:
        number: Its socket's file number, which epoll reports.
        peer: The client's address and port.
        transfer: Decides what is sent.
        trouble: The last error of the network's that was taken for a lost datagram.
    """

    __slots__ = (
        "_at_once",
        "_blksize",
        "_content",
        "_frames",
        "_lacks",
        "_no_offload",
        "_poll",
        "_reading",
        "_room",
        "_segments",
        "_sock",
        "_unsent",
        "number",
        "peer",
        "transfer",
        "trouble",
    )

    def __init__(
        self,
        transfer: Transfer,
        content: Content,
        sock: Socket,
        peer: tuple[str, int],
        poll: Poll,
        no_offload: Callable[[OSError], None],
        lacks: Callable[[Session, int], None],
    ) -> None:
        """Take over ``content`` and ``sock``; `close` closes them.

        Args:
            transfer: Not started yet.
            content: What is sent.
            sock: As from `sockets.connect`.
            peer: Whom it is connected to.
            poll: Where the socket is registered by `start`.
            no_offload: Told why when windows cannot be sent in one call.
            lacks: Told this session, and from where its content has to be fetched; answered
                by `arrived` or `give_up`.
        """
        self.number = sock.fileno()
        self.peer = peer
        self.transfer = transfer
        self.trouble: OSError | None = None
        self._blksize = transfer.blksize
        self._content = content
        self._frames = content.frames
        self._sock = sock
        self._poll = poll
        self._no_offload = no_offload
        # One call hands the kernel many blocks, which it cuts (udp(7), UDP_SEGMENT).
        packet = transfer.blksize + 4
        self._at_once = max(1, min(_MOST_SEGMENTS, _MOST_BYTES // packet))
        self._segments = [(socket.IPPROTO_UDP, _UDP_SEGMENT, packet.to_bytes(2, sys.byteorder))]
        self._unsent: Out = None
        self._room = self._reading = False
        self._lacks = lacks

    @property
    def content(self) -> Content:
        """What is sent."""
        return self._content

    def start(self, now: float) -> None:
        """Send the first answer.

        Raises:
            OSError: No further socket can be watched.
        """
        self._poll.register(self.number, select.EPOLLIN)
        self._put(self.transfer.start(now))

    def ready(self, now: float) -> None:
        """Take one datagram, or the error that the network left in its place."""
        try:
            datagram = self._sock.recv(512)
        except BlockingIOError:
            return  # its checksum was wrong
        except ConnectionRefusedError:
            self.transfer.left("closed its port")
        except OSError as exc:
            self.trouble = exc
        else:
            self.hear(now, datagram)

    def hear(self, now: float, datagram: bytes) -> None:
        """Take one datagram that its client has sent."""
        self._put(self.transfer.receive(datagram, now))

    def writable(self, now: float) -> None:  # noqa: ARG002 - of one kind with the others
        """Go on with what the socket's send buffer had no room for."""
        self._put(self._unsent)

    def arrived(self, now: float) -> None:  # noqa: ARG002 - the same
        """Go on with what had to be fetched."""
        self._reading = False
        self._put(self._unsent)

    def tick(self, now: float) -> None:
        """Act on the deadline, if it has come."""
        self._put(self.transfer.tick(now))

    def give_up(self, why: str) -> None:
        """Break off and tell the client."""
        farewell = self.transfer.give_up(why)
        if isinstance(farewell, bytes):
            with contextlib.suppress(OSError):
                self._sock.send(farewell)

    def close(self) -> None:
        """Close the socket and have done with the content."""
        self._sock.close()  # which takes it out of the epoll set, too
        self._content.close()

    def _put(self, out: Out) -> None:
        if out is None:
            return
        try:
            if isinstance(out, bytes):
                self._sock.send(out)
            else:
                first, stop = self._with_unsent(out)
                while first < stop:
                    first = self._put_run(first, stop)
        except BlockingIOError:
            self._wait(out if isinstance(out, bytes) else Burst(first, stop), room=True)
            return
        except NotInMemoryError as exc:
            self._wait(Burst(first, stop), room=False)
            if not self._reading:
                self._reading = True
                self._lacks(self, exc.offset)
            return
        except ConnectionRefusedError:
            self.transfer.left("closed its port")
        except UnreadableError as exc:
            self.give_up(str(exc))
        except OSError as exc:
            if exc.errno == errno.EMSGSIZE:
                raise  # our mistake: the block was fitted to the MTU
            # No buffer, no route, a firewall of ours: as if lost on the way. The
            # deadline sends again, so what passes is survived.
            self.trouble = exc
        if self._unsent is not None:
            self._wait(None, room=False)

    def _with_unsent(self, out: Burst) -> Burst:
        """Return it with what had no room before and is wanted still, as the end of a window is."""
        if not isinstance(self._unsent, Burst):
            return out
        first = max(self._unsent.first, self.transfer.wanted)
        return Burst(min(first, out.first), out.stop)

    def _put_run(self, first: int, stop: int) -> int:
        """Send as many blocks as one call takes; return the first of those left."""
        packets, count = self._frames.of(self._blksize, first, min(stop - first, self._at_once))
        if count == 1:
            self._sock.send(packets)
            return first + 1
        try:
            self._sock.sendmsg([packets], self._segments)
        except OSError as exc:
            if exc.errno not in _NO_SEGMENTATION:
                raise
            self._no_offload(exc)
            self._at_once = 1
            return first
        return first + count

    def _wait(self, unsent: Out, *, room: bool) -> None:
        # The socket's send buffer is full, or the file is being read: go on when there is room,
        # or data, unless by then the client's next ACK or the deadline has called for
        # something else.
        if room != self._room:
            events = select.EPOLLIN | select.EPOLLOUT if room else select.EPOLLIN
            self._poll.modify(self.number, events)
        self._unsent, self._room = unsent, room
