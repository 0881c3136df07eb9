"""The network asked as a client asks, in network namespaces: beside dnsmasq, pyxie and nobody."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.dhcp.message import Op, build, parse
from pyxie.probing.acts import Play
from pyxie.probing.conclusion import Conclusion, conclude, doubts
from pyxie.probing.discover import ProbeError, servers
from pyxie.probing.heard import Heard
from pyxie.probing.playing import play
from pyxie.probing.questions import Firmware
from tests.dhcp.packets import MAC
from tests.interop.netns import Host, Net, need, network
from tests.interop.test_dhcp_wire import OTHER, SERVER, Pyxie, dnsmasq, lan
from tests.support import until

pytestmark = pytest.mark.interop

CHECKOUT = Path(__file__).resolve().parents[2]
LEASES = ("--dhcp-range=192.168.7.100,192.168.7.150", "--no-ping")
SOON = 0.6


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


def joined(net: Net, address: str = "192.168.7.9/24") -> tuple[Host, Host, Host]:
    """Return a server of boots, a client with that address, and another server, on one LAN."""
    server, client, other = net.host("srv"), net.host("cli"), net.host("dns")
    net.lan(
        a=(server, "eth0", f"{SERVER}/24"),
        b=(client, "eth0", address),
        c=(other, "eth0", f"{OTHER}/24"),
    )
    return server, client, other


class TestServers:
    def test_are_all_heard_from_a_host_without_an_address(self, net: Net, tmp_path: Path) -> None:
        server, client, other = joined(net, "")
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


def played(
    host: Host, firmware: Firmware = Firmware.UEFI_X64, mac: str | None = MAC
) -> tuple[Play, Conclusion]:
    """Play a machine on that host's eth0; return what was found and what it comes to."""
    found = host.inside(lambda: asyncio.run(play("eth0", mac, firmware, SOON)))
    return found, conclude(found)


def boots_anything(host: Host, folder: Path) -> None:
    """Have pyxie there boot any machine."""
    (folder / "linux").write_bytes(b"kernel " * 9_000)
    (folder / "initrd.gz").write_bytes(b"initrd " * 9_000)
    log = folder / "boot.log"
    env = ("env", f"--chdir={folder}", f"PYTHONPATH={CHECKOUT}", f"TMPDIR={folder}")
    host.start(*env, sys.executable, "-m", "pyxie", "boot", "linux", "initrd.gz", log=log)
    until(lambda: "Ctrl-C ends this" in log.read_text(), "pyxie to serve")


