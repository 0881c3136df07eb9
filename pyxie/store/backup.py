"""The state saved to a file while pyxie runs, and put back while it does not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from pyxie.errors import PyxieError
from pyxie.store.file import StateFile
from pyxie.store.tables import HEAD


class BackupError(PyxieError):
    """The state cannot be saved, or put back; the text is one sentence."""


def save(state: Path, target: Path) -> int:
    """Save a state, also one that a daemon writes to (sqlite.org/backup.html).

    Args:
        state: SQLite's file.
        target: Where to; its folder is there. For nobody but its owner: tokens are inside.

    Returns:
        How many builds are in it.

    Raises:
        BackupError: It cannot be read or written.
    """
    if not state.is_file():
        raise BackupError(f"there is no state at {state}; --state names another place")
    new = target.with_name(f".{target.name}.new")
    with _told(state, target):
        new.unlink(missing_ok=True)
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        try:
            count = _copied(state, new)
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)
    return count


def restore(source: Path, state: Path, now: float, *, keep_builds: bool) -> list[str]:
    """Put a saved state back; what was there is kept beside it, as ``….before``.

    All files become those of whoever owns the folder, so that a restore by root leaves what the
    service can write.

    Args:
        source: As `save` made it.
        state: SQLite's file; it need not be there.
        now: Seconds since the epoch.
        keep_builds: Leave machines in build mode that were so when it was saved. Else their
            builds are cancelled: those that were installed since would be installed over.

    Returns:
        The machines whose builds were active.

    Raises:
        BackupError: It is no state of this pyxie's, or cannot be written.
        StartError: A daemon uses the state.
    """
    _check(source)
    file = StateFile(state)
    file.claim()
    try:
        owner, new = state.parent.stat(), state.with_name(f"{state.name}.new")
        with _told(source, state):
            if state.stat().st_size:
                save(state, state.with_name(f"{state.name}.before"))
            new.unlink(missing_ok=True)
            os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
            _copied(source, new)
            active = _active(new, now, keep=keep_builds)
            for each in state.parent.glob(f"{state.name}*"):
                os.chown(each, owner.st_uid, owner.st_gid, follow_symlinks=False)
            # Before the new one is there: what SQLite has logged is of the old one, which is whole
            # without it, if this is where the power fails.
            _settle(state)
            for ending in ("-wal", "-shm"):
                state.with_name(f"{state.name}{ending}").unlink(missing_ok=True)
            new.replace(state)
    finally:
        file.leave()
    return active


def _check(source: Path) -> None:
    with _told(source, source), closing(_opened(source)) as saved:
        fault = saved.execute("PRAGMA quick_check(1)").fetchone()[0]
        if fault != "ok":
            raise BackupError(f"{source} is damaged: {fault}")
        try:
            revision = saved.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        except (sqlite3.OperationalError, TypeError):
            raise BackupError(f"{source} is no state of pyxie's") from None
        if str(revision) > HEAD:
            raise BackupError(f"{source} is of a newer release of pyxie, at {revision}")


def _active(state: Path, now: float, *, keep: bool) -> list[str]:
    with closing(sqlite3.connect(state)) as opened, opened:
        found = opened.execute(
            "SELECT id, host FROM builds WHERE state IN ('pending', 'installing', 'stale')"
            " ORDER BY host"
        ).fetchall()
        for number, _ in () if keep else found:
            opened.execute(
                "UPDATE builds SET state = 'cancelled', changed = ? WHERE id = ?", (now, number)
            )
            opened.execute(
                "INSERT INTO transitions (build_id, at, state, cause)"
                " VALUES (?, ?, 'cancelled', 'restored from a backup')",
                (number, now),
            )
    return [host for _, host in found]


def _copied(source: Path, target: Path) -> int:
    """Copy a database into an empty file, which is on disk then; return how many builds it has."""
    with closing(_opened(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE").close()
        count = int(new.execute("SELECT count(*) FROM builds").fetchone()[0])
    with target.open("rb") as written:
        os.fsync(written.fileno())
    return count


def _settle(state: Path) -> None:
    """Have all that is logged be in the file itself."""
    with closing(sqlite3.connect(state, timeout=10.0)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=10.0)


@contextmanager
def _told(source: Path, target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise BackupError(f"{exc.filename or target}: {exc.strerror}") from exc
    except sqlite3.Error as exc:
        why = f"{source} cannot be copied to {target}: {exc}"
        if source == target:
            why = f"{source} cannot be read as a state: {exc}"
        raise BackupError(why) from exc
