"""The DHCP service on real networks: beside, opposite and behind dnsmasq."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from pyxie.dhcp.decide import Answer, decide
from pyxie.dhcp.message import DhcpMessage, MessageType, build, parse
from pyxie.dhcp.udp import unwrap
from pyxie.errors import WireError
from tests.dhcp.packets import BOOT, MAC, UUID, as_request, discover
from tests.interop.netns import Host, Net, need, network, run
from tests.support import until

pytestmark = pytest.mark.interop

CHECKOUT = Path(__file__).resolve().parents[2]
BROADCAST = "255.255.255.255"
SERVER = IPv4Address("192.168.7.1")
OTHER = IPv4Address("192.168.7.2")


@pytest.fixture
def net() -> Iterator[Net]:
    need("ip", "dnsmasq")
    with network() as made:
        yield made


class Pyxie:
    """The service in a process of its own."""

    def __init__(self, host: Host, folder: Path, **settings: object) -> None:
        self._log = folder / f"pyxie-{host.name}.log"
        self.process = host.start(
            "env",
            f"PYTHONPATH={CHECKOUT}",
            sys.executable,
            "-m",
            "tests.interop.dhcp_runner",
            json.dumps(settings),
            log=self._log,
        )

    def lines(self) -> list[str]:
        return self._log.read_text().splitlines()

    def serving(self) -> Pyxie:
        until(lambda: '"ready"' in self.lines() or self._ended(), "pyxie to serve")
        assert not self._ended(), self.lines()
        return self

    def failed(self) -> str:
        """Wait for it to refuse to start, and return why."""
        self.process.wait(10)
        failure: str = json.loads(self.lines()[-1])["failed"]
        return failure

    def alive(self) -> bool:
        return not self._ended()

    def _ended(self) -> bool:
        return self.process.poll() is not None


class Client:
    """A PXE client without an address: hears all of port 68, sends from it."""

    def __init__(self, host: Host, interface: str = "eth0") -> None:
        self._out = host.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._wire = host.inside(
            lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        )
        self._wire.bind((interface, 0x0800))
        self._wire.settimeout(5)

    def close(self) -> None:
        self._wire.close()

    def send(
        self, payload: bytes, *, to: str = BROADCAST, source: str = "0.0.0.0", port: int = 67
    ) -> None:
        packet = Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff") / IP(src=source, dst=to, ttl=64)
        self.frame(bytes(packet / UDP(sport=68, dport=port) / payload))

    def frame(self, frame: bytes) -> None:
        self._wire.send(frame)

    def answers(self, count: int = 1) -> list[tuple[DhcpMessage, str]]:
        """Wait for replies to port 68; each with the address it came from."""
        found: list[tuple[DhcpMessage, str]] = []
        while len(found) < count:
            frame = self._wire.recv(2048)
            if frame[0:6] == b"\0" * 6 or frame[23] != 17 or frame[36:38] != b"\0\x44":
                continue
            with contextlib.suppress(WireError):
                segment = unwrap(frame[14:])
                message = parse(segment.data)
                assert segment.source_port in {67, 4011}
                if message.op == 2:
                    found.append((message, socket.inet_ntoa(segment.source)))
        return found

    def answer_from(self, server: IPv4Address) -> DhcpMessage:
        """Wait for the reply that carries this server's identifier."""
        while True:
            [(message, _)] = self.answers()
            if message.options.get(54) == server.packed:
                return message


@contextlib.contextmanager
def client_on(host: Host, interface: str = "eth0") -> Iterator[Client]:
    made = Client(host, interface)
    try:
        yield made
    finally:
        made.close()


def dnsmasq(host: Host, folder: Path, interface: str, *options: str) -> None:
    log = folder / f"dnsmasq-{host.name}.log"
    host.start(
        "dnsmasq",
        "--no-daemon",
        "--conf-file=/dev/null",
        "--port=0",
        "--user=root",
        "--log-dhcp",
        f"--interface={interface}",
        "--bind-interfaces",
        f"--pid-file={folder}/dnsmasq-{host.name}.pid",
        f"--dhcp-leasefile={folder}/leases-{host.name}",
        *options,
        log=log,
    )
    until(lambda: "started" in log.read_text(), "dnsmasq to serve")


