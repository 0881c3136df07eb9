"""The builds in the database: begun, changed, remembered; with the hooks that are pending."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from pyxie.builds.changes import Change, Noted, collate
from pyxie.builds.life import HOOKS_AFTER, Build, State
from pyxie.builds.rows import build_of, build_row, transition_row
from pyxie.builds.statements import (
    BEGIN,
    BEGIN_ONE,
    CHANGE,
    NOTE,
    NOTE_ONE,
    OLD,
    OLD_ONE,
    REPLACE,
    REPLACE_ONE,
    STATES,
    UNREPLACE,
)
from pyxie.slices import in_slices
from pyxie.store.along import Along
from pyxie.store.database import Database
from pyxie.store.pending import pending_row
from pyxie.store.pools import FullError
from pyxie.store.tables import BUILDS, HOOKS, TRANSITIONS


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A build that was refused, and may be stored all the same.

    Attributes:
        token: Its own.
        before: The build that goes on in its place, as it was then.
        along: What was stored with it.
    """

    token: str
    before: Build | None
    along: Along | None = None


class BuildRecords:
    """The builds and their history.

    Args:
        database: Entered before this is used.
        keep: How many builds of a machine are kept, as of now; older ones are forgotten.
    """

    def __init__(self, database: Database, *, keep: Callable[[], int] = lambda: 50) -> None:
        self._database = database
        self._keep = keep

    async def begin(
        self, wanted: Sequence[tuple[Build, str, str | None]], along: Sequence[Along] = ()
    ) -> list[Build]:
        """Store new builds, and end the active ones of those machines; all or nothing.

        Args:
            wanted: At most one of a machine: the build, how it was asked for, and who asked.
            along: What is stored with them.

        Returns:
            The builds with their numbers.

        Raises:
            StoreError: Nothing was stored.
        """
        keep = self._keep()

        def begin(connection: sa.Connection) -> tuple[dict[str, int], list[int]]:
            numbers = _begin(connection, wanted=wanted, keep=keep)
            return numbers, [each.store(connection) for each in along]

        numbers, others = await self._database.write(begin, begins=True)
        for each, number in zip(along, others, strict=True):
            each.is_stored(number)
        return [replace(build, number=numbers[build.host]) for build, _, _ in wanted]

    async def save(self, changes: Sequence[Change | Withdrawal | Noted]) -> None:
        """Store the states that builds have come into; on a full disk, from what is reserved.

        The hooks that are then pending are stored with them: all or nothing.

        Raises:
            StoreError: Nothing was stored.
        """
        save = partial(_save, changes=changes)
        try:
            await self._database.write(save)
        except FullError:
            if not self._database.spend():
                raise
            await self._database.write(save)

    async def log_of(self, number: int) -> str:
        """Return the end of the installer's log, which came with its report of failure.

        Raises:
            StoreError: It cannot be read.
        """
        rows = await self._database.shown(sa.select(BUILDS.c.log).where(BUILDS.c.id == number))
        return str(rows[0]["log"]) if rows else ""

    async def build(self, number: int) -> Build | None:
        """Return a build by its number, whatever its age; None if it is forgotten.

        Raises:
            StoreError: It cannot be read.
        """
        found = await self._needed(sa.select(BUILDS).where(BUILDS.c.id == number))
        return found[0] if found else None

    async def latest(self) -> list[Build]:
        """Return the newest build of each machine.

        Raises:
            StoreError: They cannot be read.
        """
        newest = sa.select(sa.func.max(BUILDS.c.id)).group_by(BUILDS.c.host)
        return await self._needed(sa.select(BUILDS).where(BUILDS.c.id.in_(newest)))

    async def newest(self, most: int) -> list[Build]:
        """Return the newest builds of all machines, oldest first.

        Raises:
            StoreError: They cannot be read.
        """
        newest = sa.select(BUILDS).order_by(BUILDS.c.id.desc()).limit(most)
        return (await self.select(newest))[::-1]

    async def with_token(self, token: str) -> Build | None:
        """Return the build that has that token, whatever became of it.

        Raises:
            StoreError: It cannot be read.
        """
        found = await self.select(sa.select(BUILDS).where(BUILDS.c.token == token))
        return found[0] if found else None

    async def ended_since(self, at: float) -> list[Build]:
        """Return the builds that were done or failed after ``at``, the first that did so first.

        Args:
            at: Seconds since the epoch.

        Raises:
            StoreError: They cannot be read.
        """
        ends = [str(State.INSTALLED), str(State.FAILED)]
        recent = BUILDS.c.state.in_(ends) & (BUILDS.c.changed >= at)
        return await self._needed(sa.select(BUILDS).where(recent).order_by(BUILDS.c.changed))

    async def durations(self, most: int) -> list[tuple[str, str, float]]:
        """Return of the newest installed builds the type, the machine's file, and the seconds.

        Those count from the first sign of the installer's to ``done``.

        Raises:
            StoreError: They cannot be read.
        """
        newest = (
            sa.select(BUILDS.c.id, BUILDS.c.build_type, BUILDS.c.definition, BUILDS.c.changed)
            .where(BUILDS.c.state == str(State.INSTALLED))
            .order_by(BUILDS.c.id.desc())
            .limit(most)
            .subquery()
        )
        began = (
            sa.select(TRANSITIONS.c.build_id, sa.func.min(TRANSITIONS.c.at).label("at"))
            .where(TRANSITIONS.c.state == str(State.INSTALLING))
            .where(TRANSITIONS.c.build_id.in_(sa.select(newest.c.id)))
            .group_by(TRANSITIONS.c.build_id)
            .subquery()
        )
        query = sa.select(newest, began.c.at).join(began, began.c.build_id == newest.c.id)
        rows = await self._database.shown(query)
        return [
            (row["build_type"], row["definition"], row["changed"] - row["at"])
            async for row in in_slices(rows)
            if row["changed"] > row["at"]
        ]

    async def history(self, host: str) -> list[dict[str, Any]]:
        """Return the transitions of all builds of ``host``, oldest first, without tokens.

        Raises:
            StoreError: They cannot be read.
        """
        query = (
            sa.select(TRANSITIONS)
            .join(BUILDS, BUILDS.c.id == TRANSITIONS.c.build_id)
            .where(BUILDS.c.host == host)
            .order_by(TRANSITIONS.c.id)
        )
        rows = await self._database.shown(query)
        return [
            {"build": row["build_id"], **{k: row[k] for k in ("at", "state", "cause", "peer")}}
            for row in rows
        ]

    async def select(self, query: sa.Select[Any]) -> list[Build]:
        """Return the builds that a query over `BUILDS` finds, for who looks.

        Raises:
            StoreError: They cannot be read.
        """
        return [build_of(row) async for row in in_slices(await self._database.shown(query))]

    async def _needed(self, query: sa.Select[Any]) -> list[Build]:
        return [build_of(row) async for row in in_slices(await self._database.rows(query))]


