"""Answers that are laid out once are, filled in, what would be sent otherwise; see raw(7)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from ipaddress import IPv4Address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyxie.dhcp.alike import Form, Own
from pyxie.dhcp.decide import LIMITED_BROADCAST, Destination
from pyxie.dhcp.many import Outbox, Way
from pyxie.dhcp.message import build
from pyxie.dhcp.prepared import DatagramSender, PacketSender, Sender, Ways, mine
from pyxie.dhcp.udp import ip_header, wrap
from tests.dhcp.test_alike import KINDS, formed

TO_ALL = Destination(LIMITED_BROADCAST, 68)
SOURCE = IPv4Address("192.168.7.1")
MACS = st.binary(min_size=6, max_size=6)
UUIDS = st.binary(min_size=16, max_size=16)
XIDS = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from((0, 0xFFFF, 0xFFFE0001, 2**32 - 1)))


@dataclass(frozen=True)
class Line:
    """A socket that sends to itself, in place of a raw one."""

    here: socket.socket
    outbox: Outbox
    way: Way


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as here:
        here.bind(("127.0.0.1", 0))
        here.settimeout(5)
        to = Destination(IPv4Address("127.0.0.1"), here.getsockname()[1])
        yield Line(here, Outbox(here), Ways().way(to, to.port, IPv4Address("127.0.0.1"), 0))


def form_of(kind: int) -> tuple[Form, bool]:
    """Return the form of an answer, and whether the machine's UUID is in it."""
    found = formed(build(KINDS[kind]))
    assert found is not None
    return found, 97 in KINDS[kind].options


def sent(by: Line, sender: Sender, form: Form, own: Own, xid: int) -> bytes:
    """Return what is sent, after others; the same whether for once or over and over."""
    laid = sender.laid(form)
    prepared = laid.prepared(mine(own.mac), own.uuid)
    laid.put(xid ^ 1, mine(bytes(6)), own.uuid)
    prepared.put(xid ^ 1)
    prepared.put(xid)
    laid.put(xid, mine(own.mac), own.uuid)
    assert by.outbox.flush() == {}
    _, _, one, other = (by.here.recv(2048) for _ in range(4))
    assert one == other
    return one


class TestAnAnswerThatIsFilledIn:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(st.integers(0, len(KINDS) - 1), MACS, UUIDS, XIDS, st.booleans())
    def test_is_the_packet_that_would_be_made(
        self, line: Line, kind: int, mac: bytes, uuid: bytes, xid: int, whole: bool
    ) -> None:
        form, has_uuid = form_of(kind)
        own = Own(mac, uuid if has_uuid else b"")
        plain = form.filled(own)
        payload = plain[:4] + xid.to_bytes(4) + plain[8:]

        sender = PacketSender(line.outbox, line.way, SOURCE.packed, 67, TO_ALL, whole=whole)

        expected = wrap(payload, SOURCE.packed, 67, LIMITED_BROADCAST.packed, 68)
        if whole:
            head = ip_header(len(expected), SOURCE.packed, LIMITED_BROADCAST.packed)
            expected = head + expected
        assert sent(line, sender, form, own, xid) == expected

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(st.integers(0, len(KINDS) - 1), MACS, UUIDS, XIDS)
    def test_is_the_datagram_that_would_be_made(
        self, line: Line, kind: int, mac: bytes, uuid: bytes, xid: int
    ) -> None:
        form, has_uuid = form_of(kind)
        own = Own(mac, uuid if has_uuid else b"")
        plain = form.filled(own)

        sender = DatagramSender(line.outbox, line.way)

        expected = plain[:4] + xid.to_bytes(4) + plain[8:]
        assert sent(line, sender, form, own, xid) == expected
