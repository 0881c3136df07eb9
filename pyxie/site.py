"""What all servers share: settings, machines, builds and what is rendered for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from pyxie.builds.builds import Builds
from pyxie.builds.life import Build, State
from pyxie.config.settings import Settings
from pyxie.dhcp.standing import Standing
from pyxie.loaders import Loaders
from pyxie.metrics import Metrics
from pyxie.net.interfaces import Interfaces
from pyxie.registry.folder import Folder
from pyxie.registry.machine import Machine
from pyxie.registry.registry import Registry
from pyxie.registry.writer import Writer
from pyxie.render.boot import Kitchen
from pyxie.render.context import Occasion
from pyxie.trace.trace import Trace

log = logging.getLogger(__name__)

_WHY = {
    State.INSTALLED: "installed",
    State.CANCELLED: "out of build mode: its build was cancelled",
}


class Site:
    """The daemon's parts that are not servers.

    Args:
        settings: From ``config.yaml``.
        file: Where they were read from, for messages.
        builds: Who is in build mode.
        trace: Recent events.
        metrics: Counters.
        interfaces: The interfaces as they are now.
    """

    def __init__(
        self,
        settings: Settings,
        file: Path,
        *,
        builds: Builds,
        trace: Trace,
        metrics: Metrics,
        interfaces: Callable[[], Interfaces],
    ) -> None:
        self.settings = settings
        self.file = file
        self.builds = builds
        self.trace = trace
        self.metrics = metrics
        self.interfaces = interfaces
        self.loaders = Loaders(settings.ipxe)
        self.kitchen = Kitchen(settings)
        self.registry = Registry()
        self.forget_chain: Callable[[str], None] = lambda _mac: None
        """Told the MAC whose iPXE has got its script; DHCP listens, if it is on."""
        self._folder = Folder(settings.machinepath)
        self.writer = Writer(settings.machinepath)
        self.writing = asyncio.Lock()
        """Held from looking at the machines to having written one."""
        self._scanning = asyncio.Lock()

    async def refresh(self) -> Registry:
        """Read machine files that have changed; what is new in being wrong is logged."""
        async with self._scanning:
            before, after = self.registry, await asyncio.to_thread(self._folder.scan)
            if after is before:
                return after
            self.registry = after
            for problem in sorted(set(after.problems) - set(before.problems)):
                log.error("%s", problem)
            for problem in sorted(set(before.problems) - set(after.problems)):
                log.info("mended: %s", problem)
            if after.machines.keys() != before.machines.keys():
                log.info("%d machine(s) are known", len(after.machines))
            self.metrics.machines.set(len(after.machines))
            self.metrics.machines_broken.set(len(after.broken))
            return after

    def host_of(self, mac: str) -> str | None:
        """Return the hostname of the machine with that NIC."""
        machine = self.registry.by_mac.get(mac)
        if machine is not None:
            return machine.hostname
        build = self.builds.by_mac(mac)
        return build.host if build else None

    def standing(self, mac: str) -> Standing:
        """Return what DHCP needs to know of a machine; never waits."""
        host = self.host_of(mac)
        if host is None:
            return Standing(None, in_build=False, why="not in the registry")
        build = self.builds.of(host)
        if build is not None and build.active:
            return Standing(host, in_build=True)
        why = _WHY.get(build.state, "") if build else ""
        return Standing(host, in_build=False, why=why or "not in build mode")

    def machine_of(self, build: Build) -> Machine:
        """Return a build's machine as its file says now, or as it was when it began.

        waitron reads the file at every request, so an edit counts from then on; a file
        that was broken or removed since must not end a running installation.
        """
        return self.registry.machines.get(build.host) or Machine.model_validate_json(
            build.definition
        )

    def base_url(self, local: IPv4Address | IPv6Address, port: int) -> str:
        """Return how a client that reached us at ``local`` reaches us.

        Args:
            local: Our end of its connection.
            port: Our HTTP port.
        """
        if self.settings.baseurl:
            return self.settings.baseurl
        address: IPv4Address | IPv6Address = local
        if local.is_loopback or (local.version == 6 and local.is_link_local):
            # Of no use to others; or only with a zone, which a URL in a script cannot have.
            address = self.interfaces().first() or local
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"http://{host}:{port}"

    def occasion(self, build: Build, base_url: str, mac: str | None = None) -> Occasion:
        """Return what templates are told beside the files.

        Args:
            build: Whose token is used.
            base_url: As the client reaches us.
            mac: The NIC that asks, where it is known; else the one that booted.
        """
        machine = self.machine_of(build)
        used = mac or build.mac or next(iter(machine.macs), "")
        return Occasion(base_url=base_url, token=build.token, mac=used)
