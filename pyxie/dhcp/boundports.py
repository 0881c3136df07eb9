"""Asks the kernel whether a UDP port is bound, by sock_diag(7): a fifth of a millisecond at most.

Its tables in /proc tell the same as text of all sockets, which is for a thread.
"""

from __future__ import annotations

import socket
from struct import Struct
from typing import Final

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_NLM_F_REQUEST_DUMP: Final = 0x301
_NLMSG_ERROR: Final = 2
_NLMSG_DONE: Final = 3
_INET_DIAG_REQ_BYTECODE: Final = 1
_S_GE: Final = 2
_S_LE: Final = 3

_HEADER: Final = Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_REQUEST: Final = Struct("=BBBBI48x")  # inet_diag_req_v2: family, protocol, -, -, states, id
_NUMBER: Final = Struct("=i")
_ATTRIBUTE: Final = Struct("=HH")
_OPERATION: Final = Struct("=BBH")  # inet_diag_bc_op: code, and how far to go if so, and if not
_UDP: Final = 17
_ANY_STATE: Final = 0xFFFF_FFFF
_ANSWER: Final = 1 << 15


class BoundPorts:
    """Tells it without waiting; for the event loop, too."""

    def __init__(self) -> None:
        self._cannot = False
        """The kernel has no such; each time that it is asked it looks for a module of it."""

    def __call__(self, port: int) -> bool | None:
        """Tell whether a program on this host has bound a UDP port; None if that cannot be told."""
        if self._cannot:
            return None
        try:
            kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
            with socket.socket(socket.AF_NETLINK, kind, _NETLINK_SOCK_DIAG) as asked:
                return any(_has(asked, family, port) for family in _FAMILIES)
        except OSError:
            self._cannot = True
            return None


_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)


def _has(asked: socket.socket, family: int, port: int) -> bool:
    """Tell whether a socket of a family is there; raises OSError, if the kernel says so, too.

    Each of its answers ends it, or tells of one that was asked for: there are no others.
    """
    asked.send(request(family, port))
    found = False
    while True:
        data = asked.recv(_ANSWER)
        at = 0
        while at + _HEADER.size <= len(data):
            length, kind, *_ = _HEADER.unpack_from(data, at)
            if kind in (_NLMSG_DONE, _NLMSG_ERROR):
                (number,) = _NUMBER.unpack_from(data, at + _HEADER.size)
                if number or kind == _NLMSG_ERROR:
                    raise OSError(-number, "sock_diag")
                return found
            found = True
            at += max(_HEADER.size, length + 3 & ~3)


def request(family: int, port: int) -> bytes:
    """Return what asks for all UDP sockets of a family that are bound to a port, and no others.

    "At least" and "at most" it, each of which has the port in an operation of its own behind it;
    "equal" is younger than some kernels that are in use.
    """
    size = _OPERATION.size
    code = b"".join(
        (
            _OPERATION.pack(_S_GE, 2 * size, 4 * size + 4),
            _OPERATION.pack(0, 0, port),
            _OPERATION.pack(_S_LE, 2 * size, 2 * size + 4),
            _OPERATION.pack(0, 0, port),
        )
    )
    body = _REQUEST.pack(family, _UDP, 0, 0, _ANY_STATE)
    body += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(code), _INET_DIAG_REQ_BYTECODE) + code
    kind = _SOCK_DIAG_BY_FAMILY
    return _HEADER.pack(_HEADER.size + len(body), kind, _NLM_F_REQUEST_DUMP, 0, 0) + body