def lan(net: Net) -> tuple[Host, Host]:
    """Return a server's host with 192.168.7.1, and a client's without an address."""
    server, client = net.host("srv"), net.host("cli")
    net.lan(a=(server, "eth0", f"{SERVER}/24"), b=(client, "eth0", ""))
    return server, client


def offered(message: DhcpMessage) -> tuple[int | None, IPv4Address, bytes]:
    return message.type, message.siaddr, message.file


BIOS_OFFER = (2, SERVER, b"52-54-00-12-34-56/undionly.kpxe")


class TestBesideAnotherServer:
    def test_the_raw_socket_answers_beside_dnsmasq_on_the_same_host(
        self, net: Net, tmp_path: Path
    ) -> None:
        server, client = lan(net)
        dnsmasq(server, tmp_path, "eth0", "--dhcp-range=192.168.7.100,192.168.7.150")
        Pyxie(server, tmp_path).serving()

        with client_on(client) as pxe:
            pxe.send(build(discover(0)))
            answers = [message for message, _ in pxe.answers(2)]

        # Both bear the same server identifier; only dnsmasq's gives an address.
        lease = next(each for each in answers if int(each.yiaddr))
        offer = next(each for each in answers if not int(each.yiaddr))
        assert lease.yiaddr in {IPv4Address(f"192.168.7.{last}") for last in range(100, 151)}
        assert offered(offer) == BIOS_OFFER

    def test_it_answers_beside_dnsmasq_on_another_host(self, net: Net, tmp_path: Path) -> None:
        server, client, other = net.host("srv"), net.host("cli"), net.host("dns")
        net.lan(
            a=(server, "eth0", f"{SERVER}/24"),
            b=(client, "eth0", ""),
            c=(other, "eth0", f"{OTHER}/24"),
        )
        dnsmasq(other, tmp_path, "eth0", "--dhcp-range=192.168.7.100,192.168.7.150")
        Pyxie(server, tmp_path).serving()

        with client_on(client) as pxe:
            pxe.send(build(discover(0)))
            answers = {message.options[54]: message for message, _ in pxe.answers(2)}

        assert offered(answers[SERVER.packed]) == BIOS_OFFER
        assert int(answers[OTHER.packed].yiaddr) != 0

    def test_the_request_is_left_to_the_lans_server(self, net: Net, tmp_path: Path) -> None:
        server, client = lan(net)
        pyxie = Pyxie(server, tmp_path).serving()

        with client_on(client) as pxe:
            pxe.send(build(as_request(discover(0))))
            pxe.send(build(replace(discover(0), xid=99)))
            [(message, _)] = pxe.answers()

        assert (message.xid, message.type) == (99, MessageType.OFFER)
        assert pyxie.alive()

    def test_bound_it_answers_as_well(self, net: Net, tmp_path: Path) -> None:
        server, client = lan(net)
        Pyxie(server, tmp_path, bind=True).serving()

        with client_on(client) as pxe:
            pxe.send(build(discover(0)))
            [(message, source)] = pxe.answers()

        assert (offered(message), source) == (BIOS_OFFER, str(SERVER))


class TestStarting:
    def test_a_taken_port_67_says_what_to_do(self, net: Net, tmp_path: Path) -> None:
        server, _ = lan(net)
        dnsmasq(server, tmp_path, "eth0", "--dhcp-range=192.168.7.100,192.168.7.150")

        assert Pyxie(server, tmp_path, bind=True).failed() == (
            "UDP port 67 is in use by another program (ss -lunp 'sport = :67'):"
            " stop it, or set dhcp: {bind: false} to answer beside it"
        )

    def test_a_taken_port_4011_says_what_to_do(self, net: Net, tmp_path: Path) -> None:
        server, _ = lan(net)
        server.socket(socket.SOCK_DGRAM).bind(("0.0.0.0", 4011))

        assert Pyxie(server, tmp_path).failed() == (
            "UDP port 4011 is in use by another program (ss -lunp 'sport = :4011'):"
            " stop it, or turn off the PXE service in it"
        )

    def test_without_the_right_to_a_raw_socket_it_says_what_to_do(
        self, net: Net, tmp_path: Path
    ) -> None:
        need("setpriv")
        server, _ = lan(net)
        done = subprocess.run(
            [
                *("ip", "netns", "exec", server.name),
                *("setpriv", "--bounding-set=-all", "--inh-caps=-all"),
                *("env", f"PYTHONPATH={CHECKOUT}", sys.executable),
                *("-m", "tests.interop.dhcp_runner", "{}"),
            ],
            capture_output=True,
            text=True,
            timeout=20,
        )

        assert json.loads(done.stdout.splitlines()[-1])["failed"].startswith(
            "hearing DHCP beside another server needs a raw socket: grant CAP_NET_RAW"
        )


