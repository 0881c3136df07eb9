"""Whose offer a machine took, and when that is told."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from pyxie.bounds import DHCP_TAKEN
from pyxie.dhcp.message import DhcpMessage, Op, build
from pyxie.dhcp.others import Others
from pyxie.dhcp.taken import Taken
from pyxie.events.datagrams import TookElsewhere
from tests.dhcp.packets import MAC, discover
from tests.dhcp.recorder import Recorder
from tests.dhcp.replies import ROUTER, overheard, reply, taking

UEFI = discover(7)
NEXT = IPv4Address("192.168.7.9")
BOOTS = reply(siaddr=NEXT, file=b"pxelinux.0", o60=b"PXEClient", o66=b"tftp", o67=b"grub.efi")


class Lab:
    def __init__(self) -> None:
        recorder = Recorder()
        self.events = recorder.events
        self.others = Others(lambda: 0.0)
        self.taken = Taken(self.others, lambda mac: mac == MAC, recorder, lambda: 0.0)

    def is_offered(self, offer: DhcpMessage) -> None:
        self.others.asked(UEFI, 2, known=True)
        self.others.replied(overheard(offer))

    def hears(self, request: DhcpMessage) -> None:
        self.taken.heard(build(request))


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_an_offer_with_something_to_boot_is_told_once(lab: Lab) -> None:
    lab.is_offered(BOOTS)

    lab.hears(taking(BOOTS))
    lab.hears(taking(BOOTS))

    assert lab.events == [
        (
            TookElsewhere(
                server="192.168.7.254",
                siaddr="192.168.7.9",
                file="pxelinux.0",
                vendor_class="PXEClient",
                tftp_server="tftp",
                bootfile="grub.efi",
            ),
            MAC,
        )
    ]


def test_an_offer_of_an_address_alone_is_not_told_and_known(lab: Lab) -> None:
    offer = reply(siaddr=NEXT)
    lab.is_offered(offer)

    lab.hears(taking(offer))

    assert lab.events == []
    assert lab.others.boot_server(MAC) == NEXT


@pytest.mark.parametrize(
    "request_",
    [
        replace(taking(BOOTS), options={53: b"\x03", 54: ROUTER.packed}),
        replace(taking(BOOTS), op=Op.REPLY),
        replace(UEFI, options={**UEFI.options, 53: b"\x07", 54: ROUTER.packed}),
        replace(UEFI, options={**UEFI.options, 53: b"\x03"}),
    ],
    ids=["no network boot", "a reply", "a RELEASE", "a renewal"],
)
def test_nothing_else_is_told(lab: Lab, request_: DhcpMessage) -> None:
    lab.is_offered(BOOTS)

    lab.hears(request_)

    assert lab.events == []
    assert lab.others.chosen(MAC) is None


def test_what_is_cut_off_is_dropped(lab: Lab) -> None:
    lab.is_offered(BOOTS)

    lab.taken.heard(build(taking(BOOTS))[:-60] + b"\x5d\xff")

    assert lab.events == []


def test_a_flood_of_strangers_takes_no_turn_of_a_known_machines(lab: Lab) -> None:
    before = DHCP_TAKEN.times
    lab.is_offered(BOOTS)

    for at in range(3 * DHCP_TAKEN.whole):
        lab.hears(replace(taking(BOOTS), chaddr=b"\x02\0" + at.to_bytes(4)))
    lab.hears(taking(BOOTS))

    assert DHCP_TAKEN.times == before + DHCP_TAKEN.whole
    assert [mac for _, mac in lab.events] == [MAC]
