"""The lines for routers and Windows Server have the form that their manuals ask for."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

import pytest

from pyxie.diagnosis.appliances import (
    mikrotik,
    opnsense_dnsmasq,
    opnsense_isc,
    opnsense_kea,
    switch,
    windows,
)
from pyxie.diagnosis.daemons import dnsmasq
from pyxie.diagnosis.remedy import Remedy, Site, Wish

SITE = Site(
    address=IPv4Address("192.0.2.10"),
    network=IPv4Network("192.0.2.0/24"),
    server=IPv4Address("192.0.2.1"),
    router=IPv4Address("198.51.100.1"),
)
NOWHERE = Site(address=SITE.address)
_ROUTEROS = re.compile(
    r"/ip dhcp-(server (network set \[find( address=\S+)?\]"
    r"|option (sets )?add|option remove \[find code=\d+\]|matcher add)|relay add)"
    r"( !?[a-z-]+(=(\"[^\"]*\"|\S+))?)*"
).fullmatch
_POWERSHELL = re.compile(
    r"(Install-WindowsFeature|netsh|((Set|Remove)-DhcpServerv4OptionValue"
    r"|Add-DhcpServerv4(Class|Policy)))( -?[A-Za-z]+| [\w.]+| (EQ,)?\"[^\"]*\"(,EQ,\"[^\"]*\")*)*"
).fullmatch


class TestMikrotik:
    @pytest.mark.parametrize("site", [SITE, NOWHERE])
    @pytest.mark.parametrize("wish", Wish)
    def test_each_line_is_a_command_of_routeros(self, wish: Wish, site: Site) -> None:
        assert [line for line in mikrotik(wish, site).lines if not _ROUTEROS(line)] == []

    def test_next_server_is_given_without_a_file_name(self) -> None:
        assert mikrotik(Wish.NEXT_SERVER, SITE).lines[0] == (
            "/ip dhcp-server network set [find address=192.0.2.0/24]"
            " next-server=192.0.2.10 !boot-file-name"
        )

    def test_options_in_the_way_are_removed(self) -> None:
        assert mikrotik(Wish.SILENT, SITE).lines == (
            "/ip dhcp-server network set [find address=192.0.2.0/24] !next-server !boot-file-name",
            "/ip dhcp-server option remove [find code=60]",
            "/ip dhcp-server option remove [find code=66]",
            "/ip dhcp-server option remove [find code=67]",
        )

    def test_every_architecture_has_a_matcher_below_that_of_ipxe(self) -> None:
        matchers = [
            found[0]
            for line in mikrotik(Wish.BOOT_FILE, SITE).lines
            if (found := re.search(r"code=\d+ value=\S+ option-set=\S+", line))
        ]

        assert matchers == [
            "code=77 value=iPXE option-set=pyxie-ipxe",
            "code=93 value=0x0000 option-set=pyxie-bios",
            "code=93 value=0x0007 option-set=pyxie-efi-x64",
            "code=93 value=0x0009 option-set=pyxie-efi-x64",
            "code=93 value=0x000b option-set=pyxie-efi-arm64",
        ]


class TestOpnsense:
    @pytest.mark.parametrize("wish", [Wish.NEXT_SERVER, Wish.BOOT_FILE])
    def test_its_dnsmasq_has_dnsmasq_s_lines(self, wish: Wish) -> None:
        assert opnsense_dnsmasq(wish, SITE).lines == dnsmasq(wish, SITE).lines

    def test_its_dnsmasq_s_boot_entries_are_taken_out(self) -> None:
        assert opnsense_dnsmasq(Wish.SILENT, SITE).out == (
            "Services > Dnsmasq DNS & DHCP > DHCP boot: all entries",
            "Services > Dnsmasq DNS & DHCP > DHCP options: 60, 66 and 67",
        )

    def test_its_kea_is_told_by_fields(self) -> None:
        empty = (
            "TFTP server: empty",
            "TFTP bootfile name: empty",
            "Options: none of 60, 66 and 67",
        )

        assert opnsense_kea(Wish.NEXT_SERVER, SITE).lines == ("Next server: 192.0.2.10", *empty)
        assert opnsense_kea(Wish.SILENT, SITE).lines == ("Next server: empty", *empty)
        assert opnsense_kea(Wish.BOOT_FILE, SITE).lines[3] == (
            "pyxie-bios-0: Match Code client-system [93], Match Encoding uint16, Match Data 0;"
            " Set Code bootfile-name [67], Set Encoding string, Set Data undionly.kpxe"
        )

    def test_its_isc_dhcp_is_told_by_fields(self) -> None:
        assert opnsense_isc(Wish.NEXT_SERVER, SITE).lines[1:3] == (
            "Set next-server IP: 192.0.2.10",
            "all file names: empty",
        )
        assert opnsense_isc(Wish.SILENT, SITE).lines[0] == "Enable network booting: no"
        assert "Set x64 UEFI/EBC (64-bit) filename: ipxe.efi" in (
            opnsense_isc(Wish.BOOT_FILE, SITE).lines
        )

    @pytest.mark.parametrize("of", [opnsense_dnsmasq, opnsense_kea, opnsense_isc])
    def test_it_relays_by_a_service_of_its_own(self, of: Callable[[Wish, Site], Remedy]) -> None:
        remedy = of(Wish.RELAY, SITE)

        assert remedy.where == "Services > DHCRelay"
        assert remedy.lines[0] == "Destinations: Server 192.0.2.1,192.0.2.10"


class TestWindows:
    @pytest.mark.parametrize("wish", Wish)
    def test_each_line_is_a_command_of_powershell(self, wish: Wish) -> None:
        assert [line for line in windows(wish, SITE).lines if not _POWERSHELL(line)] == []

    def test_next_server_is_option_66_and_no_file_stands_beside_it(self) -> None:
        assert windows(Wish.NEXT_SERVER, SITE).lines == (
            "Remove-DhcpServerv4OptionValue -ScopeId 192.0.2.0 -OptionId 60",
            "Remove-DhcpServerv4OptionValue -ScopeId 192.0.2.0 -OptionId 67",
            'Set-DhcpServerv4OptionValue -ScopeId 192.0.2.0 -OptionId 66 -Value "192.0.2.10"',
        )

    def test_a_scope_that_is_not_known_is_a_word_in_capitals(self) -> None:
        assert windows(Wish.SILENT, NOWHERE).lines[0] == (
            "Remove-DhcpServerv4OptionValue -ScopeId SCOPE -OptionId 60"
        )

    def test_every_class_of_a_policy_is_made_before_it(self) -> None:
        made: set[str] = set()
        for line in windows(Wish.BOOT_FILE, SITE).lines:
            if found := re.match(r'Add-DhcpServerv4Class -Name "([^"]+)"', line):
                made.add(found[1])
            if "Policy " in line:
                named = re.findall(r'EQ,"([^"*]+)\*?"', line)
                assert named
                assert made.issuperset(named)

    def test_ipxe_comes_before_the_firmware_whose_vendor_class_it_has(self) -> None:
        orders = re.findall(
            r'-Name "([^"]+)" -ProcessingOrder (\d+)',
            "\n".join(windows(Wish.BOOT_FILE, SITE).lines),
        )

        assert orders == [
            ("pyxie ipxe", "1"),
            ("pyxie bios", "2"),
            ("pyxie efi-x64", "3"),
            ("pyxie efi-arm64", "4"),
        ]


def test_a_switch_relays_to_pyxie_beside_the_dhcp_server() -> None:
    remedy = switch(SITE)

    assert remedy.lines == ("interface INTERFACE", " ip helper-address 192.0.2.10")
    assert remedy.note == "Beside the line that names the DHCP server, not in its place."