class TestRelayed:
    def test_an_answer_comes_back_through_a_relay(self, net: Net, tmp_path: Path) -> None:
        server, relay, client = net.host("srv"), net.host("rel"), net.host("cli")
        net.lan(a=(server, "eth0", f"{SERVER}/24"), b=(relay, "eth0", f"{OTHER}/24"))
        net.lan(c=(relay, "eth1", "10.1.0.1/24"), d=(client, "eth0", ""))
        server.ip(f"route add 10.1.0.0/24 via {OTHER}")
        dnsmasq(relay, tmp_path, "eth1", f"--dhcp-relay=10.1.0.1,{SERVER}", "--interface=eth0")
        Pyxie(server, tmp_path).serving()

        with client_on(client) as pxe:
            pxe.send(build(discover(7)))
            [(message, source)] = pxe.answers()

        assert offered(message) == (2, SERVER, b"52-54-00-12-34-56/ipxe.efi")
        assert (message.giaddr, source) == (IPv4Address("10.1.0.1"), "10.1.0.1")


class TestOfEveryShape:
    """Requests as scapy writes them, not pyxie; and answers as scapy reads them."""

    def test_is_understood_and_answered_where_it_came_from(self, net: Net, tmp_path: Path) -> None:
        server, client, relay = net.host("srv"), net.host("cli"), net.host("rel")
        net.lan(
            a=(server, "eth0", f"{SERVER}/24"),
            b=(client, "eth0", "192.168.7.50/24"),
            c=(relay, "eth0", f"{OTHER}/24"),
        )
        Pyxie(server, tmp_path).serving()

        with client_on(client) as pxe:
            pxe.send(scapys(sname=VENDOR, file=ARCH_AND_UUID, overload=3))
            overloaded = Ether(reply_frame(pxe))
            pxe.send(scapys((60, b"PXEClient:Arch:0"), (60, b"0000:UNDI:002001"), (93, b"\0\0")))
            in_pieces = Ether(reply_frame(pxe))
        assert option(overloaded, "vendor_class_id") == [b"PXEClient"]
        assert option(overloaded, "pxe_client_machine_identifier") == [UUID]
        assert option(in_pieces, "vendor_class_id") == [b"PXEClient"]
        for each in (overloaded, in_pieces):
            assert (each[IP].dst, each[UDP].dport) == (BROADCAST, 68)

        with contextlib.closing(udp(client, "192.168.7.50", 68)) as alone:
            alone.sendto(scapys(*BIOS, ciaddr="192.168.7.50"), (str(SERVER), 67))
            data, peer = alone.recvfrom(2048)
        assert (parse(data).file, peer) == (BIOS_OFFER[2], (str(SERVER), 67))

        port = b"\1\xff" + b"p" * 255 + b"\2\x21" + b"r" * 33  # one of 255 and one of 33 bytes
        pieces = ((82, port[:255]), (82, port[255:]))
        with contextlib.closing(udp(relay, str(OTHER), 67)) as agent:
            agent.sendto(scapys(*BIOS, *pieces, giaddr=str(OTHER)), (str(SERVER), 67))
            data, peer = agent.recvfrom(2048)
            agent.sendto(scapys(*BIOS, (82, port[:255]), giaddr=str(OTHER)), (str(SERVER), 67))
            short, _ = agent.recvfrom(2048)
            most = (57, (1260).to_bytes(2))
            agent.sendto(scapys(*BIOS, most, *pieces, giaddr=str(OTHER)), (str(SERVER), 67))
            long, _ = agent.recvfrom(2048)
        assert peer == (str(SERVER), 67)
        relayed = BOOTP(data)
        assert relayed.giaddr == str(OTHER)
        echoed = [each[1] for each in relayed[DHCP].options if each[0] == "relay_agent_information"]
        assert b"".join(map(bytes, echoed)) == port
        assert len(short) <= 548 < len(long)
        assert {66, 67} <= parse(long).options.keys()
        assert not {66, 67} & parse(short).options.keys()
        assert min(len(each) for each in (data, short, long)) >= 300


