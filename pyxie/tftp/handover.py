"""What the server says to the process that carries its big transfers. Pure.

Each message is a datagram that begins with a letter of its kind. Both ends are of one program,
forked off the same process: numbers are as this host writes them, and there is no version.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address
from typing import Final, TypeAlias

from pyxie.errors import PyxieError
from pyxie.tftp.limits import Limits

LONGEST: Final = 1 << 16
"""Bytes of a message, either way."""

_BEGIN: Final = struct.Struct("=cIIQ4s4sHdBIHH")
_END: Final = struct.Struct("=cIB")
_NUMBER: Final = struct.Struct("=cI")


class HandoverError(PyxieError):
    """What came is no message: the other end is not what it should be."""


class Ending(IntEnum):
    """Why the server ends a transfer, of which its client is not told."""

    ASKED_ANEW = 0
    FORSAKEN = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """A transfer is to be begun.

    Attributes:
        number: No other's.
        file: The number of what is sent; the first time it comes with its descriptor.
        size: Of that, in bytes.
        local: The address of ours that was asked.
        peer: The client's address and port.
        limits: What goes for one transfer.
        datagram: The request.
    """

    number: int
    file: int
    size: int
    local: IPv4Address
    peer: tuple[str, int]
    limits: Limits
    datagram: bytes


@dataclass(frozen=True, slots=True)
class End:
    """A transfer is to be ended."""

    number: int
    why: Ending


@dataclass(frozen=True, slots=True)
class Ask:
    """Tell whether a transfer is going on, once all is heard that its client has said by now."""

    number: int


@dataclass(frozen=True, slots=True)
class Forget:
    """A file is to be closed: no transfer that begins will have its number."""

    file: int


Order: TypeAlias = Begin | End | Ask | Forget
"""What the server says."""


def order(what: Order) -> bytes:
    """Write what the server says."""
    match what:
        case Begin(limits=limits, peer=(host, port)):
            return (
                _BEGIN.pack(
                    *(b"b", what.number, what.file, what.size),
                    *(what.local.packed, _packed(host), port),
                    *(limits.timeout, limits.max_timeout, limits.attempts),
                    *(limits.max_blksize, limits.max_windowsize),
                )
                + what.datagram
            )
        case End(number, why):
            return _END.pack(b"e", number, why)
        case Ask(number):
            return _NUMBER.pack(b"a", number)
        case Forget(file):  # pragma: no branch  (there is no other)
            return _NUMBER.pack(b"f", file)


def ordered(message: bytes) -> Order:
    """Read what the server says.

    Raises:
        HandoverError: It says nothing of the kind.
    """
    try:
        match message[:1]:
            case b"b":
                return _begin(message)
            case b"e":
                _, number, why = _END.unpack(message)
                return End(number, Ending(why))
            case b"a":
                return Ask(_NUMBER.unpack(message)[1])
            case b"f":
                return Forget(_NUMBER.unpack(message)[1])
            case _:
                pass
    except (struct.error, ValueError) as exc:
        raise HandoverError(f"{message[:1]!r}: {exc}") from exc
    raise HandoverError(f"no order begins with {message[:1]!r}")


def _begin(message: bytes) -> Begin:
    _, number, file, size, local, host, port, *bounds = _BEGIN.unpack_from(message)
    timeout, max_timeout, attempts, max_blksize, max_windowsize = bounds
    return Begin(
        number=number,
        file=file,
        size=size,
        local=IPv4Address(local),
        peer=(".".join(map(str, host)), port),
        limits=Limits(
            timeout=timeout,
            max_timeout=max_timeout,
            attempts=attempts,
            max_blksize=max_blksize,
            max_windowsize=max_windowsize,
        ),
        datagram=message[_BEGIN.size :],
    )


def _packed(host: str) -> bytes:
    # As IPv4Address has it, in a sixth of the time; it is the kernel that wrote it.
    return bytes(map(int, host.split(".")))
