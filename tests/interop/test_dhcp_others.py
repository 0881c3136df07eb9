"""Real DHCP servers are overheard, on this host and elsewhere; our own offers are not theirs."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pyxie.dhcp.message import BROADCAST_FLAG, UNSPECIFIED, DhcpMessage, build, parse
from pyxie.dhcp.udp import wrap
from tests.dhcp.packets import discover
from tests.dhcp.replies import reply, taking
from tests.interop.netns import Host, Net, need, network
from tests.support import until

pytestmark = pytest.mark.interop

CHECKOUT = Path(__file__).parents[2]
US = "192.168.77.1"
ELSEWHERE = "192.168.77.2"
UEFI = replace(discover(7, o55=b"\1\3\x42\x43"), flags=BROADCAST_FLAG)
"""EDK2 asks for broadcasts always."""


@dataclass
class Lan:
    """A pyxie, a host for other servers, and a client."""

    pyxie: Host
    other: Host
    client: Host
    folder: Path
    log: Path
    beside: bool = False
    """There is a DHCP server on pyxie's host."""

    def serves(self, on: Host, *arguments: str) -> None:
        """Start dnsmasq there, as DHCP server."""
        self.beside = self.beside or on is self.pyxie
        log = self.folder / "dnsmasq.log"
        on.start(
            *("dnsmasq", "--keep-in-foreground", "--port=0", "--conf-file=/dev/null"),
            *(
                "--user=root",
                "--log-facility=-",
                "--no-ping",
                "--bind-interfaces",
                "--interface=eth0",
            ),
            f"--dhcp-leasefile={self.folder / 'leases'}",
            *("--pid-file=", "--dhcp-range=192.168.77.100,192.168.77.150", *arguments),
            log=log,
        )
        until(lambda: "DHCP, IP range" in log.read_text(), "dnsmasq")

    def begins(self, **settings: object) -> None:
        """Start pyxie; return when it hears all that it is to hear."""
        self.pyxie.start(
            *("env", f"PYTHONPATH={CHECKOUT}", sys.executable),
            *("-m", "tests.interop.dhcp_runner", json.dumps(settings)),
            log=self.log,
        )
        wanted = ("ready", {"hears": self.beside})
        until(lambda: all(each in self.said() for each in wanted), "pyxie", seconds=30)

    def said(self) -> list[Any]:
        lines = self.log.read_text().splitlines()
        return [
            json.loads(line) for line in lines if line.startswith(("{", '"')) and line[-1] in '}"'
        ]

    def servers(self) -> list[dict[str, Any]]:
        found = [each["servers"] for each in self.said() if "servers" in each]
        return found[-1] if found else []

    def events(self) -> list[str]:
        return [each["text"] for each in self.said() if "text" in each]

    def boots(self, request: DhcpMessage = UEFI, *, main: bool = True) -> list[DhcpMessage]:
        """Get an address as EDK2 does, unless nobody gives any; return the offers."""
        hearing = self.client.socket(socket.SOCK_DGRAM)
        hearing.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        hearing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hearing.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        hearing.bind(("0.0.0.0", 68))
        hearing.settimeout(5)  # udhcpd looks for three seconds whether an address is free
        hearing.sendto(build(request), ("255.255.255.255", 67))
        offers = list(_replies(hearing, request.xid, 2 if main else 1))
        mains = [each for each in offers if each.yiaddr != UNSPECIFIED]
        if mains:
            ask = taking(mains[0], request)
            ask = replace(ask, options={**ask.options, 50: mains[0].yiaddr.packed})
            hearing.sendto(build(ask), ("255.255.255.255", 67))
            assert [each.type for each in _replies(hearing, request.xid, 1)] == [5]
        hearing.close()
        return offers


def _replies(hearing: socket.socket, xid: int, most: int) -> Iterator[DhcpMessage]:
    for _ in range(most):
        try:
            message = parse(hearing.recv(2048))
        except TimeoutError:
            return
        if message.xid == xid:
            yield message


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    need("ip", "dnsmasq")
    with network() as net:
        yield _laid(net, tmp_path)


def _laid(net: Net, folder: Path) -> Lan:
    pyxie, other, client = net.host("s"), net.host("o"), net.host("c")
    net.lan(
        s=(pyxie, "eth0", f"{US}/24"),
        o=(other, "eth0", f"{ELSEWHERE}/24"),
        c=(client, "eth0", ""),
    )
    # Who has no address, or makes some up, sends to all who are on its only network.
    for host in (client, other):
        host.ip("route add 255.255.255.255 dev eth0")
    return Lan(pyxie, other, client, folder, folder / "pyxie.log")


def heard(lan: Lan, *servers: tuple[str, bool, bool, str, str]) -> None:
    """Wait until these are the servers that pyxie has heard; its log is in the failure."""
    try:
        until(lambda: brief(lan.servers()) == [*servers], f"the servers {servers}")
    except AssertionError as error:
        raise AssertionError(f"{error}: {lan.log.read_text()}") from None


def brief(servers: list[dict[str, Any]]) -> list[tuple[str, bool, bool, str, str]]:
    return [
        (each["server"], each["here"], each["addresses"], each["kind"], each["siaddr"])
        for each in servers
    ]


