"""Any bytes as an ISO image, read as the process reads it that holds nothing."""

from __future__ import annotations

import os

from pyxie.media.asrecipe import LINES
from pyxie.media.extents import MediumError, read
from pyxie.media.facts import check
from pyxie.media.isoreader import look
from tests.fuzz.target import Target


def take(data: bytes) -> None:
    number = os.memfd_create("image")
    with os.fdopen(number, "w+b") as image:
        image.write(data)
        image.flush()
        image.seek(0)
        seen = look(image)
    tree = read(seen.index, len(data))
    check(seen.facts, tree, LINES)


TARGET = Target(
    take=take,
    longest=1 << 20,
    refuses=(MediumError,),
    words=(b"\1CD001\1", b"\2CD001\1", b"\xffCD001\1", b"NSR02", b"RR\5\1", b"SL\5\1", b"CE\x1c\1"),
)
