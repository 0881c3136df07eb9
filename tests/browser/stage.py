"""pyxie with a page and machines before it, in the event loop of the test that looks at the page.

All of pyxie is real but for what `tests.dialogue` leaves out, the sockets of DHCP and TFTP. HTTP
listens on loopback as well, where the browser comes in; machines come in from memory, each from an
address of its own.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, cast

from playwright.async_api import Page

from pyxie.diagnosis.standstill import Standstill
from pyxie.http import elsewhere
from pyxie.http.gate import Gate, Side
from pyxie.http.parts import Parts
from pyxie.net.address import Address
from pyxie.service import Service
from tests.browser.booting import Booting
from tests.browser.mirror import Mirror
from tests.browser.people import People
from tests.dialogue.boot import CONFIG, INITRD, KERNEL, Pyxie, boot, lay
from tests.dialogue.machine import Machine
from tests.support import Clock

HOST = "web01.example.org"
IMAGES = "http://mirror.example/"
QUIET = f"{CONFIG}image_store: {{size: 0}}\n"
"""Settings that keep nothing of other servers: files come from the `Mirror` each time."""
SERVER = IPv4Address("192.168.7.1")
STRANGER = IPv4Address("198.51.100.66")


def macs(number: int) -> str:
    """Return the MAC of a machine by its number."""
    return f"52:54:00:00:{number >> 8:02x}:{number & 0xFF:02x}"


def machine(number: int = 1, **more: str) -> str:
    """Return a machine file; with further keys."""
    keys = {
        "image_url": IMAGES,
        "kernel": "linux",
        "initrd": "initrd.gz",
        "cmdline": '"auto url={{ BaseURL }}/template/preseed/{{ Hostname }}/{{ Token }}"',
        "preseed": "preseed.j2",
        "operatingsystem": '"Debian 12"',
        "network": f"[{{macaddress: {macs(number)}}}]",
        **more,
    }
    return "".join(f"{key}: {value}\n" for key, value in keys.items())


class Passing(Clock):
    """The computer's clock, which the page goes by too; or for a while an earlier one.

    Attributes:
        behind: Seconds by which it is late: what happens now, happened so long ago.
    """

    def __init__(self) -> None:
        self.behind = 0.0
        super().__init__(self.now)

    @property
    def now(self) -> float:
        return time.time() - self.behind

    @now.setter
    def now(self, now: float) -> None:
        """Go on as it does: a machine's acts take no time here."""

    def __call__(self) -> float:
        return self.now


