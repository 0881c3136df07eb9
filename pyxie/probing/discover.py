"""Who answers a DISCOVER on a LAN: asks as firmware does, and takes no lease.

Each DISCOVER goes out twice. Once as firmware sends it, from 0.0.0.0, by a packet socket; that one
is seen by no server of this host, for the kernel hands what such a socket sends to the network
card alone. And once as this host's own broadcast, of which the kernel gives a copy to this host.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any, Final, Self

from pyxie.dhcp.message import DhcpMessage, MessageType, build
from pyxie.dhcp.sockets import attach
from pyxie.errors import PyxieError
from pyxie.net.interfaces import LOOPBACK, Interface, read
from pyxie.probing.choice import Question
from pyxie.probing.ethernet import FILTER, MAX_FRAME
from pyxie.probing.heard import Answers, Heard
from pyxie.probing.questions import CLIENTS, Client, Firmware, boot_request, discover
from pyxie.threads import Pool

SECONDS: Final = 5.0
"""dnsmasq pings an address for 3 s before it offers it; firmware waits 4 s, and asks again."""
_AGAIN: Final = 1.5
"""Seconds until a DISCOVER is sent once more: one may be lost, and a busy server may miss one."""

INQUIRY: Final = 3.0
"""Seconds that an answer on port 4011 is waited for; EDK2 asks four times within ten."""
_EACH: Final = 1.0
_CLIENT, _BOOT_SERVER = 68, 4011

_ETHERNET: Final = 1  # linux/if_arp.h
_BROADCAST: Final = "255.255.255.255"


class ProbeError(PyxieError):
    """The network cannot be asked from here; the text says why, and what to do."""


class Line:
    """The sockets to one LAN; to be entered before.

    Args:
        interface: Which leads to it, by name.
    """

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self.addresses: tuple[IPv4Interface, ...] = ()
        self.mac = b""
        """The interface's own."""
        self._layers: tuple[Any, Any, Any]
        self._in: Any = None
        self._out: Any = None
        self._own: socket.socket | None = None
        self._hears: Callable[[bytes], None] | None = None

    async def __aenter__(self) -> Self:
        # scapy takes half a second to import, and sysfs is a file system.
        await Pool("probe").run(self._open)
        asyncio.get_running_loop().add_reader(self._in.fileno(), self._receive)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._in.fileno())
        self._close()

    def address(self, towards: IPv4Address) -> IPv4Address:
        """Return this host's address on the LAN, the nearest one; there is one."""
        near = [each for each in self.addresses if towards in each.network]
        return (near or self.addresses)[0].ip

    def hear(self, hears: Callable[[bytes], None] | None) -> None:
        """Give each frame that comes from now on to ``hears``."""
        self._hears = hears

    def broadcast(self, message: DhcpMessage) -> None:
        """Send a message from port 68 to port 67 of all servers, on this host too.

        Raises:
            ProbeError: It cannot be sent.
        """
        Ether, IP, UDP = self._layers  # noqa: N806 - classes
        data = UDP(sport=68, dport=67) / build(message)
        # Not from the client's MAC: a switch would take it that the machine is here now.
        frame = Ether(src=self.mac.hex(":"), dst="ff:ff:ff:ff:ff:ff")
        try:
            self._out.send(frame / IP(src="0.0.0.0", dst=_BROADCAST, ttl=64) / data)
        except OSError as exc:
            raise _unsent(self.interface, exc) from exc
        if self._own is not None:
            source = str(self.addresses[0].ip)
            packet = bytes(IP(src=source, dst=_BROADCAST, ttl=64) / data)
            # A firewall of this host's may refuse it, which only servers of this host need.
            with contextlib.suppress(OSError):
                self._own.sendto(packet, (_BROADCAST, 0))

    def _open(self) -> None:
        found = _interface(self.interface)
        self.addresses = found.addresses
        # It would warn that a socket for one protocol does not tell the link's type.
        logging.getLogger("scapy").setLevel(logging.ERROR)
        from scapy.arch.linux import L2ListenSocket, L2Socket
        from scapy.layers.inet import IP, UDP
        from scapy.layers.l2 import Ether

        self._layers = (Ether, IP, UDP)

        try:
            self._in = L2ListenSocket(iface=self.interface, promisc=False)
            self._sift(self._in.ins)
            self._out = L2Socket(iface=self.interface, promisc=False)
            self.mac = self._out.ins.getsockname()[4]
            if self.addresses:
                self._own = self._broadcaster()
        except PermissionError as exc:
            self._close()
            raise ProbeError(
                "asking as a machine's firmware does needs raw sockets: run it as root, or with"
                " CAP_NET_RAW (systemd-run -p AmbientCapabilities=CAP_NET_RAW, or setcap)"
            ) from exc
        except OSError as exc:
            self._close()
            raise _unsent(self.interface, exc) from exc

    def _broadcaster(self) -> socket.socket:
        own = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode())
        own.setblocking(False)
        return own

    @staticmethod
    def _sift(raw: socket.socket) -> None:
        attach(raw, FILTER)
        raw.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:  # what arrived before the filter was in place
                raw.recv(1)

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError):
            _, frame, _ = self._in.recv_raw(MAX_FRAME)
            if frame and self._hears is not None:
                self._hears(frame)

    def _close(self) -> None:
        for each in (self._in, self._out, self._own):
            if each is not None:
                each.close()


