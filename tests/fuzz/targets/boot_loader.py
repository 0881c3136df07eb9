"""Any bytes as a boot loader: what kind of program it is, whose signatures it has, an archive."""

from __future__ import annotations

from contextlib import suppress

from pyxie.loaders.ipxeboot import ArchiveError, useful
from pyxie.loaders.pe import machine, read
from pyxie.loaders.signers import signers
from tests.fuzz.target import Target


def take(data: bytes) -> None:
    assert 0 <= machine(data) < 1 << 16
    program = read(data)
    assert program.version.isprintable()
    for each in signers(program.signatures):
        assert each.name.isprintable()
    with suppress(ArchiveError):
        useful(data)


TARGET = Target(
    take=take,
    longest=4 << 20,
    words=(b"MZ", b"PE\0\0", b"\x64\x86", b"\x0b\x02", b"\x30\x82", b"\x1f\x8b\x08", b"\0" * 64),
)
