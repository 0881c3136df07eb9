"""Discovered machines: unknown ones, with what they reported; in memory, and bounded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from pyxie.bounded import note as remember
from pyxie.bounds import DISCOVERED
from pyxie.events.event import Event
from pyxie.events.kinds import Discovered

FIELDS: Final = (
    *("uuid", "vendor", "product", "serial", "asset"),
    *("architecture", "vendor_class", "hostname"),
)
"""What a machine may report: by DHCP (options 97, 60, 93 and 12) and by iPXE's SMBIOS settings."""

_LONGEST = 200
_ANEW = 600.0
_LATER = 1.0
"""Seconds after which who asks again is not the same packet twice: firmware waits four."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a machine is, by how its DHCP messages came; what is not known is empty.

    Attributes:
        interface: Of this host, where it was heard.
        network: Its subnet, ``192.0.2.0/24``; by way of a relay agent an address in it alone.
        relay: The relay agent's address.
        port: Which port of the switch, by the relay agent: a `match` has it as ``circuit_id``.
        switch: Which switch, likewise: ``remote_id``.
    """

    interface: str = ""
    network: str = ""
    relay: str = ""
    port: str = ""
    switch: str = ""


@dataclass(frozen=True, slots=True)
class DiscoveredMachine:
    """An unknown machine that was seen.

    Attributes:
        mac: ``52:54:00:12:34:56``.
        first, last: When it was seen, seconds since the epoch.
        fields: What it reported, by `FIELDS`; ``told`` in JSON.
        news: When it was last news, that is, seen after a silence.
        moment: The same as ``last``, by a clock that is never set.
        where: Where it is; None where it was not heard over DHCP.
    """

    mac: str
    first: float
    last: float
    fields: Mapping[str, str] = field(default_factory=dict)
    news: float | None = None
    moment: float = 0.0
    where: Whereabouts | None = None


class DiscoveredMachines:
    """The last thousand of them, and of those that were seen more than once a thousand as well.

    The longest unseen is forgotten first. Machines that are made up, of which each asks once,
    drive out none that asks again, as all that are there do.
    """

    def __init__(self) -> None:
        self._once: dict[str, DiscoveredMachine] = {}
        self._again: dict[str, DiscoveredMachine] = {}

    def note(
        self,
        mac: str,
        now: float,
        fields: Mapping[str, str],
        where: Whereabouts | None = None,
        *,
        moment: float,
        sure: bool = True,
    ) -> bool:
        """Note that a machine was seen; True if this is news, for the first time in ten minutes.

        Args:
            mac: Its address.
            now: Seconds since the epoch.
            fields: By `FIELDS`; other names, and what cannot be printed, are left out.
            where: Where it is, if that is known.
            moment: Seconds, by a clock that is never set.
            sure: It is certain that it has no file; else it is not news yet.
        """
        clean = {
            name: "".join(c for c in value if c.isprintable()).strip()[:_LONGEST]
            for name, value in fields.items()
            if name in FIELDS and not (name == "uuid" and _is_no_uuid(value))
        }
        clean = {name: value for name, value in clean.items() if value}
        seen = self.of(mac)
        old = seen or DiscoveredMachine(mac, now, now)
        quiet = old.news is None or moment - old.moment >= _ANEW
        both = MappingProxyType({**old.fields, **clean})
        news = now if sure and quiet else old.news
        where = where or old.where
        machine = replace(old, last=now, fields=both, news=news, moment=moment, where=where)
        self._keep(machine, again=seen is not None and moment - old.moment >= _LATER)
        return sure and quiet

    def _keep(self, machine: DiscoveredMachine, *, again: bool) -> None:
        mac = machine.mac
        again = again or mac in self._again
        table = self._again if again else self._once
        if again:
            self._once.pop(mac, None)
        if len(table) >= DISCOVERED.whole and mac not in table:
            DISCOVERED.reached()
        remember(table, mac, machine, DISCOVERED.whole)

    def restore(self, event: Event) -> None:
        """Note what a machine reported before pyxie was started anew, if ``event`` tells that.

        How long ago that is, no clock that is never set tells: seen again, it is news.
        """
        if isinstance(event.what, Discovered) and event.mac is not None:
            self.note(event.mac, event.at, event.what.reported, moment=-math.inf)

    def macs(self) -> tuple[str, ...]:
        """Return their addresses."""
        return (*self._once, *self._again)

    def all(self) -> list[DiscoveredMachine]:
        """Return them, the one seen last at the end."""
        both = (*self._once.values(), *self._again.values())
        return sorted(both, key=lambda each: each.moment)

    def of(self, mac: str) -> DiscoveredMachine | None:
        """Return one of them."""
        return self._again.get(mac) or self._once.get(mac)


def _is_no_uuid(told: str) -> bool:
    """Tell whether it is what firmware says that has none (SMBIOS 3.7, section 7.2.1)."""
    return set(told.lower()) - {"-"} in ({"0"}, {"f"})
