from __future__ import annotations

import gc
import os
from dataclasses import replace
from pathlib import Path

import pytest

from pyxie.errors import NotServedError
from pyxie.openfile import Descriptor, opened


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


@pytest.fixture
def number(tmp_path: Path) -> int:
    return os.open(tmp_path, os.O_RDONLY)


class TestADescriptor:
    def test_is_closed_at_once_where_nobody_uses_it(self, number: int) -> None:
        descriptor = Descriptor(number)
        with descriptor as used:
            assert used == number
        assert is_open(number)

        descriptor.close()

        assert not is_open(number)

    def test_is_closed_by_the_last_who_uses_it(self, number: int) -> None:
        descriptor = Descriptor(number)
        with descriptor:
            with descriptor:
                descriptor.close()
            assert is_open(number)

        assert not is_open(number)

    def test_that_is_to_be_closed_is_used_by_nobody_more(self, number: int) -> None:
        descriptor = Descriptor(number)
        descriptor.close()
        descriptor.close()

        with pytest.raises(OSError, match="Bad file descriptor"), descriptor:
            pass

    def test_that_nobody_has_any_more_is_closed(self, number: int) -> None:
        Descriptor(number)
        gc.collect()

        assert not is_open(number)


class TestASharedDescriptor:
    @pytest.mark.parametrize("first", [0, 1])
    def test_is_closed_when_both_are(self, first: int, number: int) -> None:
        own = Descriptor(number)
        both = own, own.shared()

        both[first].close()
        with both[1 - first] as used:
            assert used == number
        assert is_open(number)
        both[1 - first].close()

        assert not is_open(number)

    def test_is_closed_by_the_last_who_uses_it(self, number: int) -> None:
        own = Descriptor(number)
        shared = own.shared()
        own.close()
        with shared:
            shared.close()
            shared.close()
            assert is_open(number)

        assert not is_open(number)

    def test_of_one_that_is_closed_there_is_none(self, number: int) -> None:
        own = Descriptor(number)
        own.close()

        with pytest.raises(OSError, match="Bad file descriptor"):
            own.shared()

    def test_that_nobody_has_any_more_is_closed(self, number: int) -> None:
        own = Descriptor(number)
        own.shared()
        own.close()
        gc.collect()

        assert not is_open(number)


class TestAFile:
    def test_is_open_with_its_size(self, tmp_path: Path) -> None:
        (tmp_path / "linux").write_bytes(b"kernel")

        file = opened(tmp_path / "linux")
        with file.descriptor as number:
            data = os.pread(number, 10, 0)
        file.close()

        assert (file.path, file.size, data) == (tmp_path / "linux", 6, b"kernel")

    def test_is_read_where_its_bytes_are(self, tmp_path: Path) -> None:
        (tmp_path / "medium").write_bytes(b"..ker...nel.")
        whole = opened(tmp_path / "medium")
        parts = replace(whole, extents=((2, 3), (8, 3)))

        assert whole.read(2, 3) == b"ker"
        assert [parts.read(0, 10), parts.read(3, 10), parts.read(6, 10)] == [b"ker", b"nel", b""]
        whole.close()

    def test_that_is_a_pipe_or_a_folder_is_none(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")

        for name in ("pipe", "."):
            with pytest.raises(NotServedError, match="is not a regular file"):
                opened(tmp_path / name)


def test_a_file_that_is_opened_again_is_closed_by_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    file = opened(tmp_path / "file")
    again = file.again()

    file.close()

    assert again.read(0, 3) == b"abc"
    with pytest.raises(OSError, match="Bad file descriptor"):
        file.again()
    again.close()