def test_dnsmasq_on_another_host_gives_itself_as_boot_server(lan: Lan) -> None:
    lan.serves(lan.other)
    lan.begins()

    offers = lan.boots()

    assert sorted(each.siaddr.compressed for each in offers) == [US, ELSEWHERE]
    heard(lan, (ELSEWHERE, False, True, "ACK", ELSEWHERE))
    assert [text for text in lan.events() if "offered" not in text] == []


def test_dnsmasq_on_another_host_that_names_us_without_a_file(lan: Lan) -> None:
    lan.serves(lan.other, f"--dhcp-boot=,,{US}")
    lan.begins()

    lan.boots()

    heard(lan, (ELSEWHERE, False, True, "ACK", US))
    assert [text for text in lan.events() if "took" in text] == []


def test_dnsmasq_on_this_host_is_heard_and_our_own_offers_are_not_taken_for_its(lan: Lan) -> None:
    lan.serves(lan.pyxie)
    lan.begins()

    offers = lan.boots()

    assert len(offers) == 2
    heard(lan, (US, True, True, "ACK", US))
    assert not any("another PXE server" in text for text in lan.events())


def test_what_dnsmasq_on_this_host_sends_to_one_client_alone_is_heard(lan: Lan) -> None:
    """Past the IP layer, to an address that the client has not got yet."""
    need("busybox")
    lan.serves(lan.pyxie)
    lan.begins()

    lan.client.start(
        *("busybox", "udhcpc", "-f", "-n", "-q", "-i", "eth0", "-s", "/bin/true"),
        *("-V", "PXEClient:Arch:00007:UNDI:003016", "-x", "0x5d:0007"),
        log=lan.folder / "udhcpc.log",
    )

    heard(lan, (US, True, True, "ACK", US))


def test_a_server_with_a_boot_file_of_its_own_is_told_of_the_machine_that_took_it(
    lan: Lan,
) -> None:
    lan.serves(lan.other, "--dhcp-boot=pxelinux.0")
    lan.begins()

    lan.boots()

    found = until(lambda: [text for text in lan.events() if "took" in text], "the event")
    assert found == [
        (
            f"took the address of the DHCP server {ELSEWHERE}, which has something to boot of"
            f" its own: option 67 'pxelinux.0', next-server {ELSEWHERE}"
        )
    ]


def test_another_proxy_is_told_of_the_machine_that_it_offered_to(lan: Lan) -> None:
    lan.serves(
        lan.other,
        "--dhcp-range=192.168.77.0,proxy",
        "--pxe-service=X86-64_EFI,boot,theirs.efi",
    )
    lan.begins()

    lan.boots(main=False)

    found = until(lambda: [text for text in lan.events() if "another PXE" in text], "the event")
    assert ELSEWHERE in found[0]


def test_udhcpd_names_no_boot_server(lan: Lan) -> None:
    need("busybox")
    conf = lan.folder / "udhcpd.conf"
    conf.write_text(
        "start 192.168.77.100\nend 192.168.77.150\ninterface eth0\n"
        f"lease_file {lan.folder / 'udhcpd.leases'}\npidfile {lan.folder / 'pid'}\n"
    )
    lan.other.start("busybox", "udhcpd", "-f", str(conf), log=lan.folder / "udhcpd.log")
    until(lambda: "started" in (lan.folder / "udhcpd.log").read_text(), "udhcpd")
    lan.begins()

    lan.boots()

    heard(lan, (ELSEWHERE, False, True, "ACK", "0.0.0.0"))


def test_a_flood_of_forged_replies_costs_no_machine_its_answer(lan: Lan) -> None:
    lan.begins()
    forging = lan.other.socket(socket.SOCK_RAW, socket.IPPROTO_UDP)
    forging.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    source, everybody = socket.inet_aton(ELSEWHERE), b"\xff" * 4
    answered = 0

    for at in range(20):
        for number in range(1000):
            server = 0x0A000000 + 1000 * at + number
            forged = build(reply(UEFI, server=type(UNSPECIFIED)(server), o60=b"PXEClient"))
            forging.sendto(wrap(forged, source, 67, everybody, 68), ("255.255.255.255", 0))
        if at % 5 == 0:
            request = replace(UEFI, xid=at + 1, chaddr=b"\x52\x54\0\0\0" + bytes([at]))
            answered += bool(_answer(lan, request))

    assert answered == 4
    assert len(lan.servers()) <= 64


def _answer(lan: Lan, request: DhcpMessage) -> list[DhcpMessage]:
    # On a socket that hears ours alone: the flood would fill the client's own.
    hearing = lan.client.socket(socket.SOCK_DGRAM)
    hearing.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    hearing.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    hearing.bind(("0.0.0.0", 68))
    hearing.settimeout(2)
    try:
        hearing.sendto(build(request), ("255.255.255.255", 67))
        while True:
            message = parse(hearing.recv(2048))
            if message.xid == request.xid and message.siaddr.compressed == US:
                return [message]
    except TimeoutError:
        return []
    finally:
        hearing.close()
