"""The DHCP codec: bytes to value, value to bytes, nothing else (RFC 2131, 2132, 3396)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv4Address
from struct import Struct
from types import MappingProxyType
from typing import Final

from pyxie.errors import WireError
from pyxie.wire import Reader

COOKIE: Final = b"\x63\x82\x53\x63"
MIN_SIZE: Final = 300
"""Bytes; RFC 1542 section 2.1. Relays and old clients drop anything shorter."""
MOST_SIZE: Final = 1472
"""Bytes of UDP in an Ethernet frame; no ROM puts IP fragments together."""
BROADCAST_FLAG: Final = 0x8000
UNSPECIFIED: Final = IPv4Address(0)

PAD: Final = 0
END: Final = 255

_HEADER: Final = Struct(">BBBBIHH4s4s4s4s16s64s128s4s")
_FILE_AT: Final = 108
_SNAME_AT: Final = 44
_COOKIE_AT: Final = 236
_OPTIONS_AT: Final = 240
_LEAST_TAKEN: Final = 576
_OVERLOAD: Final = 3
_IN_FILE: Final = 127
_IN_SNAME: Final = 63
_IP_AND_UDP: Final = 20 + 8
_ZERO4: Final = bytes(4)


class Op(IntEnum):
    """Who sends: a client (or a relay for it), or a server."""

    REQUEST = 1
    REPLY = 2


class MessageType(IntEnum):
    """The values of option 53; a peer may send others, which stay plain numbers."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8


class Option(IntEnum):
    """The options pyxie reads or writes; every other code stays a plain int."""

    HOST_NAME = 12
    VENDOR_SPECIFIC = 43
    REQUESTED_ADDRESS = 50
    OVERLOAD = 52
    MESSAGE_TYPE = 53
    SERVER_ID = 54
    PARAMETER_LIST = 55
    MAX_SIZE = 57
    VENDOR_CLASS = 60
    CLIENT_ID = 61
    TFTP_SERVER_NAME = 66
    BOOTFILE_NAME = 67
    USER_CLASS = 77
    RELAY_AGENT = 82
    CLIENT_ARCH = 93
    CLIENT_NDI = 94
    CLIENT_UUID = 97
    IPXE = 175


Options = Mapping[int, bytes]

