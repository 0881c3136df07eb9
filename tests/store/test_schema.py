"""The schema changes whole or not at all, wherever it is stopped, from every revision."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pyxie.store import schema
from pyxie.store.tables import HEAD
from tests.builds.stores import opened, url
from tests.store.killed import start
from tests.store.revisions import BUILDS, VERSIONS, before_statements, lay, statements

EARLIER = [None, *(each for each in VERSIONS if each != HEAD)]


def shape(folder: Path) -> dict[str, Any]:
    """Return tables with their columns, indexes with theirs, and the revision."""
    with closing(sqlite3.connect(folder / "pyxie.sqlite")) as there:
        names = there.execute(
            "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        found: dict[str, Any] = {
            name: there.execute(f"PRAGMA {kind}_info({name})").fetchall() for kind, name in names
        }
        found["revision"] = there.execute("SELECT version_num FROM alembic_version").fetchall()
        return found


def kept(folder: Path) -> list[tuple[Any, ...]]:
    """Return the builds with their steps, as they are in every revision."""
    with closing(sqlite3.connect(folder / "pyxie.sqlite")) as there:
        return there.execute(
            "SELECT b.id, b.host, b.token, b.state, b.mac, t.state, t.cause FROM builds b"
            " JOIN transitions t ON t.build_id = b.id ORDER BY t.id"
        ).fetchall()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The newest schema, as it is made in one go."""
    folder = tmp_path_factory.mktemp("whole")
    lay(folder, HEAD)
    return shape(folder)


@contextmanager
def copied_before_statements(folder: Path, copies: Path) -> Iterator[list[Path]]:
    """Copy what a `kill -9` would leave on disk before each statement, each state of it once."""
    made: dict[bytes, Path] = {}

    def copy(_sql: str) -> None:
        files = [each for each in folder.iterdir() if each.suffix in (".sqlite", ".sqlite-wal")]
        key = hashlib.sha256(b"|".join(each.read_bytes() for each in sorted(files))).digest()
        if key not in made:
            made[key] = copies / str(len(made))
            made[key].mkdir(parents=True)
            for each in files:
                shutil.copy(each, made[key])

    found: list[Path] = []
    with before_statements(copy):
        yield found
    found.extend(made.values())


@pytest.mark.parametrize("revision", EARLIER)
class TestKilledBeforeAnyStatement:
    async def test_it_starts_again_with_nothing_lost_and_the_newest_schema(
        self, revision: str | None, tmp_path: Path, whole: dict[str, Any]
    ) -> None:
        lay(tmp_path / "site", revision)
        before = BUILDS if revision else []
        with copied_before_statements(tmp_path / "site", tmp_path / "killed") as copies:
            async with opened(url(tmp_path / "site")):
                pass

        assert copies
        for copy in copies:
            async with opened(url(copy)):
                pass
            assert (shape(copy), kept(copy)) == (whole, before), copy


