"""Any request: there is an answer that can be sent, or a reason for none."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from pyxie.dhcp.decide import Answer, Port, Silence, decide, destination
from pyxie.dhcp.glance import client, nothing_asked, takes_an_offer
from pyxie.dhcp.identify import identify, whereabouts
from pyxie.dhcp.message import build, parse
from pyxie.errors import WireError
from tests.dhcp.packets import BOOT
from tests.fuzz.target import Feed, Target
from tests.recognised import IGNORED, IN_BUILD


def take(data: bytes) -> None:
    feed = Feed(data)
    port: Port = 4011 if feed.number(2) else 67
    boot = replace(
        BOOT, client=IGNORED if feed.number(2) else IN_BUILD, chained=bool(feed.number(2))
    )
    datagram = feed.rest()
    client(datagram)
    takes_an_offer(datagram)
    at_a_glance = nothing_asked(datagram, port)
    request = parse(datagram)

    outcome = decide(request, port, boot)

    match outcome:
        case Answer(message):
            assert at_a_glance is None
            assert parse(build(message)) == message
            assert len(build(message)) <= 1472
        case Silence(reason, detail):
            assert detail
            # Of a type in pieces, which joined is none, a glance sees the first: both are silent.
            assert at_a_glance is None or at_a_glance is reason or request.type is None
    destination(request, port, request.ciaddr, 68)
    identify(request, IPv4Address("192.168.7.1"))
    where = whereabouts(request, "eth0", None)
    assert where.port.isprintable()
    assert where.switch.isprintable()


TARGET = Target(
    take=take,
    longest=1500,
    refuses=(WireError,),
    words=(
        b"\x63\x82\x53\x63",
        b"\x35\x01\x01",
        b"\x35\x01\x03",
        b"\x3c\x20PXEClient:Arch:00007:UNDI:003016",
        b"\x5d\x02\0\x07",
        b"\x4d\x04iPXE",
        b"\xaf\x03\x13\x01\x01",
        b"\x61\x11\0",
        b"\x52\x06\x01\x04port",
        b"\x39\x02\x02\x40",
    ),
)
