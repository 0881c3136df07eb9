from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from pyxie.store.database import Database
from tests.store import newest


def dump(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        return [mode, *sorted(connection.iterdump())]  # indexes are made in any order


class TestWhatIsLaid:
    async def test_is_what_a_first_start_leaves(self, tmp_path: Path) -> None:
        state = tmp_path / "state" / "pyxie.sqlite"

        newest.at(f"sqlite:///{state}")
        laid, mode = dump(state), stat.S_IMODE(state.stat().st_mode)
        state.unlink()
        async with Database(f"sqlite:///{state}"):
            pass

        assert (laid, mode) == (dump(state), 0o600)
        assert stat.S_IMODE(state.parent.stat().st_mode) == 0o700

    def test_replaces_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "pyxie.sqlite").write_text("a state")

        newest.url(tmp_path)

        assert (tmp_path / "pyxie.sqlite").read_text() == "a state"
