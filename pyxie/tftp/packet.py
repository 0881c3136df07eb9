"""TFTP's packets: bytes to value, value to bytes, nothing else.

RFC 1350 (the protocol), 2347 (options), 2348 (blksize), 2349 (timeout, tsize) and 7440
(windowsize, which adds no packet). `parse` raises `WireError` and nothing else, whatever
the bytes are; a ``ValueError`` from a builder is a bug of pyxie's.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

from pyxie.errors import WireError
from pyxie.wire import Reader

_HEADER = struct.Struct(">HH")

WIRE_NUMBERS = 65536
"""Block numbers on the wire are counted modulo this; 0 follows 65535."""


class Opcode(IntEnum):
    """The first two bytes of a packet (RFC 1350 section 5, RFC 2347)."""

    RRQ = 1
    WRQ = 2
    DATA = 3
    ACK = 4
    ERROR = 5
    OACK = 6


class ErrorCode(IntEnum):
    """What an ERROR of ours may carry (RFC 1350 appendix I); a peer's is a plain int."""

    UNDEFINED = 0
    NOT_FOUND = 1
    ACCESS_VIOLATION = 2
    ILLEGAL_OPERATION = 4
    OPTIONS_REFUSED = 8
    """From RFC 2347; sent by clients that only wanted to see our OACK."""


@dataclass(frozen=True, slots=True)
class Request:
    """What RRQ and WRQ have in common.

    Attributes:
        filename: As the peer spelt it.
        mode: In lower case: ``octet``, ``netascii``, or anything else a peer may send.
        options: By name in lower case, in the order in which they were asked for.
    """

    filename: str
    mode: str
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frozen = MappingProxyType(dict(self.options))
        object.__setattr__(self, "options", frozen)


@dataclass(frozen=True, slots=True)
class ReadRequest(Request):
    """RRQ: the peer wants a file."""


@dataclass(frozen=True, slots=True)
class WriteRequest(Request):
    """WRQ: the peer wants to leave a file, which pyxie never takes."""


@dataclass(frozen=True, slots=True)
class Data:
    """DATA: one block; shorter than the block size if it is the last."""

    block: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """ACK: the peer has everything up to this wire number."""

    block: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """ERROR: the peer wants no more of this."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class OptionAck:
    """OACK: the options that the server agrees to."""

    options: Mapping[str, str]


Packet = ReadRequest | WriteRequest | Data | Ack | Refusal | OptionAck


def parse(datagram: bytes) -> Packet:
    """Read one packet.

    Forgiving where clients are known to be sloppy: anything may follow an ACK, an
    ERROR's text may lack its zero byte, and zero bytes may pad a request.

    Raises:
        WireError: It is cut short or is no TFTP packet. Never any other exception,
            whatever the bytes are.
    """
    r = Reader(datagram)
    match r.uint(2, "opcode"):
        case Opcode.RRQ:
            return ReadRequest(_filename(r), r.text("mode").lower(), _options(r))
        case Opcode.WRQ:
            return WriteRequest(_filename(r), r.text("mode").lower(), _options(r))
        case Opcode.DATA:
            return Data(r.uint(2, "block"), r.take(r.left, "data"))
        case Opcode.ACK:
            return Ack(r.uint(2, "block"))
        case Opcode.ERROR:
            code = r.uint(2, "error code")
            return Refusal(code, _readable(r.take(r.left, "message").split(b"\0")[0]))
        case Opcode.OACK:
            return OptionAck(_options(r))
        case unknown:
            raise WireError(0, "opcode", f"{unknown} is none of TFTP's")


def acked(datagram: bytes) -> int | None:
    """Return the wire number that an ACK carries; None for anything but an ACK.

    The short cut past `parse` for the one packet that clients send by the thousand.
    """
    if datagram[:2] == b"\0\4" and len(datagram) >= 4:
        return datagram[2] << 8 | datagram[3]
    return None


def is_request(datagram: bytes) -> bool:
    """Tell whether a datagram asks for something new, rather than belong to a transfer."""
    return datagram[:2] in {b"\0\1", b"\0\2"}


def read_request(request: ReadRequest) -> bytes:
    """Write an RRQ."""
    words = [request.filename, request.mode]
    return b"\0\1" + b"".join(map(_word, words)) + _pairs(request.options)


def data_header(block: int) -> bytes:
    """Write the four bytes before a block's payload; ``block`` counts without wrapping."""
    return _HEADER.pack(3, block % WIRE_NUMBERS)


def ack(block: int) -> bytes:
    """Write an ACK; ``block`` counts without wrapping."""
    return (Opcode.ACK << 16 | block % WIRE_NUMBERS).to_bytes(4)


def error(code: int, message: str) -> bytes:
    """Write an ERROR."""
    return (Opcode.ERROR << 16 | code).to_bytes(4) + _word(message)


def option_ack(options: Mapping[str, str]) -> bytes:
    """Write an OACK."""
    return b"\0\6" + _pairs(options)


def _filename(r: Reader) -> str:
    # Some ROMs hand on DHCP's END option, 0xff, as the end of the name (dnsmasq-discuss
    # 2006q1/000592). UTF-8 knows no such byte, so no real name loses one.
    return _readable(r.text("filename").encode("latin-1").rstrip(b"\xff"))


def _options(r: Reader) -> dict[str, str]:
    options: dict[str, str] = {}
    while r.left:
        at = r.offset
        name = r.text("option name").lower()
        if not name:
            # Zero bytes up to the end are padding; anything else has lost its name.
            if r.take(r.left, "padding").strip(b"\0"):
                raise WireError(at, "option name", "is empty")
            break
        # Of an option given twice the first counts; the RFCs are silent.
        options.setdefault(name, r.text(f"option {name!r}"))
    return options


def _readable(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _pairs(options: Mapping[str, str]) -> bytes:
    return b"".join(_word(name) + _word(value) for name, value in options.items())


def _word(text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if b"\0" in raw:
        raise ValueError(f"{text!r} holds a zero byte")
    return raw + b"\0"
