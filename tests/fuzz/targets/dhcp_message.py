"""Any datagram, as the DHCP codec reads it: what is read can be written, and is read again."""

from __future__ import annotations

from pyxie.dhcp.firmware import client_fields, features, ipxe, user_classes
from pyxie.dhcp.identify import agent_options
from pyxie.dhcp.message import build, encapsulated, parse
from pyxie.errors import WireError
from tests.fuzz.target import Target


def take(data: bytes) -> None:
    message = parse(data)
    assert parse(build(message)) == message
    options = message.options
    client_fields(options, message.chaddr)
    ipxe(options.get(77))
    features(options.get(175))
    user_classes(options.get(77, b""))
    agent_options(options.get(82, b""))
    encapsulated(options.get(43, b""))


TARGET = Target(
    take=take,
    longest=65_507,
    refuses=(WireError,),
    words=(
        b"\x63\x82\x53\x63",
        b"\x34\x01\x03",
        b"\x35\x01\x01",
        b"PXEClient:Arch:00007:UNDI:003016",
        b"\x52\x01x",
        b"\x2b\0",
        b"\xff",
    ),
)