class TestAPlay:
    def test_goes_from_power_on_to_the_kernel_and_takes_no_lease(
        self, net: Net, tmp_path: Path
    ) -> None:
        server, client, other = joined(net)
        dnsmasq(other, tmp_path, "eth0", *LEASES)
        boots_anything(server, tmp_path)

        uefi, _ = played(client)
        _, bios = played(server, Firmware.BIOS)
        _, http = played(client, Firmware.HTTP, None)

        assert [each.target and str(each.target) for each in uefi.acts] == [
            f"tftp://{SERVER}/{LOADER}",
            f"http://{SERVER}:8090/ipxe/52-54-00-12-34-56",
        ]
        assert [each.url.rpartition("/")[2] for each in uefi.acts[1].files] == [
            "linux",
            "initrd.gz",
        ]
        assert [conclude(uefi).code, bios.code, http.code] == ["boots"] * 3
        assert (tmp_path / f"leases-{other.name}").read_text() == ""
        assert "leaves iPXE" not in (tmp_path / "boot.log").read_text()

    def test_tells_of_a_dhcp_server_that_says_pxeclient_and_is_no_boot_server(
        self, net: Net, tmp_path: Path
    ) -> None:
        server, client, other = joined(net)
        dnsmasq(other, tmp_path, "eth0", *LEASES, "--dhcp-option-force=60,PXEClient")
        Pyxie(server, tmp_path).serving()

        found, said = played(client)

        assert said.code == "silent-4011"
        assert said.change is not None
        assert (said.change.server, said.change.boot) == (OTHER, SERVER)
        assert [each.startswith("2 servers offer a boot") for each in doubts(found.acts[0])] == [
            True
        ]

    def test_follows_a_menu_of_dnsmasqs_to_a_file_that_is_not_there(
        self, net: Net, tmp_path: Path
    ) -> None:
        """As QEMU's ROM did there: the entry's type is asked for on port 4011."""
        server, client, other = joined(net)
        dnsmasq(server, tmp_path, "eth0", *LEASES)
        menu = ("--pxe-service=X86PC,Boot,absent", "--pxe-service=X86-64_EFI,Boot,a.efi")
        folder = ("--enable-tftp", f"--tftp-root={tmp_path}")
        dnsmasq(other, tmp_path, "eth0", "--dhcp-range=192.168.7.0,proxy", *menu, *folder)

        bios, missing = played(client, Firmware.BIOS)
        uefi, _ = played(client)

        [asked] = bios.acts[0].asked
        assert (asked.question.server, asked.question.item) == (OTHER, b"\x80\x00")
        assert missing.code == "file-missing"
        assert missing.sentence.startswith(
            f"The machine is sent to tftp://{OTHER}/absent.0, which cannot be fetched: there is no"
            " such file"
        )
        assert str(uefi.acts[0].target) == f"tftp://{OTHER}/a.efi"

    def test_goes_on_to_the_script_that_one_for_all_machines_chains(
        self, net: Net, tmp_path: Path
    ) -> None:
        server, client = net.host("srv"), net.host("cli")
        net.lan(a=(server, "eth0", f"{SERVER}/24"), b=(client, "eth0", "192.168.7.9/24"))
        site = f"http://{SERVER}:8000"
        (tmp_path / "boot.ipxe").write_text(f"#!ipxe\nchain {site}/${{net0/mac:hexhyp}}\n")
        (tmp_path / "52-54-00-12-34-56").write_text(f"#!ipxe\nkernel {site}/boot.ipxe\nboot\n")
        dnsmasq(server, tmp_path, "eth0", *LEASES, f"--dhcp-boot={site}/boot.ipxe")
        web = ("env", f"--chdir={tmp_path}", sys.executable, "-u", "-m", "http.server", "8000")
        server.start(*web, log=tmp_path / "http.log")
        until(lambda: "Serving" in (tmp_path / "http.log").read_text(), "HTTP to be served")

        found, said = played(client, Firmware.IPXE)

        [act] = found.acts
        assert [each.url for each in act.stages] == [f"{site}/52-54-00-12-34-56"]
        assert [each.url for each in act.files] == [f"{site}/boot.ipxe"]
        assert said.code == "boots"

    def test_tells_of_a_script_that_is_not_there(self, net: Net, tmp_path: Path) -> None:
        server, client = net.host("srv"), net.host("cli")
        net.lan(a=(server, "eth0", f"{SERVER}/24"), b=(client, "eth0", "192.168.7.9/24"))
        url = f"http://{SERVER}:8000/absent.ipxe"
        dnsmasq(server, tmp_path, "eth0", *LEASES, f"--dhcp-boot={url}")
        web = ("env", f"--chdir={tmp_path}", sys.executable, "-u", "-m", "http.server", "8000")
        server.start(*web, log=tmp_path / "http.log")
        until(lambda: "Serving" in (tmp_path / "http.log").read_text(), "HTTP to be served")

        _, said = played(client, Firmware.IPXE)

        assert (said.code, said.sentence) == (
            "file-missing",
            f"iPXE is sent to {url}, which cannot be fetched: the answer is 404 Not Found.",
        )

    def test_heeds_no_answer_that_lies(self, net: Net) -> None:
        server, client = lan(net)
        liar = server.socket(socket.SOCK_DGRAM)
        liar.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        liar.bind(("0.0.0.0", 67))

        def lies() -> None:
            data, _ = liar.recvfrom(2048)
            answer = replace(parse(data), op=Op.REPLY, options={53: b"\2", 54: SERVER.packed})
            whole = build(answer)
            for lie in (
                whole[:241] + bytes((250,)) + whole[242:],
                build(replace(answer, xid=answer.xid ^ 1)),
                build(replace(answer, chaddr=b"\2\0\0\0\0\1")),
                b"\xff" * 1400,
            ):
                liar.sendto(lie, ("192.168.7.255", 68))

        telling = threading.Thread(target=lies)
        telling.start()
        found, said = played(client)
        telling.join()

        assert said.code == "nobody"
        cut, another = sorted(each.why for each in found.acts[0].broken)
        assert cut.startswith("its answer is no whole DHCP message: byte 242: option 53: needs 250")
        assert another == "its answer is to 02:00:00:00:00:01, which did not ask"


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
