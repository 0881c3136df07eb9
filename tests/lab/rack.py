"""Machines that boot by the whole chain over a real network, many at once, without virtual ones.

    python -m tests.lab.rack INTERFACE SERVER MACHINES SECONDS

Each has an address of its own on the interface, and does what firmware, iPXE and an installer
do: DISCOVER, TFTP, DISCOVER again, script, kernel, initrd, preseed, done. They begin spread over
so many seconds. At the end it prints JSON: how many have booted, how long each offer and each
script took in seconds, and what went wrong, by machine.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TypeAlias

import aiohttp

from pyxie.dhcp.message import DhcpMessage, MessageType, Option, build, parse
from pyxie.errors import WireError
from pyxie.tftp.packet import ReadRequest, read_request
from tests.dhcp.packets import UEFI_FEATURES, as_request, discover, ipxe
from tests.dialogue.ipxe import Ipxe, Ran
from tests.dialogue.wires import Answer
from tests.lab.besieged import host_of, mac_of

FIRMWARE = discover(7, o60=b"PXEClient:Arch:00007:UNDI:003016")
IPXE = ipxe(7, o60=b"PXEClient:Arch:00007:UNDI:003010", o175=UEFI_FEATURES)
Gets: TypeAlias = Callable[[str], Awaitable[Answer]]
PATIENCE = {"firmware": (4, 8, 16, 32), "ipxe": (1, 2, 4, 8)}
"""Seconds that each DISCOVER is waited for (EDK2's MdeModulePkg, iPXE's net/udp/dhcp.c)."""
BLOCK = 1468


def address_of(at: int) -> str:
    """Return a machine's address."""
    return f"10.99.{1 + at // 200}.{1 + at % 200}"


class NoBootError(Exception):
    """A machine gave up."""


@dataclass
class Told:
    """What became of all machines."""

    booted: int = 0
    offers: list[float] = field(default_factory=list)
    scripts: list[float] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


class Wire(asyncio.DatagramProtocol):
    """Port 68 of all machines: what comes is handed to whoever asked, by its xid."""

    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Queue[DhcpMessage]] = defaultdict(asyncio.Queue)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) > 8 and data[0] == 2 and int.from_bytes(data[4:8]) in self.waiting:
            try:
                self.waiting[int.from_bytes(data[4:8])].put_nowait(parse(data))
            except WireError:
                return


class Transfer(asyncio.DatagramProtocol):
    """One file by TFTP, its windows acknowledged as they come."""

    def __init__(self, server: str, name: str) -> None:
        options = {"blksize": str(BLOCK), "windowsize": "4"}
        self._ask = read_request(ReadRequest(name, "octet", options))
        self._server = server, 69
        self._from: tuple[str, int] | None = None
        self._block = self.size = 0
        self._window = 4
        self.over: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.heard = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.again()

    def again(self) -> None:
        """Say the last thing again."""
        if self._from is None:
            self._transport.sendto(self._ask, self._server)  # type: ignore[attr-defined]
        else:
            self._acknowledge()

    def _acknowledge(self) -> None:
        said = struct.pack(">HH", 4, self._block & 0xFFFF)
        self._transport.sendto(said, self._from)  # type: ignore[attr-defined]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._from not in (None, addr) or self.over.done():
            return
        self._from, self.heard = addr, time.monotonic()
        code, block = struct.unpack_from(">HH", data)
        if code == 5:
            self.over.set_exception(NoBootError(f"TFTP: {data[4:-1].decode()}"))
        elif code == 6:
            # A server that does not know of windows leaves the word out (RFC 7440, section 3).
            self._window = 4 if b"windowsize" in data.lower() else 1
            self._acknowledge()
        elif code == 3 and block == (self._block + 1) & 0xFFFF:
            self._block += 1
            self.size += len(data) - 4
            last = len(data) - 4 < BLOCK
            if last or self._block % self._window == 0:
                self._acknowledge()
            if last:
                self.over.set_result(self.size)
        elif code == 3:
            self._acknowledge()


