"""Packets as a raw socket gives them: those of kinds that are known are read at one go.

All machines of a hall ask alike: what is their own stands in each packet at the same places. So one
`Struct` takes it out, and the rest in the pieces that are compared; nothing else is made of it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from struct import Struct, calcsize
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar, overload

from pyxie.dhcp.many import ANCILLARY, ROOM, Came
from pyxie.dhcp.received import (
    CMSG,
    IP_PKTINFO,
    PKTINFO,
    SO_TIMESTAMPNS,
    TIMESPEC,
    WHOLE,
    Received,
    Unreadable,
    of_packets,
)

T = TypeVar("T")

_HEADED: Final = 28
"""Bytes of IP's header and UDP's."""
_XID, _CHADDR, _NIC = 4, 28, 31
_FROM_NOBODY: Final = bytes(4) + b"\xff" * 4 + (68).to_bytes(2) + (67).to_bytes(2)
"""The addresses and ports of who has none yet, and asks all."""
_HEAD: Final = CMSG.size
_LONG: Final = calcsize("@l")
_IN_ORDER: Final = f"@{_HEAD}sl{_LONG}x{_HEAD}si"
_TOLD: Final = Struct(f"{_IN_ORDER}{ANCILLARY - calcsize(_IN_ORDER)}x")
"""Of ancillary data: which is the time, its seconds; which is the interface, its number."""
_TIME: Final = CMSG.pack(socket.CMSG_LEN(TIMESPEC.size), socket.SOL_SOCKET, SO_TIMESTAMPNS)
_PLACE: Final = CMSG.pack(socket.CMSG_LEN(PKTINFO.size), socket.IPPROTO_IP, IP_PKTINFO)


class Kind(NamedTuple, Generic[T]):
    """Requests that are alike, as packets; of `kind`.

    Attributes:
        what: Whatever is known of them.
        told: Of each: how long its ancillary data are, its flags, how long it is.
        listens: Seconds for which an answer is of use.
        unpack: Takes one apart: each other part is the same in all,
        expected: as these are;
        uuid: and which of the parts between is the UUID.
        key: See `Packets.key`.
    """

    what: T
    told: tuple[int, int, int]
    listens: float
    unpack: Callable[[bytes, int], tuple[Any, ...]]
    expected: tuple[object, ...]
    uuid: int
    key: int


Own: TypeAlias = tuple[T, bytes, int, bytes]
"""What is known of a request, its machine's MAC address, its transaction, and the UUID if any."""

_HEADERS: Final = "B11x0s14s2x0s"
"""Of IP's header the first byte; and what stands from the source to the length of UDP's."""
_XID_AT, _MAC_AT = 5, 7
"""Which parts these are: no other stands before them."""


def kind(
    what: T,
    shape: Sequence[bytes],
    cuts: Sequence[tuple[int, int]],
    uuid: slice,
    interface: int,
    listens: float,
) -> Kind[T]:
    """Return what reads requests that are sent to all, from no address, without IP options.

    Args:
        what: Whatever is known of them.
        shape: What is left of them without what is their machine's own,
        cuts: which stands there, in its order; the transaction first, then the MAC address.
        uuid: Where the UUID is; nowhere, if that is empty.
        interface: Its number.
        listens: Seconds for which an answer is of use.
    """
    length = sum(map(len, shape)) + sum(stop - start for start, stop in cuts)
    codes, expected = [_HEADERS], list[object]((0x45, _FROM_NOBODY + (8 + length).to_bytes(2)))
    uuid_at = 1  # a part that is empty
    for piece, (start, stop) in zip(shape[:-1], cuts, strict=True):
        same, own = piece, f"{stop - start}x0s"
        if start == _XID:
            own = "I2x"
        elif start == _NIC:  # with the manufacturer's part, which stands before it
            same, own = piece[: len(piece) - _NIC + _CHADDR], "6s"
        elif start == uuid.start:
            own, uuid_at = "16s", 2 * len(expected) + 1
        codes += f"{len(same)}s", own
        expected.append(same)
    codes.append(f"{len(shape[-1])}s")
    return Kind(
        what=what,
        told=(WHOLE, 0, _HEADED + length),
        listens=listens,
        unpack=Struct(">" + "".join(codes)).unpack_from,
        expected=(*expected, shape[-1]),
        uuid=uuid_at,
        key=_key(_HEADED + length, interface),
    )


def _key(length: int, interface: int) -> int:
    return interface << 12 | length


class Packets(Sequence[Received | Unreadable]):
    """The datagrams in packets that came together; each is made of its packet when it is asked for.

    Args:
        came: The packets.
    """

    def __init__(self, came: Came) -> None:
        self._came = came
        self._made: list[Received | Unreadable] | None = None

    def __len__(self) -> int:
        return len(self._came.each)

    @overload
    def __getitem__(self, at: int) -> Received | Unreadable: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Received | Unreadable]: ...

    def __getitem__(
        self, at: int | slice
    ) -> Received | Unreadable | Sequence[Received | Unreadable]:
        if self._made is None:
            self._made = of_packets(self._came)
        return self._made[at]

    def key(self, at: int) -> int:
        """Return by what a kind is found whose packet this may be."""
        return _key(self._came.each[at][2], self[at].interface)

    def known(self, kinds: Mapping[int, Kind[T]]) -> Iterator[Own[T] | None]:
        """Yield what is its machine's own of each; None if it is to be looked at as a datagram.

        Args:
            kinds: Those that are known, by their keys. It may change meanwhile.
        """
        came, at, now = self._came, -ROOM, time.time()
        data, told = came.data, _TOLD.iter_unpack(came.ancillary)
        for each, (head, seconds, other, index) in zip(came.each, told, strict=True):
            at += ROOM
            known = kinds.get(index << 12 | each[2])
            if known is None:
                yield None
                continue
            what, usual, listens, unpack, expected, uuid, _ = known
            parts = unpack(data, at)
            if (
                parts[::2] != expected
                or each != usual
                or head != _TIME
                or other != _PLACE
                or seconds <= now - listens
            ):
                yield None
                continue
            yield what, parts[_MAC_AT], parts[_XID_AT], parts[uuid]
