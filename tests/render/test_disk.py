"""How a disk is named, and what names none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.render.disk import DiskError, disk

ONE_OF = "a path below /dev/, 'serial:' or 'wwn:' with what lsblk shows"
WORD = f"names no disk: it is {ONE_OF}"


class TestADisk:
    @pytest.mark.parametrize(
        ("written", "named"),
        [
            ("", ""),
            ("  ", ""),
            ("/dev/sda", "/dev/sda"),
            (" /dev/sda\n", "/dev/sda"),
            ("sda", "/dev/sda"),
            ("vdb", "/dev/vdb"),
            ("nvme0n1", "/dev/nvme0n1"),
            ("mmcblk0", "/dev/mmcblk0"),
            ("/dev/cciss/c0d0", "/dev/cciss/c0d0"),
            ("disk/by-id/ata-X_1", "/dev/disk/by-id/ata-X_1"),
            ("/dev/disk/by-id/wwn-0x50:1", "/dev/disk/by-id/wwn-0x50:1"),
            (
                "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
                "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
            ),
            ("/dev/mapper/mpatha", "/dev/mapper/mpatha"),
            ("/dev/md127", "/dev/md127"),
            ("serial:S3Z9NB0K123456", "serial:S3Z9NB0K123456"),
            ("serial: WD-1", "serial:WD-1"),
        ],
    )
    def test_has_one_spelling(self, written: str, named: str) -> None:
        assert disk(written) == named
        assert disk(disk(written)) == named

    @pytest.mark.parametrize(
        "written",
        [
            "wwn:5000c500a1b2c3d4",
            "wwn:0x5000C500A1B2C3D4",
            "wwn:naa.5000c500a1b2c3d4",
            "wwn:50:00:c5:00:a1:b2:c3:d4",
        ],
    )
    def test_has_one_wwn_however_it_is_written(self, written: str) -> None:
        assert disk(written) == "wwn:5000c500a1b2c3d4"

    @pytest.mark.parametrize(
        ("written", "named"),
        [
            ("wwn:eui.00253885910030bd", "wwn:00253885910030bd"),
            ("wwn:0x6002248012345678" + "0" * 16, "wwn:6002248012345678" + "0" * 16),
            ("wwn:nvme.8086-41-42-00000001", "wwn:nvme.8086-41-42-00000001"),
            ("wwn:uuid.0e9a4d2c-1111-2222", "wwn:uuid.0e9a4d2c-1111-2222"),
        ],
    )
    def test_of_other_makes_has_a_wwn_too(self, written: str, named: str) -> None:
        assert disk(written) == named


class TestNone:
    @pytest.mark.parametrize(
        ("written", "complaint"),
        [
            ("serial:", "'serial:' names no disk: nothing follows 'serial:'"),
            ("wwn: ", "'wwn:' names no disk: nothing follows 'wwn:'"),
            ("first", f"'first' {WORD}"),
            ("model:Samsung", f"'model:Samsung' {WORD}"),
            ("UUID=1234", f"'UUID=1234' {WORD}"),
            ("/sda", f"'/sda' is not below /dev/: a disk is {ONE_OF}"),
            ("/mnt/disk.img", f"'/mnt/disk.img' is not below /dev/: a disk is {ONE_OF}"),
            ("/dev/", "'/dev/' names no disk: it is a folder, or leads to one"),
            ("/dev//sda", f"'/dev//sda' is not below /dev/: a disk is {ONE_OF}"),
            ("/dev/disk/by-id", "'/dev/disk/by-id' names no disk: it is a folder, or leads to one"),
            (
                "/dev/disk/by-id/",
                "'/dev/disk/by-id/' names no disk: it is a folder, or leads to one",
            ),
            ("/dev/../sda", "'/dev/../sda' names no disk: it is a folder, or leads to one"),
            ("/dev/sda1", "'/dev/sda1' is a partition or a file system: name the whole disk"),
            ("sda1", "'sda1' is a partition or a file system: name the whole disk"),
            (
                "/dev/nvme0n1p2",
                "'/dev/nvme0n1p2' is a partition or a file system: name the whole disk",
            ),
            (
                "/dev/disk/by-id/X-part1",
                "'/dev/disk/by-id/X-part1' is a partition or a file system: name the whole disk",
            ),
            (
                "/dev/disk/by-uuid/12-34",
                "'/dev/disk/by-uuid/12-34' is a partition or a file system: name the whole disk",
            ),
            (
                "/dev/sda /dev/sdb",
                "'/dev/sda /dev/sdb' is more than one word: name one disk, with '_' for a blank",
            ),
            ("/dev/nvme*", "'/dev/nvme*' is a pattern: name one disk"),
            ("/dev/sda;reboot", "'/dev/sda;reboot' holds what no disk's name has"),
            ("serial:a'b", "\"serial:a'b\" holds what no disk's name has"),
            ("wwn:12345", "'wwn:12345' is no WWN, which has 16 or 32 hexadecimal digits"),
            ("/dev/" + "x" * 251, f"'/dev/{'x' * 75}'… is longer than a disk's name can be"),
        ],
    )
    def test_is_named_by_what_is_no_disk(self, written: str, complaint: str) -> None:
        with pytest.raises(DiskError) as caught:
            disk(written)

        assert str(caught.value) == complaint


class TestForAnyText:
    @given(st.text() | st.from_regex(r"(serial:|wwn:|/dev/)?[!-~]{0,40}", fullmatch=True))
    def test_there_is_a_disk_of_plain_letters_or_the_one_error(self, text: str) -> None:
        with suppress(DiskError):
            assert not set(disk(text)) & set("'\"\\ \n\t$`*?[]<>{}&|;!")
