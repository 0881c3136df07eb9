from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pyxie.errors import NotServedError
from pyxie.openfile import Descriptor, OpenFile, opened
from pyxie.tftp.files import (
    NETASCII_MOST,
    Content,
    Library,
    NotInMemoryError,
    UnreadableError,
    look,
    to_netascii,
)
from pyxie.tftp.source import Found
from tests.procfs import open_files


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "loader"
    path.write_bytes(b"0123456789")
    return path


def lent(library: Library, path: Path, *, netascii: bool = False) -> Content:
    return library.lend(look(Found(path=path, what=path.name), netascii=netascii))


def read(content: Content, offset: int, length: int) -> bytes:
    """Read as a session does, in two steps where the kernel has it not in memory."""
    try:
        return bytes(content.read(offset, length))
    except NotInMemoryError as exc:
        content.keep(exc.offset, content.fetch(exc.offset))
        return bytes(content.read(offset, length))


class TestContent:
    def test_reads_anywhere(self, library: Library, file: Path) -> None:
        content = lent(library, file)

        assert content.size == 10
        assert read(content, 3, 4) == b"3456"
        assert read(content, 10, 0) == b""
        content.close()

    def test_may_be_bytes(self) -> None:
        content = Content(3, data=b"abc")

        assert read(content, 1, 2) == b"bc"
        content.close()

    def test_may_be_empty(self, library: Library, tmp_path: Path) -> None:
        (tmp_path / "empty").touch()
        content = lent(library, tmp_path / "empty")

        assert content.size == 0
        assert read(content, 0, 0) == b""
        content.close()

    def test_of_a_file_cut_short_is_unreadable_and_no_crash(
        self, library: Library, file: Path
    ) -> None:
        content = lent(library, file)
        os.truncate(file, 5)

        assert read(content, 0, 5) == b"01234"
        with pytest.raises(UnreadableError, match="became shorter"):
            read(content, 4, 2)
        content.close()

    def test_of_a_file_replaced_by_renaming_stays_the_old(
        self, library: Library, file: Path, tmp_path: Path
    ) -> None:
        content = lent(library, file)
        new = tmp_path / "new"
        new.write_bytes(b"abcdefghij")
        new.rename(file)

        assert read(content, 0, 10) == b"0123456789"
        content.close()

    @pytest.mark.parametrize("can_tell", [True, False])
    def test_of_a_part_of_a_file_is_read_where_its_bytes_are(
        self, library: Library, file: Path, can_tell: bool
    ) -> None:
        extents = ((7, 3), b"made", (0, 2))
        found = Found(open=lambda: replace(opened(file), extents=extents), what="part")
        content = library.lend(look(found))
        content._can_tell = can_tell

        parts = [read(content, offset, 3) for offset in (0, 3, 2, 6)]

        assert content.size == 9
        assert parts == [b"789", b"mad", b"9ma", b"e01"]
        assert look(found, netascii=True).data == b"789made01"
        content.close()

    def test_of_a_disk_that_fails_is_unreadable(self, tmp_path: Path) -> None:
        folder = os.open(tmp_path, os.O_RDONLY)  # read() of a folder fails: EISDIR
        content = Content(10, file=OpenFile(tmp_path, Descriptor(folder), os.fstat(folder)))

        with pytest.raises((UnreadableError, OSError), match="Is a directory"):
            read(content, 0, 10)
        content.close()


class TestLibrary:
    def test_opens_two_parts_of_a_file_apart(self, library: Library, file: Path) -> None:
        contents = [
            library.lend(
                look(Found(open=partial(replace, opened(file), extents=((at, 2),)), what="part"))
            )
            for at in (0, 5, 5)
        ]

        assert len(library) == 2
        assert [read(each, 0, 2) for each in contents] == [b"01", b"56", b"56"]
        for each in contents:
            each.close()

    def test_opens_a_file_once_for_all(self, library: Library, file: Path) -> None:
        before = len(open_files())

        contents = [lent(library, file) for _ in range(100)]

        assert len(library) == 1
        assert len(open_files()) == before + 1
        for content in contents[1:]:
            content.close()
        assert read(contents[0], 0, 2) == b"01"
        contents[0].close()
        assert len(library) == 0
        assert len(open_files()) <= before

    def test_opens_a_file_that_was_changed_anew(self, library: Library, file: Path) -> None:
        old = lent(library, file)
        file.write_bytes(b"now it is longer")

        new = lent(library, file)

        assert (old.size, new.size) == (10, 16)
        old.close()
        new.close()
        assert len(library) == 0

    def test_a_folder_is_not_served(self, library: Library, tmp_path: Path) -> None:
        before = len(open_files())

        with pytest.raises(NotServedError, match="is not a regular file"):
            lent(library, tmp_path)
        assert len(open_files()) <= before

    def test_a_pipe_is_not_waited_for(self, library: Library, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")

        with pytest.raises(NotServedError, match="is not a regular file"):
            lent(library, tmp_path / "pipe")

    def test_a_missing_file_is_the_systems_error(self, library: Library, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            lent(library, tmp_path / "missing")


class TestNetascii:
    @pytest.mark.parametrize(
        ("text", "sent"),
        [
            (b"", b""),
            (b"a\nb\n", b"a\r\nb\r\n"),
            (b"a\rb", b"a\r\0b"),
            (b"a\r\nb", b"a\r\0\r\nb"),
        ],
    )
    def test_line_ends_become_the_terminals(self, text: bytes, sent: bytes) -> None:
        assert to_netascii(text) == sent

    def test_size_is_that_of_the_converted_text(self, library: Library, tmp_path: Path) -> None:
        (tmp_path / "text").write_bytes(b"a\nb\n")
        before = len(open_files())

        content = lent(library, tmp_path / "text", netascii=True)

        assert content.size == 6
        assert read(content, 0, 6) == b"a\r\nb\r\n"
        assert len(open_files()) <= before
        content.close()

    def test_is_not_mixed_up_with_the_file_itself(self, library: Library, tmp_path: Path) -> None:
        (tmp_path / "text").write_bytes(b"a\nb\n")

        octet = lent(library, tmp_path / "text")
        netascii = lent(library, tmp_path / "text", netascii=True)

        assert (octet.size, netascii.size) == (4, 6)
        octet.close()
        netascii.close()

    def test_is_refused_for_what_would_fill_the_memory(
        self, library: Library, tmp_path: Path
    ) -> None:
        large = tmp_path / "large"
        large.touch()
        os.truncate(large, NETASCII_MOST + 1)

        with pytest.raises(NotServedError, match="too large for netascii; ask for octet"):
            lent(library, large, netascii=True)