def _begin(
    connection: sa.Connection, *, wanted: Sequence[tuple[Build, str, str | None]], keep: int
) -> dict[str, int]:
    """Store builds that begin, by four statements, however many they are; return their numbers."""
    if len(wanted) == 1:
        return _begin_one(connection, *wanted[0], keep=keep)
    by_host = {build.host: (build, cause, peer) for build, cause, peer in wanted}
    hosts = list(by_host)
    now = max(build.begun for build, _, _ in wanted)
    old = connection.execute(REPLACE, {"hosts": hosts, "now": now})
    notes = [
        transition_row(number, State.REPLACED, build.begun, cause, peer)
        for number, host in old
        for build, cause, peer in (by_host[host],)
    ]
    rows = [build_row(build) for build, _, _ in wanted]
    new = connection.execute(BEGIN, rows)
    numbers = {row.host: row.id for row in new}
    notes += [
        transition_row(numbers[build.host], build.state, build.begun, cause, peer)
        for build, cause, peer in wanted
    ]
    connection.execute(NOTE, notes)
    old = connection.execute(OLD, {"hosts": hosts, "keep": keep})
    _forget(connection, old.scalars().all())
    return numbers


def _begin_one(
    connection: sa.Connection, build: Build, cause: str, peer: str | None, *, keep: int
) -> dict[str, int]:
    """Store one, as most begin: by statements of its own, for what a list takes is much."""
    at, old = build.begun, REPLACE_ONE(connection, {"of": build.host, "now": build.begun})
    (_, number), *_ = BEGIN_ONE(connection, build_row(build))
    for replaced, _ in old:
        NOTE_ONE(connection, transition_row(replaced, State.REPLACED, at, cause, peer))
    NOTE_ONE(connection, transition_row(number, build.state, at, cause, peer))
    kept = OLD_ONE(connection, {"of": build.host, "keep": keep})
    _forget(connection, [each for (each,) in kept])
    return {build.host: number}


def _forget(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Forget builds, with their history and hooks."""
    if not numbers:
        return
    for table in (HOOKS, TRANSITIONS):
        connection.execute(sa.delete(table).where(table.c.build_id.in_(numbers)))
    connection.execute(sa.delete(BUILDS).where(BUILDS.c.id.in_(numbers)))


def _save(connection: sa.Connection, *, changes: Sequence[Change | Withdrawal | Noted]) -> None:
    together: list[Change | Noted] = []
    for each in changes:
        if isinstance(each, Withdrawal):
            _change(connection, together)
            _withdraw(connection, each)
            together = []
        else:
            together.append(each)
    _change(connection, together)


def _change(connection: sa.Connection, changes: Sequence[Change | Noted]) -> None:
    """Store what has become of builds, by a few statements however many they are."""
    if not changes:
        return
    mine = list({each.build.number for each in changes})
    states = connection.execute(STATES, {"numbers": mine})
    found = collate({number: State(state) for number, state in states}, changes)
    for rows in found.rows:
        connection.execute(CHANGE, rows)
    if found.ended:
        connection.execute(UNREPLACE, {"numbers": found.ended})
    if not found.taken:
        return
    notes = [
        transition_row(build.number, build.state, build.changed, each.cause, each.peer)
        for each in found.taken
        for build in (each.build,)
    ]
    connection.execute(NOTE, notes)
    hooks = [
        pending_row(
            HOOKS_AFTER[build.state], hook, build.changed, build.host, build.number, build.mac
        )
        for build, hook in ((each.build, hook) for each in found.taken for hook in each.hooks)
    ]
    if hooks:
        connection.execute(sa.insert(HOOKS), hooks)


def _withdraw(connection: sa.Connection, withdrawal: Withdrawal) -> None:
    """Have a build never have begun."""
    if withdrawal.along is not None:
        withdrawal.along.remove(connection)
    mine = sa.select(BUILDS.c.id).where(BUILDS.c.token == withdrawal.token)
    number = connection.execute(mine).scalar()
    if number is None:
        return
    for table in (HOOKS, TRANSITIONS):
        connection.execute(sa.delete(table).where(table.c.build_id == number))
    connection.execute(sa.delete(BUILDS).where(BUILDS.c.id == number))
    if withdrawal.before is not None:
        before = withdrawal.before
        this = (BUILDS.c.id == before.number) & (BUILDS.c.state == str(State.REPLACED))
        again = sa.update(BUILDS).where(this)
        connection.execute(again.values(state=str(before.state), changed=before.changed))
        connection.execute(UNREPLACE, {"numbers": [before.number]})
