"""Requests that differ in nothing but what is each machine's own, and their answers. Pure.

Machines of one kind ask alike: by the same bytes, but for the transaction, for how long they have
asked, and for their MAC address and UUID. The answers then are alike as well: what is the machine's
own stands in each at the same places. So the first one is made by `pyxie.dhcp.decide`, and the
others by filling it in, which takes a hundredth of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from pyxie.config.values import dashed
from pyxie.dhcp.message import END, PAD, DhcpMessage, Option, build

Shape: TypeAlias = tuple[bytes, ...]
"""What is left of a request without what is its machine's own."""

_OPTIONS: Final = 240
_FILE: Final = 108
_CHADDR: Final = slice(28, 34)
_TRANSACTION: Final = (4, 10)
"""``xid`` and ``secs``, of which no answer depends."""
_NIC: Final = (31, 34)
"""Not the manufacturer's part, by which some clients are told (`pyxie.dhcp.firmware`)."""
_UUID: Final = 16
_TYPED: Final = b"\x61\x11\0"
"""Option 97 with a UUID: its code, its length, and type 0 (RFC 4578 section 2.3)."""
_RASPBERRY: Final = b"RPi"
"""How the UUID of a Raspberry Pi begins, which says that it is one."""


class Own(NamedTuple):
    """What is a machine's own.

    Attributes:
        mac: Six bytes.
        uuid: Sixteen, or none.
    """

    mac: bytes
    uuid: bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in requests of one length is what is their machine's own.

    Attributes:
        shape: Takes all else out of a request: a `Shape`.
        own: Takes that out of it, as the values of an `Own`.
        uuid: Where that is.
        cuts: Where it is; two of the same are the same layout.
    """

    shape: Callable[[bytes], Shape]
    own: Callable[[bytes], tuple[bytes, bytes]]
    uuid: slice
    cuts: tuple[tuple[int, int], ...]


def layout(data: bytes) -> Layout | None:
    """Return the layout of a request; None if it is to be looked at whole, each time.

    Args:
        data: A DHCP message, which could be parsed.
    """
    cuts, uuid = [_TRANSACTION, _NIC], slice(0, 0)
    seen = set()
    for code, at, stop in _options(data):
        # A value in pieces (RFC 3396), and options elsewhere (option 52), are nobody's habit.
        if code in seen or code == Option.OVERLOAD:
            return None
        seen.add(code)
        if code == Option.CLIENT_ID:
            cuts.append((at, stop))
        elif code == Option.CLIENT_UUID and data[at - 2 : at + 1] == _TYPED:
            uuid = slice(at + 1, stop)
            cuts.append((at + 1, stop))
    if is_special(data[uuid]):
        return None
    starts, stops = zip(*sorted(cuts), strict=True)
    kept = zip((0, *stops), (*starts, None), strict=True)
    return Layout(
        shape=itemgetter(*(slice(start, stop) for start, stop in kept)),
        own=itemgetter(_CHADDR, uuid),
        uuid=uuid,
        cuts=tuple(sorted(cuts)),
    )


def is_special(uuid: bytes) -> bool:
    """Tell whether a UUID says more than whose it is."""
    return uuid.startswith(_RASPBERRY)


@dataclass(frozen=True, slots=True)
class Form:
    """An answer that is filled in.

    Attributes:
        pieces: It, in the transaction 0, with None where something is the machine's own.
        gaps: Where in that it is, and what of `Form.filled`.
    """

    pieces: tuple[bytes | None, ...]
    gaps: tuple[tuple[int, int], ...]

    @property
    def length(self) -> int:
        """Of the answer, bytes."""
        return len(self.filled(Own(bytes(6), bytes(_UUID))))

    def filled(self, own: Own, name: bytes | None = None) -> bytes:
        """Return the answer to a machine, in the transaction 0.

        Args:
            own: What is its own.
            name: What stands for it in files' names; if None, that of its MAC address.
        """
        of_it = (own.mac, named(own.mac) if name is None else name, own.uuid)
        pieces = list(self.pieces)
        for at, which in self.gaps:
            pieces[at] = of_it[which]
        return b"".join(pieces)  # type: ignore[arg-type]  # no gap is left


MAC, NAME, UUID = range(3)
"""What a gap is of."""


def named(mac: bytes) -> bytes:
    """Return a MAC address as it stands in files' names."""
    return mac.hex("-").encode()


def form(answer: DhcpMessage, own: Own) -> Form | None:
    """Return the form of an answer; None if it cannot be told what in it is the machine's own.

    Args:
        answer: To a machine that was told the name of a file, with its MAC address in it once.
        own: That machine's.
    """
    data, name = build(answer), dashed(own.mac.hex(":")).encode()
    places = {code: at for code, at, _ in _options(data)}
    cuts = [(_CHADDR.start, _CHADDR.stop, MAC)]
    for at, text in (
        (_FILE, answer.file),
        (places[Option.BOOTFILE_NAME], answer.options[Option.BOOTFILE_NAME]),
    ):
        # Twice, if a file of the operator's has the address in its name. Longer ones are in pieces.
        if text and (text.count(name) != 1 or len(text) > 255):
            return None
        if text:
            start = at + text.index(name)
            cuts.append((start, start + len(name), NAME))
    if own.uuid:
        start = places[Option.CLIENT_UUID] + 1
        cuts.append((start, start + _UUID, UUID))
    data = data[:4] + bytes(4) + data[8:]
    pieces, gaps, done = list[bytes | None](), list[tuple[int, int]](), 0
    for start, stop, which in sorted(cuts):
        pieces += data[done:start], None
        gaps.append((len(pieces) - 1, which))
        done = stop
    return Form((*pieces, data[done:]), tuple(gaps))


def _options(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Walk the options of a message that is whole: code, and where the value begins and ends."""
    at = _OPTIONS
    while at < len(data) and data[at] != END:
        if data[at] == PAD:
            at += 1
            continue
        stop = at + 2 + data[at + 1]
        yield data[at], at + 2, stop
        at = stop
