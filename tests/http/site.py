"""A site of one machine on a real HTTP server on loopback, and what a client hears from it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address
from pathlib import Path

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from pyxie.access.scope import Scope
from pyxie.builds.records import BuildRecords
from pyxie.composition import assemble
from pyxie.config.live import LiveSettings
from pyxie.config.settings import load_marked
from pyxie.events.kind import Step
from pyxie.http.admission import Patience
from pyxie.http.gate import Gate, Side, Verdict
from pyxie.http.parts import GATE, Parts
from pyxie.http.server import HttpServer
from pyxie.net.interfaces import Interface, Interfaces
from pyxie.servers import serve_http
from pyxie.store.database import Database
from pyxie.workers.trials import Runner
from tests.inthread import InThread, look_in_thread
from tests.store import newest
from tests.support import Clock

HOST = "linux001.internal"
MAC = "00:de:ad:90:74:60"
STRANGER = "198.51.100.66"

CONFIG = """\
templatepath: templates
machinepath: machines
staticspath: files
baseurl: http://boot.internal:8090
state: state/pyxie.sqlite
params:
    mirror: "deb.internal"
default_cmdline: "auto url={{ BaseURL }}/template/preseed/{{ Hostname }}/{{ Token }}"
default_kernel: linux
default_initrd: initrd.gz
default_image_url: http://files.internal:81/any/
"""

MACHINE = """\
hostname: linux001.internal
operatingsystem: "Bookworm"
preseed: bookworm.j2
finish: finish.j2
cmdline: "interface=auto url={{ BaseURL }}/template/preseed/{{ Hostname }}/{{ Token }} quiet"
image_url: http://files.internal:81/bookworm/amd64/
kernel: linux
initrd: initrd.gz
network:
  - name: eth0
    macaddress: 00:de:ad:90:74:60
params:
    static: True