_OPS: Final = {1: Op.REQUEST, 2: Op.REPLY}
_RANK: Final[dict[int, int]] = {Option.MESSAGE_TYPE: -1, Option.RELAY_AGENT: 256}
"""Where build() puts an option: by its code, but the type leads, because old ROMs look
for it there, and the relay's comes last (RFC 3046 section 2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpMessage:
    """One DHCP message, whole and immutable.

    Attributes:
        chaddr: The client's hardware address, only the bytes that ``hlen`` announces.
        secs: Seconds since the client began, as it claims.
        sname: Without the zero bytes that pad it; empty if it carried options.
        file: Likewise.
        options: By code; a value sent in pieces is joined (RFC 3396).
        most: How many bytes `build` is to write at most.
    """

    op: Op
    xid: int
    chaddr: bytes
    htype: int = 1
    hops: int = 0
    secs: int = 0
    flags: int = 0
    ciaddr: IPv4Address = UNSPECIFIED
    yiaddr: IPv4Address = UNSPECIFIED
    siaddr: IPv4Address = UNSPECIFIED
    giaddr: IPv4Address = UNSPECIFIED
    sname: bytes = b""
    file: bytes = b""
    options: Options = field(default_factory=dict)
    most: int = field(default=MOST_SIZE, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))

    @property
    def type(self) -> int | None:
        """Option 53; None if it is missing (BOOTP) or not one byte."""
        value = self.options.get(53)
        return value[0] if value is not None and len(value) == 1 else None

    @property
    def takes(self) -> int:
        """How many bytes of UDP its sender takes.

        Option 57 counts the headers of IP and UDP as well. Without it, and where it says less, that
        is 576 (RFC 2131 section 2, RFC 2132 section 9.10).
        """
        value = self.options.get(57, b"")
        asked = int.from_bytes(value) if len(value) == 2 else _LEAST_TAKEN
        return min(max(asked, _LEAST_TAKEN) - _IP_AND_UDP, MOST_SIZE)

    @property
    def mac(self) -> str | None:
        """``aa:bb:cc:dd:ee:ff``; None if the hardware address is not six bytes."""
        return self.chaddr.hex(":") if len(self.chaddr) == 6 else None


def parse(datagram: bytes) -> DhcpMessage:
    """Read one message.

    A missing END is forgiven, since the datagram's end says as much; nothing else is.

    Raises:
        WireError: It is cut short, not DHCP, or an option overruns its space. Never any
            other exception, whatever the bytes are.
    """
    if len(datagram) < _OPTIONS_AT:
        raise _cut_short(datagram)
    (
        op_byte, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr,
        chaddr, sname, file, cookie,
    ) = _HEADER.unpack_from(datagram)  # fmt: skip
    op = _OPS.get(op_byte)
    if op is None:
        raise WireError(0, "op", "neither a request (1) nor a reply (2)")
    if hlen > 16:
        # An InfiniBand address has 20 bytes, and is not to be there (RFC 4390 section 2.1).
        hint = "; of InfiniBand it is 0" if htype == 32 else ""
        raise WireError(2, "hlen", f"{hlen} is more than chaddr's 16 bytes{hint}")
    if cookie != COOKIE:
        raise WireError(_COOKIE_AT, "magic cookie", "not DHCP's 99.130.83.99")

    options: dict[int, bytes] = {}
    _gather(datagram, _OPTIONS_AT, len(datagram), options)
    # Overload lends file and sname to further options, read in that order (RFC 2131
    # section 4.1). Applied here, so it is not kept as an option.
    lent = _lent(options.pop(52)) if 52 in options else 0
    if lent & 1:
        _gather(datagram, _FILE_AT, _COOKIE_AT, options)
    if lent & 2:
        _gather(datagram, _SNAME_AT, _FILE_AT, options)
    if lent:
        options.pop(52, None)  # one inside the lent space means nothing
    return DhcpMessage(
        op=op,
        xid=xid,
        chaddr=chaddr[:hlen],
        htype=htype,
        hops=hops,
        secs=secs,
        flags=flags,
        ciaddr=address(ciaddr),
        yiaddr=address(yiaddr),
        siaddr=address(siaddr),
        giaddr=address(giaddr),
        sname=b"" if lent & 2 else _text(sname),
        file=b"" if lent & 1 else _text(file),
        options=options,
    )


def build(message: DhcpMessage) -> bytes:
    """Write one message, padded to `MIN_SIZE` bytes.

    If it would be longer than its ``most``, options go into ``file`` and ``sname``, where these are
    empty (RFC 2131 section 4.1). Where that is not enough it is longer: better than to lack what
    the client looks for.

    Raises:
        ValueError: A field does not fit. That is a bug in pyxie, not the peer's.
    """
    chaddr = message.chaddr
    if len(chaddr) > 16:
        raise ValueError(f"chaddr: {len(chaddr)} bytes do not fit in 16")
    # The last byte of either stays zero: clients read them as C strings.
    if len(message.sname) > 63:
        raise ValueError(f"sname: {len(message.sname)} bytes do not fit in 63")
    if len(message.file) > 127:
        raise ValueError(f"file: {len(message.file)} bytes do not fit in 127")
    out = bytearray(_header(message, message.sname, message.file))
    options = message.options
    for code in sorted(options, key=_rank):
        if not PAD < code < END:
            raise ValueError(f"option {code}: not a code between 1 and 254")
        value = options[code]
        if len(value) < 256:
            out += bytes((code, len(value)))
            out += value
        else:
            out += _in_pieces(code, value)
    out.append(END)
    if len(out) < MIN_SIZE:
        out += bytes(MIN_SIZE - len(out))
    elif len(out) > message.most:
        return _overloaded(message)
    return bytes(out)


def size(options: Options) -> int:
    """Return how many bytes a message with these options has, if it is not padded."""
    pieces = sum(-(-len(value) // 255) or 1 for value in options.values())
    return _OPTIONS_AT + 2 * pieces + sum(map(len, options.values())) + 1


def _header(message: DhcpMessage, sname: bytes, file: bytes) -> bytes:
    return _HEADER.pack(
        message.op,
        message.htype,
        len(message.chaddr),
        message.hops,
        message.xid,
        message.secs,
        message.flags,
        _packed(message.ciaddr),
        _packed(message.yiaddr),
        _packed(message.siaddr),
        _packed(message.giaddr),
        message.chaddr,
        sname,
        file,
        COOKIE,
    )


def _in_pieces(code: int, value: bytes) -> bytes:
    pieces = [value[start : start + 255] for start in range(0, len(value), 255)]
    return b"".join(bytes((code, len(piece))) + piece for piece in pieces or [b""])  # RFC 3396


def _overloaded(message: DhcpMessage) -> bytes:
    """Write a message with options in each empty field of the header, as far as is needed."""
    whole = {code: _in_pieces(code, message.options[code]) for code in message.options}
    # A relay agent looks for its own at the end of the options, and nowhere else.
    last = whole.pop(Option.RELAY_AGENT, b"")
    room = {
        0: message.most - _OPTIONS_AT - len(last) - _OVERLOAD - 1,
        1: 0 if message.file else _IN_FILE,
        2: 0 if message.sname else _IN_SNAME,
    }
    put: dict[int, int] = {}
    for code in sorted(whole, key=lambda code: (_rank(code) >= 0, -len(whole[code]))):
        put[code] = next((at for at in room if len(whole[code]) <= room[at]), 0)
        room[put[code]] -= len(whole[code])
    written = dict.fromkeys(room, b"")
    for code in sorted(whole, key=_rank):
        written[put[code]] += whole[code]
    lent = sum(at for at in (1, 2) if written[at])
    options = written[0] + (bytes([Option.OVERLOAD, 1, lent]) if lent else b"") + last
    file = written[1] + bytes([END]) if lent & 1 else message.file
    sname = written[2] + bytes([END]) if lent & 2 else message.sname
    return _header(message, sname, file) + options + bytes([END])


def encapsulated(value: bytes) -> dict[int, bytes]:
    """Read options inside an option: PXE's 43, iPXE's 175.

    Not the relay agent's 82, whose sub-options know neither PAD nor END (RFC 3046
    section 2.0).

    Raises:
        WireError: One overruns the value. The offset counts from the value's beginning,
            since a value may have been joined from pieces.
    """
    into: dict[int, bytes] = {}
    _gather(value, 0, len(value), into)
    return into


def _gather(data: bytes, at: int, end: int, into: dict[int, bytes]) -> None:
    while at < end:
        code = data[at]
        at += 1
        if code == PAD:
            continue
        if code == END:
            return
        if at == end:
            raise WireError(at, f"option {code} length", "needs 1 bytes, only 0 left")
        length = data[at]
        at += 1
        stop = at + length
        if stop > end:
            raise WireError(at, f"option {code}", f"needs {length} bytes, only {end - at} left")
        if code in into:  # RFC 3396: a code seen again continues the value it had
            into[code] += data[at:stop]
        else:
            into[code] = data[at:stop]
        at = stop


def _lent(overload: bytes) -> int:
    if len(overload) != 1 or not 1 <= overload[0] <= 3:
        raise WireError(
            _OPTIONS_AT, "option 52", f"0x{overload.hex()} is none of 1, 2 and 3 (RFC 2132)"
        )
    return overload[0]


def _cut_short(datagram: bytes) -> WireError:
    # Off the hot path: walk the header field by field, to say which one is missing.
    r = Reader(datagram)
    try:
        for name, size in _FIELDS:  # pragma: no branch  (as below)
            r.take(size, name)
    except WireError as error:
        return error
    raise AssertionError("the header is whole")  # pragma: no cover  (callers checked the length)


_FIELDS: Final = (
    ("op", 1), ("htype", 1), ("hlen", 1), ("hops", 1), ("xid", 4), ("secs", 2), ("flags", 2),
    ("ciaddr", 4), ("yiaddr", 4), ("siaddr", 4), ("giaddr", 4), ("chaddr", 16), ("sname", 64),
    ("file", 128), ("magic cookie", 4),
)  # fmt: skip


def address(packed: bytes) -> IPv4Address:
    """Return the address in four bytes; always the same object for 0.0.0.0."""
    return UNSPECIFIED if packed == _ZERO4 else IPv4Address(packed)


def _packed(value: IPv4Address) -> bytes:
    return _ZERO4 if value is UNSPECIFIED else value.packed


def _text(padded: bytes) -> bytes:
    return padded.partition(b"\0")[0] if padded[0] else b""


def _rank(code: int) -> int:
    return _RANK.get(code, code)
