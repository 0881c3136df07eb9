"""What is known of machines' Secure Boot, over restarts."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from pyxie.loaders.lanes import SecureBoot
from pyxie.loaders.securestates import Learnt, SecureStates
from pyxie.loaders.statekeeper import StateKeeper
from pyxie.store.database import Database
from pyxie.store.tables import SECURE_BOOT
from tests.store import newest

MAC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"


def fresh() -> SecureStates:
    return SecureStates(lambda _: True, lambda: 7.0)


async def execute(database: Database, statement: sa.Executable) -> None:
    await database.write(lambda connection: connection.execute(statement).close())


async def test_is_as_it_was_told_last(tmp_path: Path) -> None:
    async with Database(newest.at(f"sqlite:///{tmp_path}/x.sqlite")) as database:
        states = fresh()
        async with StateKeeper(database, states) as keeper:
            states.learn(MAC, SecureBoot.OFF, "GRUB")
            states.learn(OTHER, SecureBoot.OFF, "GRUB")
            await keeper.flush()
            states.learn(MAC, SecureBoot.ON, "iPXE")
            for xid in (1, 2):
                states.asked(OTHER, xid)

        after = fresh()
        async with StateKeeper(database, after):
            assert after.learnt(MAC) == Learnt(SecureBoot.ON, "iPXE", 7.0)
            assert after.of(OTHER) is SecureBoot.UNKNOWN


async def test_what_cannot_be_stored_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Database(newest.at(f"sqlite:///{tmp_path}/x.sqlite")) as database:
        states = fresh()
        async with StateKeeper(database, states) as keeper:
            await execute(database, sa.text("ALTER TABLE secure_boot RENAME TO gone"))
            states.learn(MAC, SecureBoot.OFF, "GRUB")
            for _ in range(2):
                await keeper.flush()
            await execute(database, sa.text("ALTER TABLE gone RENAME TO secure_boot"))

        rows = await database.rows(sa.select(SECURE_BOOT))
        assert [(row["mac"], row["state"]) for row in rows] == [(MAC, "off")]
        assert len([each for each in caplog.messages if "cannot be stored" in each]) == 1
