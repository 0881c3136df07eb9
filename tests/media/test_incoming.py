"""An image on its way into the folder."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pyxie.media import incoming as module
from pyxie.media.incoming import Incoming, gathered


def test_it_is_there_once_it_is_whole(tmp_path: Path) -> None:
    coming = Incoming(tmp_path / "isos", "a")

    coming.write(b"12")
    before = [each.name for each in (tmp_path / "isos").iterdir()]
    coming.write(b"345")
    path = coming.finish()
    coming.close()

    assert before == [".a.iso.part"]
    assert [each.name for each in path.parent.iterdir()] == ["a.iso"]
    assert path.read_bytes() == b"12345"


def test_it_leaves_nothing_where_it_is_broken_off(tmp_path: Path) -> None:
    coming = Incoming(tmp_path, "a")

    coming.write(b"12")
    coming.close()

    assert list(tmp_path.iterdir()) == []


def test_it_takes_the_place_of_none(tmp_path: Path) -> None:
    coming = Incoming(tmp_path, "a")

    with pytest.raises(FileExistsError):
        Incoming(tmp_path, "a")
    (tmp_path / "a.iso").write_text("mine")
    with pytest.raises(FileExistsError):
        coming.finish()
    with pytest.raises(FileExistsError):
        Incoming(tmp_path, "a")
    coming.close()

    assert (tmp_path / "a.iso").read_text() == "mine"


def test_the_disk_has_it_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the end of gigabytes would take longer than anybody waits."""
    synced: list[int] = []
    monkeypatch.setattr(module, "_SYNCED", 4)
    monkeypatch.setattr(os, "fdatasync", lambda number: synced.append(os.fstat(number).st_size))
    coming = Incoming(tmp_path, "a")

    for _ in range(5):
        coming.write(b"123")
    coming.close()

    assert synced == [6, 12]


async def test_small_pieces_are_written_as_large_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PIECE", 4)

    async def pieces() -> AsyncIterator[bytes]:
        for each in (b"1", b"23", b"456", b"7"):
            yield each

    assert [each async for each in gathered(pieces())] == [b"123456", b"7"]


def test_it_is_one_of_its_name(tmp_path: Path) -> None:
    first = Incoming(tmp_path, "a")

    with pytest.raises(FileExistsError):
        Incoming(tmp_path, "a")

    first.close()
    Incoming(tmp_path, "a").close()


def test_it_is_begun_anew_where_a_process_was_killed(tmp_path: Path) -> None:
    (tmp_path / ".a.iso.part").write_bytes(b"longer than what comes")

    incoming = Incoming(tmp_path, "a")
    incoming.write(b"whole")
    path = incoming.finish()
    incoming.close()

    assert path.read_bytes() == b"whole"


def test_it_is_never_written_to_what_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"of somebody")
    (tmp_path / ".a.iso.part").symlink_to(tmp_path / "other")

    with pytest.raises(OSError, match="symbolic links"):
        Incoming(tmp_path, "a")

    assert (tmp_path / "other").read_bytes() == b"of somebody"
