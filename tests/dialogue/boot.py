"""A pyxie and a machine in one process, with nothing but memory between them.

All of pyxie is real: parts, servers and the state on disk. What is not: sockets, the clock, the
server that images are streamed from, and the machine.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from pyxie.composition import assemble
from pyxie.config.live import LiveSettings
from pyxie.config.settings import load_marked
from pyxie.grub.texts import ENTRY
from pyxie.http.listening import Listener, listeners
from pyxie.http.parts import Parts
from pyxie.images.spec import Upstream
from pyxie.images.upstream import Judge, Moved, UpstreamError, Upstreams
from pyxie.loaders.folders import Loaders
from pyxie.net.interfaces import Interface, Interfaces
from pyxie.servers import serve_dhcp, serve_http, serve_tftp
from pyxie.service import Service
from pyxie.store.database import Database
from tests.dhcp.packets import MAC
from tests.dhcp.sockets import FakeSocket
from tests.dialogue.machine import Machine
from tests.dialogue.wires import Answer, Connection, TftpWire, Wires
from tests.inthread import InThread, look_in_thread
from tests.store import newest
from tests.support import Clock

HOST = "web01.example.org"
DASHED = MAC.replace(":", "-")
SERVER = IPv4Address("192.168.7.1")
CLIENT = IPv4Address("192.168.7.50")
US = f"http://{SERVER}:8090"

UNDIONLY = bytes(n % 251 for n in range(70_000))
IPXE_EFI = b"MZ" + bytes(n % 239 for n in range(90_000))
KERNEL = b"kernel " * 40_000
INITRD = b"initrd " * 9_000

CONFIG = """\
templatepath: templates
machinepath: machines
state: state/pyxie.sqlite
"""
MACHINE = f"""\
kernel: linux
initrd: initrd.gz
cmdline: "auto url={{{{ BaseURL }}}}/template/preseed/{{{{ Hostname }}}}/{{{{ Token }}}}"
preseed: preseed.j2
network:
  - macaddress: {MAC}
"""
ADOPTED = {
    "hostname": HOST,
    "kernel": "linux",
    "initrd": ["initrd.gz"],
    "cmdline": "auto url={{ BaseURL }}/template/preseed/{{ Hostname }}/{{ Token }}",
    "preseed": "preseed.j2",
}
"""The same machine, as REST is told of it; without its NIC."""
PRESEED = """\
d-i netcfg/get_hostname string {{ Hostname }}
d-i partman-auto/disk string /dev/sda
d-i preseed/late_command string wget {{ BaseURL }}/done/{{ Hostname }}/{{ Token }}
"""


def lay(folder: Path, config: str, machine: str | None) -> Path:
    """Write a site's files; return ``config.yaml``."""
    files: dict[str, bytes] = {
        "config.yaml": config.encode(),
        "templates/preseed.j2": PRESEED.encode(),
        "images/linux": KERNEL,
        "images/initrd.gz": INITRD,
        "ipxe/undionly.kpxe": UNDIONLY,
        "ipxe/ipxe-x86_64.efi": IPXE_EFI,
    }
    if machine is not None:
        files[f"machines/{HOST}.yaml"] = machine.encode()
    (folder / "machines").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / "config.yaml"


class FakeUpstreams(Upstreams):
    """Streams what is in memory, by URL."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__()
        self._files = files

    async def __aenter__(self) -> Self:
        return self

    async def stream(
        self,
        source: Upstream,
        request: web.Request,
        moved: Moved = lambda _sent, _total: None,
        waits: Callable[[float], None] = lambda _seconds: None,
        judge: Judge | None = None,
        passed: Callable[[str, UpstreamError], None] = lambda _url, _why: None,
    ) -> web.StreamResponse:
        url = source.url
        if url not in self._files:
            raise UpstreamError(url, "answered 404 Not Found")
        content = self._files[url]
        response = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await response.prepare(request)
        if request.method != "HEAD":
            await response.write(content)
        await response.write_eof()
        moved(len(content), len(content))
        return response


@dataclass
class Pyxie:
    """The server, as its administrator sees it."""

    folder: Path
    parts: Parts
    wires: Wires
    port: int | None = None
    """Of TCP on loopback, if it listens there too."""
    _told_until: float = 0.0

    async def rest(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Call the REST API from pyxie's own host."""
        said = b"" if body is None else json.dumps(body).encode()
        connection = self.wires.connect(str(SERVER))
        try:
            named = {"Content-Type": "application/json"} if said else {}
            return await connection.ask(method, path, said, named)
        finally:
            connection.close()

    async def builds(self, host: str = HOST) -> str:
        """Put a machine in build mode; return its token."""
        answer = await self.rest("PUT", f"/build/{host}")
        assert (answer.status, answer.text) == (200, "OK"), answer.text
        return str(answer.headers["Build-Token"])

    async def status(self, host: str = HOST) -> str:
        """Return where its build stands, in waitron's words."""
        return (await self.rest("GET", f"/status/{host}")).text.strip()

    def said(self) -> list[str]:
        """Return what a person reads since the last time, as of ``pyxie events``.

        How many seconds a file took is the computer's own, and left out.
        """
        events = [each for each in self.parts.trace.recent() if each.at > self._told_until]
        self._told_until = self.wires.clock.now
        self.wires.clock.now += 1
        return [re.sub(r" in [\d.]+ s\b", "", each.text) for each in events]