BIOS = ((60, b"PXEClient:Arch:00000:UNDI:002001"), (93, b"\0\0"), (97, UUID))
VENDOR = b"\x3c\x20PXEClient:Arch:00000:UNDI:002001\xff"
ARCH_AND_UUID = b"\x5d\2\0\0\x61\x11" + UUID + b"\xff"


def scapys(
    *options: tuple[int, bytes],
    overload: int = 0,
    sname: bytes = b"",
    file: bytes = b"",
    **fields: str,
) -> bytes:
    """Return a DISCOVER."""
    lent = [("dhcp-option-overload", overload)] if overload else []
    base = BOOTP(
        op=1, xid=7, chaddr=bytes.fromhex(MAC.replace(":", "")), sname=sname, file=file, **fields
    )
    return bytes(base / DHCP(options=[("message-type", "discover"), *lent, *options, "end"]))


def option(frame: Ether, name: str) -> list[bytes]:
    return [each[1] for each in frame[DHCP].options if each[0] == name]


def udp(host: Host, address: str, port: int) -> socket.socket:
    made = host.socket(socket.SOCK_DGRAM)
    made.bind((address, port))
    made.settimeout(5)
    return made


class TestSeveralInterfaces:
    def test_each_is_answered_with_its_own_address(self, net: Net, tmp_path: Path) -> None:
        server, near, far = net.host("srv"), net.host("near"), net.host("far")
        net.lan(a=(server, "eth0", f"{SERVER}/24"), b=(near, "eth0", ""))
        net.lan(c=(server, "eth1", "10.1.0.1/24"), d=(far, "eth0", ""))
        Pyxie(server, tmp_path).serving()

        with client_on(near) as one, client_on(far) as two:
            one.send(build(discover(0)))
            two.send(build(discover(0)))
            [(first, first_source)] = one.answers()
            [(second, second_source)] = two.answers()

        assert (first.siaddr, first_source) == (SERVER, str(SERVER))
        assert (second.siaddr, second_source) == (IPv4Address("10.1.0.1"), "10.1.0.1")

    def test_only_configured_ones_are_served(self, net: Net, tmp_path: Path) -> None:
        server, near, far = net.host("srv"), net.host("near"), net.host("far")
        net.lan(a=(server, "eth0", f"{SERVER}/24"), b=(near, "eth0", ""))
        net.lan(c=(server, "eth1", "10.1.0.1/24"), d=(far, "eth0", ""))
        pyxie = Pyxie(server, tmp_path, interfaces=["eth1", "eth7"]).serving()

        with client_on(near) as one, client_on(far) as two:
            one.send(build(discover(0)))
            two.send(build(discover(0)))
            two.answers()
            one._wire.settimeout(0.3)
            with pytest.raises(TimeoutError):
                one.answers()

        assert "interface eth7 of the configuration is not there (yet)" in pyxie.lines()

    def test_a_new_address_is_taken_up_while_running(self, net: Net, tmp_path: Path) -> None:
        server, client = lan(net)
        pyxie = Pyxie(server, tmp_path).serving()

        server.ip(f"addr del {SERVER}/24 dev eth0")
        server.ip("addr add 192.168.7.77/24 brd + dev eth0")
        changed = "the interfaces changed; serving eth0 192.168.7.77/24"
        until(lambda: changed in pyxie.lines(), changed)
        with client_on(client) as pxe:
            pxe.send(build(discover(0)))
            [(message, source)] = pxe.answers()

        assert (message.siaddr, source) == (IPv4Address("192.168.7.77"), "192.168.7.77")

    def test_an_interface_that_appears_is_served(self, net: Net, tmp_path: Path) -> None:
        server, client = lan(net)
        late = net.host("late")
        pyxie = Pyxie(server, tmp_path).serving()

        net.lan(c=(server, "eth1", "10.1.0.1/24"), d=(late, "eth0", ""))
        until(lambda: any("eth1 10.1.0.1/24" in line for line in pyxie.lines()), "eth1")
        server.ip("link del eth0")
        until(lambda: pyxie.lines()[-1].endswith("serving eth1 10.1.0.1/24"), "eth0 to go")
        with client_on(late) as pxe:
            pxe.send(build(discover(0)))
            [(message, _)] = pxe.answers()

        assert message.siaddr == IPv4Address("10.1.0.1")
        assert client.name


