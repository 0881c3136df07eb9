"""What other servers tell clients, built here, and what is overheard of it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage, MessageType, Op, Option
from pyxie.dhcp.overheard import Other, read
from tests.dhcp.packets import discover

ROUTER = IPv4Address("192.168.7.254")
LEASED = IPv4Address("192.168.7.50")


def reply(
    to: DhcpMessage | None = None,
    kind: MessageType = MessageType.OFFER,
    *,
    server: IPv4Address | None = ROUTER,
    siaddr: IPv4Address = UNSPECIFIED,
    leased: IPv4Address = LEASED,
    file: bytes = b"",
    **options: bytes,
) -> DhcpMessage:
    """Return a server's reply; ``o60=...`` sets option 60."""
    asked = to or discover(7)
    said: dict[int, bytes] = {Option.MESSAGE_TYPE: bytes([kind])}
    if server is not None:
        said[Option.SERVER_ID] = server.packed
    for name, value in options.items():
        said[int(name.removeprefix("o"))] = value
    return DhcpMessage(
        op=Op.REPLY,
        xid=asked.xid,
        chaddr=asked.chaddr,
        giaddr=asked.giaddr,
        yiaddr=leased,
        siaddr=siaddr,
        file=file,
        options=said,
    )


def overheard(
    message: DhcpMessage, *, at: float = 0.0, interface: int = 2, source: IPv4Address = ROUTER
) -> Other:
    """Return what a reply tells."""
    found = read(message, source=source, interface=interface, name="eth0", here=False, moment=at)
    assert found is not None
    return found


def taking(offer: DhcpMessage, asked: DhcpMessage | None = None) -> DhcpMessage:
    """Return the client's REQUEST for what it was offered."""
    request = asked or discover(7)
    options = dict(request.options)
    options[Option.MESSAGE_TYPE] = bytes([MessageType.REQUEST])
    options[Option.SERVER_ID] = offer.options[Option.SERVER_ID]
    return replace(request, options=options)
