"""Many datagrams with one system call: recvmmsg(2) and sendmmsg(2), which Python does not have.

A system call takes a microsecond or two beside what the network takes, and Python's own calls make
half a dozen objects of each datagram's ancillary data.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from struct import Struct
from typing import Final, NamedTuple

MANY: Final = 32
"""Datagrams at most: others are to have their answers while these are looked at."""

ROOM: Final = 2048
"""Bytes of each; whoever sends more is told by its flags."""
ANCILLARY: Final = 64
"""Bytes of ancillary data."""
SENDER: Final = 16
"""Bytes of a ``struct sockaddr_in``."""


_LIBC: Final = ctypes.PyDLL(None, use_errno=True)
"""Called without another thread's turn meanwhile, which would be 5 ms: no call here waits."""


class _Part(ctypes.Structure):
    """``struct iovec``."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    """``struct msghdr``."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("parts", ctypes.c_void_p),
        ("parts_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Head(ctypes.Structure):
    """``struct mmsghdr``."""

    _fields_ = (("message", _Message), ("length", ctypes.c_uint))


_HEAD: Final = ctypes.sizeof(_Head)
_TOLD: Final = Struct(
    f"@{_Message.control_length.offset}xN"
    f"i{_Head.length.offset - _Message.flags.offset - 4}xI"
    f"{_HEAD - _Head.length.offset - 4}x"
)
"""Of a head: how long the ancillary data are, the flags, and how long the datagram is."""
_PART_LAID: Final = Struct("@PN")
_HEAD_LAID: Final = Struct("@PIPNPNi")
"""The same as `_Part` and `_Message`, to be written at one go."""


class Came(NamedTuple):
    """What has come: of each datagram as much room is taken as `ROOM` and the others say.

    Attributes:
        data: One datagram after the other.
        ancillary: The kernel's messages about each, cmsg(3).
        senders: Of each a ``struct sockaddr_in``.
        each: How long its ancillary data are, its flags as of recvmsg(2), how long it is.
    """

    data: bytes
    ancillary: bytes
    senders: bytes
    each: tuple[tuple[int, int, int], ...]


class Inbox:
    """Reads a socket.

    Args:
        of: The socket; it does not block.
    """

    def __init__(self, of: socket.socket) -> None:
        self._number = of.fileno()
        self._call = _LIBC.recvmmsg
        self._data, data = _buffer(MANY * ROOM)
        self._control, control = _buffer(MANY * ANCILLARY)
        self._names, names = _buffer(MANY * SENDER)
        self._parts = (_Part * MANY)(*(_Part(data + at * ROOM, ROOM) for at in range(MANY)))
        parts = ctypes.addressof(self._parts)
        heads = (_Head * MANY)()
        for at in range(MANY):
            message = _Message(
                *(names + at * SENDER, SENDER),
                *(parts + at * ctypes.sizeof(_Part), 1),
                *(control + at * ANCILLARY, ANCILLARY),
            )
            heads[at] = _Head(message)
        self._fresh = bytes(heads)
        self._heads, self._at = _buffer(len(self._fresh))
        self._heads[:] = self._fresh

    def receive(self) -> Came:
        """Return what has come, `MANY` at most.

        Raises:
            BlockingIOError: Nothing has.
            OSError: The socket is broken, or its interface went away.
        """
        count = self._call(self._number, ctypes.c_void_p(self._at), MANY, 0, None)
        if count < 0:
            raise _error()
        told = self._heads[: count * _HEAD]
        each = tuple(_TOLD.iter_unpack(told))
        told[:] = self._fresh[: count * _HEAD]  # lengths are told where room was
        return Came(
            bytes(self._data[: count * ROOM]),
            bytes(self._control[: count * ANCILLARY]),
            bytes(self._names[: count * SENDER]),
            each,
        )


class Way:
    """Where a datagram goes, and whence; for `Outbox`.

    Attributes:
        to: Where that is in memory, and how long it is;
        ancillary: the same of what the kernel is told besides.

    Args:
        to: A ``struct sockaddr_in``, or what else the socket's addresses are.
        ancillary: What the kernel is told besides, cmsg(3).
        by: The number of the socket; None for the outbox' own.
    """

    def __init__(self, to: bytes, ancillary: bytes = b"", by: int | None = None) -> None:
        self.by = by
        # The heads have their addresses, so they live as long as whoever sends by this.
        self._to = ctypes.create_string_buffer(to, len(to))
        self._ancillary = ctypes.create_string_buffer(ancillary, len(ancillary))
        self.to = ctypes.addressof(self._to), len(to)
        self.ancillary = ctypes.addressof(self._ancillary), len(ancillary)


class Load(NamedTuple):
    """How long a datagram is, bytes, and where it goes; the next one may have the very same."""

    length: int
    way: Way


class Outbox:
    """Sends by a socket.

    Attributes:
        room: What is sent, each datagram where `place` says.

    Args:
        of: The socket; it does not block.
    """

    def __init__(self, of: socket.socket) -> None:
        self._number = of.fileno()
        self._call = _LIBC.sendmmsg
        self.room, self._start = _buffer(MANY * ROOM)
        self._parts, self._parts_at = _buffer(MANY * _PART_LAID.size)
        self._heads, self._heads_at = _buffer(MANY * _HEAD)
        self._loads: list[Load | None] = [None] * MANY
        self._by = [self._number] * MANY
        self._alone = True
        self._count = 0

    def place(self, load: Load) -> int:
        """Have one sent by the next `flush`, for which there is room for `MANY`.

        Returns:
            Where in `room` it is to be written.
        """
        at = self._count
        if self._loads[at] is not load:
            self._lay(at, load)
        self._count = at + 1
        return at * ROOM

    def flush(self) -> dict[int, OSError]:
        """Send all; return which could not be sent, by their order, and why."""
        count, self._count = self._count, 0
        done, failed = 0, dict[int, OSError]()
        while done < count:
            head, number = ctypes.c_void_p(self._heads_at + done * _HEAD), self._by[done]
            until = count if self._alone else self._next(number, done, count)
            sent = self._call(number, head, until - done, 0)
            if sent < 0:
                failed[done] = _error()
                sent = 1
            done += sent
        return failed

    def _next(self, number: int, at: int, end: int) -> int:
        """Return the first, from one on, that another socket sends."""
        while at < end and self._by[at] == number:
            at += 1
        return at

    def _lay(self, at: int, load: Load) -> None:
        self._loads[at] = load
        way = load.way
        by = self._number if way.by is None else way.by
        if by != self._by[at]:
            self._by[at] = by
            self._alone = self._by.count(by) == MANY
        part = at * _PART_LAID.size
        _PART_LAID.pack_into(self._parts, part, self._start + at * ROOM, load.length)
        parts = self._parts_at + part, 1
        _HEAD_LAID.pack_into(self._heads, at * _HEAD, *way.to, *parts, *way.ancillary, 0)


def _buffer(size: int) -> tuple[memoryview, int]:
    """Return memory that stays where it is, and where that is."""
    made = ctypes.create_string_buffer(size)
    return memoryview(made).cast("B"), ctypes.addressof(made)


def _error() -> OSError:
    number = ctypes.get_errno()
    kind = BlockingIOError if number == errno.EAGAIN else OSError
    return kind(number, os.strerror(number))
