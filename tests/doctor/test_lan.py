"""Other DHCP and boot servers on a LAN, and which is in the way."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from pyxie.doctor.found import Finding, Severity
from pyxie.doctor.lan import Lan, Server, judge

OURS, ROUTER, OTHER = (IPv4Address(f"192.0.2.{last}") for last in (10, 1, 2))
DHCP = Server(address=ROUTER, firmware="uefi-x64", lease=True, next_server=ROUTER)
PYXIE = Server(address=OURS, file="52-54-00-00-00-01/ipxe.efi", vendor="PXEClient", ours=True)
STOPS, LOOK, NOTE = Severity.STOPS, Severity.LOOK, Severity.NOTE


def dhcp(**said: Any) -> Server:
    return Server(**{"address": ROUTER, "lease": True, **said})


def found(*servers: Server, **said: Any) -> list[Finding]:
    lan = Lan(
        interface="eth0",
        address=OURS,
        network=IPv4Network("192.0.2.0/24"),
        servers=servers,
        **said,
    )
    return [*judge(lan)]


def told(*servers: Server, **said: Any) -> list[tuple[str, Severity]]:
    return [(each.code, each.severity) for each in found(*servers, **said)]


class TestAddresses:
    def test_a_server_that_knows_nothing_of_booting_is_right(self) -> None:
        assert told(DHCP) == []
        assert told(DHCP, PYXIE) == []

    def test_without_one_machines_get_none(self) -> None:
        assert told(PYXIE) == [("no-dhcp", LOOK)]
        assert told(named=False) == [("no-dhcp", NOTE)]

    def test_of_two_it_is_chance(self) -> None:
        assert told(DHCP, dhcp(address=OTHER)) == [("two-dhcp", LOOK)]


class TestBootOptions:
    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"file": "pxelinux.0"}, '67 "pxelinux.0"'),
            ({"vendor": "PXEClient"}, '60 "PXEClient"'),
            ({"tftp_server": "192.0.2.5"}, '66 "192.0.2.5"'),
            (
                {"tftp_server": "192.0.2.5", "file": "x.efi", "next_server": OTHER},
                '66 "192.0.2.5", 67 "x.efi"',
            ),
        ],
    )
    def test_of_another_boot_server_are_in_the_way(self, said: dict[str, Any], words: str) -> None:
        (one,) = found(dhcp(**said))

        assert (one.code, one.severity) == ("boot-options", STOPS)
        assert one.sentence == (
            f"the DHCP server 192.0.2.1 on eth0 sends boot options of its own, {words}:"
            " on most firmware they outrank pyxie's offer"
        )
        assert len(one.servers) == 8

    def test_are_told_once_although_two_firmwares_get_them(self) -> None:
        bios, uefi = dhcp(file="a.kpxe", firmware="bios"), dhcp(file="b.efi", firmware="uefi-x64")

        (one,) = found(bios, uefi)

        assert '67 "a.kpxe", 67 "b.efi":' in one.sentence

    def test_of_a_known_server_on_this_host_come_with_its_lines_alone(self) -> None:
        one = dhcp(address=OURS, file="pxelinux.0")

        (dnsmasq,) = found(one, own=[OURS], here="dnsmasq")
        (another,) = found(one, own=[OURS], here="udhcpd")

        assert [each.server for each in dnsmasq.servers] == ["dnsmasq"]
        assert len(another.servers) == 8

    def test_that_name_pyxie_are_meant_so(self) -> None:
        named = dhcp(file="ipxe.efi", next_server=OURS, tftp_server="192.0.2.10")

        assert told(named) == [("points-to-pyxie", NOTE)]


class TestWithoutProxy:
    """``dhcp.mode: off``: the DHCP server names pyxie's boot files, or nobody does."""

    def test_a_server_that_names_no_file_stops_boots(self) -> None:
        (one,) = found(DHCP, answers=False)

        assert (one.code, one.severity) == ("not-named", STOPS)
        assert one.sentence == (
            "pyxie answers no DHCP (dhcp.mode), and the DHCP server 192.0.2.1 on eth0 does not name"
            " pyxie's boot files"
        )
        assert "dhcp-boot=tag:ipxe,http://192.0.2.10:8090/boot.ipxe" in one.servers[0].lines

    def test_one_that_names_another_s_does_too(self) -> None:
        (one,) = found(dhcp(file="pxelinux.0"), answers=False)

        assert one.sentence.endswith('pyxie\'s boot files, but 67 "pxelinux.0"')

    def test_one_that_names_pyxie_s_is_right(self) -> None:
        assert told(dhcp(file="ipxe.efi", next_server=OURS), answers=False) == []


class TestNextServer:
    def test_matters_to_debian_s_signed_grub(self) -> None:
        assert told(DHCP, signed=True) == [("next-server", NOTE)]
        assert told(DHCP, signed=True, refused=True) == [("next-server", STOPS)]
        assert told(dhcp(next_server=OURS), signed=True) == []

    def test_is_given_by_lines_for_each_server(self) -> None:
        (one,) = found(dhcp(), signed=True)

        assert "gives no address as next-server" in one.sentence
        assert one.servers[0].lines == ("dhcp-boot=,,192.0.2.10",)


class TestBootServers:
    def test_another_one_stops_boots(self) -> None:
        other = Server(address=OTHER, file="fog.efi", vendor="PXEClient")

        (one,) = found(DHCP, other, Server(address=OTHER))

        assert (one.code, one.severity) == ("another-boot-server", STOPS)
        assert one.sentence == (
            "another boot server answers machines on eth0: 192.0.2.2, and has them boot fog.efi;"
            " firmware takes the first one that it hears"
        )

    def test_one_that_names_no_file_is_one_all_the_same(self) -> None:
        assert told(DHCP, Server(address=OTHER, vendor="PXEClient")) == [
            ("another-boot-server", STOPS)
        ]
