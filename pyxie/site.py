"""What all servers share: settings, machines, builds and what is rendered for them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

from pyxie.access.audit import Audit
from pyxie.access.tokens import Tokens
from pyxie.bootapi.service import BootApi
from pyxie.builds.builds import Builds
from pyxie.builds.life import OWED, Build, State
from pyxie.config.build import Hook
from pyxie.config.kinds import dashed
from pyxie.config.nodes import Document, Plain, parse
from pyxie.config.settings import Settings
from pyxie.dhcp.standing import Standing
from pyxie.errors import ConfigError
from pyxie.events.archive import Archive
from pyxie.events.trace import Trace
from pyxie.hooks.runner import Hooks
from pyxie.loaders import Loaders
from pyxie.metrics import Metrics
from pyxie.net.interfaces import Interfaces
from pyxie.recent import note
from pyxie.registry.define import UnknownTypeError, common, define
from pyxie.registry.folder import Folder
from pyxie.registry.identity import Identities, Identity
from pyxie.registry.machine import Machine
from pyxie.registry.registry import Registry
from pyxie.registry.strangers import Strangers
from pyxie.registry.writer import Writer
from pyxie.render.boot import Kitchen
from pyxie.render.context import Occasion, context
from pyxie.store.database import Database
from pyxie.store.ledger import Ledger

log = logging.getLogger(__name__)

_ONE_BOOT = 60.0
"""Seconds within which one machine's boot events are one."""
_MOST_CHOSEN = 1000
BODY = Path("body")
"""How messages name what the call that builds a machine says."""

_WHY = {
    State.INSTALLED: "installed",
    State.FAILED: "out of build mode: its installer said that it failed",
    State.CANCELLED: "out of build mode: its build was cancelled",
}


