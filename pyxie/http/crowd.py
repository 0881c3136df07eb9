"""Who holds connections: counted by address, by network, and apart for those who manage.

Told addresses; it holds no socket. Whom a newcomer displaces is decided here too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network
from typing import Any, Generic, TypeAlias, TypeVar

from pyxie.bounds import (
    HTTP_ALLOWED,
    HTTP_HOST,
    HTTP_PER_ADDRESS,
    HTTP_PER_NETWORK,
    HTTP_TOTAL,
    Bound,
)
from pyxie.http.gate import Side
from pyxie.net.address import Address, address

K = TypeVar("K")
Group: TypeAlias = tuple[Side, str]
"""A side and the address or network; ``""`` for the whole side."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections may be held.

    Attributes:
        per_address: By one address, but for this host's.
        total: By all machines.
        allowed: By all of ``api.allow``.
        host: By this host itself.
        of_host: The bound that ``host`` is of.
    """

    per_address: int
    total: int
    allowed: int = HTTP_ALLOWED.whole
    host: int = HTTP_HOST.whole
    of_host: Bound = HTTP_HOST


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection comes from.

    Attributes:
        side: Whose it is.
        address: The client's.
        network: IPv6 addresses of which one host may have as many as it likes: ``2001:db8::/64``,
            ``fe80::/64%2``. Empty for IPv4.
    """

    side: Side
    address: str
    network: str = ""

    @property
    def whose(self) -> str:
        """What counts as one: the network, or else the address."""
        return self.network or self.address


def of_peer(side: Side, peer: tuple[Any, ...]) -> Origin:
    """Return where a connection comes from, by what its socket tells of the peer."""
    return origin(side, address(peer[0]), peer[3] if len(peer) > 3 else 0)


def origin(side: Side, peer: Address, interface: int = 0) -> Origin:
    """Return where a connection comes from.

    Args:
        side: Whose it is.
        peer: The client's address, IPv4 where it is mapped into IPv6.
        interface: The number of the interface, for link-local addresses: RFC 4007's zone.
    """
    if isinstance(peer, IPv4Address):
        return Origin(side, str(peer))
    zone = f"%{interface}" if interface else ""
    # One host has a whole /64 to choose from (RFC 4291, RFC 8981), and any link-local address.
    network = IPv6Network((int(peer) >> 64 << 64, 64))
    return Origin(side, f"{peer}{zone}", f"{network}{zone}")


@dataclass(frozen=True, slots=True)
class Full:
    """A bound that is reached.

    Attributes:
        bound: Which.
        most: How many that are, as set.
        whose: Of whom, in words.
        group: Who hold them, and may make room; None if the newcomer is refused.
    """

    bound: Bound
    most: int
    whose: str
    group: Group | None

    def __str__(self) -> str:
        return f"{self.most} {self.whose}: {self.bound.setting or self.bound.name!r}"


class Crowd(Generic[K]):
    """The connections that there are, of any kind that can be a key."""

    def __init__(self) -> None:
        self._groups: dict[Group, dict[K, None]] = {}
        self._of: dict[K, tuple[Group, ...]] = {}

    def __len__(self) -> int:
        return len(self._of)

    def full(self, who: Origin, limits: ConnectionLimits) -> Full | None:
        """Return the bound that one more of ``who`` would exceed."""
        # On this host a proxy may hold as many as it likes, by the address that others have too.
        one = who.side is not Side.HOST
        if one and self._held(who.side, who.address) >= limits.per_address:
            HTTP_PER_ADDRESS.reached()
            return Full(HTTP_PER_ADDRESS, limits.per_address, f"from {who.address}", None)
        most = {Side.HOST: limits.host, Side.ALLOWED: limits.allowed, Side.OTHERS: limits.total}[
            who.side
        ]
        half = max(1, most // 2)
        if who.network and self._held(who.side, who.network) >= half:
            HTTP_PER_NETWORK.reached()
            group = who.side, who.network
            return Full(HTTP_PER_NETWORK, half, f"from {who.network}", group)
        if self._held(who.side) < most:
            return None
        return self._side_is_full(who.side, most, limits.of_host)

    def enter(self, key: K, who: Origin) -> None:
        """Count one more."""
        of = {(who.side, ""), (who.side, who.address), (who.side, who.network)}
        self._of[key] = tuple(of)
        for group in of:
            self._groups.setdefault(group, {})[key] = None

    def leave(self, key: K) -> None:
        """Count it no more; nothing happens if it is not counted."""
        for group in self._of.pop(key, ()):
            members = self._groups[group]
            del members[key]
            if not members:
                del self._groups[group]

    def in_turn(self, group: Group, many: int) -> Iterator[K]:
        """Yield as ``many`` of a group as there are, who was there longest first.

        Whom another follows comes to the end: next time others come first.
        """
        members = self._groups.get(group, {})
        for _ in range(min(many, len(members))):
            key = next(iter(members))
            yield key
            members[key] = members.pop(key)

    def _side_is_full(self, side: Side, most: int, of_host: Bound) -> Full:
        match side:
            case Side.HOST:
                of_host.reached()
                return Full(of_host, most, "of this host", (side, ""))
            case Side.ALLOWED:
                HTTP_ALLOWED.reached()
                return Full(HTTP_ALLOWED, most, "of the networks in 'api.allow'", (side, ""))
            case Side.OTHERS:  # pragma: no branch  (there is no other)
                HTTP_TOTAL.reached()
                return Full(HTTP_TOTAL, most, "in all", (side, ""))

    def _held(self, side: Side, whose: str = "") -> int:
        return len(self._groups.get((side, whose), ()))
