"""An address as a socket tells it."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address


@lru_cache(4096)
def address(text: str) -> Address:
    """Return a socket's address; one that came over a dual-stack socket as IPv4.

    Raises:
        ValueError: It is none.
    """
    found = ip_address(text.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found
