"""A session on a socket that fails on demand."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable, Iterable

from pyxie.tftp.files import Content
from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ReadRequest, data_header
from pyxie.tftp.session import Session
from pyxie.tftp.transfer import Transfer

PEER = ("192.0.2.7", 2070)
CONTENT = bytes(n % 251 for n in range(1468 * 200 + 5))


class FakeSocket:
    """Keeps what is sent and hears what it is given; call by call, fails as it is told to."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.segmented: list[int] = []
        self.to_hear: list[bytes] = []
        self.on_recv: list[OSError] = []
        self.on_send: list[OSError | None] = []
        self._real = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def fileno(self) -> int:
        return self._real.fileno()

    def close(self) -> None:
        self._real.close()

    def recv(self, size: int, /) -> bytes:
        if self.on_recv:
            raise self.on_recv.pop(0)
        return self.to_hear.pop(0)[:size]

    def send(self, data: bytes | memoryview, /) -> int:
        self._fail_to_send()
        self.sent.append(bytes(data))
        return len(data)

    def sendmsg(
        self,
        buffers: Iterable[bytes | memoryview],
        ancillary: Iterable[tuple[int, int, bytes]],
        /,
    ) -> int:
        """Cut into segments as the kernel does (udp(7))."""
        self._fail_to_send()
        [(level, kind, size)] = ancillary
        assert (level, kind) == (17, 103)
        segment = int.from_bytes(size, "little")
        whole = b"".join(buffers)
        assert len(whole) <= 65507
        self.segmented.append(-(-len(whole) // segment))
        self.sent += [whole[at : at + segment] for at in range(0, len(whole), segment)]
        return len(whole)

    def _fail_to_send(self) -> None:
        failure = self.on_send.pop(0) if self.on_send else None
        if failure is not None:
            raise failure


class Bench:
    """A session on a fake socket, and the epoll set that it tells of its wishes."""

    def __init__(self) -> None:
        self.sock = FakeSocket()
        self.poll = select.epoll()
        self.refusals: list[OSError] = []
        self.lacking: list[int] = []

    def session(self, content: Content, **options: str) -> Session:
        transfer = Transfer(
            ReadRequest("f", "octet", options), content.size, Limits(max_windowsize=100)
        )
        return Session(
            transfer,
            content,
            self.sock,
            PEER,
            self.poll,
            self.refusals.append,
            lambda _, offset: self.lacking.append(offset),
        )

    def hear(self, session: Session, datagram: bytes) -> list[bytes]:
        self.sock.to_hear.append(datagram)
        return self.does(session.ready)

    def does(self, work: Callable[[float], None]) -> list[bytes]:
        self.sock.sent.clear()
        work(0.0)
        return list(self.sock.sent)

    def waits_to_write(self) -> bool:
        return any(events & select.EPOLLOUT for _, events in self.poll.poll(0))


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def blocks(first: int, stop: int, blksize: int = 1468) -> list[bytes]:
    return [data_header(n) + CONTENT[(n - 1) * blksize : n * blksize] for n in range(first, stop)]