class Rack:
    """The machines, on one interface."""

    def __init__(self, server: str, wire: Wire, port: asyncio.DatagramTransport) -> None:
        self._server, self._wire, self._port = server, wire, port
        self._xids = count(0x1000)
        self.told = Told()

    async def boot(self, at: int, after: float) -> None:
        """Boot one machine, and note what became of it."""
        await asyncio.sleep(after)
        try:
            await self._boots(at)
        except (NoBootError, AssertionError, OSError, aiohttp.ClientError, TimeoutError) as exc:
            self.told.failures[host_of(at)] = f"{type(exc).__name__}: {exc}"
        else:
            self.told.booted += 1

    async def _boots(self, at: int) -> None:
        url = await self.offered(at)
        connector = aiohttp.TCPConnector(local_addr=(address_of(at), 0), force_close=True)
        timeout = aiohttp.ClientTimeout(total=120)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            await self._installs(at, url, session)

    async def offered(self, at: int) -> str:
        """Boot one machine's firmware, loader and iPXE; return the URL of its script."""
        offer = await self._asks(at, FIRMWARE, "firmware", 67)
        if not offer.file and Option.BOOTFILE_NAME not in offer.options:
            offer = await self._asks(at, as_request(FIRMWARE), "firmware", 4011)
        size = await self._loads(at, _file(offer))
        if size < 1 << 19:
            raise NoBootError(f"the loader came with {size} bytes")
        return _file(await self._asks(at, IPXE, "ipxe", 67))

    async def loads(self, at: int, url: str, gets: Gets) -> Ran:
        """Run one machine's script until it boots a kernel."""
        names = {"net0/mac": mac_of(at), "netX/mac": mac_of(at).replace(":", "-")}
        ran = await Ipxe(gets, lambda _: None, names).run(url)
        if ran.ended != "boot":
            raise NoBootError(f"iPXE left for the next device: {ran.screen}")
        return ran

    async def _installs(self, at: int, url: str, session: aiohttp.ClientSession) -> None:
        async def gets(what: str) -> Answer:
            began = time.monotonic()
            answer = await got(session, what)
            if "/ipxe/" in what:
                self.told.scripts.append(time.monotonic() - began)
            return answer

        ran = await self.loads(at, url, gets)
        found = re.search(r"url=(\S+/template/\S+/(\S+)/(\S+))", ran.cmdline)
        if found is None:
            raise NoBootError(f"no preseed in {ran.cmdline}")
        preseed = await gets(found[1])
        if preseed.status != 200 or found[3].encode() not in preseed.body:
            raise NoBootError(f"the preseed: {preseed.status}, {preseed.body[:200]!r}")
        done = await gets(f"http://{self._server}:8090/done/{found[2]}/{found[3]}")
        if done.status != 200:
            raise NoBootError(f"done: {done.status}, {done.body[:200]!r}")

    async def _asks(self, at: int, what: DhcpMessage, who: str, port: int) -> DhcpMessage:
        xid = next(self._xids)
        mac = bytes.fromhex(mac_of(at).replace(":", ""))
        options = dict(what.options)
        sent = build(DhcpMessage(op=what.op, xid=xid, chaddr=mac, flags=0x8000, options=options))
        heard = self._wire.waiting[xid]
        began = time.monotonic()
        try:
            for seconds in PATIENCE[who]:
                self._port.sendto(sent, ("255.255.255.255" if port == 67 else self._server, port))
                try:
                    answer = await asyncio.wait_for(heard.get(), seconds)
                except TimeoutError:
                    continue
                self.told.offers.append(time.monotonic() - began)
                return answer
        finally:
            del self._wire.waiting[xid]
        kind = MessageType(what.options[Option.MESSAGE_TYPE][0]).name
        raise NoBootError(f"no answer to its {kind} on port {port}")

    async def _loads(self, at: int, name: str) -> int:
        loop = asyncio.get_running_loop()
        transport, transfer = await loop.create_datagram_endpoint(
            lambda: Transfer(self._server, name), local_addr=(address_of(at), 0)
        )
        try:
            while not transfer.over.done():
                await asyncio.wait([transfer.over], timeout=2)
                if time.monotonic() - transfer.heard > 60:
                    raise NoBootError(f"TFTP: {name} stopped after {transfer.size} bytes")
                if time.monotonic() - transfer.heard > 1.5:
                    transfer.again()
            return transfer.over.result()
        finally:
            transport.close()


async def got(session: aiohttp.ClientSession, url: str) -> Answer:
    """Return what is at a URL."""
    async with session.get(url) as answer:
        return Answer(answer.status, await answer.read())


def _file(offer: DhcpMessage) -> str:
    name = offer.options.get(Option.BOOTFILE_NAME) or offer.file
    return name.rstrip(b"\0").decode()


@asynccontextmanager
async def rack_on(interface: str, server: str) -> AsyncIterator[Rack]:
    """Give machines that are plugged into an interface."""
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    port.bind(("0.0.0.0", 68))
    loop = asyncio.get_running_loop()
    transport, wire = await loop.create_datagram_endpoint(Wire, sock=port)
    try:
        yield Rack(server, wire, transport)
    finally:
        transport.close()


async def boot_all(interface: str, server: str, machines: int, seconds: float) -> Told:
    """Boot the machines; return what became of them."""
    async with rack_on(interface, server) as rack:
        await asyncio.gather(*(rack.boot(at, seconds * at / machines) for at in range(machines)))
    return rack.told


def main() -> None:
    """Boot as the command line says."""
    interface, server, machines, seconds = sys.argv[1:]
    told = asyncio.run(boot_all(interface, server, int(machines), float(seconds)))
    print(json.dumps(vars(told)))


if __name__ == "__main__":
    main()