class TestPort4011:
    @pytest.mark.parametrize("arch", [0, 7])
    def test_a_request_is_acknowledged_from_the_same_port(
        self, net: Net, tmp_path: Path, arch: int
    ) -> None:
        """Ipxe and EDK2 take answers from source port 4011 only."""
        server, client = lan(net)
        client.ip("addr add 192.168.7.50/24 dev eth0")
        Pyxie(server, tmp_path).serving()
        asking = client.socket(socket.SOCK_DGRAM)
        asking.bind(("192.168.7.50", 0))
        asking.settimeout(5)

        asking.sendto(build(as_request(discover(arch))), (str(SERVER), 4011))
        data, peer = asking.recvfrom(2048)

        assert peer == (str(SERVER), 4011)
        assert parse(data).type == MessageType.ACK


class TestHostileDatagrams:
    def frames(self) -> list[bytes]:
        whole = build(discover(0))
        frames: list[bytes] = []
        for port, to in itertools.product((67, 68, 4011), (BROADCAST, str(SERVER))):
            udp = UDP(sport=68, dport=port)
            payloads = [
                *(bytes(udp / whole)[:size] for size in (0, 1, 4, 5, 7, 8, 9, 40)),
                *(
                    bytes(UDP(sport=68, dport=port, len=length) / whole)
                    for length in (0, 7, 8, 65535)
                ),
                bytes(UDP(sport=68, dport=port, chksum=0xDEAD) / (b"\xff" * 400)),
                bytes(udp / os.urandom(300)),
                bytes(UDP(sport=0, dport=port) / whole[:239]),
            ]
            frames += [framed(payload, to) for payload in payloads]
            # Two pieces of a datagram that never comes whole.
            frames.append(framed(payloads[5], to, id=7, flags="MF"))
            frames.append(framed(payloads[6], to, id=7, frag=20))
        return frames

    @pytest.mark.parametrize("bind", [False, True])
    def test_leave_it_answering(self, net: Net, tmp_path: Path, bind: bool) -> None:
        """Four to seven bytes of UDP end pixiecore."""
        server, client = lan(net)
        pyxie = Pyxie(server, tmp_path, bind=bind).serving()

        with client_on(client) as pxe:
            for frame in self.frames():
                pxe.frame(frame)
            good = replace(discover(0), xid=0x600D)
            pxe.send(build(good))
            while (message := pxe.answers()[0][0]).xid != 0x600D:
                pass

        assert offered(message) == BIOS_OFFER
        assert pyxie.alive()
        assert not [line for line in pyxie.lines() if "a bug" in line]
        if not bind:
            assert any("UDP header: needs 8 bytes, only 4 left" in line for line in pyxie.lines())

    def test_a_fragmented_discover_is_put_together(self, net: Net, tmp_path: Path) -> None:
        server, client = lan(net)
        Pyxie(server, tmp_path).serving()
        udp = bytes(UDP(sport=68, dport=67, chksum=0) / build(discover(0)))
        ether = Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff")
        ip = {"src": "0.0.0.0", "dst": BROADCAST, "id": 9, "proto": 17}

        with client_on(client) as pxe:
            pxe.frame(bytes(ether / IP(**ip, flags="MF") / udp[:128]))
            pxe.frame(bytes(ether / IP(**ip, frag=16) / udp[128:]))
            [(message, _)] = pxe.answers()

        assert offered(message) == BIOS_OFFER