@asynccontextmanager
async def boot(
    folder: Path,
    *,
    config: str = CONFIG,
    machine: str | None = MACHINE,
    mac: str = MAC,
    smbios: Mapping[str, str] | None = None,
    upstream: Mapping[str, bytes] | Upstreams | None = None,
    clock: Clock | None = None,
    port: int | None = None,
    also: Callable[[Parts], Iterable[Service]] = lambda _: (),
    altered: Callable[[Parts], Parts] = lambda parts: parts,
) -> AsyncIterator[tuple[Machine, Pyxie]]:
    """Begin a dialogue between a machine that is switched on and pyxie.

    Args:
        folder: Where the site's files are written, and its state.
        config: Of ``config.yaml``.
        machine: The file of `HOST`; None for no file.
        mac: Of the machine that boots.
        smbios: What its iPXE reads there, such as ``serial``.
        upstream: The files of the server that images are streamed from, by URL; or who streams.
        clock: By which all is dated and lasts; by default one that stands still.
        port: Listen on loopback too, for a client that is a program; 0 takes a free port.
        also: Services that run besides.
        altered: Given the parts, returns those that are used.
    """
    file = lay(folder, config, machine)
    settings, document = load_marked(file)
    clock, database = clock or Clock(), Database(newest.at(settings.state))
    if not isinstance(upstream, Upstreams):
        upstream = FakeUpstreams(upstream or {})
    eth0 = Interface("eth0", 2, (IPv4Interface(f"{SERVER}/24"),))
    present = Interfaces([Interface("lo", 1, (IPv4Interface("127.0.0.1/8"),)), eth0])
    live = LiveSettings(file, settings, document)
    parts = altered(
        replace(
            assemble(
                live,
                database,
                lambda: present,
                InThread(),
                look_in_thread,
                clock=clock,
                steady=clock,
            ),
            upstreams=upstream,
            # Not those of the computer itself.
            loaders=Loaders(lambda: settings.ipxe, (), entry=ENTRY.encode()),
        )
    )

    dhcp, pxe, tftp = FakeSocket(67), FakeSocket(4011), TftpWire(SERVER.packed, eth0.index)
    servers: list[Service] = [
        serve_dhcp(parts, lambda: present, opener=lambda _: (dhcp, pxe), clock=clock),
        serve_tftp(parts, lambda: present, listener=tftp.listen, opener=tftp.opens, fits=tftp.fits),
        *also(parts),
    ]
    http = serve_http(parts, (), settings.http.port)
    async with AsyncExitStack() as stack:
        for each in (database, parts.builds, parts.machines):
            await stack.enter_async_context(each)
        stack.push_async_exit(http)
        factory = await http.set_up()
        for server in servers:
            await stack.enter_async_context(server)
            running = asyncio.create_task(server.serve())
            stack.push_async_callback(asyncio.wait, [running])
            stack.callback(running.cancel)
        if port is not None:
            [listener] = [Listener(each, factory) for each in listeners(("127.0.0.1",), port)]
            port = listener.port
            listener.serve()
            stack.callback(listener.close)
        await asyncio.sleep(0)

        def connect(client: str) -> Connection:
            return Connection(factory, (client, 40_000), (str(SERVER), settings.http.port))

        wires = Wires(dhcp, pxe, tftp, connect, clock)
        client = Machine(mac, CLIENT, SERVER, wires, smbios or {})
        stack.callback(client.leaves)
        yield client, Pyxie(folder, parts, wires, port)
