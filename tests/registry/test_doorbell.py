"""When it rings: at each change that this host makes, and always where it cannot know."""

from __future__ import annotations

import asyncio
import logging
import mmap
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyxie.registry.doorbell import Doorbell

MOUNTED = "30 1 8:1 / / rw,relatime shared:1 - {kind} /dev/root rw\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "machines"
    path.mkdir()
    (path / "web01.yaml").write_text("hostname: web01\n")
    return path


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """Whatever the test's folder is on: a file system that is this kernel's alone."""
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTED.format(kind="ext4"))
    return path


@pytest.fixture
def bell(mounts: Path, folder: Path) -> Iterator[Doorbell]:
    found = Doorbell(mounts)
    assert found.rung([folder])
    yield found
    found.close()


def in_place(folder: Path) -> None:
    (folder / "web01.yaml").write_text("hostname: web02\n")


def by_mmap(folder: Path) -> None:
    with (folder / "web01.yaml").open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        memory[:1] = b"H"


def renamed_over(folder: Path) -> None:
    (folder / ".new").write_text("hostname: web02\n")
    (folder / ".new").rename(folder / "web01.yaml")


def created(folder: Path) -> None:
    (folder / "web02.yaml").touch()


def deleted(folder: Path) -> None:
    (folder / "web01.yaml").unlink()


def made_unreadable(folder: Path) -> None:
    (folder / "web01.yaml").chmod(0)


