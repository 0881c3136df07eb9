"""Records of builds to test with: one on a disk that fills up, and machines to build."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from pyxie.builds.changes import Change, Noted
from pyxie.builds.life import Build, State
from pyxie.builds.records import BuildRecords, Withdrawal
from pyxie.registry.machine import Machine
from pyxie.registry.nic import Nic
from pyxie.store.along import Along
from pyxie.store.database import Database
from pyxie.store.pools import StoreError

MAC = "00:de:ad:90:74:60"


class FillingRecords(BuildRecords):
    """Records whose disk is full while ``full`` is set."""

    full = False

    async def begin(
        self, wanted: Sequence[tuple[Build, str, str | None]], along: Sequence[Along] = ()
    ) -> list[Build]:
        self._write()
        return await super().begin(wanted, along)

    async def save(self, changes: Sequence[Change | Withdrawal | Noted]) -> None:
        self._write()
        await super().save(changes)

    def _write(self) -> None:
        if self.full:
            raise StoreError("database or disk is full")


async def begin(
    store: BuildRecords, one: Build, cause: str = "PUT /build", peer: str | None = None
) -> Build:
    """Store a build that begins."""
    (stored,) = await store.begin([(one, cause, peer)])
    return stored


@asynccontextmanager
async def opened(state: str) -> AsyncIterator[BuildRecords]:
    """Open the builds of a database, by its URL."""
    async with Database(state) as database:
        yield BuildRecords(database)


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/pyxie.sqlite"


def machine(host: str = "web01.internal", *macs: str) -> Machine:
    return Machine(
        hostname=host, network=tuple(Nic(macaddress=mac) for mac in macs or (MAC,)), kernel="linux"
    )


def build(host: str = "web01.internal", token: str = "secret") -> Build:
    return Build(
        host=host,
        token=token,
        state=State.PENDING,
        begun=100.0,
        changed=100.0,
        macs=("02:00:00:00:00:01", "02:00:00:00:00:02"),
        definition='{"hostname":"web01.internal"}',
    )
