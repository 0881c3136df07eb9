"""The newest build of each machine, in memory, by hostname and by NIC; never waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pyxie.builds.life import Build, State


class BuildIndex:
    """What is looked up of builds: `pyxie.builds.builds.Builds` alone changes it."""

    def __init__(self) -> None:
        self._newest: dict[str, Build] = {}
        self._active: dict[str, Build] = {}
        self._by_mac: dict[str, Build] = {}

    def of(self, host: str) -> Build | None:
        """Return the newest build of the machine, active or not."""
        return self._newest.get(host)

    def active(self, host: str) -> Build | None:
        """Return the build that the machine is in build mode for."""
        return self._active.get(host)

    def by_mac(self, mac: str) -> Build | None:
        """Return the active build whose machine had that NIC when it began."""
        return self._by_mac.get(mac)

    def active_now(self) -> Collection[Build]:
        """Return the builds that machines are in build mode for."""
        return self._active.values()

    def all(self) -> Collection[Build]:
        """Return the newest build of each machine, active or not."""
        return self._newest.values()

    def status(self) -> Mapping[str, State]:
        """Return the state of each machine that has one to tell: not of cancelled builds."""
        return {
            host: build.state
            for host, build in sorted(self._newest.items())
            if build.active or build.state is State.INSTALLED
        }

    def put(self, build: Build) -> None:
        """Take a build for the newest of its machine."""
        old = self._active.pop(build.host, None)
        if old is not None:
            for mac in _macs(old):
                if mac in self._by_mac and self._by_mac[mac].host == build.host:
                    del self._by_mac[mac]
        self._newest[build.host] = build
        if build.active:
            self._active[build.host] = build
            self._by_mac.update(dict.fromkeys(_macs(build), build))


def _macs(build: Build) -> tuple[str, ...]:
    """Return the NICs of its machine, or the one that it booted by where no file names one.

    That counts once it is being installed: who has fetched a script but may have said anything
    of itself, and is asked again.
    """
    if build.mac and not build.macs and build.state is not State.PENDING:
        return (build.mac,)
    return build.macs
