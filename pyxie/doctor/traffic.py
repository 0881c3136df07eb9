"""The packets of a boot, as a firewall sees them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

BROADCAST = IPv4Address("255.255.255.255")
NOBODY = IPv4Address("0.0.0.0")
EPHEMERAL = 50_000
"""Some port that a client, or a transfer of ours, has chosen; nobody opens it by its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet.

    Attributes:
        what: What it is for, in words that end a sentence: "TFTP requests".
        hook: Where netfilter sees it: on its way in, or out.
        interface: The name of that which it comes in or goes out by.
        protocol: UDP or TCP.
        source: An address, or the network of the clients, any of whom it may be from.
        target: The same.
        source_port: Its port.
        port: The port that it goes to.
        state: To connection tracking, as nftables calls it.
    """

    what: str
    hook: Literal["input", "output"]
    interface: str
    protocol: Literal["udp", "tcp"]
    source: IPv4Address | IPv4Network
    target: IPv4Address | IPv4Network
    source_port: int
    port: int
    state: Literal["new", "established"] = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An interface that is served, and by which ports.

    Attributes:
        interface: Its name.
        address: Ours on it.
        network: Of the clients.
        tftp: Its port.
        http: Its port.
        dhcp: We answer DHCP.
        single_port: All of TFTP goes by that port.
        named: The setting ``interfaces`` names it.
    """

    interface: str
    address: IPv4Address
    network: IPv4Network
    tftp: int = 69
    http: int = 8090
    dhcp: bool = True
    single_port: bool = False
    named: bool = False


def incoming(served: Served) -> Iterator[Packet]:
    """Yield what clients begin with, each by the port that has to be open for it."""
    if served.dhcp:
        yield _in(served, "DHCP requests (UDP port 67)", "udp", 68, 67, broadcast=True)
        yield _in(served, "PXE requests (UDP port 4011)", "udp", 68, 4011)
    tftp = served.tftp
    yield _in(served, f"TFTP requests (UDP port {tftp})", "udp", EPHEMERAL, tftp)
    http = served.http
    yield _in(served, f"HTTP requests (TCP port {http})", "tcp", EPHEMERAL, http)


def answered(served: Served) -> Packet | None:
    """Return the packet by which a client goes on with a TFTP transfer that we have begun.

    To the port that we have chosen for it (RFC 1350 section 4), which is in no rule by its number;
    None where all of them come to the port of TFTP.
    """
    if served.single_port:
        return None
    return Packet(
        what="the rest of each TFTP transfer",
        hook="input",
        interface=served.interface,
        protocol="udp",
        source=served.network,
        target=served.address,
        source_port=EPHEMERAL,
        port=EPHEMERAL,
        state="established",
    )


def outgoing(served: Served) -> Iterator[Packet]:
    """Yield what we send."""
    if served.dhcp:
        yield _out(served, "DHCP answers (from UDP port 67)", "udp", 67, 68, "new")
    # From a port of its own, so that it is new to connection tracking.
    state: Literal["new", "established"] = "established" if served.single_port else "new"
    port = served.tftp if served.single_port else EPHEMERAL
    yield _out(served, "files by TFTP", "udp", port, EPHEMERAL, state)
    what = f"files by HTTP (from TCP port {served.http})"
    yield _out(served, what, "tcp", served.http, EPHEMERAL, "established")


def _in(
    served: Served,
    what: str,
    protocol: Literal["udp", "tcp"],
    source_port: int,
    port: int,
    *,
    broadcast: bool = False,
) -> Packet:
    return Packet(
        what=what,
        hook="input",
        interface=served.interface,
        protocol=protocol,
        source=NOBODY if broadcast else served.network,
        target=BROADCAST if broadcast else served.address,
        source_port=source_port,
        port=port,
    )


def _out(
    served: Served,
    what: str,
    protocol: Literal["udp", "tcp"],
    source_port: int,
    port: int,
    state: Literal["new", "established"],
) -> Packet:
    return Packet(
        what=what,
        hook="output",
        interface=served.interface,
        protocol=protocol,
        source=served.address,
        target=BROADCAST if port == 68 else served.network,
        source_port=source_port,
        port=port,
        state=state,
    )
