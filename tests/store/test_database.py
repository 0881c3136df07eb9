from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from pyxie.builds.records import BuildRecords
from pyxie.errors import StartError
from pyxie.store import database as module
from pyxie.store.database import Database
from pyxie.store.file import StateFile, _foreign
from pyxie.store.pools import StoreError
from pyxie.store.tables import BUILDS, EVENTS, HEAD, HOOKS, TRANSITIONS
from tests.builds.stores import begin, build, opened, url
from tests.store.revisions import lay


async def refusal(state: str) -> str:
    with pytest.raises(StartError) as caught:
        await Database(state).__aenter__()
    return str(caught.value)


class TestOnDisk:
    async def test_every_commit_reaches_the_disk(self, tmp_path: Path) -> None:
        names = ("journal_mode", "synchronous", "foreign_keys")
        async with opened(url(tmp_path)) as store:
            found = await store._database.write(
                lambda writes: [writes.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
            )

        assert found == ["wal", 2, 1]

    async def test_nobody_else_may_read_the_tokens(self, tmp_path: Path) -> None:
        async with opened(f"sqlite:///{tmp_path}/state/pyxie.sqlite") as store:
            await begin(store, build(), "PUT /build", None)

            modes = {
                path.name: stat.S_IMODE(path.stat().st_mode)
                for path in [tmp_path / "state", *(tmp_path / "state").iterdir()]
            }

        assert modes == {
            "state": 0o700,
            "pyxie.sqlite": 0o600,
            "pyxie.sqlite-wal": 0o600,
            "pyxie.sqlite-shm": 0o600,
            "pyxie.sqlite.reserve": 0o600,
        }

    async def test_the_schema_that_migrations_make_is_the_one_the_code_uses(
        self, tmp_path: Path
    ) -> None:
        async with opened(url(tmp_path)):
            pass

        connection = sqlite3.connect(tmp_path / "pyxie.sqlite")
        made = {
            table.name: [
                (name, bool(required) or bool(key))
                for _, name, _, required, _, key in connection.execute(
                    f"PRAGMA table_info({table.name})"
                )
            ]
            for table in (BUILDS, EVENTS, HOOKS, TRANSITIONS)
        }
        connection.close()
        assert made == {
            table.name: [(column.name, not column.nullable) for column in table.columns]
            for table in (BUILDS, EVENTS, HOOKS, TRANSITIONS)
        }

    async def test_a_build_from_before_its_type_could_lie_over_the_machine_goes_on_as_it_began(
        self, tmp_path: Path
    ) -> None:
        lay(tmp_path, "0005")

        async with opened(url(tmp_path)) as store:
            old = await store.latest()
            new = await begin(store, build("web03.internal"), "PUT /build", None)

            assert {each.beneath for each in old} == {True}
            assert not new.beneath

    def test_head_is_the_newest_revision(self) -> None:
        folder = Path(module.__file__).parent / "migrations" / "versions"

        assert max(path.name.partition("_")[0] for path in folder.glob("*.py")) == HEAD

    async def test_what_the_disk_refuses_is_said_in_its_own_words_without_a_token(
        self, tmp_path: Path
    ) -> None:
        async with opened(url(tmp_path)) as store:
            await begin(store, build(token="hush-hush"), "PUT /build", None)
            pages = await _limit(store)
            assert pages > 0

            with pytest.raises(StoreError) as caught:
                await _fill(store)

            assert str(caught.value) == "database or disk is full"
            assert (await store.latest())[0].token == "hush-hush"


async def _fill(store: BuildRecords) -> None:
    for _ in range(1000):
        await begin(store, build(token="hush-hush"), "PUT /build", None)


async def _limit(store: BuildRecords) -> int:
    """Let the database grow no further."""
    return await store._database.write(
        lambda writes: int(writes.exec_driver_sql("PRAGMA max_page_count=1").scalar_one())
    )


class TestOneDaemonAtATime:
    async def test_a_second_one_is_refused(self, tmp_path: Path) -> None:
        async with opened(url(tmp_path)):
            assert await refusal(url(tmp_path)) == (
                f"state: another pyxie is using {tmp_path}/pyxie.sqlite; "
                "stop it, or set another 'state' in config.yaml"
            )

    async def test_by_whatever_path_it_comes(self, tmp_path: Path) -> None:
        (tmp_path / "link.sqlite").symlink_to("pyxie.sqlite")
        async with opened(url(tmp_path)):
            assert await refusal(f"sqlite:///{tmp_path}/link.sqlite") == (
                f"state: another pyxie is using {tmp_path}/pyxie.sqlite; "
                "stop it, or set another 'state' in config.yaml"
            )

    async def test_one_that_comes_while_a_killed_ones_child_has_it_still_waits(
        self, tmp_path: Path
    ) -> None:
        """A hook has the lock until its program is loaded, and may outlive its daemon."""
        child = StateFile(tmp_path / "pyxie.sqlite")
        child.claim()
        asyncio.get_running_loop().call_later(0.2, child.leave)

        async with opened(url(tmp_path)) as store:
            assert await store.latest() == []

    async def test_the_next_one_may(self, tmp_path: Path) -> None:
        async with opened(url(tmp_path)):
            pass
        async with opened(url(tmp_path)) as store:
            assert await store.latest() == []

    async def test_one_that_could_not_start_leaves_no_lock(self, tmp_path: Path) -> None:
        file = tmp_path / "pyxie.sqlite"
        file.write_bytes(b"no database" * 100)
        await refusal(url(tmp_path))
        file.unlink()

        async with opened(url(tmp_path)) as store:
            assert await store.latest() == []


class TestAStateThatCannotBeUsed:
    """One sentence each that says what to do."""

    async def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "pyxie.sqlite").write_bytes(b"no database" * 100)

        assert await refusal(url(tmp_path)) == (
            f"state: {tmp_path}/pyxie.sqlite cannot be used: file is not a database"
        )

    async def test_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "pyxie.sqlite").mkdir()

        assert await refusal(url(tmp_path)) == (
            f"state: {tmp_path}/pyxie.sqlite cannot be written: Is a directory"
        )

    async def test_a_place_below_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        assert await refusal(f"sqlite:///{tmp_path}/file/pyxie.sqlite") == (
            f"state: {tmp_path}/file cannot be made (File exists); "
            "set 'state' in config.yaml to a path that this user may write"
        )

    async def test_one_of_a_newer_pyxie(self, tmp_path: Path) -> None:
        async with opened(url(tmp_path)):
            pass
        connection = sqlite3.connect(tmp_path / "pyxie.sqlite")
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        connection.close()

        assert await refusal(url(tmp_path)) == (
            f"state: {tmp_path}/pyxie.sqlite was written by another release of pyxie "
            "(Can't locate revision identified by '9999'); "
            "install that one, or set another 'state' in config.yaml"
        )

    async def test_a_driver_that_is_not_installed(self) -> None:
        text = await refusal("oracle+nodriver://db/pyxie")

        assert text.startswith("state: install the database driver for oracle+nodriver (")

    async def test_what_is_no_url_at_all(self) -> None:
        with pytest.raises(StartError) as caught:
            Database("no url")

        assert str(caught.value) == "state: 'no url' is neither a path nor a SQLAlchemy URL"

    async def test_builds_in_memory_only_are_no_state(self) -> None:
        assert await refusal("sqlite://") == (
            "state: 'sqlite://' keeps builds in memory only; name a file"
        )

    async def test_a_server_that_is_away_is_no_bug(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """PostgreSQL's driver raises the bare OSError when it cannot connect."""
        async with opened(url(tmp_path)) as store:
            pool = store._database._open._reading
            monkeypatch.setattr(pool.sync_engine.dialect, "do_begin", _away)

            with pytest.raises(StoreError) as caught:
                await store.latest()

            assert str(caught.value) == "[Errno 111] Connection refused"


def _away(*_: object) -> None:
    raise ConnectionRefusedError(111, "Connection refused")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_state_of_another_user_is_named_with_the_remedy(tmp_path: Path) -> None:
    """As it is left by root, who put a copy in its place."""
    (tmp_path / "pyxie.sqlite").touch()
    (tmp_path / "mine").touch()
    os.chown(tmp_path / "pyxie.sqlite", 65534, 65534)

    assert _foreign(tmp_path / "pyxie.sqlite") == (
        f"it is user 65534's, and pyxie runs as user 0: chown --reference={tmp_path} {tmp_path}/*"
    )
    assert _foreign(tmp_path / "mine") == _foreign(tmp_path / "none") == ""
