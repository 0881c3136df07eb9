"""The state saved and put back: nothing of it is lost, and nobody is installed over by it."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from pyxie.builds.life import State
from pyxie.errors import StartError
from pyxie.store.backup import BackupError, restore, save
from tests.builds.stores import begin, build, opened
from tests.store.newest import url

NOBODY = 65534


async def saved(folder: Path, *hosts: str) -> Path:
    """Make a state with a build of each host, and save it while it is in use."""
    async with opened(url(folder)) as store:
        for host in hosts:
            await begin(store, build(host=host), "PUT /build", None)
        assert save(folder / "pyxie.sqlite", folder / "backup") == len(hosts)
    return folder / "backup"


async def states(folder: Path) -> dict[str, State]:
    async with opened(url(folder)) as store:
        return {each.host: each.state for each in await store.latest()}


class TestSaving:
    async def test_is_of_all_that_was_stored_while_the_state_is_in_use(
        self, tmp_path: Path
    ) -> None:
        backup = await saved(tmp_path / "site", "web01", "web02")

        with sqlite3.connect(backup) as copied:
            hosts = copied.execute("SELECT host FROM builds ORDER BY host").fetchall()
        assert hosts == [("web01",), ("web02",)]

    async def test_is_for_nobody_else_since_tokens_are_inside(self, tmp_path: Path) -> None:
        backup = await saved(tmp_path / "site", "web01")

        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert not [each for each in backup.parent.iterdir() if each.name.startswith(".")]

    def test_of_what_is_not_there_or_no_state_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "text").write_text("no database, but long enough to be looked at" * 99)

        with pytest.raises(BackupError, match=r"there is no state at .*; --state names another"):
            save(tmp_path / "none", tmp_path / "backup")
        with pytest.raises(BackupError, match="file is not a database"):
            save(tmp_path / "text", tmp_path / "backup")
        assert not (tmp_path / "backup").exists()


class TestRestoring:
    async def test_gives_back_what_was_saved_without_its_active_builds(
        self, tmp_path: Path
    ) -> None:
        backup = await saved(tmp_path / "site", "web01", "web02")

        active = restore(backup, tmp_path / "site/pyxie.sqlite", 99.0, keep_builds=False)

        assert active == ["web01", "web02"]
        assert await states(tmp_path / "site") == dict.fromkeys(active, State.CANCELLED)
        async with opened(url(tmp_path / "site")) as store:
            history = await store.history("web01")
        assert history[-1] == {
            "build": 1,
            "at": 99.0,
            "state": "cancelled",
            "cause": "restored from a backup",
            "peer": None,
        }

    async def test_keeps_active_builds_if_that_is_said(self, tmp_path: Path) -> None:
        backup = await saved(tmp_path / "site", "web01")

        active = restore(backup, tmp_path / "new.sqlite", 99.0, keep_builds=True)

        assert active == ["web01"]
        with sqlite3.connect(tmp_path / "new.sqlite") as there:
            assert there.execute("SELECT state FROM builds").fetchall() == [("pending",)]

    async def test_keeps_what_was_there_before(self, tmp_path: Path) -> None:
        backup = await saved(tmp_path / "old", "web01")
        await saved(tmp_path / "site", "db01")

        restore(backup, tmp_path / "site/pyxie.sqlite", 99.0, keep_builds=False)

        with sqlite3.connect(tmp_path / "site/pyxie.sqlite.before") as before:
            assert before.execute("SELECT host FROM builds").fetchall() == [("db01",)]

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
    async def test_leaves_files_of_the_folders_owner_for_nobody_else(self, tmp_path: Path) -> None:
        """As root on a host whose service has a user of its own, which could not write them."""
        backup = await saved(tmp_path / "old", "web01")
        (tmp_path / "site").mkdir()
        os.chown(tmp_path / "site", NOBODY, NOBODY)

        restore(backup, tmp_path / "site/pyxie.sqlite", 99.0, keep_builds=False)

        found = {each.name: each.stat() for each in (tmp_path / "site").iterdir()}
        assert sorted(found) == ["pyxie.sqlite"]
        assert {(each.st_uid, each.st_gid) for each in found.values()} == {(NOBODY, NOBODY)}
        assert {stat.S_IMODE(each.st_mode) for each in found.values()} == {0o600}

    async def test_is_refused_while_a_daemon_uses_the_state(self, tmp_path: Path) -> None:
        backup = await saved(tmp_path / "old", "web01")
        (tmp_path / "site").mkdir()
        async with opened(url(tmp_path / "site")):
            with pytest.raises(StartError, match=r"another pyxie is using .*; stop it"):
                restore(backup, tmp_path / "site/pyxie.sqlite", 99.0, keep_builds=False)

    @pytest.mark.parametrize(
        ("made", "said"),
        [
            ("CREATE TABLE builds (id INTEGER)", "is no state of pyxie's"),
            ("CREATE TABLE alembic_version (version_num TEXT)", "is no state of pyxie's"),
            (
                "CREATE TABLE alembic_version AS SELECT '9999' AS version_num",
                "is of a newer release of pyxie, at 9999",
            ),
        ],
    )
    def test_of_what_is_no_state_of_ours_changes_nothing(
        self, tmp_path: Path, made: str, said: str
    ) -> None:
        with sqlite3.connect(tmp_path / "other") as other:
            other.execute(made)

        with pytest.raises(BackupError, match=said):
            restore(tmp_path / "other", tmp_path / "pyxie.sqlite", 99.0, keep_builds=False)
        assert [each.name for each in tmp_path.iterdir()] == ["other"]


class TestASavedFile:
    async def test_is_one_file_which_is_whole_by_itself(self, tmp_path: Path) -> None:
        backup = await saved(tmp_path / "site", "web01")

        with sqlite3.connect(backup) as copied:
            assert copied.execute("PRAGMA journal_mode").fetchone() == ("delete",)
