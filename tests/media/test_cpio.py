"""An image as an initrd of its own."""

from __future__ import annotations

import pytest

from pyxie.errors import NotServedError
from pyxie.media.cpio import holding
from pyxie.media.extents import File


def unpacked(archive: bytes) -> dict[str, tuple[int, bytes]]:
    """Return what a cpio archive holds: of each name its mode and its bytes."""
    found: dict[str, tuple[int, bytes]] = {}
    at = 0
    while at < len(archive):
        assert archive[at : at + 6] == b"070701"
        numbers = [int(archive[at + 6 + n : at + 14 + n], 16) for n in range(0, 104, 8)]
        mode, size, spelt = numbers[1], numbers[6], numbers[11]
        name = archive[at + 110 : at + 110 + spelt - 1].decode()
        at += 110 + spelt + -(110 + spelt) % 4
        found[name] = mode, archive[at : at + size]
        at += size + -size % 4
    return found


def whole(file: File, image: bytes) -> bytes:
    return b"".join(
        each if isinstance(each, bytes) else image[each[0] : sum(each)] for each in file.extents
    )


@pytest.mark.parametrize("size", [1, 2, 3, 4, 2048])
def test_holds_the_image_and_nothing_else(size: int) -> None:
    image = bytes(range(256)) * 8

    made = holding("proxmox.iso", size)

    assert unpacked(whole(made, image[:size])) == {
        "proxmox.iso": (0o100644, image[:size]),
        "TRAILER!!!": (0, b""),
    }
    assert made.size == len(whole(made, image[:size]))


@pytest.mark.parametrize(
    ("name", "size", "why"),
    [
        ("a/b", 1, "is no name of a file"),
        ("", 1, "is no name of a file"),
        ("a.iso", 1 << 32, "is larger than 4 GiB, which no file of an initrd may be"),
    ],
)
def test_needs_a_plain_name_and_what_fits(name: str, size: int, why: str) -> None:
    with pytest.raises(NotServedError) as caught:
        holding(name, size)

    assert caught.value.why == why
