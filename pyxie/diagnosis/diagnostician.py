"""Gathers what a diagnosis is made of, from what is in memory, and has it made."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Protocol

from pyxie.builds.definitions import Definitions
from pyxie.builds.durations import Pace
from pyxie.builds.index import BuildIndex
from pyxie.builds.paces import Paces
from pyxie.config.settings import Settings
from pyxie.dhcp.message import UNSPECIFIED
from pyxie.dhcp.others import Others
from pyxie.dhcp.overheard import Other
from pyxie.dhcp.sightings import Sightings
from pyxie.diagnosis.diagnose import diagnose
from pyxie.diagnosis.finding import Diagnosis
from pyxie.diagnosis.nearness import near
from pyxie.diagnosis.remedies import remedies
from pyxie.diagnosis.remedy import Remedy, Site
from pyxie.diagnosis.situation import Near, Server, Service, Situation
from pyxie.diagnosis.tochange import server_of, wish_of
from pyxie.errors import Problem
from pyxie.events.event import Event
from pyxie.loaders.securestates import SecureStates
from pyxie.net.interfaces import Interfaces
from pyxie.recognition.recognise import (
    AdHoc,
    Apart,
    Broken,
    Known,
    Mode,
    Unknown,
    apart,
    concerns,
    settled,
)
from pyxie.recognition.recogniser import Recogniser
from pyxie.registry.machine import Machine
from pyxie.registry.registry import Registry

_MADE = 1_577_836_800.0
"""2020-01-01, years before any pyxie: a clock without its battery begins earlier."""


class Events(Protocol):
    """What is asked of `pyxie.events.trace.Trace`."""

    @property
    def heard(self) -> float | None:
        """When a network-boot client was heard last, whichever."""
        ...

    def recent(self, *, host: str | None = None, mac: str | None = None) -> list[Event]:
        """Return events that are kept, oldest first."""
        ...

    def of_machine(self, host: str, macs: Container[str]) -> list[Event]:
        """Return a machine's events, with those of before its file was written."""
        ...

    def moving(self, host: str) -> Event | None:
        """Return the last sign of a machine's long transfer."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """Whose diagnosis it is, and what it is.

    Attributes:
        host: The hostname; None of one that no file knows.
        macs: Its NICs, or the one that was asked about.
        at: When it was made, seconds since the epoch.
        diagnosis: The diagnosis.
        remedies: What to change in other DHCP servers, for each kind of them.
    """

    host: str | None
    macs: tuple[str, ...]
    at: float
    diagnosis: Diagnosis
    remedies: tuple[Remedy, ...] = ()


class Diagnostician:
    """Says why a machine does not boot; asks nobody, and waits for nothing.

    Args:
        registry: The snapshot of now.
        index: The newest build of each machine.
        definitions: What builds are made from.
        recogniser: Who a client is.
        events: The recent ones.
        settings: Those of now.
        interfaces: Those of now.
        base_url: How installers reach pyxie.
        disk: What is wrong with disks, in sentences; empty ones for nothing.
        others: What is known of other DHCP servers.
        sightings: What machines do over DHCP that makes no event.
        paces: How long builds took before.
        secure_boot: What is known of machines' Secure Boot.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        registry: Callable[[], Registry],
        index: BuildIndex,
        definitions: Definitions,
        recogniser: Recogniser,
        events: Events,
        settings: Callable[[], Settings],
        interfaces: Callable[[], Interfaces],
        base_url: Callable[[], str],
        disk: Callable[[], Iterable[str]],
        others: Others,
        sightings: Sightings,
        paces: Paces,
        secure_boot: SecureStates,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registry = registry
        self._index = index
        self._definitions = definitions
        self._recogniser = recogniser
        self._events = events
        self._settings = settings
        self._interfaces = interfaces
        self._base_url = base_url
        self._disk = disk
        self._others = others
        self._sightings = sightings
        self._paces = paces
        self._secure_boot = secure_boot
        self._clock = clock

    def of_host(self, name: str) -> Told | None:
        """Return the diagnosis of a machine; None if neither a file nor a build is of that name.

        Args:
            name: Its hostname, or that of its file.
        """
        registry, name = self._registry(), name.lower()
        machine = registry.find(name)
        host = machine.hostname if machine is not None else name
        problems = registry.why_broken(name) or registry.why_broken(host)
        build = self._index.of(host)
        client: Apart
        macs: tuple[str, ...] = ()
        if machine is None and build is None:
            if not problems:
                return None
            client = Broken()
        else:
            mode = Mode.IN_BUILD if build is not None and build.active else Mode.IDLE
            client = Known(host, mode, build)
            macs = machine.macs if machine is not None else build.macs if build else ()
        return self._told(client, host, macs, problems)

    def nearly(self, mac: str) -> tuple[Near, ...]:
        """Return the machines with nearly that MAC; of ten thousand a thread's work."""
        by_mac = self._registry().by_mac.items()
        return near(mac, ((nic, machine.hostname) for nic, machine in by_mac))

    def is_unknown(self, mac: str) -> bool:
        """Tell whether no machine has that NIC."""
        return isinstance(apart(self._recogniser.of(mac)), Unknown)

    def of_mac(self, mac: str, nearly: tuple[Near, ...] = ()) -> Told:
        """Return the diagnosis of one NIC, whosever it is.

        Args:
            mac: ``aa:bb:cc:dd:ee:ff``.
            nearly: If it is unknown, machines with nearly that one.
        """
        found = self._recogniser.of(mac)
        registry, host = self._registry(), concerns(found)
        places = registry.claims.get(("MAC", mac), ())
        files = {document.file for document, _ in places}
        problems = tuple(each for each in registry.problems if each.file in files)
        by_hand = isinstance(settled(found), AdHoc)
        return self._told(apart(found), host, (mac,), problems, nearly, by_hand=by_hand)

    def _told(
        self,
        client: Apart,
        host: str | None,
        macs: tuple[str, ...],
        problems: tuple[Problem, ...],
        nearly: tuple[Near, ...] = (),
        *,
        by_hand: bool = False,
    ) -> Told:
        now = self._clock()
        known = isinstance(client, Known)
        mac = None if known or not macs else macs[0]
        if host is not None and isinstance(client, Known) and client.build is None:
            events = self._events.of_machine(host, macs)
        elif known or mac is not None:
            events = self._events.recent(host=host if known else None, mac=mac)
        else:
            events = self._of_file(host, problems)
        situation = Situation(
            now=now,
            client=client,
            by_hand=by_hand,
            host=host,
            macs=macs,
            events=tuple(events),
            moving=self._events.moving(host) if host is not None else None,
            problems=problems,
            near=nearly,
            templates=self._has_templates(client),
            system=self._has_system(client),
            pace=self._pace(client),
            secure_boot=self._state(macs),
            sightings=tuple(map(self._sightings.of, macs)),
            servers=self._servers(now, macs),
            took=self._took(macs),
            service=self._service(),
        )
        found = diagnose(situation)
        return Told(host, macs, now, found, self._remedies(found, situation.took))

    def _of_file(self, host: str | None, problems: tuple[Problem, ...]) -> list[Event]:
        """Return the events of a machine whose file has mistakes: by its name, or a MAC in it."""
        claims, files = self._registry().claims, {each.file for each in problems}
        return [
            each
            for each in self._events.recent()
            if (host is not None and each.host == host)
            or (
                each.host is None
                and each.mac is not None
                and any(one.file in files for one, _ in claims.get(("MAC", each.mac), ()))
            )
        ]

    def _has_templates(self, client: Apart) -> bool:
        """Tell whether a machine's installer is given files; True where that is not known."""
        if not isinstance(client, Known) or client.build is None or not client.build.active:
            return True
        machine: Machine = self._definitions.of(client.build)
        named: Mapping[str, object] = machine.templates
        return bool(machine.preseed or machine.finish or named)

    def _has_system(self, client: Apart) -> bool:
        """Tell whether files may say what a machine boots; True where that takes a closer look."""
        machine = self._registry().find(client.host) if isinstance(client, Known) else None
        if machine is None or machine.build_type or machine.groups:
            return True
        settings = self._settings()
        return bool(machine.os or machine.kernel or settings.os or settings.kernel)

    def _remedies(self, found: Diagnosis, took: str) -> tuple[Remedy, ...]:
        """Return what to change in other DHCP servers, where one of them is at fault."""
        wish, address = wish_of(found.what), self._interfaces().first()
        if wish is None or address is None:
            return ()
        server = server_of(found.what) or took
        port = self._settings().http.port
        site = Site(address=address, http_port=port)
        return remedies(wish, replace(site, server=IPv4Address(server)) if server else site)

    def _state(self, macs: tuple[str, ...]) -> str:
        """Return what is known of a machine's Secure Boot, by whichever of its NICs told last."""
        learnt = [each for mac in macs if (each := self._secure_boot.learnt(mac)) is not None]
        return str(max(learnt, key=lambda each: each.at).state) if learnt else "unknown"

    def _pace(self, client: Apart) -> Pace | None:
        """Return how long builds of its system took."""
        if not isinstance(client, Known) or client.build is None:
            return None
        return self._paces.of(client.build)

    def _servers(self, now: float, macs: tuple[str, ...]) -> tuple[Server, ...]:
        """Return the other servers: those that answered it, where it is known who did."""
        told = [each for mac in macs for each in self._others.told(mac).values()]
        return tuple(
            _server(each, now - self._others.age(each.moment))
            for each in told or self._others.servers()
        )

    def _took(self, macs: tuple[str, ...]) -> str:
        """Return the address of the server whose lease one of its NICs took last."""
        taken = [each for mac in macs if (each := self._others.chosen(mac)) is not None]
        return str(max(taken, key=lambda each: each.moment).server) if taken else ""

    def _service(self) -> Service:
        settings = self._settings()
        return Service(
            dhcp=settings.dhcp.mode,
            interfaces=self._interfaces().answering,
            port=settings.http.port,
            base_url=self._base_url(),
            disk=tuple(filter(None, self._disk())),
            heard=self._events.heard,
            made=_MADE,
        )


def _server(other: Other, last: float) -> Server:
    """Return what a diagnosis goes by of another server."""
    return Server(
        address=str(other.server),
        leases=other.addresses,
        vendor=other.vendor_class,
        name=other.tftp_server,
        file=other.file or other.bootfile,
        siaddr="" if other.siaddr == UNSPECIFIED else str(other.siaddr),
        last=last,
    )
