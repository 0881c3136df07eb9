"""The two ends of a client's connection."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import NamedTuple

from pyxie.http.crowd import origin
from pyxie.http.gate import Side
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


@dataclass(frozen=True, slots=True)
class Client:
    """The other end of a connection, with what is said of it at each request.

    Attributes:
        caller: It.
        name: Its address, as in events.
        whose: What counts as one in the log: its address, or its network.
        via: By which address of ours it comes, and port.
    """

    caller: Caller
    name: str
    whose: str
    via: str


def client_of(transport: asyncio.BaseTransport | None) -> Client:
    """Return the same as `caller_of`, for a connection on which much may be asked."""
    caller = caller_of(transport)
    whose = origin(Side.OTHERS, caller.peer).whose
    return Client(caller, str(caller.peer), whose, f"{caller.local} {caller.port}")
