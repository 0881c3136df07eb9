"""The newest build of each machine, in memory, by hostname and by NIC; never waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from typing import Final

from pyxie.builds.life import Build, State

_FEW: Final = 8
_REMEMBERED: Final = 64
"""Sets of machines; each is of a `match`, and so by what files say."""


class BuildIndex:
    """What is looked up of builds: `pyxie.builds.builds.Builds` alone changes it."""

    def __init__(self) -> None:
        self._newest: dict[str, Build] = {}
        self._active: dict[str, Build] = {}
        self._by_mac: dict[str, Build] = {}
        self._stale = 0
        self._installed = False
        self._any_active: dict[frozenset[str], bool] = {}
        self._expected: Counter[str] = Counter()

    def of(self, host: str) -> Build | None:
        """Return the newest build of the machine, active or not."""
        return self._newest.get(host)

    def active(self, host: str) -> Build | None:
        """Return the build that the machine is in build mode for."""
        return self._active.get(host)

    def by_mac(self, mac: str) -> Build | None:
        """Return the active build whose machine had that NIC when it began."""
        return self._by_mac.get(mac)

    def macs(self) -> tuple[str, ...]:
        """Return the NICs of all machines in build mode."""
        return tuple(self._by_mac)

    def active_now(self) -> Collection[Build]:
        """Return the builds that machines are in build mode for."""
        return self._active.values()

    def any_active(self, hosts: frozenset[str]) -> bool:
        """Tell whether one of these machines is in build mode.

        Of many machines it is remembered until another begins or ends: each DHCP message of an
        unknown client may ask.
        """
        if len(hosts) <= _FEW:
            return any(host in self._active for host in hosts)
        found = self._any_active.get(hosts)
        if found is None:
            found = not self._active.keys().isdisjoint(hosts)
            if len(self._any_active) >= _REMEMBERED:
                self._any_active.clear()
            self._any_active[hosts] = found
        return found

    @contextmanager
    def expecting(self, host: str) -> Iterator[None]:
        """Have a build of a machine expected for as long as it is asked for."""
        self._expected[host] += 1
        try:
            yield
        finally:
            self._expected[host] -= 1
            if not self._expected[host]:
                del self._expected[host]

    def expects(self, host: str) -> bool:
        """Tell whether a machine may be in build mode in a moment: a call asks for it."""
        return host in self._expected

    def all(self) -> Collection[Build]:
        """Return the newest build of each machine, active or not."""
        return self._newest.values()

    def lately(self) -> list[str]:
        """Return the machines that have builds, those whose newest changed last first."""
        newest = sorted(self._newest.values(), key=attrgetter("changed"), reverse=True)
        return [build.host for build in newest]

    @property
    def has_installed(self) -> bool:
        """Whether any machine was installed, as far as it is remembered."""
        return self._installed

    @property
    def stale(self) -> int:
        """How many of the active ones are stale."""
        return self._stale

    def put(self, build: Build) -> None:
        """Take a build for the newest of its machine."""
        if build.active is not (build.host in self._active):
            self._any_active.clear()
        old = self._active.pop(build.host, None)
        if old is not None:
            self._stale -= old.state is State.STALE
            for mac in _macs(old):
                if mac in self._by_mac and self._by_mac[mac].host == build.host:
                    del self._by_mac[mac]
        self._newest[build.host] = build
        self._installed = self._installed or build.state is State.INSTALLED
        if build.active:
            self._active[build.host] = build
            self._stale += build.state is State.STALE
            self._by_mac.update(dict.fromkeys(_macs(build), build))


def told_of(build: Build | None) -> bool:
    """Tell whether a machine's newest build is one to tell of: it is active, or was installed."""
    return build is not None and (build.active or build.state is State.INSTALLED)


def states(builds: Iterable[Build]) -> Mapping[str, State]:
    """Return the state of each machine that has one to tell, by their names; in a thread.

    Args:
        builds: A snapshot of the newest of each machine.
    """
    found = {build.host: build.state for build in builds if told_of(build)}
    return dict(sorted(found.items()))


def _macs(build: Build) -> tuple[str, ...]:
    """Return the NICs of its machine, or the one that it booted by where no file names one.

    That counts once it is being installed: who has fetched a script but may have said anything
    of itself, and is asked again.
    """
    if build.mac and not build.macs and build.state is not State.PENDING:
        return (build.mac,)
    return build.macs