def moved_away(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def replaced(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


CHANGES = (
    in_place,
    by_mmap,
    renamed_over,
    created,
    deleted,
    made_unreadable,
    moved_away,
    replaced,
)


class TestRings:
    @pytest.mark.parametrize("change", CHANGES)
    def test_once_after_a_change(
        self, bell: Doorbell, folder: Path, change: Callable[[Path], None]
    ) -> None:
        before = bell.rung([folder])

        change(folder)

        assert (before, bell.rung([folder]), bell.rung([folder])) == (False, True, False)

    def test_for_changes_in_a_folder_that_took_the_place_of_another(
        self, bell: Doorbell, folder: Path
    ) -> None:
        replaced(folder)
        bell.rung([folder])

        created(folder)

        assert bell.rung([folder])

    def test_when_a_link_to_the_folder_is_turned(self, bell: Doorbell, folder: Path) -> None:
        """As a deployment does that keeps its releases side by side."""
        link, other = folder.with_name("current"), folder.with_name("release2")
        other.mkdir()
        link.symlink_to(folder)
        bell.rung([link])

        link.unlink()
        link.symlink_to(other)

        assert bell.rung([link])
        created(other)
        assert bell.rung([link])

    def test_when_a_folder_appears_that_was_missing(self, bell: Doorbell, folder: Path) -> None:
        groups = folder.with_name("groups")
        before = bell.rung([folder, groups]), bell.rung([folder, groups])

        groups.mkdir()

        assert (*before, bell.rung([folder, groups])) == (True, False, True)
        created(groups)
        assert bell.rung([folder, groups])

    def test_when_it_is_asked_about_another_folder(self, bell: Doorbell, folder: Path) -> None:
        other = folder.with_name("other")
        other.mkdir()

        assert (bell.rung([other]), bell.rung([other])) == (True, False)

    def test_when_more_changed_than_the_kernel_keeps_notices_of(
        self, bell: Doorbell, folder: Path
    ) -> None:
        most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        if most > 100_000:
            pytest.skip("this kernel keeps very many notices")
        created(folder)
        for at in range(most):
            os.utime(folder / f"web0{1 + at % 2}.yaml")

        assert (bell.rung([folder]), bell.rung([folder])) == (True, False)


class TestIsSilent:
    """As far as the event loop can tell, which asks no file system."""

    def test_where_nothing_has_changed(self, bell: Doorbell, folder: Path) -> None:
        assert bell.is_silent([folder])
        assert not bell.rung([folder])
        assert bell.is_silent([folder])

    @pytest.mark.parametrize("change", CHANGES)
    def test_not_after_a_change_until_it_was_looked_at(
        self, bell: Doorbell, folder: Path, change: Callable[[Path], None]
    ) -> None:
        change(folder)

        assert (bell.is_silent([folder]), bell.is_silent([folder])) == (False, False)
        assert bell.rung([folder])
        assert bell.is_silent([folder])

    def test_not_after_one_that_was_heard_by_who_looks(self, bell: Doorbell, folder: Path) -> None:
        created(folder)

        assert bell.rung([folder])
        assert bell.is_silent([folder])

    def test_not_where_another_folder_is_in_its_place(self, mounts: Path, folder: Path) -> None:
        inner = folder / "site" / "machines"
        inner.mkdir(parents=True)
        bell = Doorbell(mounts)
        bell.rung([inner])

        (folder / "site").rename(folder / "old")
        inner.mkdir(parents=True)

        assert not bell.is_silent([inner])
        assert bell.rung([inner])
        created(inner)
        assert not bell.is_silent([inner])
        assert bell.rung([inner])

    def test_not_where_one_appears_that_was_missing(self, bell: Doorbell, folder: Path) -> None:
        groups = folder.with_name("groups")
        bell.rung([folder, groups])
        before = bell.is_silent([folder, groups])

        groups.mkdir()

        assert before
        assert not bell.is_silent([folder, groups])
        assert bell.rung([folder, groups])

    def test_not_of_one_that_is_reached_by_a_link(self, bell: Doorbell, folder: Path) -> None:
        link = folder.with_name("current")
        link.symlink_to(folder)
        bell.rung([link])

        assert not bell.rung([link])
        assert not bell.is_silent([link])

    def test_not_of_others(self, bell: Doorbell, folder: Path, tmp_path: Path) -> None:
        assert not bell.is_silent([folder, tmp_path])
        assert not bell.is_silent([tmp_path])

    def test_not_on_a_file_system_that_others_change(self, mounts: Path, folder: Path) -> None:
        mounts.write_text(MOUNTED.format(kind="nfs4"))
        bell = Doorbell(mounts)
        bell.rung([folder])

        assert not bell.is_silent([folder])

    def test_not_for_longer_than_a_second(self, mounts: Path, folder: Path) -> None:
        """For what nothing tells of: that something is mounted over it."""
        now = [0.0]
        bell = Doorbell(mounts, clock=lambda: now[0])
        bell.rung([folder])
        found = []

        for now[0] in (0.9, 1.1):
            found.append(bell.is_silent([folder]))
        bell.rung([folder])

        assert [*found, bell.is_silent([folder])] == [True, False, True]

    def test_not_where_the_kernel_gives_no_notices(
        self, mounts: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def none() -> None:
            raise OSError

        monkeypatch.setattr("pyxie.registry.doorbell.Notices", none)
        bell = Doorbell(mounts)

        assert bell.rung([folder])
        assert not bell.is_silent([folder])


class Told:
    """Whether something was mounted, in the kernel's place."""

    told = False

    def __init__(self, _file: Path) -> None:
        """Be asked."""

    def changed(self) -> bool:
        was, Told.told = Told.told, False
        return was

    def close(self) -> None:
        """Be asked no more."""


class TestIsAtRest:
    """For who asks every second: longer after a look, as mounts are told of."""

    @pytest.mark.parametrize("change", CHANGES)
    def test_until_a_change_was_looked_at(
        self, bell: Doorbell, folder: Path, change: Callable[[Path], None]
    ) -> None:
        before = bell.is_at_rest([folder])

        change(folder)

        assert (before, bell.is_at_rest([folder]), bell.is_at_rest([folder])) == (
            True,
            False,
            False,
        )
        assert bell.rung([folder])
        assert bell.is_at_rest([folder])

    def test_for_half_a_minute_after_a_look(self, mounts: Path, folder: Path) -> None:
        now = [0.0]
        bell = Doorbell(mounts, clock=lambda: now[0])
        bell.rung([folder])
        found = []

        for now[0] in (29.9, 30.1):
            found.append(bell.is_at_rest([folder]))
        bell.rung([folder])

        assert [*found, bell.is_at_rest([folder])] == [True, False, True]

    def test_not_from_when_something_is_mounted_until_it_was_looked_at(
        self, mounts: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.registry.doorbell.Mounts", Told)
        bell = Doorbell(mounts)
        bell.rung([folder])
        before = bell.is_at_rest([folder])

        Told.told = True

        assert before
        assert [bell.is_at_rest([folder]) for _ in range(2)] == [False, False]
        assert not bell.is_silent([folder])
        bell.rung([folder])
        assert bell.is_at_rest([folder])

    def test_never_where_mounts_are_not_told_of(
        self, mounts: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def none(_file: Path) -> None:
            raise OSError

        monkeypatch.setattr("pyxie.registry.doorbell.Mounts", none)
        bell = Doorbell(mounts)
        bell.rung([folder])

        assert (bell.is_silent([folder]), bell.is_at_rest([folder])) == (True, False)

    def test_never_on_a_file_system_that_others_change(self, mounts: Path, folder: Path) -> None:
        mounts.write_text(MOUNTED.format(kind="nfs4"))
        bell = Doorbell(mounts)
        bell.rung([folder])

        assert not bell.is_at_rest([folder])


class TestATick:
    @pytest.mark.parametrize("change", CHANGES)
    async def test_comes_after_a_change(
        self, bell: Doorbell, folder: Path, change: Callable[[Path], None]
    ) -> None:
        change(folder)

        async with asyncio.timeout(10):
            await bell.tick(0.001, 86400.0)
        assert bell.rung([folder])

    async def test_comes_by_itself_where_there_is_none(self, bell: Doorbell) -> None:
        async with asyncio.timeout(10):
            await bell.tick(86400.0, 0.001)

    async def test_is_not_before_that(self, bell: Doorbell) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await bell.tick(0.001, 86400.0)

    async def test_comes_after_a_change_in_a_folder_that_took_the_place_of_another(
        self, bell: Doorbell, folder: Path
    ) -> None:
        for _ in range(3):
            replaced(folder)
            bell.rung([folder])
        created(folder)

        async with asyncio.timeout(10):
            await bell.tick(0.001, 86400.0)


class TestAlwaysRings:
    """Where something may change unheard."""

    @pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p", "overlay"])
    def test_on_a_file_system_that_others_change(
        self, mounts: Path, folder: Path, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        mounts.write_text(MOUNTED.format(kind=kind))
        bell = Doorbell(mounts)

        with caplog.at_level(logging.INFO):
            found = [bell.rung([folder]) for _ in range(3)]

        assert found == [True, True, True]
        assert caplog.messages == [
            f"machine files are looked at at every call: no inotify ({folder} is on {kind})"
        ]

    def test_on_one_that_is_mounted_below_another(self, mounts: Path, tmp_path: Path) -> None:
        share = tmp_path / "a share"
        share.mkdir()
        point = str(share).replace(" ", r"\040")
        mounts.write_text(
            MOUNTED.format(kind="ext4") + f"31 30 0:40 / {point} rw - nfs4 nas:/export rw\n"
        )
        bell = Doorbell(mounts)

        assert [bell.rung([share]) for _ in range(2)] == [True, True]

    @pytest.mark.slow
    def test_lets_go_of_the_kernels_notices_also_where_nobody_closes_it(
        self, mounts: Path, folder: Path
    ) -> None:
        """A user has but 128 inotify instances, of which systemd and others want some."""
        for _ in range(150):
            bell = Doorbell(mounts)
            bell.rung([folder])
            assert bell.rung([folder]) is False

    def test_where_mounts_cannot_be_read(self, folder: Path) -> None:
        bell = Doorbell(folder / "none")

        assert [bell.rung([folder]) for _ in range(2)] == [True, True]

    def test_where_the_kernel_has_no_watch_left(
        self, mounts: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As with ENOSPC, when fs.inotify.max_user_watches are in use."""

        def refused(_result: int) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("pyxie.inotify.checked", refused)
        bell = Doorbell(mounts)

        assert [bell.rung([folder]) for _ in range(2)] == [True, True]
