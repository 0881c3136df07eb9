"""Whether files are surely as they were, without a look at them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyxie.bounds import FILES_SEEN, FOLDERS_WATCHED
from pyxie.render.lastseen import LastSeen
from pyxie.render.uses import State, state_of
from tests.support import Clock

MOUNTED = "22 1 8:1 / / rw - {kind} /dev/sda1 rw\n"


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    file = tmp_path / "mountinfo"
    file.write_text(MOUNTED.format(kind="ext4"))
    return file


@pytest.fixture
def seen(mounts: Path) -> LastSeen:
    return LastSeen(Clock(), mounts)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "templates" / "one.j2"
    file.parent.mkdir()
    file.write_text("one")
    return file


def states(*files: Path) -> dict[str, State]:
    return {str(each): state_of(str(each)) for each in files}


def changed_while_looked_at(file: Path, seen: LastSeen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a file written, and that heard of, in the middle of each later look at it."""
    was = states(file)

    def slow(place: str) -> State:
        found = state_of(place)
        file.write_text("meanwhile")
        assert not seen.still(was)
        return found

    monkeypatch.setattr("pyxie.render.lastseen.state_of", slow)


class TestFiles:
    def test_are_sure_once_they_were_looked_at(self, seen: LastSeen, file: Path) -> None:
        was = states(file)
        assert not seen.still(was)

        assert seen.look(was)

        assert [seen.still(was) for _ in range(3)] == [True] * 3

    def test_are_not_where_they_were_other_ones(self, seen: LastSeen, file: Path) -> None:
        was = states(file)
        file.write_text("two, longer")

        assert not seen.look(was)
        assert not seen.still(was)

    def test_that_are_not_there_are_sure_too(self, seen: LastSeen, file: Path) -> None:
        was = states(file.with_name("none.j2"), file.parent / "no" / "folder.j2")

        assert seen.look(was)

        assert seen.still(was)

    def test_are_looked_at_each_second_for_what_nothing_tells(
        self, mounts: Path, file: Path
    ) -> None:
        clock = Clock()
        seen, was = LastSeen(clock, mounts), states(file)
        seen.look(was)

        clock.now += 1.1

        assert not seen.still(was)
        assert seen.look(was)
        assert seen.still(was)