@dataclass
class Stage:
    """What a test has at hand.

    Attributes:
        folder: The site's files.
        people: Those who look at the page.
        mirror: Gives machines their kernels and initrds.
        clock: pyxie's.
        strangers: The browser comes from elsewhere on the LAN; may be changed at any time.
    """

    folder: Path
    people: People
    mirror: Mirror
    clock: Passing
    _config: str
    strangers: bool = False
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)
    _pyxie: Pyxie | None = None
    _port: int = 0
    _addresses: int = 50
    _booting: list[Booting] = field(default_factory=list)

    @property
    def pyxie(self) -> Pyxie:
        assert self._pyxie is not None, "it is stopped"
        return self._pyxie

    @property
    def parts(self) -> Parts:
        return self.pyxie.parts

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start pyxie; once more on the same port, on what it left on disk."""
        begun = boot(
            self.folder,
            config=self._config,
            machine=None,
            upstream=self.mirror,
            clock=self.clock,
            port=self._port,
            also=_also,
            altered=self._altered,
        )
        _, pyxie = await self._running.enter_async_context(begun)
        self._pyxie, self._port = pyxie, pyxie.port or 0

    async def stop(self) -> None:
        """End pyxie; whoever looks at the page is cut off."""
        for each in self._booting:
            await each.switched_off()
        self._pyxie = None
        await self._running.aclose()

    async def visits(self, path: str = "/", **options: Any) -> Page:
        """Open a screen in a browser of a person's own, with nothing kept from others.

        Args:
            path: Of the screen.
            **options: Of the browser's context, such as ``java_script_enabled=False``,
                ``color_scheme="dark"`` or ``viewport={"width": 360, "height": 740}``.
        """
        page = await self.people.comes(self.url, **options)
        await page.goto(path)
        return page

    async def builds(self, host: str = HOST) -> str:
        """Put a machine in build mode; return its token."""
        return await self.pyxie.builds(host)

    def client(self, number: int = 1, smbios: Mapping[str, str] | None = None) -> Machine:
        """Return a machine that is plugged in, by the number of its MAC."""
        self._addresses += 1
        address = IPv4Address("192.168.7.0") + self._addresses
        return Machine(macs(number), address, SERVER, self.pyxie.wires, smbios or {})

    def boots(self, host: str = HOST, number: int = 1) -> Booting:
        """Switch a machine on, which then boots step by step."""
        booting = Booting(host, self.client(number), self.mirror)
        self._booting.append(booting)
        return booting

    @contextmanager
    def ago(self, seconds: float) -> Iterator[None]:
        """Have what is done inside happen so long ago."""
        self.clock.behind = seconds
        try:
            yield
        finally:
            self.clock.behind = 0.0

    def writes(self, name: str, text: str) -> None:
        """Write a file of the site's; ``POST /reload`` has pyxie read it."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def _altered(self, parts: Parts) -> Parts:
        gate = parts.gate
        return replace(parts, gate=lambda: cast("Gate", _Elsewhere(gate(), self)))


class _Elsewhere:
    """A gate to whom the browser comes from elsewhere on the LAN, while the test says so."""

    def __init__(self, gate: Gate, stage: Stage) -> None:
        self._gate, self._stage = gate, stage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gate, name)

    def judge(self, peer: Address, local: Address, *rest: Any, **named: Any) -> Any:
        return self._gate.judge(*self._seen(peer, local), *rest, **named)

    def side(self, peer: Address, local: Address) -> Side:
        return self._gate.side(*self._seen(peer, local))

    def _seen(self, peer: Address, local: Address) -> tuple[Address, Address]:
        is_stranger = self._stage.strangers and peer.is_loopback
        return (STRANGER, SERVER) if is_stranger else (peer, local)


def _also(parts: Parts) -> Iterable[Service]:
    """Return what a daemon runs besides its servers; of what takes processes, nothing."""
    yield parts.state
    yield parts.audit
    yield parts.archive
    yield parts.hooks
    yield Standstill(parts.index, parts.standings, parts.trace, parts.paces.refresh, every=0.2)
    yield parts.verifier
    yield parts.image_store
    yield parts.prefetches
    yield parts.checkup
    yield parts.media


@asynccontextmanager
async def onstage(
    folder: Path,
    people: People,
    *,
    config: str = QUIET,
    machines: Mapping[str, str] | None = None,
    strangers: bool = False,
    kernel: bytes = KERNEL,
) -> AsyncIterator[Stage]:
    """Start pyxie on a site, and end it; whatever displeased a browser meanwhile fails the test.

    Args:
        folder: Where the site is laid.
        people: Those who come to look.
        config: Of ``config.yaml``.
        machines: Machine files by hostname; by default that of `HOST`.
        strangers: The browser comes from elsewhere on the LAN, and may do nothing by its address.
        kernel: What machines are given of the mirror.
    """
    laid = {HOST: machine()} if machines is None else machines
    lay(folder, config, None)
    for host, text in laid.items():
        (folder / f"machines/{host}.yaml").write_text(text)
    files = {f"{IMAGES}linux": kernel, f"{IMAGES}initrd.gz": INITRD}
    stage = Stage(folder, people, Mirror(files), Passing(), config, strangers)
    names = vars(elsewhere)
    pace, names["paced"] = names["paced"], lambda moved: moved  # else once a second
    try:
        await stage.start()
        yield stage
        people.assert_content()
    finally:
        names["paced"] = pace
        await people.leave()
        await stage.stop()
