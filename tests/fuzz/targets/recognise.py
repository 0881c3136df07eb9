"""Anything that a machine tells of itself, over DHCP and by iPXE: who it is taken for."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import parse_qsl

from pyxie.dhcp.firmware import client_fields
from pyxie.dhcp.identify import identify, whereabouts
from pyxie.dhcp.message import DhcpMessage, Op, encapsulated
from pyxie.errors import WireError
from pyxie.recognition.discovered import DiscoveredMachines
from pyxie.recognition.recognise import (
    Client,
    boots,
    concerns,
    host_of,
    recognise,
    settled,
    why_not,
)
from pyxie.registry.folder import parse_machine
from pyxie.registry.identity import Identities
from pyxie.registry.registry import Registry, gather
from tests.fuzz.target import Feed, Target, text
from tests.recognition.test_recognise import MAC, FakeBuilds, FakeSettings, build

RULES = (
    "uuid: 30313233-3435-3637-3839-616263646566",
    "serial: CZ123*",
    "asset: '?1'",
    "circuit_id: eth0/1",
    "remote_id: 0x0102",
    "hostname: web*",
    "subnet: 192.0.2.0/24",
    "arch: x86_64-efi",
    "options: {60: PXEClient*, 93: '0x0007'}",
    "options: {12: 'a*b*c*d*e'}",
)


@cache
def registry() -> Registry:
    """Return a machine for each way to be recognised."""
    files = [
        parse_machine(f"match: {{{rule}}}\n".encode(), Path(f"web{at:02}.yaml"))
        for at, rule in enumerate(RULES)
    ]
    found = gather(files)
    assert len(found.machines) == len(RULES), [each.problems for each in files]
    return found


def take(data: bytes) -> None:
    feed = Feed(data)
    query = dict(parse_qsl(text(feed.sized()), keep_blank_values=True))
    ours = IPv4Address("192.0.2.1")
    request = DhcpMessage(
        op=Op.REQUEST,
        xid=1,
        chaddr=bytes.fromhex(MAC.replace(":", "")),
        giaddr=IPv4Address(feed.number(1 << 32)),
        options=encapsulated(feed.rest()),
    )
    identities = Identities()
    told = identities.over_dhcp(MAC, identify(request, ours), 0.0)
    asked = told.by_ipxe(query, ours, 1.0)
    identities.keep(MAC, asked)
    for identity in (told, asked, identities.of(MAC)):
        found = recognise(
            Client(MAC, identity=identity),
            registry(),
            FakeBuilds(*(build(host) for host in sorted(registry().machines)[::2])),
            FakeSettings(),
            2.0,
        )
        assert host_of(found) is None or host_of(found) in registry().machines
        assert boots(found) or why_not(found)
        concerns(found)
        settled(found)
    seen = DiscoveredMachines()
    fields = {**client_fields(request.options, request.chaddr), **query}
    seen.note(MAC, 0.0, fields, whereabouts(request, "eth0", None), moment=0.0)
    noted = seen.of(MAC)
    assert noted is not None
    assert all(value.isprintable() and len(value) <= 300 for value in noted.fields.values())


TARGET = Target(
    take=take,
    longest=16_384,
    refuses=(WireError,),
    words=(
        *(b"&uuid=", b"&serial=CZ123", b"&asset=", b"&hostname=web", b"%2f", b"30313233-3435"),
        *(b"\x0c\x09a-b-c-d-e", b"\x52\x09\x01\x07eth0/1", b"\x5d\x02\0\x07", b"\x61\x11\0"),
    ),
)
