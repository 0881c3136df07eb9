"""The network asked as a client asks, in network namespaces: beside dnsmasq, pyxie and nobody."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.probing.discover import ProbeError, servers
from pyxie.probing.heard import Heard
from pyxie.probing.questions import Firmware
from tests.dhcp.packets import MAC
from tests.interop.netns import Host, Net, need, network
from tests.interop.test_dhcp_wire import OTHER, SERVER, Pyxie, dnsmasq, lan

pytestmark = pytest.mark.interop

CHECKOUT = Path(__file__).resolve().parents[2]
LEASES = ("--dhcp-range=192.168.7.100,192.168.7.150", "--no-ping")
SOON = 1.0


@pytest.fixture
def net() -> Iterator[Net]:
    need("ip", "dnsmasq")
    with network() as made:
        yield made


def heard(
    host: Host, firmware: Firmware = Firmware.UEFI_X64, *, seconds: float = SOON
) -> list[Heard]:
    """Return what a probe hears on that host's eth0."""
    return host.inside(lambda: asyncio.run(servers("eth0", MAC, firmware, seconds)))


def offered(answers: list[Heard]) -> set[tuple[IPv4Address, bool, str]]:
    """Return who offered what: the server, whether there is an address in it, and the file."""
    return {(each.server, each.lease is not None, each.file) for each in answers}


LOADER = "52-54-00-12-34-56/ipxe.efi"


class TestServers:
    def test_are_all_heard_from_a_host_without_an_address(self, net: Net, tmp_path: Path) -> None:
        server, client, other = net.host("srv"), net.host("cli"), net.host("dns")
        net.lan(
            a=(server, "eth0", f"{SERVER}/24"),
            b=(client, "eth0", ""),
            c=(other, "eth0", f"{OTHER}/24"),
        )
        dnsmasq(other, tmp_path, "eth0", *LEASES, "--dhcp-boot=pxelinux.0,boss,192.168.7.9")
        Pyxie(server, tmp_path).serving()

        answers = heard(client)

        assert offered(answers) == {(SERVER, False, LOADER), (OTHER, True, "pxelinux.0")}
        [theirs] = [each for each in answers if each.lease]
        assert theirs.next_server == IPv4Address("192.168.7.9")
        link = json.loads(other.ip("-j link show eth0"))[0]["address"]
        assert theirs.link == link

    def test_of_the_same_host_are_heard_as_well(self, net: Net, tmp_path: Path) -> None:
        server, _ = lan(net)
        dnsmasq(server, tmp_path, "eth0", *LEASES)
        Pyxie(server, tmp_path).serving()

        assert offered(heard(server)) == {(SERVER, False, LOADER), (SERVER, True, "")}

    def test_give_no_address_away(self, net: Net, tmp_path: Path) -> None:
        server, client = lan(net)
        dnsmasq(server, tmp_path, "eth0", *LEASES)

        answers = heard(client)

        assert [each.lease is not None for each in answers] == [True]
        assert (tmp_path / f"leases-{server.name}").read_text() == ""

    def test_may_be_none(self, net: Net) -> None:
        _, client = lan(net)

        assert heard(client, seconds=0.2) == []


class TestWhoMayNotAsk:
    def test_is_told_of_the_right_that_it_takes(self, net: Net) -> None:
        need("setpriv")
        _, client = lan(net)
        asked = "asyncio.run(servers('eth0', None, Firmware.BIOS, 0.1))"

        done = subprocess.run(
            [
                *("ip", "netns", "exec", client.name),
                *("setpriv", "--bounding-set=-all", "--inh-caps=-all"),
                *("env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-c"),
                "import asyncio\nfrom pyxie.probing.discover import *\n" + asked,
            ],
            capture_output=True,
            text=True,
            timeout=20,
        )

        assert (
            done.stderr.splitlines()[-1]
            .partition(": ")[2]
            .startswith(
                "asking as a machine's firmware does needs raw sockets: run it as root, or with"
            )
        )

    @pytest.mark.parametrize(
        ("interface", "why"),
        [
            ("eth7", "there is no interface eth7; there are: eth0"),
            ("lo", "lo is no Ethernet interface: machines do not boot from there"),
        ],
    )
    def test_is_told_of_an_interface_that_leads_nowhere(
        self, net: Net, interface: str, why: str
    ) -> None:
        _, client = lan(net)

        with pytest.raises(ProbeError) as caught:
            client.inside(lambda: asyncio.run(servers(interface, None, Firmware.BIOS, 0.1)))

        assert str(caught.value) == why

    def test_is_told_of_an_interface_that_is_down(self, net: Net) -> None:
        _, client = lan(net)
        client.ip("link set eth0 down")

        with pytest.raises(ProbeError) as caught:
            client.inside(lambda: asyncio.run(servers("eth0", None, Firmware.BIOS, 0.1)))

        assert str(caught.value) == "eth0 is down: ip link set eth0 up"
