from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyxie import lettercase
from pyxie.bounds import LETTER_CASE_NAMES
from pyxie.lettercase import LetterCase
from tests.support import Clock

NOW = 1_700_000_000.0


class Listed:
    """Counts how often a folder is listed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folders: list[str] = []
        names = lettercase._names

        def counted(folder: str) -> dict[str, str | tuple[str, ...]]:
            self.folders.append(Path(folder).name)
            return names(folder)

        monkeypatch.setattr(lettercase, "_names", counted)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Listed:
    return Listed(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return laid(tmp_path / "served", "EFI.img", "efi.IMG", "linux", "Straße")


def laid(folder: Path, *names: str, at: float = NOW - 60) -> Path:
    """Make a folder with files, last changed a minute ago."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    os.utime(folder, (at, at))
    return folder


class TestNames:
    @pytest.mark.parametrize(
        ("name", "alike"),
        [
            ("LINUX", ["linux"]),
            ("linux", ["linux"]),
            ("Efi.Img", ["EFI.img", "efi.IMG"]),
            ("STRASSE", ["Straße"]),
            ("missing", []),
        ],
    )
    def test_alike_are_found(self, folder: Path, name: str, alike: list[str]) -> None:
        assert LetterCase(Clock(NOW)).alike(str(folder), name) == alike

    def test_of_a_folder_that_is_none_raise(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            LetterCase(Clock(NOW)).alike(str(tmp_path / "none"), "linux")


class TestAFolder:
    def test_is_listed_once_until_it_changes(self, folder: Path, listed: Listed) -> None:
        letters = LetterCase(Clock(NOW))
        for name in ("a", "b", "LINUX"):
            letters.alike(str(folder), name)
        assert listed.folders == ["served"]

        laid(folder, "New", at=NOW - 30)

        assert letters.alike(str(folder), "new") == ["New"]
        assert letters.alike(str(folder), "NEW") == ["New"]
        assert listed.folders == ["served"] * 2

    def test_that_has_just_changed_is_listed_anew_for_it_may_change_within_the_tick(
        self, tmp_path: Path
    ) -> None:
        clock = Clock(NOW)
        letters, folder = LetterCase(clock), laid(tmp_path / "served", "Old", at=NOW - 0.5)
        assert letters.alike(str(folder), "new") == []

        laid(folder, "New", at=NOW - 0.5)

        assert letters.alike(str(folder), "new") == ["New"]

    def test_whose_clock_is_ahead_is_kept_all_the_same(
        self, tmp_path: Path, listed: Listed
    ) -> None:
        letters, folder = LetterCase(Clock(NOW)), laid(tmp_path / "served", "Old", at=NOW + 3600)

        for _ in range(3):
            assert letters.alike(str(folder), "OLD") == ["Old"]

        assert listed.folders == ["served"]

    def test_is_forgotten_for_others_when_there_are_very_many_names(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: Listed
    ) -> None:
        monkeypatch.setattr(LETTER_CASE_NAMES, "most", 5)
        letters = LetterCase(Clock(NOW))
        one, other = laid(tmp_path / "one", *"ABC"), laid(tmp_path / "other", *"DEF")

        for folder, name in ((one, "a"), (other, "d"), (other, "e"), (one, "b")):
            assert letters.alike(str(folder), name) == [name.upper()]
            assert len(letters) <= 5

        assert listed.folders == ["one", "other", "one"]

    def test_of_more_names_than_are_kept_has_exact_names_only(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: Listed
    ) -> None:
        monkeypatch.setattr(LETTER_CASE_NAMES, "most", 5)
        letters, folder = LetterCase(Clock(NOW)), laid(tmp_path / "many", *"ABCDEF")

        assert letters.alike(str(folder), "a") == letters.alike(str(folder), "b") == []
        assert listed.folders == ["many"]