class TestTshark:
    """Wireshark's dissector as the judge of our bytes."""

    def test_finds_nothing_wrong_with_offers_and_acks(self, net: Net, tmp_path: Path) -> None:
        need("tshark")
        server, client = lan(net)
        client.ip("addr add 192.168.7.50/24 dev eth0")
        Pyxie(server, tmp_path).serving()
        offers, acks = [], []
        with client_on(client) as pxe:
            for arch, vendor in ((0, b"PXEClient"), (7, b"PXEClient"), (16, b"HTTPClient")):
                pxe.send(build(discover(arch, o60=vendor, o82=b"\1\4port")))
                offers.append(reply_frame(pxe))
                request = as_request(discover(arch, o60=vendor))
                pxe.send(build(request), to=str(SERVER), source="192.168.7.50", port=4011)
                acks.append(reply_frame(pxe))

        # The kernel leaves the ACKs' sums to the interface; those of the offers are ours.
        assert judged(offers, tmp_path, udp_sums=True) == [
            f"2|{SERVER}|{vendor}|{SERVER}|1||" for vendor in VENDORS
        ]
        assert judged(acks, tmp_path, udp_sums=False) == [
            f"5|{SERVER}|{vendor}|{SERVER}|2||" for vendor in VENDORS
        ]

    def test_reads_what_was_moved_into_the_header_for_want_of_room(self, tmp_path: Path) -> None:
        need("tshark")
        boot = replace(BOOT, loaders={0x10: "x" * 100 + ".efi"})
        request = discover(0x10, o60=b"HTTPClient", o82=b"\1\x64" + b"p" * 100)
        outcome = decide(request, 67, boot)
        assert isinstance(outcome, Answer)
        data = build(outcome.message)
        frame = Ether() / IP(src=str(SERVER), dst=BROADCAST) / UDP(sport=67, dport=68) / data

        [told] = judged([bytes(frame)], tmp_path, udp_sums=True)

        overloaded = "Boot file name option overloaded by DHCP"
        assert told == f"2|{SERVER}|HTTPClient|{SERVER}|1||{overloaded}"
        assert len(data) <= 548
        fields = ("-e", "dhcp.option.bootfile_name", "-e", "dhcp.option.type")
        read = run("tshark", "-r", f"{tmp_path}/judged.pcap", "-T", "fields", *fields)
        assert f"/{'x' * 100}.efi" in read
        assert set(read.split()[-1].split(",")) == {
            "0",
            "53",
            "54",
            "60",
            "66",
            "67",
            "52",
            "97",
            "82",
        }

    def test_reads_every_option_of_an_offer(self, net: Net, tmp_path: Path) -> None:
        need("tshark")
        server, client = lan(net)
        Pyxie(server, tmp_path).serving()
        capture = tmp_path / "offer.pcap"
        with client_on(client) as pxe:
            pxe.send(build(discover(0, o97=UUID)))
            write_pcap(capture, [reply_frame(pxe)])

        told = run("tshark", "-r", str(capture), "-T", "fields", "-e", "dhcp.option.type")

        codes = [code for code in told.strip().split(",") if code != "0"]
        assert codes == ["53", "43", "54", "60", "66", "67", "97"]


VENDORS = ("PXEClient", "PXEClient", "HTTPClient")


def judged(frames: list[bytes], folder: Path, *, udp_sums: bool) -> list[str]:
    """Return what tshark says: type, addresses, checksum (1 good, 2 unseen), complaints."""
    write_pcap(folder / "judged.pcap", frames)
    fields = (
        "dhcp.option.dhcp", "dhcp.ip.server", "dhcp.option.vendor_class_id",
        "dhcp.option.dhcp_server_id", "udp.checksum.status", "_ws.malformed",
        "_ws.expert.message",
    )  # fmt: skip
    return run(
        "tshark", "-r", str(folder / "judged.pcap"), "-T", "fields", "-E", "separator=|",
        "-o", f"udp.check_checksum:{str(udp_sums).upper()}", "-o", "ip.check_checksum:TRUE",
        *(word for name in fields for word in ("-e", name)),
    ).splitlines()  # fmt: skip


def framed(payload: bytes, to: str, **fields: object) -> bytes:
    ip = IP(src="192.168.7.50", dst=to, proto=17, **fields)
    return bytes(Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff") / ip / payload)


def reply_frame(pxe: Client) -> bytes:
    while True:
        frame = pxe._wire.recv(2048)
        if frame[12:14] == b"\x08\0" and frame[23] == 17 and frame[36:38] == b"\0\x44":
            return frame


def write_pcap(path: Path, frames: list[bytes]) -> None:
    wrpcap(str(path), [Ether(frame) for frame in frames])
