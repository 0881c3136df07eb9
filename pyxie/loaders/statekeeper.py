"""Keeps what is known of known machines' Secure Boot over restarts; a service."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Final, Self

import sqlalchemy as sa

from pyxie.errors import PyxieError
from pyxie.loaders.lanes import SecureBoot
from pyxie.loaders.securestates import Learnt, SecureStates
from pyxie.service import next_tick
from pyxie.store.database import Database
from pyxie.store.tables import SECURE_BOOT

log = logging.getLogger(__name__)

_EVERY: Final = 5.0
"""Seconds between two looks whether there is something to store, which machines tell anew."""


class StateKeeper:
    """Stores what has changed, some seconds later; what cannot be stored waits.

    Args:
        database: Entered before this.
        states: What is known.
    """

    name = "secure boot"

    def __init__(self, database: Database, states: SecureStates) -> None:
        self._database = database
        self._states = states
        self._failing = False

    async def __aenter__(self) -> Self:
        """Read what was stored; without it machines tell it again, one after the other."""
        try:
            rows = await self._database.rows(sa.select(SECURE_BOOT).order_by(SECURE_BOOT.c.at))
        except PyxieError as exc:
            log.warning("what was known of machines' Secure Boot cannot be read: %s", exc)
            return self
        states = (
            (row["mac"], Learnt(SecureBoot(row["state"]), row["by"], row["at"]))
            for row in rows
            if row["state"] in set(SecureBoot)
        )
        self._states.restore(states)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Store what is left."""
        await self.flush()

    async def serve(self) -> None:
        """Store what changes, until cancelled."""
        while True:
            await next_tick(_EVERY)
            await self.flush()

    async def drain(self) -> None:
        """Nothing is in hand that would have to end."""

    async def flush(self) -> None:
        """Store now what has changed."""
        changed = self._states.unstored()
        if not changed:
            return
        rows = [
            {"mac": mac, "state": str(learnt.state), "by": learnt.by, "at": learnt.at}
            for mac, learnt in changed.items()
            if learnt is not None
        ]

        def write(connection: sa.Connection) -> None:
            gone = sa.delete(SECURE_BOOT).where(SECURE_BOOT.c.mac == sa.bindparam("which"))
            connection.execute(gone, [{"which": mac} for mac in changed])
            if rows:
                connection.execute(sa.insert(SECURE_BOOT), rows)

        try:
            await self._database.write(write)
        except PyxieError as exc:
            self._states.not_stored(changed)
            if not self._failing:
                log.warning("what is known of machines' Secure Boot cannot be stored: %s", exc)
            self._failing = True
        else:
            self._failing = False
