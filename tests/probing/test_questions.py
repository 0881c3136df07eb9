"""What the firmware of each kind of client sends."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.architectures import Architecture
from pyxie.dhcp.decide import is_netboot
from pyxie.dhcp.firmware import Ipxe, architecture, features, ipxe
from pyxie.dhcp.message import DhcpMessage, MessageType, Op, build, encapsulated, parse
from pyxie.probing.questions import CLIENTS, Firmware, boot_request, discover, then_ipxe

CHADDR = bytes.fromhex("525400123456")
XID = 0x01020304


_IPXE = then_ipxe(CLIENTS[Firmware.BIOS])


def recorded() -> dict[str, dict[int, bytes]]:
    """Return the options of each message in ``data/discovers.txt``."""
    text = (Path(__file__).parent / "data" / "discovers.txt").read_text()
    pairs = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {name: encapsulated(bytes.fromhex(after)[4:]) for name, after in pairs}


RECORDED = recorded()


def sent(firmware: Firmware) -> DhcpMessage:
    return parse(build(discover(CLIENTS[firmware], CHADDR, XID)))


class TestADiscover:
    @pytest.mark.parametrize("firmware", Firmware)
    def test_of_each_firmware_is_whole(self, firmware: Firmware) -> None:
        message = sent(firmware)

        assert (message.op, message.xid, message.chaddr) == (Op.REQUEST, XID, CHADDR)
        assert (message.type, message.flags) == (MessageType.DISCOVER, 0x8000)
        assert message.options[97] == bytes(17)
        assert is_netboot(message)

    @pytest.mark.parametrize(
        ("firmware", "code", "vendor"),
        [
            (Firmware.BIOS, 0x00, b"PXEClient:Arch:00000:UNDI:002001"),
            (Firmware.UEFI_X64, 0x07, b"PXEClient:Arch:00007:UNDI:003000"),
            (Firmware.UEFI_ARM64, 0x0B, b"PXEClient:Arch:00011:UNDI:003000"),
            (Firmware.HTTP, 0x10, b"HTTPClient:Arch:00016:UNDI:003000"),
            (Firmware.IPXE, 0x07, b"PXEClient:Arch:00007:UNDI:003010"),
        ],
    )
    def test_says_what_it_is_in_options_93_and_60(
        self, firmware: Firmware, code: int, vendor: bytes
    ) -> None:
        message = sent(firmware)

        found = architecture(message.options, message.chaddr)
        assert isinstance(found, Architecture)
        assert (found.code, message.options[60]) == (code, vendor)

    def test_of_ipxe_says_so_and_what_it_can_do(self) -> None:
        options = sent(Firmware.IPXE).options

        assert ipxe(options[77]) is Ipxe.STOCK
        assert (features(options[175]).http, features(options[175]).efi) == (True, True)
        assert options[61] == b"\x01" + CHADDR

    @pytest.mark.parametrize("firmware", [each for each in Firmware if each is not Firmware.IPXE])
    def test_of_others_does_not(self, firmware: Firmware) -> None:
        assert sent(firmware).options.keys().isdisjoint((61, 77, 175))

    @pytest.mark.parametrize("firmware", Firmware)
    def test_asks_for_the_boot_files_name(self, firmware: Firmware) -> None:
        assert {43, 60, 67} <= set(sent(firmware).options[55])

    @pytest.mark.parametrize("name", RECORDED)
    def test_is_what_real_firmware_was_seen_to_send(self, name: str) -> None:
        client = _IPXE if name == "bios-ipxe" else CLIENTS[Firmware(name)]
        real, ours = RECORDED[name], dict(discover(client, CHADDR, XID).options)

        if name == "bios-ipxe":  # with its card's bus, its version and more features
            real |= {61: b"\x01" + CHADDR, 175: ours[175]}
        assert ours == real

    def test_is_of_a_kind_that_people_know(self) -> None:
        assert [CLIENTS[each].title for each in Firmware] == [
            "a BIOS machine's PXE ROM",
            "UEFI firmware of an x64 machine",
            "UEFI firmware of an arm64 machine",
            "UEFI HTTP Boot of an x64 machine",
            "iPXE on an x64 UEFI machine",
        ]


class TestABootRequest:
    def test_asks_one_server_and_takes_no_lease(self) -> None:
        """A lease is taken by a REQUEST with options 50 and 54 (RFC 2131 section 4.3.2)."""
        address = IPv4Address("192.168.7.50")

        message = boot_request(discover(CLIENTS[Firmware.UEFI_X64], CHADDR, XID), 9, address)

        assert (message.type, message.xid, message.ciaddr) == (MessageType.REQUEST, 9, address)
        assert message.flags == 0
        assert message.options.keys().isdisjoint((43, 50, 54))
        assert message.options[93] == b"\0\x07"

    def test_may_be_for_a_boot_server_of_a_menu(self) -> None:
        asked = discover(CLIENTS[Firmware.BIOS], CHADDR, XID)

        message = boot_request(asked, 9, IPv4Address("192.168.7.50"), b"\x80\1")

        assert encapsulated(message.options[43]) == {71: b"\x80\1\0\0"}


class TestThenIpxe:
    @pytest.mark.parametrize(
        ("firmware", "code", "title"),
        [
            (Firmware.BIOS, 0x00, "iPXE on a BIOS machine"),
            (Firmware.UEFI_X64, 0x07, "iPXE on an x64 UEFI machine"),
            (Firmware.UEFI_ARM64, 0x0B, "iPXE on an arm64 UEFI machine"),
            (Firmware.HTTP, 0x07, "iPXE on an x64 UEFI machine"),
        ],
    )
    def test_is_of_the_machines_architecture(
        self, firmware: Firmware, code: int, title: str
    ) -> None:
        loaded = then_ipxe(CLIENTS[firmware])

        options = discover(loaded, CHADDR, XID).options
        assert (loaded.title, loaded.arch) == (title, code)
        assert (options[93], options[77]) == (code.to_bytes(2), b"iPXE")
        can = features(options[175])
        assert (can.http, can.bzimage, can.efi) == (True, code == 0, code != 0)
