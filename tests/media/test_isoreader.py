"""What is read of an image, as far as the process around it is not needed."""

from __future__ import annotations

import binascii
import os
import struct
from pathlib import Path

import pytest

from pyxie.media.extents import File, MediumError, Tree, read
from pyxie.media.isoreader import Seen, look
from tests.media.isos import made, made_by_genisoimage, made_with_udf

SECTOR = 2048
GIB = 1 << 30


def seen(iso: Path) -> Seen:
    with iso.open("rb") as image:
        return look(image)


def tree(iso: Path) -> Tree:
    return read(seen(iso).index, iso.stat().st_size)


def file(iso: Path, name: str) -> File:
    found = tree(iso).find(name)
    assert isinstance(found, File)
    return found


def record(data: bytearray, name: bytes) -> int:
    """Return where the directory record of a name begins (ECMA-119, 9.1)."""
    return data.index(bytes([len(name)]) + name) - 32


def both(number: int) -> bytes:
    return struct.pack("<I", number) + struct.pack(">I", number)


class TestAFileOfMoreThan4GiB:
    def test_is_in_parts_in_iso_9660(self, tmp_path: Path) -> None:
        """ECMA-119, 6.5.1: a record each, all but the last marked as not the last (9.1.6)."""
        iso = made_by_genisoimage(tmp_path / "b.iso", {"big1.bin": "1", "big2.bin": "2"})
        data = bytearray(iso.read_bytes())
        first, second = record(data, b"BIG1.BIN;1"), record(data, b"BIG2.BIN;1")
        at, part, behind = len(data) // SECTOR, 4 * GIB - SECTOR, 1000
        data[first + 2 : first + 18] = both(at) + both(part)
        data[first + 25] = 0x80
        data[second + 2 : second + 18] = both(at + part // SECTOR) + both(behind)
        data[first + 33 : first + 43] = b"BIG2.BIN;1"
        data[16 * SECTOR + 80 : 16 * SECTOR + 88] = both(at + part // SECTOR + 1)
        iso.write_bytes(data)
        os.truncate(iso, at * SECTOR + part + SECTOR)

        found = file(iso, "big2.bin")

        assert found.size == part + behind
        assert found.extents == ((at * SECTOR, part + behind),)

    def test_is_in_parts_in_udf(self, tmp_path: Path) -> None:
        """ECMA-167, 4/14.14.1.1: an extent has 30 bits for its length. Windows' install.wim."""
        iso = made_with_udf(tmp_path / "u.iso", {"sources/install.wim": "wim"}, "-hide", "sources")
        small = file(iso, "sources/install.wim")
        ((start, _),) = (each for each in small.extents if not isinstance(each, bytes))
        data = bytearray(iso.read_bytes())
        part, count = GIB - SECTOR, 5
        entry = file_entry(data, start)
        end = len(data) // SECTOR - start // SECTOR
        block = struct.unpack_from("<I", data, entry + ads(data, entry) + 4)[0]
        runs = [(block + end + each * part // SECTOR, part) for each in reversed(range(count))]
        spread(data, entry, runs)
        iso.write_bytes(data)
        os.truncate(iso, len(data) + count * part)

        found = file(iso, "sources/install.wim")

        assert found.size == count * part
        assert found.extents[0] == (len(data) + (count - 1) * part, part)
        assert found.extents[-1] == (len(data), part)


def file_entry(data: bytearray, start: int) -> int:
    """Return where the file entry is (ECMA-167, 4/14.9) of what begins there and has 3 bytes."""
    for at in range(0, len(data), SECTOR):
        if data[at : at + 2] == b"\x05\x01" and data[at + 56 : at + 64] == struct.pack("<Q", 3):
            return at
    raise AssertionError(start)


def ads(data: bytearray, entry: int) -> int:
    return 176 + int(struct.unpack_from("<I", data, entry + 168)[0])


def spread(data: bytearray, entry: int, runs: list[tuple[int, int]]) -> None:
    """Have a file entry say that its bytes are in these runs: a block, and a length, each."""
    at = ads(data, entry)
    struct.pack_into("<Q", data, entry + 56, sum(length for _, length in runs))
    struct.pack_into("<I", data, entry + 172, 8 * len(runs))
    for each, (block, length) in enumerate(runs):
        struct.pack_into("<II", data, entry + at + 8 * each, length, block)
    length = at + 8 * len(runs) - 16
    said = bytes(data[entry + 16 : entry + 16 + length])
    struct.pack_into("<HH", data, entry + 8, binascii.crc_hqx(said, 0), length)
    data[entry + 4] = 0
    data[entry + 4] = sum(data[entry : entry + 16]) & 0xFF


class TestNames:
    def test_are_those_of_rock_ridge_where_joliets_are_others(self, tmp_path: Path) -> None:
        long = "a-name-of-" + 90 * "x" + ".rpm"
        iso = made(tmp_path / "n.iso", {long: "x", "Case": "1", "case.d/x": "2"})

        assert {name for name, _ in tree(iso).files()} == {"Case", long, "case.d/x"}

    def test_that_differ_in_case_alone_are_both_found(self, tmp_path: Path) -> None:
        iso = made(tmp_path / "n.iso", {"Readme": "first", "README": "other"})

        found = tree(iso)

        assert found.find("Readme") != found.find("README")
        assert found.find("readme") in (found.find("Readme"), found.find("README"))

    def test_of_joliet_are_taken_without_rock_ridge(self, tmp_path: Path) -> None:
        iso = made_by_genisoimage(tmp_path / "j.iso", {"Ein Ordner/Datei mit ö.txt": "x"}, "-J")

        assert [name for name, _ in tree(iso).files()] == ["Ein Ordner/Datei mit ö.txt"]
        assert seen(iso).facts.names == "Joliet"

    @pytest.mark.parametrize("name", [b"..", b"a/", b"\xff\xfe", b"bb"])
    def test_that_are_none_or_anothers_leave_out_that_file_alone(
        self, tmp_path: Path, name: bytes
    ) -> None:
        """SUSP's NM has the name (RRIP 4.1.4); the last of them is that of a folder, too."""
        iso = made(tmp_path / "n.iso", {"aa": "x", "bb/y": "y", "c": "z"})
        data = iso.read_bytes()
        iso.write_bytes(data.replace(b"NM\x07\x01\0aa", b"NM\x07\x01\0" + name))

        found = seen(iso)

        names = [each for each, _ in read(found.index, iso.stat().st_size).files()]
        assert sorted(names) == ["bb/y", "c"]
        assert found.facts.left_out == 1


class TestADisc:
    @pytest.mark.parametrize("kind", [b"NSR02", b"NSR03"])
    def test_of_udf_alone_is_told_with_what_to_do(self, tmp_path: Path, kind: bytes) -> None:
        said = (b"\0" + each + b"\1" for each in (b"BEA01", kind, b"TEA01"))
        recognised = b"".join(each.ljust(SECTOR, b"\0") for each in said)
        (tmp_path / "u.iso").write_bytes(bytes(16 * SECTOR) + recognised + bytes(300 * SECTOR))

        with pytest.raises(MediumError, match=r"^has UDF alone, .*: mount it, and make another of"):
            seen(tmp_path / "u.iso")
