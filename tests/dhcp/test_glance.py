"""What a glance shows is what a closer look would: no network-boot client is passed over."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.dhcp.decide import Port, Silence, decide
from pyxie.dhcp.glance import client, nothing_asked, takes_an_offer
from pyxie.dhcp.message import DhcpMessage, MessageType, Op, build, parse
from pyxie.errors import WireError
from tests.dhcp.packets import BOOT, MAC, as_request, discover, ipxe

ALIKE = discover(0, o60=None, o93=None, o94=None, o97=None)
"""A DISCOVER of an installed system."""


def test_the_client_is_told_by_its_hardware_address() -> None:
    assert client(build(discover(0))).hex(":") == MAC
    assert client(b"short") == b""


@pytest.mark.parametrize(
    ("message", "port", "reason"),
    [
        (ALIKE, 67, "not-netboot"),
        (discover(0, o60=b"MSFT 5.0", o93=None), 67, "not-netboot"),
        (replace(discover(0), op=Op.REPLY), 67, "not-a-request"),
        (as_request(discover(0)), 67, "not-a-discover"),
        (as_request(discover(0), MessageType.OFFER), 4011, "not-a-boot-request"),
        (as_request(ALIKE), 4011, "not-netboot"),
    ],
)
def test_what_asks_for_nothing_is_told_at_once(
    message: DhcpMessage, port: Port, reason: str
) -> None:
    assert nothing_asked(build(message), port) == reason


@pytest.mark.parametrize(
    ("message", "port"),
    [
        (discover(0), 67),
        (ipxe(7), 67),
        (discover(7, o60=b"HTTPClient:Arch:00016:UNDI:003001"), 67),
        (discover(7, o93=None), 67),
        (discover(0, o60=b"HP.Smart.Client", o93=b"\0\7"), 67),
        (discover(0, o60=None), 67),
        (as_request(discover(0)), 4011),
        (as_request(discover(0), MessageType.INFORM), 4011),
        (discover(0), 4011),
    ],
)
def test_a_network_boot_client_is_looked_at(message: DhcpMessage, port: Port) -> None:
    assert nothing_asked(build(message), port) is None


def test_what_does_not_begin_with_its_type_is_looked_at() -> None:
    data = build(discover(0))

    assert nothing_asked(data[:240] + b"\x3d\1\0" + data[240:], 67) is None
    assert nothing_asked(data[:242], 67) is None
    assert nothing_asked(b"\7" + data[1:], 67) is None


def test_options_in_lent_space_count() -> None:
    """RFC 2131 section 4.1: ``file`` and ``sname`` may hold options."""
    data = bytearray(build(replace(ALIKE, options={**ALIKE.options, 52: b"\1"})))
    data[108:113] = b"\x5d\2\0\7\xff"

    assert parse(bytes(data)).options[93] == b"\0\7"
    assert nothing_asked(bytes(data), 67) is None


def agrees(data: bytes, port: Port) -> None:
    seen = nothing_asked(data, port)
    if seen is None:
        return
    try:
        closer = decide(parse(data), port, BOOT)
    except WireError:
        return
    assert isinstance(closer, Silence)
    assert closer.reason == seen


class TestForAnyDatagram:
    @given(st.binary(max_size=400), st.sampled_from([67, 4011]))
    def test_it_agrees_with_the_closer_look(self, tail: bytes, port: Port) -> None:
        agrees(build(discover(0))[:240] + b"\x35\1\1" + tail, port)

    @pytest.mark.parametrize("seed", range(4))
    def test_it_agrees_about_mutated_ones(self, seed: int) -> None:
        rng = random.Random(seed)
        whole = [build(each) for each in (discover(0), ipxe(7), ALIKE, as_request(discover(0)))]
        for _ in range(1500):
            data = bytearray(rng.choice(whole))
            for _ in range(rng.randrange(1, 6)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            agrees(bytes(data[: rng.choice([len(data), rng.randrange(len(data))])]), 67)
            agrees(bytes(data), 4011)


class TestARequestForAnOffer:
    def test_of_a_network_boot_client_is_looked_at(self) -> None:
        assert takes_an_offer(build(as_request(discover(7))))

    def test_is_looked_at_too_where_the_type_does_not_lead(self) -> None:
        data = build(as_request(discover(7)))

        assert takes_an_offer(data[:240] + b"\x0c\x01x" + data[240:])

    def test_of_another_type_or_client_is_not(self) -> None:
        renewal = DhcpMessage(op=Op.REQUEST, xid=1, chaddr=bytes(6), options={53: b"\x03"})

        assert not takes_an_offer(build(discover(7)))
        assert not takes_an_offer(build(renewal))
