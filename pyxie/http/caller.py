"""The two ends of a client's connection."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address
from typing import NamedTuple

from pyxie.net.address import Address, address


class Caller(NamedTuple):
    """Who asks, and at which address of ours.

    Attributes:
        remote: The client's address, as the socket tells it.
        peer: The same, IPv4 where it is mapped into IPv6.
        local: Our end of the connection.
        port: Ours; None where the connection has no addresses.
    """

    remote: str
    peer: Address
    local: Address
    port: int | None


def caller_of(transport: asyncio.BaseTransport | None) -> Caller:
    """Return who is at the other end; of no address where that is not told."""
    peer = local = None
    if transport is not None:
        peer, local = (transport.get_extra_info(name) for name in ("peername", "sockname"))
    return Caller(
        peer[0] if peer else "",
        address(peer[0] if peer else "0.0.0.0"),
        address(local[0]) if local else IPv4Address("127.0.0.1"),
        local[1] if local else None,
    )