class Site:
    """The daemon's parts that are not servers.

    Args:
        settings: From ``config.yaml``.
        file: Where they were read from, for messages.
        database: Entered before anything here is used.
        builds: Who is in build mode.
        trace: Recent events.
        metrics: Counters.
        interfaces: The interfaces as they are now.
        document: ``file`` with its marks, by which `define` can say where a value is from.
    """

    def __init__(
        self,
        settings: Settings,
        file: Path,
        *,
        database: Database,
        builds: Builds,
        trace: Trace,
        metrics: Metrics,
        interfaces: Callable[[], Interfaces],
        document: Document | None = None,
    ) -> None:
        self.settings = settings
        self.file = file
        self.database = database
        self.builds = builds
        self.trace = trace
        self.metrics = metrics
        self.interfaces = interfaces
        self.loaders = Loaders(settings.ipxe)
        self.kitchen = Kitchen(settings)
        shared = common(settings, document)
        self.registry = Registry(shared=shared)
        self.forget_chain: Callable[[str], None] = lambda _mac: None
        """Told the MAC whose iPXE has got its script; DHCP listens, if it is on."""
        self._folder = Folder(settings.machinepath, shared=shared, groups=settings.grouppath)
        self.writer = Writer(settings.machinepath)
        self.writing = asyncio.Lock()
        """Held from looking at the machines to having written one."""
        self._scanning = asyncio.Lock()
        self.strangers = Strangers()
        self.identities = Identities()
        self._chosen: dict[str, str] = {}
        self.boot_api = BootApi(settings.boot_api, trace, metrics)
        self.tokens = Tokens(database)
        self.audit = Audit(database)
        self.archive = Archive(database, trace, keep=settings.limits.events)
        self._noting: set[asyncio.Task[None]] = set()
        self.hooks = Hooks(
            Ledger(database), builds.records, self.kitchen.renderer, self._names, trace, metrics
        )
        self._netbooted: dict[str, float] = {}
        builds.owes = self._owed
        builds.indebted = self.hooks.wake

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
        if build is not None:
            return build.host
        host = self._selected(mac)
        return host if host in self.registry.machines else None

    def _selected(self, mac: str) -> str | None:
        """Return the machine that is recognised by what the client with that NIC has told.

        While a file cannot be read at all, none is: it may be of that very client.
        """
        registry = self.registry
        if not registry.selectors or registry.blind or ("MAC", mac) in registry.claims:
            return None
        found = registry.selectors.of(self.identities.of(mac))
        return found.host if found else None

    def must_ask(self, mac: str) -> bool:
        """Tell whether only iPXE can tell which machine that is."""
        registry = self.registry
        if mac in registry.by_mac or ("MAC", mac) in registry.claims or self.builds.by_mac(mac):
            return False
        return registry.selectors.asks(self.identities.of(mac))

    def _is_unsure(self, mac: str) -> bool:
        return self.identities.of(mac).asked is None and self.must_ask(mac)

    def _may_be_in_build(self, mac: str) -> bool:
        who, selectors = self.identities.of(mac), self.registry.selectors
        return self._is_unsure(mac) and any(
            selectors.may_be(build.host, who) for build in self.builds.active_now()
        )

    def standing(self, mac: str, who: Callable[[], Identity] | None = None) -> Standing:
        """Return what DHCP needs to know of a machine; never waits.

        Args:
            mac: The NIC that asks.
            who: Gives what it tells of itself.
        """
        if who is not None and self.registry.selectors and mac not in self.registry.by_mac:
            self.identities.over_dhcp(mac, who(), time.monotonic())
        if self._may_be_in_build(mac):
            return Standing(None, in_build=True)  # iPXE will be asked
        host = self.host_of(mac)
        if host is None:
            stranger = self.is_stranger(mac)
            asked = self.boot_api.standing(mac) if stranger else None
            if asked is not None and (asked.in_build or self.settings.unknown == "ignore"):
                return asked
            wanted = stranger and self.settings.unknown != "ignore"
            claimed = ("MAC", mac) in self.registry.claims or self._selected(mac) is not None
            why = "in a file with mistakes: see pyxie check" if claimed else "not in the registry"
            return Standing(None, in_build=wanted, why=why)
        build = self.builds.of(host)
        if build is not None and build.active:
            return Standing(host, in_build=True)
        why = _WHY.get(build.state, "") if build else ""
        return Standing(host, in_build=False, why=why or "not in build mode")

    def is_stranger(self, mac: str) -> bool:
        """Tell whether no file knows that MAC, not even one with mistakes.

        While a file cannot be read at all, nobody can tell: then there are none.
        """
        registry = self.registry
        if registry.blind or ("MAC", mac) in registry.claims:
            return False
        # One that is selected is known, also where its file is tied with another.
        known = mac in registry.by_mac or self.builds.by_mac(mac) is not None
        return not known and self._selected(mac) is None

    def heard(self, mac: str, told: Mapping[str, str]) -> None:
        """Note an unknown machine that wants to boot; never waits."""
        if not self.is_stranger(mac):
            return
        self.boot_api.heard(mac)
        hooks = self.settings.unknownbuild_commands
        sure = not self._is_unsure(mac)
        if self.strangers.heard(mac, time.time(), told, sure=sure) and hooks:
            work = self.hooks.owe("unknownbuild", hooks, mac, None, mac)
            task = asyncio.get_running_loop().create_task(work, name=f"unknown {mac}")
            self._noting.add(task)
            task.add_done_callback(self._noting.discard)

    def asked(self, mac: str, told: Mapping[str, str], at: IPv4Address | IPv6Address) -> None:
        """Note what iPXE has told of a machine that several could be."""
        who = self.identities.of(mac).by_ipxe(told, at, time.monotonic())
        self.identities.keep(mac, who)
        self.heard(mac, told)

    def stranger(self, mac: str) -> Machine | None:
        """Return what an unknown machine boots, if the settings say that it boots something."""
        build_type = self.settings.unknown
        if build_type == "menu":
            build_type = self._chosen.get(mac, "")
        if build_type not in self.settings.build_types or not self.is_stranger(mac):
            return None
        name = dashed(mac)
        data: dict[str, Plain] = {"hostname": name, "network": [{"macaddress": mac}]}
        own = Document(Path("unknown"), data, None)
        return define(self.registry.shared, own, build_type).machine

    def choose(self, mac: str, build_type: str) -> None:
        """Note what somebody chose in the menu of an unknown machine; it counts till the next."""
        note(self._chosen, mac, build_type, _MOST_CHOSEN)

    def machine_of(self, build: Build) -> Machine:
        """Return a build's machine as its files say now, or as it was when it began.

        waitron reads them at every request, so an edit counts from then on; a file that
        was broken or removed since must not end a running installation.
        """
        machine = self.registry.machines.get(build.host)
        if machine is not None:
            body = parse(build.body.encode(), BODY) if build.body else None
            with suppress(ConfigError, UnknownTypeError):
                return self.registry.define(machine, build.build_type or None, body).machine
        return Machine.model_validate_json(build.definition)

    def _owed(self, build: Build) -> tuple[Hook, ...]:
        owed: tuple[Hook, ...] = getattr(self.machine_of(build), f"{OWED[build.state]}_commands")
        return owed

    async def netbooted(self, build: Build, mac: str) -> None:
        """Have the hooks of a boot event run; iPXE may ask for its script several times."""
        hooks = self.machine_of(build).pxeevent_commands
        now = time.monotonic()
        if hooks and now - self._netbooted.get(build.host, -_ONE_BOOT) >= _ONE_BOOT:
            self._netbooted[build.host] = now
            await self.hooks.owe("pxeevent", hooks, build.host, build, mac)

    def _names(self, build: Build | None, mac: str | None) -> dict[str, Any]:
        """Return what hooks are told: of a build, or of a NIC that nobody knows."""
        base = self.base_url(IPv4Address("127.0.0.1"), self.settings.http.port)
        if build is not None:
            return context(self.machine_of(build), self.settings, self.occasion(build, base, mac))
        stranger = Machine(hostname="unknown", params=self.settings.params)
        occasion = Occasion(base_url=base, token="", mac=mac or "")
        names = context(stranger, self.settings, occasion)
        return {**names, "Hostname": mac, "hostname": mac}

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
        used = mac or build.mac or next(iter(self.machine_of(build).macs), "")
        return Occasion(
            base_url=base_url,
            token=build.token,
            mac=used,
            build_type=build.build_type,
            begun=build.begun,
            state=str(build.state),
            reason=build.reason,
        )