class TestKilledInFact:
    @pytest.mark.parametrize("revision", [None, VERSIONS[0]])
    def test_it_starts_again(
        self, revision: str | None, tmp_path: Path, whole: dict[str, Any]
    ) -> None:
        """By SIGKILL in a process of its own, at some of the statements."""
        ends = {}
        with subprocess.Popen(
            [sys.executable, "-m", "tests.store.killed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as killer:
            assert killer.stdin is not None
            assert killer.stdout is not None
            for number in (0, 9, 18, 27, 45):
                lay(tmp_path / str(number), revision)
                print(tmp_path / str(number), number, file=killer.stdin, flush=True)
                ends[number] = int(killer.stdout.readline())
            killer.stdin.close()

        assert {ends[number] for number in (0, 9, 18)} == {signal.SIGKILL}
        for number in ends:
            asyncio.run(start(tmp_path / str(number), -1))
            assert shape(tmp_path / str(number)) == whole
            assert kept(tmp_path / str(number)) == (BUILDS if revision else [])


class TestLeftHalfMadeByAnOlderPyxie:
    """Which changed it statement by statement, and was killed."""

    @pytest.mark.parametrize("revision", EARLIER)
    async def test_it_is_finished(
        self, revision: str | None, tmp_path: Path, whole: dict[str, Any]
    ) -> None:
        following = VERSIONS[VERSIONS.index(revision) + 1 if revision else 0]
        changes = statements(revision, following)
        for done in range(len(changes)):
            folder = tmp_path / str(done)
            lay(folder, revision)
            with closing(sqlite3.connect(folder / "pyxie.sqlite", isolation_level=None)) as there:
                for sql in changes[:done]:
                    there.execute(sql)

            async with opened(url(folder)):
                pass

            assert shape(folder) == whole, changes[:done]
            assert kept(folder) == (BUILDS if revision else [])

    async def test_what_it_cannot_have_left_changes_nothing_and_is_said(
        self, tmp_path: Path
    ) -> None:
        lay(tmp_path, VERSIONS[0])
        with closing(sqlite3.connect(tmp_path / "pyxie.sqlite")) as there:
            there.execute("CREATE TABLE hooks (mine TEXT)")
        before = shape(tmp_path)

        with pytest.raises(Exception) as caught:  # noqa: PT011
            async with opened(url(tmp_path)):
                pass

        assert str(caught.value) == (
            f"state: {tmp_path}/pyxie.sqlite is neither of revision 0001 nor of 0002 "
            "(table hooks already exists): put a backup back with `pyxie restore`, "
            "or set another 'state' in config.yaml"
        )
        assert shape(tmp_path) == before


class TestRevisions:
    """A lint: what would end the transaction, or is not undone with it, is in none of them."""

    @pytest.mark.parametrize("path", sorted((schema.MIGRATIONS / "versions").glob("*.py")))
    def test_say_nothing_that_is_not_undone_when_it_is_broken_off(self, path: Path) -> None:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        said = {
            word
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            for word in node.value.upper().split()[:1]
        }

        assert not called & {"get_bind", "get_context", "autocommit_block", "commit", "connect"}
        assert not said & {"BEGIN", "COMMIT", "END", "VACUUM", "PRAGMA", "ATTACH", "DETACH"}

    def test_are_one_line_without_branches(self) -> None:
        assert sorted(VERSIONS) == VERSIONS
        assert VERSIONS[-1] == HEAD

    def test_of_before_are_none_where_nothing_was_made(self) -> None:
        with sa.create_engine("sqlite://").begin() as connection:
            assert schema.revision(connection) is None


class TestAFirstStart:
    def test_loads_no_alembic(self, tmp_path: Path) -> None:
        code = (
            "import asyncio, sys\nfrom pyxie.store.database import Database\n"
            "async def start():\n    async with Database(sys.argv[1]): pass\n"
            "asyncio.run(start())\n"
            "print(*{name.partition('.')[0] for name in sys.modules})"
        )

        loaded = subprocess.check_output([sys.executable, "-c", code, url(tmp_path)], text=True)

        assert not {"alembic", "mako"} & set(loaded.split())
        assert shape(tmp_path)


def test_a_statement_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """As a disk that is full does, in the middle."""
    lay(tmp_path, VERSIONS[0])
    before = shape(tmp_path)
    seen = 0

    def fail(_sql: str) -> None:
        nonlocal seen
        seen += 1
        if seen == 20:
            raise OSError(28, os.strerror(28))

    engine = sa.create_engine(f"sqlite:///{tmp_path}/pyxie.sqlite", connect_args=schema.BY_HAND)
    schema.in_whole_transactions(engine)
    with before_statements(fail), pytest.raises(OSError, match="No space"), engine.begin() as there:
        schema.upgrade(there)
    engine.dispose()

    assert shape(tmp_path) == before


async def test_a_profiler_that_keeps_every_cursor_hinders_no_start(tmp_path: Path) -> None:
    """As one does that looks at our stack: no statement may count on being thrown away."""
    kept: list[Any] = []

    def keep(_connection: Any, cursor: Any, *_: Any) -> None:
        kept.append(cursor)

    sa.event.listen(sa.Engine, "after_cursor_execute", keep)
    try:
        async with opened(url(tmp_path)):
            pass
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", keep)

    assert kept