"""

PRESEED = """\
d-i mirror/http/hostname string {{ config.Params.mirror }}
d-i netcfg/get_hostname string {{ machine.Hostname }}
{% if machine.Params.static == "True" -%}
d-i netcfg/disable_autoconfig boolean true
{% endif -%}
"""

FINISH = "wget {{ config.BaseURL }}/done/{{ machine.Hostname }}/{{ machine.Token }}\n"

FILES = {
    "config.yaml": CONFIG,
    f"machines/{HOST}.yaml": MACHINE,
    "templates/bookworm.j2": PRESEED,
    "templates/finish.j2": FINISH,
}

LOCAL = (
    MACHINE.replace("image_url: http://files.internal:81/bookworm/amd64/\n", "")
    .replace("kernel: linux", "kernel: deb/linux")
    .replace("initrd: initrd.gz", "initrd: [deb/initrd.gz, firmware.cpio]")
)
"""The machine with images that are served from the ``images`` folder."""

ALL_LOCAL = CONFIG.replace("default_image_url: http://files.internal:81/any/\n", "")
"""The settings without a place elsewhere for images."""


def lay(folder: Path, **changed: str | None) -> Path:
    """Write a site's files, some of them ``changed``: config, machine, preseed, finish.

    Returns:
        ``config.yaml``.
    """
    names = dict(zip(("config", "machine", "preseed", "finish"), FILES, strict=True))
    for key, name in names.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = changed.get(key, FILES[name])
        if content is not None:
            path.write_text(content)
    for name in ("files", "images", "ipxe"):
        (folder / name).mkdir(exist_ok=True)
    return folder / "config.yaml"


class OutsidersGate(Gate):
    """A gate to whom every client comes from elsewhere on the LAN."""

    def judge(
        self,
        peer: IPv4Address | IPv6Address,
        local: IPv4Address | IPv6Address,
        headers: Mapping[str, str],
        needed: Scope = Scope.ADMIN,
        *,
        version: tuple[int, int] = (1, 1),
        changes: bool = True,
    ) -> Verdict:
        stranger, ours = IPv4Address(STRANGER), IPv4Address("192.0.2.1")
        return super().judge(stranger, ours, headers, needed, version=version, changes=changes)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(compare=False, default_factory=dict)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Served:
    """What a test has at hand."""

    folder: Path
    parts: Parts
    server: HttpServer
    clock: Clock
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def ask(
        self, method: str, path: str, data: bytes | None = None, **headers: str
    ) -> Answer:
        """Make one request; ``path`` is sent as it is."""
        url = URL(self.url + path, encoded=True)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(
            method, url, data=data, headers=named, allow_redirects=False
        ) as answer:
            return Answer(answer.status, await answer.read(), CIMultiDict(answer.headers))

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, None, **headers)

    async def build(self, host: str = HOST) -> str:
        """Put the machine in build mode, and return its token."""
        answer = await self.ask("PUT", f"/build/{host}")
        assert answer == Answer(200, b"OK"), answer
        return answer.headers["Build-Token"]

    async def cut_off(self, path: str) -> bytes:
        """Return what comes of a file before the connection is cut off, which it has to be."""
        got = bytearray()
        with contextlib.suppress(aiohttp.ClientError):
            async with self.session.get(URL(self.url + path, encoded=True)) as answer:
                assert answer.status == 200
                async for piece in answer.content.iter_any():
                    got += piece
                raise AssertionError("all of it came")
        return bytes(got)

    async def raw(self, request: bytes) -> bytes:
        """Send bytes, and return all that comes until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        try:
            writer.write(request)
            async with asyncio.timeout(60):
                return await reader.read()
        finally:
            writer.close()

    def texts(self, *steps: Step) -> list[str]:
        """Return the texts of the events so far, of these steps or of all.

        Without the advice that the machine of this site gives cause for: nothing fetches `FINISH`.
        """
        events = self.parts.trace.recent()
        said = [event.text for event in events if not steps or event.step in steps]
        return [text for text in said if not text.endswith("build serves fetches 'finish'")]

    def counted(self, name: str, **labels: str) -> float:
        return self.parts.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    records: Callable[..., BuildRecords] = BuildRecords,
    runner: Runner | None = None,
    to_strangers: bool = False,
    patience: Patience = Patience(),  # noqa: B008  (frozen)
    listen: str = "127.0.0.1",
    **changed: str | None,
) -> AsyncIterator[Served]:
    """Serve a folder's site on a free port.

    Args:
        folder: Where its files are written, and its state.
        records: Makes the records of builds.
        runner: Renders; by default in a thread.
        to_strangers: All clients count as coming from elsewhere.
        patience: Of the server.
        listen: The address to listen on.
        **changed: Files, as for `lay`.
    """
    file = lay(folder, **changed)
    settings, document = load_marked(file)
    clock, database = Clock(), Database(newest.at(settings.state))
    eth0 = Interface("eth0", 2, (IPv4Interface("192.0.2.1/24"),))
    interfaces = Interfaces([eth0])
    live = LiveSettings(file, settings, document)
    parts = assemble(
        live,
        database,
        lambda: interfaces,
        runner or InThread(),
        look_in_thread,
        records=records,
        clock=clock,
        steady=clock,
    )
    server = serve_http(parts, (listen,), 0, patience=patience)
    async with (
        database,
        parts.builds,
        parts.machines,
        parts.boot_api,
        parts.upstreams,
        parts.image_store,
        parts.prefetches,
        parts.checkup,
        parts.verifier,
        server,
    ):
        if to_strangers:
            gate = OutsidersGate(
                settings.api, lambda _: False, parts.tokens.find, session=parts.sessions.find
            )
            _app(server)._state[GATE] = lambda: gate
            server._admission._side = lambda _peer, _local: Side.OTHERS
        running = asyncio.create_task(server.serve())
        try:
            async with aiohttp.ClientSession(auto_decompress=False) as session:
                yield Served(folder, parts, server, clock, session)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


def _app(server: HttpServer) -> web.Application:
    assert server._runner is not None
    return server._runner.app
