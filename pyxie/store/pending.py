"""The hooks that are pending, and the results of those that were run; beside the builds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from pyxie.bounds import HOOKS_OF_UNKNOWN
from pyxie.config.build import Hook
from pyxie.store.database import Database
from pyxie.store.tables import HOOKS
from pyxie.urls import shown_template

UNKNOWN: Final = "unknownbuild"
"""The kind of the hooks of unknown machines."""
_NEXT: Final = 32
"""Hooks of a machine that are read at once."""


@dataclass(frozen=True, slots=True)
class PendingHook:
    """A hook that is to be run.

    Attributes:
        number: The row's.
        build: The build's number; None for an unknown machine.
        host: The hostname; of an unknown machine its MAC.
        mac: The NIC, where it is known.
        kind: ``postbuild``; the key in the files without ``_commands``.
        hook: What to run.
        at: Since when.
        attempts: How often it was begun before: more than 0 after a daemon died with it.
    """

    number: int
    build: int | None
    host: str
    mac: str | None
    kind: str
    hook: Hook
    at: float
    attempts: int


@dataclass(frozen=True, slots=True)
class HookResult:
    """The result of a hook.

    Attributes:
        ok: It ended as it should.
        result: In a few words.
        output: What is to be kept of what it wrote.
    """

    ok: bool
    result: str
    output: str

    def row(self, at: float) -> dict[str, Any]:
        """Return the columns that say so."""
        state = "done" if self.ok else "failed"
        return {"state": state, "ended": at, "result": self.result, "output": self.output}


class PendingHooks:
    """The table of hooks, where the state of a pending one is ``owed``; methods raise StoreError.

    Args:
        database: Entered before this is used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hosts(self, besides: Collection[str], most: int) -> list[str]:
        """Return machines of which something is to be run, who waits longest first.

        Args:
            besides: Not these.
            most: At most so many.
        """
        waits = sa.func.min(HOOKS.c.id)
        query = sa.select(HOOKS.c.host).where(HOOKS.c.state == "owed")
        query = query.where(HOOKS.c.host.not_in(besides)).group_by(HOOKS.c.host)
        rows = await self._database.rows(query.order_by(waits).limit(most))
        return [row["host"] for row in rows]

    async def of(self, host: str) -> list[PendingHook]:
        """Return the next of what is to be run of a machine, oldest first."""
        mine = (HOOKS.c.state == "owed") & (HOOKS.c.host == host)
        query = sa.select(HOOKS).where(mine).order_by(HOOKS.c.id).limit(_NEXT)
        return [_pending_hook(row) for row in await self._database.rows(query)]

    async def enqueue(
        self,
        kind: str,
        hooks: Sequence[Hook],
        at: float,
        host: str,
        *,
        build: int | None = None,
        mac: str | None = None,
    ) -> None:
        """Note hooks that belong to no change of state."""
        rows = [pending_row(kind, hook, at, host, build, mac) for hook in hooks]
        await self._insert(rows, forget=build is None)

    async def unknown(self) -> int:
        """Return of how many unknown machines hooks are to be run."""
        hosts = sa.select(HOOKS.c.host).distinct()
        hosts = hosts.where((HOOKS.c.state == "owed") & (HOOKS.c.kind == UNKNOWN))
        return len(await self._database.rows(hosts))

    async def enqueue_unknown(self, hooks: Sequence[Hook], at: float, macs: Sequence[str]) -> None:
        """Note hooks of unknown machines, in one write."""
        rows = [pending_row(UNKNOWN, hook, at, mac, None, mac) for mac in macs for hook in hooks]
        await self._insert(rows, forget=True)

    async def note(
        self, kind: str, ran: Sequence[tuple[Hook, HookResult]], at: float, host: str, build: int
    ) -> None:
        """Note hooks that were run already."""
        rows = [
            {**pending_row(kind, hook, at, host, build, None), "attempts": 1, **ended.row(at)}
            for hook, ended in ran
        ]
        if rows:
            await self._insert(rows, forget=False)

    async def _insert(self, rows: Sequence[dict[str, Any]], *, forget: bool) -> None:
        def write(connection: sa.Connection) -> int:
            connection.execute(sa.insert(HOOKS), rows)
            return connection.execute(old).rowcount if forget else 0

        unknown = sa.select(HOOKS.c.id).where(HOOKS.c.build_id.is_(None))
        kept = unknown.order_by(HOOKS.c.id.desc()).limit(HOOKS_OF_UNKNOWN.whole)
        old = sa.delete(HOOKS).where(HOOKS.c.build_id.is_(None) & HOOKS.c.id.not_in(kept))
        forgotten = await self._database.write(write)
        if forgotten:
            HOOKS_OF_UNKNOWN.reached(forgotten)

    async def claim(self, pending: PendingHook) -> bool:
        """Note that a hook is about to be run: if we die now, it will be run again.

        Returns:
            Whether it is to be run: not if it was meanwhile, or begun, or skipped.
        """
        begun = _change(pending, pending.attempts, {"attempts": HOOKS.c.attempts + 1})
        return await self._database.write(
            lambda connection: bool(connection.execute(begun).rowcount)
        )

    async def ended(
        self, pending: PendingHook, at: float, ended: HookResult, *, last: bool
    ) -> None:
        """Note the result of a hook that was claimed.

        Args:
            pending: As it was then.
            at: Seconds since the epoch.
            ended: Its result.
            last: The rest of the hooks of the same change will not be run.
        """
        rest = (
            (HOOKS.c.state == "owed")
            & (HOOKS.c.host == pending.host)
            & (HOOKS.c.kind == pending.kind)
            & (HOOKS.c.at == pending.at)
        )

        def write(connection: sa.Connection) -> None:
            connection.execute(_change(pending, pending.attempts + 1, ended.row(at)))
            if last:
                why = {"state": "skipped", "ended": at, "result": "the one before it failed"}
                connection.execute(sa.update(HOOKS).where(rest).values(**why))

        await self._database.write(write)

    async def history(self, host: str) -> list[dict[str, Any]]:
        """Return what was run, and is to be, for the machine's builds, oldest first."""
        query = sa.select(HOOKS).where(HOOKS.c.host == host).order_by(HOOKS.c.id)
        rows = await self._database.shown(query)
        shown = ("at", "kind", "state", "attempts", "ended", "result", "output")
        return [
            {
                "build": row["build_id"],
                "command": spelt(Hook.model_validate_json(row["hook"])),
                **{key: row[key] for key in shown},
            }
            for row in rows
        ]


