"""What a request says of its client, by which a machine's `match` may recognise it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Final

from pyxie.architectures import Architecture
from pyxie.dhcp.firmware import architecture, uuids
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage, Option
from pyxie.recognition.discovered import Whereabouts
from pyxie.registry.identity import Identity, own_id, own_name, own_uuids

_CIRCUIT_ID: Final = 1
_REMOTE_ID: Final = 2
_LINK_SELECTION: Final = 5


def identify(request: DhcpMessage, ours: IPv4Address | None) -> Identity:
    """Return what ``request`` says of its client.

    Args:
        request: A client's, perhaps by way of a relay agent.
        ours: Our own address on the interface that it came in on.
    """
    options = request.options
    agent = agent_options(options.get(Option.RELAY_AGENT, b""))
    link = agent.get(_LINK_SELECTION, b"")
    # RFC 3527 section 3: the link that the client is on, where giaddr is the relay's own.
    given = (IPv4Address(link) if len(link) == 4 else UNSPECIFIED, request.giaddr, request.ciaddr)
    row = architecture(options, request.chaddr)
    return Identity(
        uuids=own_uuids(uuids(options)),
        circuit_id=own_id(agent.get(_CIRCUIT_ID)),
        remote_id=own_id(agent.get(_REMOTE_ID)),
        options=options,
        hostname=own_name(
            options.get(Option.HOST_NAME, b"").rstrip(b"\0").decode("ascii", "replace")
        ),
        address=next((each for each in given if each != UNSPECIFIED), ours),
        arch=row.code if isinstance(row, Architecture) else None,
    )


def whereabouts(request: DhcpMessage, interface: str, network: IPv4Network | None) -> Whereabouts:
    """Return where the client of ``request`` is.

    Args:
        request: It.
        interface: The name of the one of this host on which it came.
        network: That is there; None where this host has no address on it.
    """
    if request.giaddr == UNSPECIFIED:
        return Whereabouts(interface=interface, network="" if network is None else str(network))
    agent = agent_options(request.options.get(Option.RELAY_AGENT, b""))
    link = agent.get(_LINK_SELECTION, b"")
    near = IPv4Address(link) if len(link) == 4 else request.giaddr  # as in `identify`
    return Whereabouts(
        interface=interface,
        network=str(near),
        relay=str(request.giaddr),
        port=_spelt(own_id(agent.get(_CIRCUIT_ID))),
        switch=_spelt(own_id(agent.get(_REMOTE_ID))),
    )


def _spelt(value: bytes | None) -> str:
    """Write a circuit or remote id as a machine's `match` takes it: text, or hex."""
    if not value:
        return ""
    text = value.decode("ascii", "replace")
    is_text = value.isascii() and text.isprintable() and not text.startswith("0x")
    return text if is_text else f"0x{value.hex()}"


def agent_options(value: bytes) -> dict[int, bytes]:
    """Read option 82 (RFC 3046 section 2.0), up to what overruns its end."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 2 <= len(value):
        code, stop = value[at], at + 2 + value[at + 1]
        if stop > len(value):
            break
        found.setdefault(code, value[at + 2 : stop])
        at = stop
    return found
