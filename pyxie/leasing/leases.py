"""The leases that dnsmasq writes down, and reads when it is started again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from pyxie.bounds import DHCP_LEASES

_FIELDS: Final = 5
_NO_NAME: Final = "*"
_LONGEST: Final = 64
_MAC: Final = 17


@dataclass(frozen=True, slots=True)
class Lease:
    """An address that a machine has.

    Attributes:
        address: It.
        mac: ``52:54:00:12:34:56``.
        name: What the machine calls itself; empty if it does not.
        expires: Seconds since the epoch; None if it has it for ever.
    """

    address: IPv4Address
    mac: str
    name: str
    expires: float | None


def parse(text: str) -> list[Lease]:
    """Return what a lease file says, by address; what is no lease of Ethernet's is left out.

    A line is ``EXPIRES MAC ADDRESS NAME CLIENT-ID`` (dnsmasq's ``lease_update_file``), where the
    name is the client's own.
    """
    found: dict[IPv4Address, Lease] = {}
    for line in text.splitlines():
        if len(found) >= DHCP_LEASES.whole:
            DHCP_LEASES.reached()
            break
        lease = _lease(line.split(" "))
        if lease is not None:
            found[lease.address] = lease
    return sorted(found.values(), key=lambda each: each.address)


def _lease(fields: list[str]) -> Lease | None:
    if len(fields) < _FIELDS:
        return None
    until, mac, address, name = fields[:4]
    if not (until.isascii() and until.isdecimal()) or len(mac) != _MAC:
        return None
    try:
        given = IPv4Address(address)
    except ValueError:
        return None
    clean = "".join(c for c in name if c.isprintable())[:_LONGEST]
    return Lease(given, mac.lower(), "" if clean == _NO_NAME else clean, float(until) or None)