def _change(pending: PendingHook, attempts: int, values: Mapping[str, Any]) -> sa.Update:
    """Return the change of a row, if that is pending still and was begun so often."""
    same = (HOOKS.c.id == pending.number) & (HOOKS.c.attempts == attempts)
    return sa.update(HOOKS).where(same & (HOOKS.c.state == "owed")).values(**values)


def spelt(hook: Hook) -> str:
    """Return a hook as it may be told of: as its file has it, a webhook without its secrets.

    Nothing is rendered, so no param and no token of a build is in it.
    """
    if hook.url:
        return shown_template(hook.url)
    return hook.command if isinstance(hook.command, str) else " ".join(hook.command)


def _pending_hook(row: Any) -> PendingHook:
    return PendingHook(
        number=row["id"],
        build=row["build_id"],
        host=row["host"],
        mac=row["mac"],
        kind=row["kind"],
        hook=Hook.model_validate_json(row["hook"]),
        at=row["at"],
        attempts=row["attempts"],
    )


def pending_row(
    kind: str, hook: Hook, at: float, host: str, number: int | None, mac: str | None
) -> dict[str, Any]:
    """Return the row of a hook that is pending."""
    return {
        "build_id": number,
        "host": host,
        "mac": mac,
        "kind": kind,
        "at": at,
        "hook": hook.model_dump_json(),
        "state": "owed",
        "attempts": 0,
        "ended": None,
        "result": "",
        "output": "",
    }
