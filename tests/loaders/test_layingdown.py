"""Loaders into a folder: whole, in one stroke each, or not at all."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from pyxie.loaders.layingdown import LayingError, lay_down
from tests.loaders.archives import USEFUL


def below(folder: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file()
    }


def test_all_are_there_for_the_daemon_to_read(tmp_path: Path) -> None:
    """Also where whoever fetches them keeps all to himself."""
    folder, before = tmp_path / "ipxe", os.umask(0o077)
    try:
        changed = lay_down(USEFUL, folder)
    finally:
        os.umask(before)

    assert changed == sorted(USEFUL)
    assert below(folder) == USEFUL
    assert {each.stat().st_mode & 0o777 for each in folder.rglob("*.efi")} == {0o644}
    assert {each.stat().st_mode & 0o777 for each in (folder, *folder.glob("*"))} == {0o755}


def test_what_is_there_already_stays_and_so_does_what_is_the_operators(tmp_path: Path) -> None:
    lay_down(USEFUL, tmp_path)
    (tmp_path / "ipxe.efi").write_bytes(b"my own")
    (tmp_path / "x86_64-sb/ipxe.efi").write_bytes(b"of an older release")
    before = (tmp_path / "x86_64/ipxe.efi").stat().st_ino

    changed = lay_down(USEFUL, tmp_path)

    assert changed == ["x86_64-sb/ipxe.efi"]
    assert below(tmp_path) == {**USEFUL, "ipxe.efi": b"my own"}
    assert (tmp_path / "x86_64/ipxe.efi").stat().st_ino == before


def test_one_that_was_killed_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".pyxie.new").mkdir()
    (tmp_path / ".pyxie.new/0").write_bytes(b"half")

    lay_down(USEFUL, tmp_path)

    assert below(tmp_path) == USEFUL


def test_a_disk_that_is_full_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    lay_down({"x86_64/ipxe.efi": b"old"}, tmp_path)
    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(LayingError, match="no room is left on its disk; nothing was replaced"):
        lay_down(USEFUL, tmp_path)

    assert below(tmp_path) == {"x86_64/ipxe.efi": b"old"}


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    other = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(other, fcntl.LOCK_EX)

        with pytest.raises(LayingError, match="another command is writing to"):
            lay_down(USEFUL, tmp_path)
    finally:
        os.close(other)

    assert below(tmp_path) == {}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (13, "may not be written to by this user: run the command as root"),
        (5, "x: Input/output error"),
    ],
)
def test_what_hinders_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "x")

    monkeypatch.setattr(Path, "mkdir", fails)

    with pytest.raises(LayingError, match=said):
        lay_down(USEFUL, tmp_path)


def test_a_folder_whose_parent_is_not_there_is_no_place(tmp_path: Path) -> None:
    with pytest.raises(LayingError, match="is not there: make it, or set `ipxe` in"):
        lay_down(USEFUL, tmp_path / "a/b")
