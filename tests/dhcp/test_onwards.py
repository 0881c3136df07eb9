"""What a client that is not booted is told, so that it goes on to its next boot device."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Literal

import pytest
from scapy.layers.dhcp import BOOTP, DHCP

from pyxie.architectures import ARCHITECTURES, RASPBERRY
from pyxie.dhcp.message import DhcpMessage, Op, build, encapsulated
from pyxie.dhcp.onwards import onwards
from pyxie.events.datagrams import SentOn
from pyxie.loaders.probes import NOTHING
from tests.dhcp.packets import (
    BIOS_FEATURES,
    SERVER,
    UEFI_FEATURES,
    UUID,
    as_request,
    discover,
    ipxe,
)

HTTP = "http://192.168.7.1:8080"
NAME = f"52-54-00-12-34-56/{NOTHING}".encode()
URL = f"{HTTP}/loader/52-54-00-12-34-56/{NOTHING}".encode()
SCRIPT = f"{HTTP}/ipxe/52-54-00-12-34-56".encode()
MENU = (
    b"\x06\x01\x03"
    b"\x09\x1c\x00\x00\x19Boot from the next device"
    b"\x0a\x04\x00PXE"
    b"\xff"
)  # fmt: skip


def told(
    request: DhcpMessage, code: int, port: Literal[67, 4011] = 67
) -> tuple[DhcpMessage, SentOn]:
    found = onwards(request, port, SERVER, HTTP, ARCHITECTURES[code], "installed")
    assert found is not None
    return found


class TestABios:
    def test_is_offered_a_menu_of_local_boot_that_is_over_at_once(self) -> None:
        """PXE 2.1 section 2.4: boot server type 0; no server is looked for."""
        assert told(discover(0), 0) == (
            DhcpMessage(
                op=Op.REPLY,
                xid=0x01020304,
                chaddr=bytes.fromhex("525400123456"),
                flags=0x8000,
                siaddr=SERVER,
                sname=b"192.168.7.1",
                file=NAME,
                options={
                    43: MENU,
                    53: b"\2",
                    54: SERVER.packed,
                    60: b"PXEClient",
                    66: b"192.168.7.1\0",
                    67: NAME + b"\0",
                    97: UUID,
                },
            ),
            SentOn(why="installed", client="PXE", architecture="BIOS", port=67),
        )

    def test_reads_the_menu_as_the_specification_has_it(self) -> None:
        message, _ = told(discover(0), 0)

        packet = BOOTP(build(message))
        given: dict[str, bytes] = dict(
            each for each in packet[DHCP].options if isinstance(each, tuple)
        )
        inner = encapsulated(given["vendor_specific"])
        size = inner[9][2]
        assert (inner[9][:2], inner[9][3:]) == (b"\0\0", b"Boot from the next device")
        assert size == len(inner[9]) - 3
        assert inner[10][0] == 0
        assert inner[6] == b"\3"

    def test_that_does_not_know_menus_is_told_of_a_file_that_is_not_there(self) -> None:
        assert told(discover(0), 0)[0].file == NAME

    def test_whose_ipxe_cannot_fetch_a_script_gets_the_menu_too(self) -> None:
        message, what = told(ipxe(0), 0)

        assert (message.options[43], message.file, what.client) == (MENU, NAME, "iPXE")

    def test_that_boots_over_http_is_given_a_url(self) -> None:
        message, what = told(discover(0x14, o60=b"HTTPClient:Arch:00020"), 0x14)

        assert (message.file, what.client, 43 in message.options) == (URL, "HTTP", False)


class TestUefi:
    @pytest.mark.parametrize("code", [0x06, 0x07, 0x09, 0x0A, 0x0B, 0x1B, 0x21, 0x27])
    def test_is_told_of_a_file_that_is_not_there_whatever_its_processor(self, code: int) -> None:
        message, what = told(discover(code), code)

        assert (message.file, message.options[60], 43 in message.options) == (
            NAME,
            b"PXEClient",
            False,
        )
        assert what.client == "PXE"

    def test_asks_port_4011_and_is_told_the_same(self) -> None:
        request = replace(as_request(discover(7)), ciaddr=IPv4Address("192.168.7.50"))

        message, what = told(request, 7, 4011)

        assert (message.options[53], message.file, what.port) == (b"\5", NAME, 4011)

    def test_that_boots_over_http_is_told_of_a_url_that_is_not_there(self) -> None:
        message, what = told(discover(0x10, o60=b"HTTPClient:Arch:00016"), 0x10)

        assert (message.file, message.options[60]) == (URL, b"HTTPClient")
        assert what.client == "HTTP"

    def test_with_an_ipxe_without_http_is_told_of_a_file(self) -> None:
        """Its firmware may be an HTTPClient; iPXE listens to PXEClient."""
        message, what = told(ipxe(0x10, o60=b"HTTPClient:Arch:00016"), 0x10)

        assert (message.file, message.options[60], what.client) == (NAME, b"PXEClient", "iPXE")


class TestAnIpxe:
    @pytest.mark.parametrize(
        ("request_", "code"),
        [
            (ipxe(0, o175=BIOS_FEATURES), 0x00),
            (ipxe(7, o175=UEFI_FEATURES), 0x07),
            (ipxe(0x10, o60=b"HTTPClient:Arch:00016", o175=UEFI_FEATURES), 0x10),
            (ipxe(7, o77=b"pixiecore"), 0x07),
        ],
    )
    def test_is_given_a_script(self, request_: DhcpMessage, code: int) -> None:
        message, what = told(request_, code)

        assert (message.file, message.options[60], what.client) == (SCRIPT, b"PXEClient", "iPXE")


@pytest.mark.parametrize("code", [RASPBERRY, 0x0E, 0x16])
def test_nobody_knows_what_sends_other_firmware_on(code: int) -> None:
    assert onwards(discover(code), 67, SERVER, HTTP, ARCHITECTURES[code], "installed") is None
