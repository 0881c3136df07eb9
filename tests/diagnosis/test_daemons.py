"""The lines for DHCP servers with a file are right to the servers themselves."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from pyxie.diagnosis.daemons import dhcpd, dnsmasq, kea
from pyxie.diagnosis.remedy import Remedy, Site, Wish
from tests.needs import program

SITE = Site(
    address=IPv4Address("192.0.2.10"),
    network=IPv4Network("192.0.2.0/24"),
    server=IPv4Address("192.0.2.1"),
    router=IPv4Address("198.51.100.1"),
)
SUBNET = "subnet 192.0.2.0 netmask 255.255.255.0 {{\n  range 192.0.2.100 192.0.2.199;\n{}\n}}"
WISHES = pytest.mark.parametrize("wish", Wish)


def judged(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr or done.stdout


def written(folder: Path, text: str) -> str:
    file = folder / "configuration"
    file.write_text(text)
    return str(file)


class TestDnsmasq:
    @WISHES
    def test_its_lines_are_right_to_dnsmasq(self, wish: Wish, tmp_path: Path) -> None:
        command = program("dnsmasq", "dnsmasq-base")
        lines = ["dhcp-range=192.0.2.100,192.0.2.199", *dnsmasq(wish, SITE).lines]

        judged(command, "--test", f"--conf-file={written(tmp_path, chr(10).join(lines))}")

    def test_next_server_is_given_without_a_file_name(self) -> None:
        assert dnsmasq(Wish.NEXT_SERVER, SITE).lines == ("dhcp-boot=,,192.0.2.10",)

    def test_what_is_in_the_way_is_taken_out(self) -> None:
        remedy = dnsmasq(Wish.SILENT, SITE)

        assert remedy.lines == ()
        assert {"dhcp-boot=", "pxe-service=", "dhcp-option=66,"} <= set(remedy.out)

    def test_a_boot_file_is_named_by_architecture_and_ipxe_gets_the_script(self) -> None:
        assert dnsmasq(Wish.BOOT_FILE, SITE).lines == (
            "dhcp-match=set:ipxe,175",
            "dhcp-match=set:bios,option:client-arch,0",
            "dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe,,192.0.2.10",
            "dhcp-match=set:efi-x64,option:client-arch,7",
            "dhcp-match=set:efi-x64,option:client-arch,9",
            "dhcp-boot=tag:!ipxe,tag:efi-x64,ipxe.efi,,192.0.2.10",
            "dhcp-match=set:efi-arm64,option:client-arch,11",
            "dhcp-boot=tag:!ipxe,tag:efi-arm64,ipxe-arm64.efi,,192.0.2.10",
            "dhcp-boot=tag:ipxe,http://192.0.2.10:8090/boot.ipxe",
        )

    def test_it_relays_to_pyxie_beside_the_dhcp_server(self) -> None:
        remedy = dnsmasq(Wish.RELAY, SITE)

        assert remedy.lines == (
            "dhcp-relay=198.51.100.1,192.0.2.1",
            "dhcp-relay=198.51.100.1,192.0.2.10",
        )


class TestDhcpd:
    @pytest.mark.parametrize("wish", [Wish.NEXT_SERVER, Wish.SILENT])
    def test_its_lines_in_a_subnet_are_right_to_dhcpd(self, wish: Wish, tmp_path: Path) -> None:
        text = SUBNET.format("\n".join(dhcpd(wish, SITE).lines))

        self._judge(text, tmp_path)

    def test_its_lines_for_boot_files_are_right_to_dhcpd(self, tmp_path: Path) -> None:
        text = "\n".join([*dhcpd(Wish.BOOT_FILE, SITE).lines, SUBNET.format("")])

        self._judge(text, tmp_path)

    def test_what_is_to_be_taken_out_are_words_of_dhcpd(self, tmp_path: Path) -> None:
        values = {"next-server ": "192.0.2.1"}
        words = [f"{each}{values.get(each, chr(34) + 'x' + chr(34))};" for each in self._out()]

        self._judge(SUBNET.format("\n".join(words)), tmp_path)

    def test_a_boot_file_is_named_by_architecture_and_ipxe_gets_the_script(self) -> None:
        assert dhcpd(Wish.BOOT_FILE, SITE).lines == (
            "option arch code 93 = unsigned integer 16;",
            "next-server 192.0.2.10;",
            'if exists user-class and option user-class = "iPXE" {',
            '  filename "http://192.0.2.10:8090/boot.ipxe";',
            "} elsif option arch = 00:00 {",
            '  filename "undionly.kpxe";',
            "} elsif option arch = 00:07 or option arch = 00:09 {",
            '  filename "ipxe.efi";',
            "} elsif option arch = 00:0b {",
            '  filename "ipxe-arm64.efi";',
            "}",
        )

    @pytest.mark.parametrize("of", [dhcpd, kea])
    def test_a_relay_is_told_of_both_servers(self, of: Callable[[Wish, Site], Remedy]) -> None:
        remedy = of(Wish.RELAY, SITE)

        assert remedy.lines == ('SERVERS="192.0.2.1 192.0.2.10"',)

    def _out(self) -> tuple[str, ...]:
        return dhcpd(Wish.SILENT, SITE).out

    def _judge(self, text: str, folder: Path) -> None:
        leases = folder / "leases"
        leases.touch()
        command = program("dhcpd", "isc-dhcp-server")
        judged(command, "-t", "-4", "-cf", written(folder, text), "-lf", str(leases))


class TestKea:
    @pytest.mark.parametrize("wish", [Wish.NEXT_SERVER, Wish.SILENT])
    def test_its_lines_in_a_subnet_are_right_to_kea(self, wish: Wish, tmp_path: Path) -> None:
        self._judge(subnet=kea(wish, SITE).lines, folder=tmp_path)

    def test_its_lines_for_boot_files_are_right_to_kea(self, tmp_path: Path) -> None:
        self._judge(whole=kea(Wish.BOOT_FILE, SITE).lines, folder=tmp_path)

    def test_what_is_to_be_taken_out_are_words_of_kea(self, tmp_path: Path) -> None:
        out = kea(Wish.SILENT, SITE).out
        plain = [f'{each}"192.0.2.1",' for each in out if each.endswith(": ")]
        options = [f'{each}, "data": "x" }}' for each in out if not each.endswith(": ")]

        self._judge(subnet=(*plain, f'"option-data": [{", ".join(options)}],'), folder=tmp_path)

    def test_each_class_names_a_file_that_no_other_gives(self) -> None:
        lines = kea(Wish.BOOT_FILE, SITE).lines

        classes = json.loads("{" + "".join(lines).removesuffix(",") + "}")["client-classes"]

        assert [(each["name"], each["boot-file-name"]) for each in classes] == [
            ("pyxie-ipxe", "http://192.0.2.10:8090/boot.ipxe"),
            ("pyxie-bios", "undionly.kpxe"),
            ("pyxie-efi-x64", "ipxe.efi"),
            ("pyxie-efi-arm64", "ipxe-arm64.efi"),
        ]

    def _judge(
        self, *, folder: Path, whole: tuple[str, ...] = (), subnet: tuple[str, ...] = ()
    ) -> None:
        pools = '"pools": [ { "pool": "192.0.2.100 - 192.0.2.199" } ]'
        lines = [
            '{ "Dhcp4": {',
            *whole,
            '"lease-database": { "type": "memfile", "persist": false },',
            '"interfaces-config": { "interfaces": [] },',
            '"subnet4": [ {',
            *subnet,
            f'"id": 1, "subnet": "192.0.2.0/24", {pools} }} ] }} }}',
        ]
        text = "\n".join(lines)
        judged(program("kea-dhcp4", "kea-dhcp4-server"), "-t", written(folder, text))


def test_every_one_of_them_says_how_it_comes_into_force() -> None:
    made: list[Remedy] = [of(wish, SITE) for of in (dnsmasq, dhcpd, kea) for wish in Wish]

    assert all(each.then for each in made)
