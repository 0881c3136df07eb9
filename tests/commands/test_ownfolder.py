"""The folder of `pyxie boot` without a daemon: where it is, how large, and that it goes."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import pytest

from pyxie.commands import ownfolder
from pyxie.commands.ownfolder import may_hold, own_folder, shut_to_others
from pyxie.errors import StartError


@pytest.fixture
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for /var/tmp."""
    folder = tmp_path / "usual"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setattr(ownfolder, "_USUAL", (str(folder),))
    monkeypatch.delenv("TMPDIR", raising=False)
    return folder


def left(place: Path, name: str, *, seconds: float) -> Path:
    folder = place / name
    (folder / "image-store").mkdir(parents=True)
    then = time.time() - seconds
    os.utime(folder, (then, then))
    return folder


class TestOwnFolder:
    def test_is_on_a_disk_where_nothing_is_said(self, usual: Path) -> None:
        with own_folder(None) as folder:
            assert folder.parent == usual
            (folder / "state").mkdir()

        assert not list(usual.iterdir())

    def test_is_where_tmpdir_says(
        self, usual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TMPDIR", str(tmp_path))

        with own_folder(None) as folder:
            assert folder.parent == tmp_path

    def test_is_not_where_the_user_that_is_become_could_not_remove_it(
        self, usual: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As pam_tmpdir's, which are their owners' alone."""
        private = usual / "private"
        private.mkdir(mode=0o700)
        monkeypatch.setenv("TMPDIR", str(private))
        monkeypatch.setattr(ownfolder, "shut_to_others", lambda path: path == private or None)

        with own_folder("nobody") as folder:
            assert folder.parent == usual

    def test_no_place_is_told_with_what_to_do(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(ownfolder, "_USUAL", (str(tmp_path / "none"),))
        monkeypatch.setenv("TMPDIR", "/none")

        with pytest.raises(StartError) as refused, own_folder(None):
            pass

        assert str(refused.value) == (
            f"this user may write to none of /none, {tmp_path}/none; TMPDIR names another place"
        )

    def test_of_one_that_was_killed_nothing_stays(self, usual: Path) -> None:
        killed = left(usual, "pyxie-boot-killed", seconds=61)

        with own_folder(None):
            assert not killed.exists()

    def test_those_that_run_or_begin_or_are_anothers_stay(self, usual: Path) -> None:
        runs = left(usual, "pyxie-boot-runs", seconds=61)
        begins = left(usual, "pyxie-boot-begins", seconds=1)
        other = left(usual, "other", seconds=61)
        link = usual / "pyxie-boot-link"
        link.symlink_to(other)
        locked = os.open(runs, os.O_RDONLY)
        fcntl.flock(locked, fcntl.LOCK_EX)
        try:
            with own_folder(None) as folder:
                assert set(usual.iterdir()) == {runs, begins, other, link, folder}
        finally:
            os.close(locked)
        assert (other / "image-store").exists()

    def test_is_locked_while_it_is_in_use(self, usual: Path) -> None:
        with own_folder(None) as folder:
            other = os.open(folder, os.O_RDONLY)
            try:
                with pytest.raises(BlockingIOError):
                    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            finally:
                os.close(other)


class TestSize:
    def test_is_no_more_than_what_is_said(self, tmp_path: Path) -> None:
        assert may_hold(tmp_path, 1000) == 1000
        assert may_hold(tmp_path, 0) == 0

    def test_leaves_others_half_of_what_is_free(self, tmp_path: Path) -> None:
        disk = os.statvfs(tmp_path)

        found = may_hold(tmp_path, 1 << 60)

        assert 0 < found < disk.f_frsize * disk.f_blocks / 2


class TestShutToOthers:
    def test_names_what_of_a_path_others_may_not_pass(self, tmp_path: Path) -> None:
        inside = tmp_path / "shut/inside"
        inside.mkdir(parents=True)
        inside.parent.chmod(0o700)

        found = shut_to_others(inside)

        assert found in (inside.parent, *inside.parent.parents)
        assert found is not None
        assert not found.stat().st_mode & 0o001

    def test_is_nothing_of_a_path_for_all(self) -> None:
        assert shut_to_others(Path("/usr/bin")) is None
