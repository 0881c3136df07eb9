"""Boots by hand, in memory: which machines get what, until when. Pure.

Each is somebody's who renews it; or it is for once, as somebody with a browser cannot be told from
one who has gone: then it is each machine's until that has loaded it, or has taken too long. Who
ends it, or dies, or is cut off, leaves nothing behind: no machine file, no build, nothing that a
machine boots later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pyxie.bounds import AD_HOC_BOOTS, AD_HOC_LEASE, AD_HOC_ONCE, Bound
from pyxie.config.values import dashed
from pyxie.errors import PyxieError
from pyxie.registry.machine import Machine
from pyxie.registry.nic import Nic


class TakenError(PyxieError):
    """What is to be booted so is booted by another hand already, or there are too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdHocBoot:
    """One of them.

    Attributes:
        id: By which it is renewed and ended.
        begun: When, in seconds since the epoch.
        macs: Whom it is for; none for whoever is no machine that pyxie knows.
        machine: What is booted, under nobody's name.
        files: URLs of what its command line leads to.
        once: It is for each of ``macs`` until that has loaded it; nobody renews it.
    """

    id: str
    begun: float
    macs: frozenset[str]
    machine: Machine
    files: tuple[str, ...] = ()
    once: bool = False

    @property
    def lease(self) -> Bound:
        """For how long it lasts: from its beginning, or from its last renewal."""
        return AD_HOC_ONCE if self.once else AD_HOC_LEASE

    def machine_of(self, mac: str) -> Machine:
        """Return what a NIC boots; spelt with dashes it is the hostname."""
        names = {"hostname": dashed(mac), "network": (Nic(macaddress=mac),)}
        return self.machine.model_copy(update=names)


class AdHocBoots:
    """Those in force.

    Args:
        clock: Seconds, by a clock that is never set.
        changed: Called when there is one more, or one less.
    """

    def __init__(
        self, clock: Callable[[], float], changed: Callable[[], None] = lambda: None
    ) -> None:
        self._clock = clock
        self._changed = changed
        self._boots: dict[str, tuple[AdHocBoot, float]] = {}

    def begin(self, boot: AdHocBoot) -> None:
        """Put one in force.

        Raises:
            TakenError: Another is for one of these machines, or there are too many.
        """
        for each in self.all():
            if both := each.macs & boot.macs:
                by = "once by somebody else's choice" if each.once else "by another `pyxie boot`"
                raise TakenError(f"{min(both)} is booted {by} already")
            if not (each.macs or boot.macs):
                why = "another `pyxie boot` is for any machine already; end that, or use --mac"
                raise TakenError(why)
        if len(self._boots) >= AD_HOC_BOOTS.whole:
            AD_HOC_BOOTS.reached()
            raise TakenError(f"{AD_HOC_BOOTS.whole} boots by hand are under way already")
        self._boots[boot.id] = boot, self._clock() + boot.lease.most
        self._changed()

    def renew(self, name: str) -> bool:
        """Have one last for another while; False if there is none of that name any more.

        One that is for once lasts no longer for it.
        """
        self._expire()
        found = self._boots.get(name)
        if found is not None and not found[0].once:
            self._boots[name] = found[0], self._clock() + AD_HOC_LEASE.most
        return found is not None

    def loaded(self, name: str, mac: str) -> None:
        """Note that a machine has loaded what it was given: what is for once is over for it."""
        boot, until = self._boots.get(name, (None, 0.0))
        if boot is None or not boot.once or mac not in boot.macs:
            return
        left = boot.macs - {mac}
        if left:
            self._boots[name] = replace(boot, macs=left), until
        else:
            del self._boots[name]
        self._changed()

    def left(self, name: str) -> float:
        """Return for how many seconds one lasts yet; 0 of one that has ended."""
        self._expire()
        found = self._boots.get(name)
        return found[1] - self._clock() if found is not None else 0.0

    def end(self, name: str) -> bool:
        """End one at once; False if there is none of that name any more."""
        self._expire()
        found = self._boots.pop(name, None)
        if found is not None:
            self._changed()
        return found is not None

    def all(self) -> tuple[AdHocBoot, ...]:
        """Return those in force, the oldest first."""
        self._expire()
        return tuple(boot for boot, _ in self._boots.values())

    def of(self, mac: str) -> AdHocBoot | None:
        """Return the one that names a NIC, else the one for whoever is not known."""
        if not self._boots:  # each DISCOVER comes by here
            return None
        found = self.all()
        named = (boot for boot in found if mac in boot.macs)
        return next(named, None) or next((boot for boot in found if not boot.macs), None)

    def names(self, mac: str) -> bool:
        """Tell whether one is for that very NIC."""
        return any(mac in boot.macs for boot, _ in self._boots.values())

    def macs(self) -> tuple[str, ...]:
        """Return those of which `names` tells."""
        return tuple(mac for boot, _ in self._boots.values() for mac in boot.macs)

    def _expire(self) -> None:
        now = self._clock()
        gone = [name for name, (_, until) in self._boots.items() if until <= now]
        for name in gone:
            boot, _ = self._boots.pop(name)
            boot.lease.reached()
        if gone:
            self._changed()

    def __len__(self) -> int:
        return len(self.all())
