"""Recognises clients: what they report, held against the machines and builds of now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from pyxie.adhoc.boots import AdHocBoot
from pyxie.bootapi.answer import Answer
from pyxie.bootapi.memory import Nothing
from pyxie.bounded import note
from pyxie.bounds import CHOSEN
from pyxie.builds.life import Build
from pyxie.config.build import WhenIdle
from pyxie.recognition.listed import Listing
from pyxie.recognition.recognise import (
    Builds,
    Client,
    Known,
    Machines,
    Mode,
    Policy,
    Recognised,
    Settings,
    Unknown,
    concerns,
    host_of,
    recognise,
)
from pyxie.registry.identity import Identities, Identity


class Snapshot(Machines, Protocol):
    """See `pyxie.registry.registry.Registry`."""

    def macs(self) -> Iterable[str]:
        """Return all of which `claimed` tells."""
        ...

    def when_idle(self, host: str) -> WhenIdle:
        """Return what a machine hears while it is not in build mode."""
        ...


class Index(Builds, Protocol):
    """See `pyxie.builds.index.BuildIndex`."""

    def active(self, host: str) -> Build | None:
        """Return the build that a machine is in build mode for."""
        ...

    def expects(self, host: str) -> bool:
        """Tell whether a machine may be in build mode in a moment."""
        ...

    def macs(self) -> Iterable[str]:
        """Return the NICs of all machines in build mode."""
        ...


class Memory(Protocol):
    """What an API server has answered, see `pyxie.bootapi.memory.Memory`."""

    def known(self, mac: str, now: float) -> Answer | Nothing | None:
        """Return what to go by without asking."""
        ...

    def macs(self) -> Iterable[str]:
        """Return those of machines that it boots, or has a moment ago."""
        ...


class AdHocs(Protocol):
    """What is booted by hand, see `pyxie.adhoc.boots.AdHocBoots`."""

    def of(self, mac: str) -> AdHocBoot | None:
        """Return what a NIC may get."""
        ...

    def names(self, mac: str) -> bool:
        """Tell whether one is for that very NIC."""
        ...

    def macs(self) -> Iterable[str]:
        """Return those of which `names` tells."""
        ...


class Recogniser:
    """Tells who a client is by what is in memory; never waits.

    Args:
        machines: The snapshot of now.
        builds: The newest of each machine.
        settings: Those of now.
        boot_api: What the API server has answered.
        adhoc: What is booted by hand.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        machines: Callable[[], Snapshot],
        builds: Index,
        settings: Callable[[], Settings],
        boot_api: Memory,
        adhoc: AdHocs,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machines = machines
        self._builds = builds
        self._settings = settings
        self._boot_api = boot_api
        self._adhoc = adhoc
        self._clock = clock
        self._identities = Identities()
        self._listing = Listing()
        self._chosen: dict[str, str] = {}

    def of(self, mac: str) -> Recognised:
        """Return who the client with that NIC is."""
        return self._recognised(mac, self._identities.of(mac))

    def anew(self, mac: str) -> Recognised:
        """Return the same as if iPXE had reported nothing yet: it is asked at each boot."""
        identity = self._identities.of(mac)
        if identity.asked is not None:
            identity = replace(identity, asked=None)
        return self._recognised(mac, identity)

    def over_dhcp(self, mac: str, identity: Callable[[], Identity]) -> Recognised:
        """Return who a client is, and note what it reports.

        Args:
            mac: The NIC that asks.
            identity: Gives what it reports; called only where that matters.
        """
        machines = self._machines()
        if not machines.selectors or machines.host_of(mac) is not None:
            return self.of(mac)
        self._identities.over_dhcp(mac, identity(), self._clock())
        found = self.of(mac)
        if concerns(found) is not None:
            self._identities.recognised(mac)
        return found

    def in_build(self, mac: str) -> Known | None:
        """Return the machine in build mode that has a NIC, where nothing it reports counts.

        So a file says, and the same is told of it for as long as the snapshot of the machines and
        its build are the same.
        """
        host = self._machines().host_of(mac)
        build = self._builds.active(host) if host is not None else None
        return Known(host, Mode.IN_BUILD, build) if host is not None and build is not None else None

    def goes_on(self, found: Recognised) -> bool:
        """Tell whether a client is to be sent on to its next boot device, rather than left to wait.

        Not while a build of it is asked for: it is kept until that has begun, or has been refused.
        """
        match found:
            case Known(host, Mode.IDLE):
                return self._machines().when_idle(host) == "local" and not self._builds.expects(
                    host
                )
            case Unknown(Policy.LOCAL, boot_api=said, asks_api=asks):
                return not asks or said is not None
            case _:
                return False

    def knows(self, mac: str) -> bool:
        """Tell whether a client is one of the machines, or boots by the API server, at a glance.

        By its MAC alone; of those that are recognised by what they report, who has been so before.
        """
        return (
            self._machines().claimed(mac)
            or self._builds.by_mac(mac) is not None
            or self._identities.has_recognised(mac)
            or self._adhoc.names(mac)
            or isinstance(self._boot_api.known(mac, self._clock()), Answer)
        )

    def macs(self) -> Callable[[], Iterable[str]]:
        """Return what lists, in a thread, the MACs of all that `knows` tells of now.

        What it returns is the same object for as long as it lists the same.
        """
        machines = self._machines()
        others = (
            *(*self._builds.macs(), *self._identities.macs()),
            *(*self._boot_api.macs(), *self._adhoc.macs()),
        )
        return partial(self._listing.of, machines, others)

    def by_ipxe(
        self, mac: str, fields: Mapping[str, str], address: IPv4Address | IPv6Address
    ) -> None:
        """Note what iPXE has reported of a machine that several could be.

        Args:
            mac: The NIC that asks.
            fields: As of `pyxie.registry.identity.Identity.by_ipxe`.
            address: Where it came from.
        """
        now = self._clock()
        self._identities.keep(mac, self._identities.of(mac).by_ipxe(fields, address, now))
        if concerns(self.of(mac)) is not None:
            self._identities.recognised(mac)

    def choose(self, mac: str, build_type: str) -> None:
        """Note what somebody chose in the menu of an unknown machine; it counts till the next."""
        if len(self._chosen) >= CHOSEN.whole:
            CHOSEN.reached()
        note(self._chosen, mac, build_type, CHOSEN.whole)

    def host_of(self, mac: str) -> str | None:
        """Return the hostname of the machine with that NIC, if it is known."""
        return host_of(self.of(mac))

    def _recognised(self, mac: str, identity: Identity) -> Recognised:
        now, settings = self._clock(), self._settings()
        said = self._boot_api.known(mac, now) if settings.boot_api is not None else None
        found = self._adhoc.of(mac)
        client = Client(mac, identity, self._chosen.get(mac, ""), said, found)
        return recognise(client, self._machines(), self._builds, settings, now)