async def ask(line: Line, mac: bytes | None, client: Client, seconds: float = SECONDS) -> Answers:
    """Broadcast a DISCOVER, and return all answers that come in time.

    Args:
        line: The LAN.
        mac: Who asks; the interface itself if None.
        client: As what.
        seconds: That answers are waited for.

    Raises:
        ProbeError: It cannot be sent.
    """
    asked = discover(client, mac or line.mac, secrets.randbits(32))
    answers = Answers(asked, MessageType.OFFER)
    began = time.monotonic()
    line.hear(lambda frame: answers.take(frame, time.monotonic() - began))
    try:
        line.broadcast(asked)
        await asyncio.sleep(min(_AGAIN, seconds))
        if seconds > _AGAIN:
            line.broadcast(asked)
            await asyncio.sleep(seconds - _AGAIN)
    finally:
        line.hear(None)
    return answers


async def inquire(
    line: Line, asked: DhcpMessage, question: Question, seconds: float = INQUIRY
) -> Heard | None:
    """Ask a boot server on port 4011 for the file's name, and return its answer, if there is one.

    It is asked from this host's own address, and keeps nothing of it.

    Args:
        line: The LAN, by an interface with an address.
        asked: The client's DISCOVER.
        question: Whom, and for what.
        seconds: That the answer is waited for.
    """
    own = line.address(question.server)
    request = boot_request(asked, secrets.randbits(32), own, question.item)
    answers = Answers(request, MessageType.ACK, MessageType.OFFER)
    began, answered = time.monotonic(), asyncio.Event()

    def looks() -> None:
        if answers.heard:
            answered.set()

    def takes(frame: bytes) -> None:
        answers.take(frame, time.monotonic() - began)
        looks()

    def reads(data: bytes, source: IPv4Address, port: int) -> None:
        answers.read(data, source, port, "", time.monotonic() - began)
        looks()

    line.hear(takes)
    try:
        async with _asking(own, reads) as send:
            while not answers.heard and time.monotonic() < began + seconds:
                send(build(request), question.server)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(answered.wait(), _EACH)
    finally:
        line.hear(None)
    return answers.heard[0] if answers.heard else None


@contextlib.asynccontextmanager
async def _asking(
    own: IPv4Address, hears: Callable[[bytes, IPv4Address, int], None]
) -> AsyncIterator[Callable[[bytes, IPv4Address], None]]:
    """Open a socket for port 4011, and give what sends by it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            udp.bind((str(own), _CLIENT))  # as firmware does, unless a DHCP client has it
        except OSError:
            udp.bind((str(own), 0))

        def receive() -> None:
            with contextlib.suppress(OSError):  # also what ICMP tells of an earlier one
                data, (source, port) = udp.recvfrom(MAX_FRAME)
                hears(data, IPv4Address(source), port)

        def send(data: bytes, server: IPv4Address) -> None:
            with contextlib.suppress(OSError):
                udp.sendto(data, (str(server), _BOOT_SERVER))

        asyncio.get_running_loop().add_reader(udp.fileno(), receive)
        try:
            yield send
        finally:
            asyncio.get_running_loop().remove_reader(udp.fileno())


async def servers(
    interface: str, mac: str | None, firmware: Firmware, seconds: float = SECONDS
) -> list[Heard]:
    """Return the offers of all servers that answer on a LAN; no address is taken.

    Args:
        interface: By its name.
        mac: Who asks, as ``aa:bb:cc:dd:ee:ff``; the interface itself if None.
        firmware: As what.
        seconds: That offers are waited for.

    Raises:
        ProbeError: The LAN cannot be asked; the text says what to do.
    """
    chaddr = None if mac is None else bytes.fromhex(mac.replace(":", ""))
    async with Line(interface) as line:
        return (await ask(line, chaddr, CLIENTS[firmware], seconds)).heard


def _interface(name: str) -> Interface:
    """Return an interface that leads to an Ethernet.

    Raises:
        ProbeError: There is none of that name, or it is of another kind.
    """
    present = read()
    found = present.named(name)
    if found is None:
        others = ", ".join(each for each in present.names) or "none"
        raise ProbeError(f"there is no interface {name}; there are: {others}")
    kind = Path("/sys/class/net", name, "type")
    try:
        is_ethernet = int(kind.read_text()) == _ETHERNET
    except (OSError, ValueError):  # sysfs is another namespace's; the socket will tell
        is_ethernet = name != LOOPBACK
    if not is_ethernet:
        raise ProbeError(f"{name} is no Ethernet interface: machines do not boot from there")
    return found


def _unsent(interface: str, exc: OSError) -> ProbeError:
    if exc.errno == errno.ENETDOWN:
        return ProbeError(f"{interface} is down: ip link set {interface} up")
    return ProbeError(f"nothing can be sent out of {interface}: {exc.strerror or exc}")
