"""Stores to test with: one on a disk that fills up, and machines to build."""

from __future__ import annotations

from pathlib import Path

from pyxie.builds.life import Build
from pyxie.builds.records import Change, Store
from pyxie.registry.machine import Machine, Nic
from pyxie.store.database import StoreError

MAC = "00:de:ad:90:74:60"


class FillingStore(Store):
    """A store whose disk is full while ``full`` is set."""

    full = False

    async def begin(self, build: Build, cause: str, peer: str | None) -> Build:
        self._write()
        return await super().begin(build, cause, peer)

    async def save(self, change: Change) -> None:
        self._write()
        await super().save(change)

    def _write(self) -> None:
        if self.full:
            raise StoreError("database or disk is full")


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/pyxie.sqlite"


def machine(host: str = "web01.internal", *macs: str) -> Machine:
    return Machine(
        hostname=host, network=tuple(Nic(macaddress=mac) for mac in macs or (MAC,)), kernel="linux"
    )
