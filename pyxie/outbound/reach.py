"""What a fetch may lead to, by who named the URL and by the address that is connected to. Pure.

What a file of the operator's names is the operator's: also a mirror on this very host. Whatever
else names a URL, a redirect, the call of a builder, the answer of an API server, must not have
pyxie read what only pyxie can reach, and give it to a stranger as a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final

from pyxie.errors import PyxieError
from pyxie.net.address import Address


class Zone(Enum):
    """Where an address is, as far as fetches go; the value says it in a sentence."""

    PUBLIC = "a public address"
    PRIVATE = "a private address"
    """RFC 1918, RFC 4193, RFC 6598 and all that IANA does not list as globally reachable."""
    LINK = "a link-local address"
    """RFC 3927, RFC 4291 section 2.5.6; the metadata of cloud machines is at one."""
    HERE = "an address of this host"
    NOWHERE = "no address of one host"
    """Multicast, broadcast, reserved."""


class Reach(IntEnum):
    """What a URL may lead to."""

    PUBLIC = 0
    SITE = 1
    """Public and private addresses."""
    ANYWHERE = 2

    def allows(self, zone: Zone) -> bool:
        """Tell whether an address in ``zone`` may be connected to."""
        if self is Reach.PUBLIC:
            return zone is Zone.PUBLIC
        return self is Reach.ANYWHERE or zone in (Zone.PUBLIC, Zone.PRIVATE)

    def after(self, zone: Zone) -> Reach:
        """Return the reach of a redirect by a server in ``zone`` that was reached so."""
        return min(self, Reach.PUBLIC if zone is Zone.PUBLIC else Reach.SITE)


class OutOfReachError(PyxieError):
    """A URL leads where it may not; nothing was sent there.

    Attributes:
        address: Where.
        zone: What that is.
    """

    def __init__(self, address: Address, zone: Zone) -> None:
        super().__init__(address, zone)
        self.address = address
        self.zone = zone

    def __str__(self) -> str:
        only = "; only a file of the operator's may name such a place"
        return f"leads to {self.address}, {self.zone.value}{only}"


def named_from(zone: Zone) -> Reach:
    """Return the reach of URLs that an API server in ``zone`` names, which the operator asks.

    What runs on this host may manage pyxie anyway.
    """
    return Reach.ANYWHERE if zone is Zone.HERE else Reach.ANYWHERE.after(zone)


_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # IANA has assigned no other
_IPV4_COMPATIBLE: Final = IPv6Network("::/96")  # RFC 4291 section 2.5.5.1
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052
_NOT_YET_UNICAST: Final = 240  # RFC 1112 section 4: class E, with 255.255.255.255


def zone_of(address: Address, is_own: Callable[[Address], bool]) -> Zone:
    """Return where an address is; one that holds another, as of NAT64, is where that is.

    Args:
        address: That is connected to.
        is_own: Tells whether an address is this host's, on any interface.
    """
    inner = _inner(address)
    if inner is not None:
        return zone_of(inner, is_own)
    # 0.0.0.0 and :: lead to this host under Linux.
    if address.is_loopback or address.is_unspecified or is_own(address):
        return Zone.HERE
    if address.is_multicast:
        return Zone.NOWHERE
    if isinstance(address, IPv4Address):
        if address.packed[0] == 0:  # RFC 1122 section 3.2.1.3: this host on this network
            return Zone.HERE
        if address.packed[0] >= _NOT_YET_UNICAST:
            return Zone.NOWHERE
    if address.is_link_local:
        return Zone.LINK
    is_public = address.is_global and (address.version == 4 or address in _GLOBAL_UNICAST)
    return Zone.PUBLIC if is_public else Zone.PRIVATE


def _inner(address: Address) -> IPv4Address | None:
    """Return the address of IPv4 that a gateway, or the kernel, makes of one of IPv6."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    low = int(address) & 0xFFFFFFFF
    if address in _NAT64 or (address in _IPV4_COMPATIBLE and low > 1):
        return IPv4Address(low)
    return None


def literal(host: str) -> Address | None:
    """Return the address that a URL's host stands for without being looked up; None for a name.

    Args:
        host: Without brackets.
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761 section 6.3
        return IPv4Address("127.0.0.1")
    try:
        return ip_address(name.partition("%")[0])
    except ValueError:
        return _by_inet_aton(name)


def _by_inet_aton(name: str) -> IPv4Address | None:
    """Return what inet_aton(3) reads: ``127.1``, ``0x7f000001``, ``017700000001``."""
    parts = name.split(".")
    if len(parts) > 4:
        return None
    numbers = [_number(part) for part in parts]
    *front, last = numbers
    if last is None or any(each is None or each > 255 for each in front):
        return None
    if last >= 256 ** (5 - len(parts)):
        return None
    high = sum((each or 0) << (24 - 8 * at) for at, each in enumerate(front))
    return IPv4Address(high + last)


def _number(text: str) -> int | None:
    base = 16 if text.startswith("0x") else 8 if text.startswith("0") else 10
    try:
        return int(text, base) if text.isascii() and text.isalnum() and len(text) <= 16 else None
    except ValueError:
        return None
