"""What a relay agent hears beside pyxie's answer: nothing, unless nobody has bound port 67."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pyxie.dhcp.message import build, parse
from tests.dhcp.packets import as_request, discover
from tests.interop.netns import Host, Net, need, network, run
from tests.interop.test_dhcp_wire import OTHER, SERVER, Pyxie, dnsmasq

pytestmark = pytest.mark.interop

UNREACHABLE = (3, 3)
RULE = (
    "add rule inet pyxie out icmp type destination-unreachable icmp code port-unreachable "
    "@th,240,16 67 drop"
)
"""As in docs/troubleshooting.md; 240 bits on is the port that the datagram was sent to."""


class Relay:
    """A relay agent's socket, and the ICMP that reaches its host."""

    def __init__(self, host: Host) -> None:
        self._udp = host.socket(socket.SOCK_DGRAM)
        self._udp.bind((str(OTHER), 67))
        self._udp.settimeout(5)
        self._icmp = host.socket(socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._icmp.setblocking(False)

    def asks(self, port: int = 67) -> list[tuple[int, int]]:
        """Send a machine's request on, wait for the answer; return what ICMP came before that."""
        request = replace(discover(7), giaddr=OTHER)
        if port == 4011:
            request = replace(as_request(discover(7)), ciaddr=OTHER)
        self._udp.sendto(build(request), (str(SERVER), port))
        answer = parse(self._udp.recv(2048))
        assert answer.file == b"52-54-00-12-34-56/ipxe.efi"
        heard = []
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = self._icmp.recv(2048)
                heard.append((packet[20], packet[21]))
        return heard


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Relay]]:
    need("ip", "dnsmasq", "nft")
    with network() as net:
        server, relay = _lan(net)
        yield server, Relay(relay)


def _lan(net: Net) -> tuple[Host, Host]:
    server, relay = net.host("srv"), net.host("rel")
    net.lan(a=(server, "eth0", f"{SERVER}/24"), b=(relay, "eth0", f"{OTHER}/24"))
    return server, relay


RANGE = "--dhcp-range=192.168.7.100,192.168.7.150"


def test_where_pyxie_has_bound_port_67_there_is_none(
    hosts: tuple[Host, Relay], tmp_path: Path
) -> None:
    server, relay = hosts
    Pyxie(server, tmp_path, bind=True).serving()

    assert relay.asks() == []
    assert relay.asks(4011) == []


def test_a_dhcp_server_that_starts_later_gets_the_port_and_then_there_is_none(
    hosts: tuple[Host, Relay], tmp_path: Path
) -> None:
    """Before, there is one: no socket keeps the kernel from it and lets that server start."""
    server, relay = hosts
    pyxie = Pyxie(server, tmp_path).serving()

    assert relay.asks() == [UNREACHABLE]
    assert relay.asks(4011) == []
    assert any("dhcp: {bind: true} ends that" in line for line in pyxie.lines())

    dnsmasq(server, tmp_path, "eth0", RANGE)
    assert relay.asks() == []


def test_the_rule_of_the_documentation_keeps_it_on_the_host(
    hosts: tuple[Host, Relay], tmp_path: Path
) -> None:
    server, relay = hosts
    Pyxie(server, tmp_path).serving()
    for command in (
        "add table inet pyxie",
        "add chain inet pyxie out { type filter hook output priority 0; }",
        RULE,
    ):
        run("ip", "netns", "exec", server.name, "nft", command)

    assert relay.asks() == []
    probe = server.socket(socket.SOCK_DGRAM)
    probe.settimeout(5)
    probe.connect(("127.0.0.1", 4000))  # other ports' are let through
    probe.send(b"")
    with pytest.raises(ConnectionRefusedError):
        probe.recv(1)


def test_the_rule_is_in_the_documentation() -> None:
    page = Path(__file__).resolve().parents[2] / "docs/troubleshooting.md"

    assert RULE in page.read_text()
