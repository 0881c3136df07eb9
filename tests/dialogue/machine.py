"""What starts in a machine, one after the other: its firmware, iPXE, and an installer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from pyxie.dhcp.message import DhcpMessage, MessageType, Option, encapsulated
from pyxie.probing.questions import CLIENTS, Firmware, boot_request, discover, then_ipxe
from pyxie.tftp.packet import OptionAck, ReadRequest, Refusal, error, parse, read_request
from tests.dhcp.packets import UUID, as_request
from tests.dhcp.sockets import FakeSocket, Sent
from tests.dialogue.ipxe import Ipxe, Ran
from tests.dialogue.wires import PATIENCE, Answer, Connection, Datagram, Wires
from tests.support import eventually
from tests.tftp.rom import Rom

# What real firmware was recorded to send: see tests/probing/test_questions.py.
_BIOS, _UEFI, _HTTP = (CLIENTS[each] for each in (Firmware.BIOS, Firmware.UEFI_X64, Firmware.HTTP))
BIOS_ROM, UEFI_PXE, UEFI_HTTP, BIOS_IPXE, UEFI_IPXE = (
    discover(each, bytes(6), 0, UUID[1:])
    for each in (_BIOS, _UEFI, _HTTP, then_ipxe(_BIOS), then_ipxe(_UEFI))
)

SILENCE = None
EVERYBODY = "255.255.255.255:68"
_SKIP_DISCOVERY = 8  # of option 43.6


@dataclass(frozen=True)
class Reply:
    """What pyxie said over DHCP, as far as firmware acts upon it.

    Attributes:
        kind: ``OFFER`` or ``ACK``.
        file: The boot file's name or URL.
        vendor: Option 60, by which firmware takes the answer for its own.
        skip_discovery: Option 43 says to take the file and look no further.
        to: Whom it was sent to.
    """

    kind: str
    file: str
    vendor: str = "PXEClient"
    skip_discovery: bool = False
    to: str = EVERYBODY


@dataclass
class Machine:
    """One NIC of a machine, plugged into the network of `wires`.

    Each thing that it does takes a second of the harness's time.
    """

    mac: str
    address: IPv4Address
    server: IPv4Address
    wires: Wires
    smbios: Mapping[str, str] = field(default_factory=dict)
    connections: int = 0
    _xid: int = 0x1000
    _port: int = 2069
    _http: Connection | None = None
    _asked: DhcpMessage | None = None

    # DHCP

    async def discovers(
        self, who: DhcpMessage, *, relay: str = "0.0.0.0", option_82: bytes = b""
    ) -> Reply | None:
        """Broadcast a DISCOVER; or have a relay agent send it on, which adds option 82."""
        self._xid += 1
        source = IPv4Address(relay)
        if option_82:
            who = replace(who, options={**who.options, Option.RELAY_AGENT: option_82})
        return await self._says(replace(who, giaddr=source), self.wires.dhcp, source)

    @property
    def xid(self) -> int:
        """Of its last DISCOVER."""
        return self._xid

    async def repeats_itself(self) -> Reply | None:
        """Broadcast the last DISCOVER again, as who hears no answer does."""
        assert self._asked is not None
        return await self._says(self._asked, self.wires.dhcp, IPv4Address(0))

    async def requests_its_lease(self, who: DhcpMessage) -> Reply | None:
        """Broadcast the REQUEST that is for the LAN's DHCP server."""
        return await self._says(as_request(who), self.wires.dhcp, IPv4Address(0))

    async def asks_port_4011(self, who: DhcpMessage) -> Reply | None:
        """Ask for the boot file from the address that was leased."""
        return await self._says(boot_request(who, 0, self.address), self.wires.pxe)

    async def _says(
        self, message: DhcpMessage, on: FakeSocket, source: IPv4Address | None = None
    ) -> Reply | None:
        self._wait(1)
        chaddr = bytes.fromhex(self.mac.replace(":", ""))
        asked = replace(message, chaddr=chaddr, xid=self._xid)
        on.sent.clear()
        on.deliver(asked, source=self.address if source is None else source)
        async with asyncio.timeout(PATIENCE):
            while not on.idle:  # noqa: ASYNC110 - lets the loop run
                await asyncio.sleep(0)
        assert len(on.sent) <= 1
        self._asked = asked
        return self._read(asked, on.sent[0]) if on.sent else SILENCE

    async def hears_at_last(self) -> Reply:
        """Go on listening for an answer to the last DISCOVER."""
        assert self._asked is not None
        [late] = await eventually(lambda: self.wires.dhcp.sent)
        return self._read(self._asked, late)

    def _read(self, asked: DhcpMessage, sent: Sent) -> Reply:
        """Take an answer as firmware does, which wants all of this."""
        said = sent.message
        assert (said.xid, said.chaddr) == (asked.xid, asked.chaddr)
        assert said.options[Option.CLIENT_UUID] == asked.options[Option.CLIENT_UUID]
        assert said.options.get(Option.RELAY_AGENT) == asked.options.get(Option.RELAY_AGENT)
        assert said.siaddr == IPv4Address(said.options[Option.SERVER_ID]) == self.server
        assert said.options[Option.BOOTFILE_NAME] == said.file + b"\0"
        control = encapsulated(said.options.get(Option.VENDOR_SPECIFIC, b"")).get(6, b"\0")
        return Reply(
            MessageType(said.type or 0).name,
            said.file.decode(),
            said.options[Option.VENDOR_CLASS].decode(),
            skip_discovery=bool(control[0] & _SKIP_DISCOVERY),
            to=f"{sent.to.address}:{sent.to.port}",
        )

    def _wait(self, seconds: float) -> None:
        self.wires.clock.now += seconds

    # TFTP

    async def asks_the_size(self, name: str) -> int:
        """Ask for a file's size, and break off with an error, as EDK2 and most ROMs do."""
        heard = self._asks(name, {"tsize": "0"})
        sent = await _next(heard)
        packet = parse(sent.data)
        assert isinstance(packet, OptionAck), packet
        assert sent.by is not None
        sent.by.put(error(8, "User aborted the transfer"))
        await sent.by.over()
        return int(packet.options["tsize"])

    async def fetches(self, name: str, **options: str) -> bytes | str:
        """Fetch a file over TFTP; return it, or the words of the error."""
        rom, heard = Rom(), self._asks(name, options)
        while True:
            sent = await _next(heard)
            packet = parse(sent.data)
            if isinstance(packet, Refusal):
                return packet.message
            assert sent.by is not None
            due = rom.hear(sent.data)
            if due is not None:
                sent.by.put(due)
            if rom.done:
                await sent.by.over()
                return bytes(rom.content)

    def _asks(self, name: str, options: Mapping[str, str]) -> asyncio.Queue[Datagram]:
        self._wait(1)
        self._port += 1
        request = read_request(ReadRequest(name, "octet", options))
        return self.wires.tftp.ask((str(self.address), self._port), request)

    # HTTP

    async def gets(
        self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Get a URL by address, on one connection for as long as the server keeps it."""
        self._wait(1)
        found = re.fullmatch(rf"http://{self.server}:8090(/.*)", url)
        assert found is not None, f"{url} is not at {self.server}: firmware has no DNS"
        if self._http is None or self._http.is_closing():
            self._http = self.wires.connect(str(self.address))
            self.connections += 1
        return await self._http.ask(method, found[1], headers=headers)

    def leaves(self) -> None:
        """Start what was loaded: connections of what ran before are gone."""
        if self._http is not None:
            self._http.close()
        self._http = None

    # iPXE

    async def runs_script(self, url: str, meanwhile: Callable[[], object] = lambda: None) -> Ran:
        """Run a script as an iPXE that has just started, until that leaves or boots a kernel.

        Args:
            url: As iPXE was offered it.
            meanwhile: Called each time that the script sleeps.
        """
        return await self._runs(lambda ipxe: ipxe.run(url), meanwhile)

    async def runs(self, text: str) -> Ran:
        """Run a script that an iPXE has got by other ways."""
        return await self._runs(lambda ipxe: ipxe.runs(text))

    async def _runs(
        self,
        begin: Callable[[Ipxe], Awaitable[Ran]],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> Ran:
        def sleeps(seconds: float) -> None:
            self._wait(seconds)
            meanwhile()

        settings = {"net0/mac": self.mac, "errno": "2d0c613b", **self.smbios}
        self.leaves()
        ran = await begin(Ipxe(self.gets, sleeps, settings))
        self.leaves()
        return ran

    # The installer

    async def installs(self, ran: Ran) -> str:
        """Do as the installer: fetch the preseed of the command line, then say it is done."""
        assert ran.ended == "boot"
        found = re.search(r"url=(\S+)", ran.cmdline)
        assert found is not None, ran.cmdline
        preseed = (await self.gets(found[1])).text
        done = re.search(r"http:\S+/done/\S+", preseed)
        assert done is not None, preseed
        return (await self.gets(done[0])).text


async def _next(heard: asyncio.Queue[Datagram]) -> Datagram:
    async with asyncio.timeout(PATIENCE):
        return await heard.get()