class TestALookAhead:
    """Before who asks has to wait for one."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def seen(self, clock: Clock, mounts: Path) -> LastSeen:
        return LastSeen(clock, mounts)

    def test_is_due_before_what_was_seen_counts_no_more(
        self, seen: LastSeen, file: Path, clock: Clock
    ) -> None:
        assert not seen.is_due
        seen.look(states(file))
        assert not seen.is_due

        clock.now += 0.6

        assert seen.is_due
        assert seen.still(states(file))

    def test_has_it_count_on_and_the_mark_is_the_same(
        self, seen: LastSeen, file: Path, clock: Clock
    ) -> None:
        was = states(file)
        seen.look(was)
        mark = seen.mark()
        for _ in range(5):
            clock.now += 0.9
            seen.look_again()

        assert not seen.is_due
        assert seen.still(was)
        assert seen.mark() is mark is not None

    def test_finds_what_nothing_told_of(
        self, seen: LastSeen, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        was = states(file)
        seen.look(was)
        before = seen.mark()
        monkeypatch.setattr("pyxie.render.lastseen.state_of", lambda _place: (1,))

        seen.look_again()

        assert not seen.still(was)
        assert seen.mark() is not before

    @pytest.mark.parametrize("kind", ["nfs4", "ext4"])
    def test_watches_the_folder_that_is_there_by_now(
        self, mounts: Path, seen: LastSeen, file: Path, kind: str
    ) -> None:
        """One that is mounted over another, say."""
        was = states(file)
        seen.look(was)
        mounts.write_text(MOUNTED.format(kind=kind))

        seen.look_again()

        assert seen.still(was) is (kind == "ext4")

    def test_during_which_something_is_told_of_counts_for_nothing(
        self, seen: LastSeen, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        was = states(file)
        seen.look(was)

        changed_while_looked_at(file, seen, monkeypatch)
        seen.look_again()

        assert not seen.still(was)

    def test_before_anything_was_seen_does_nothing(self, seen: LastSeen) -> None:
        seen.look_again()

        assert seen.mark() is None


class TestAChange:
    """Is heard of before the call returns that makes it."""

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda file: file.write_text("two"), id="written"),
            pytest.param(lambda file: file.unlink(), id="removed"),
            pytest.param(lambda file: file.with_name("x").rename(file), id="put in its place"),
            pytest.param(lambda file: os.utime(file, ns=(1, 1)), id="dated back"),
            pytest.param(lambda file: file.with_name("none.j2").touch(), id="a new one"),
            pytest.param(lambda file: (file.parent / "sub").mkdir(), id="a new folder"),
            pytest.param(
                lambda file: file.parent.rename(file.parent.with_name("moved")), id="moved away"
            ),
            pytest.param(
                lambda file: file.parent.parent.rename(file.parent.parent.with_name("moved2")),
                id="a folder above moved away",
            ),
        ],
    )
    def test_makes_them_unsure(self, tmp_path: Path, mounts: Path, change) -> None:  # type: ignore[no-untyped-def]
        file = tmp_path / "site" / "templates" / "one.j2"
        file.parent.mkdir(parents=True)
        file.write_text("one")
        file.with_name("x").write_text("another")
        seen = LastSeen(Clock(), mounts)
        was = states(file, file.with_name("none.j2"), file.parent / "sub" / "a.j2")
        seen.look(was)
        assert seen.still(was)

        change(file)

        assert not seen.still(was)

    def test_is_seen_by_the_next_look_and_what_follows_heard_of(
        self, seen: LastSeen, file: Path
    ) -> None:
        seen.look(states(file))
        file.parent.rename(file.parent.with_name("old"))
        file.parent.mkdir()
        file.write_text("of the new folder")
        was = states(file)
        assert not seen.still(was)
        assert seen.look(was)
        assert seen.still(was)

        file.write_text("again")

        assert not seen.still(was)

    def test_while_one_looks_counts(
        self, seen: LastSeen, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        was = states(file)
        seen.look(was)

        changed_while_looked_at(file, seen, monkeypatch)
        seen.look(was)

        assert not seen.still(was)


class TestAreNeverSure:
    @pytest.mark.parametrize("kind", ["nfs4", "overlay"])
    def test_on_a_file_system_that_others_change(
        self, mounts: Path, seen: LastSeen, file: Path, kind: str
    ) -> None:
        mounts.write_text(MOUNTED.format(kind=kind))
        was = states(file)

        for _ in range(2):
            assert seen.look(was)
            assert not seen.still(was)

    def test_by_a_link(self, seen: LastSeen, file: Path) -> None:
        link = file.parent.with_name("current")
        link.symlink_to(file.parent)
        was = states(link / file.name)

        assert seen.look(was)

        assert not seen.still(was)

    def test_with_a_second_name(self, seen: LastSeen, file: Path) -> None:
        file.with_name("second").hardlink_to(file)
        was = states(file)

        assert seen.look(was)

        assert not seen.still(was)

    def test_where_there_is_no_inotify(
        self, seen: LastSeen, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(_result: int) -> int:
            raise OSError(24, "Too many open files")

        monkeypatch.setattr("pyxie.inotify.checked", refused)
        was = states(file)

        assert seen.look(was)

        assert not seen.still(was)

    def test_in_more_folders_than_are_watched(
        self, seen: LastSeen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(FOLDERS_WATCHED, "most", 1)
        files = [tmp_path / name / "a.j2" for name in ("one", "two")]
        for each in files:
            each.parent.mkdir()
            each.touch()

        found = []
        for each in files:
            seen.look(states(each))
            found.append(seen.still(states(each)))

        assert found == [True, False]


def test_as_many_files_are_known_as_may_be(
    seen: LastSeen, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FILES_SEEN, "most", 1)
    other = file.with_name("other.j2")

    seen.look(states(file))
    seen.look(states(other))

    assert [seen.still(states(each)) for each in (file, other)] == [False, True]
