"""Which architecture a boot loader is for, by its first bytes (Microsoft's "PE Format")."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.architectures import ARCHITECTURES, RASPBERRY, Family
from pyxie.loaders.programs import codes_for
from tests.loaders.programs import ARM64, BIOS, IA32, X64, efi

ALL_BIOS = {code for code, row in ARCHITECTURES.items() if row.family is Family.BIOS}
ALL_UEFI = {code for code, row in ARCHITECTURES.items() if row.family is Family.UEFI}


@pytest.mark.parametrize(
    ("head", "codes"),
    [
        (X64, {0x07, 0x09, 0x10}),
        (IA32, {0x06, 0x0F}),
        (ARM64, {0x0B, 0x13}),
        (efi(0x01C2), {0x0A, 0x12}),
        (efi(0x5064), {0x1B, 0x1C}),
        (efi(0x6264), {0x27, 0x28}),
    ],
)
def test_a_pe_image_is_for_its_processor_whatever_its_name(head: bytes, codes: set[int]) -> None:
    assert codes_for("snponly.efi", head) == codes
    assert codes_for("whatever.bin", head) == codes


@pytest.mark.parametrize("name", ["bootcode.bin", "START4.ELF", "start.elf", "config.txt"])
def test_a_raspberry_pis_firmware_is_for_it_alone(name: str) -> None:
    assert codes_for(name, b"\x7fELF") == {RASPBERRY}


@pytest.mark.parametrize(
    "head",
    [
        BIOS,
        b"",
        b"MZ",
        b"MZ" + bytes(58) + b"\xff\xff\xff\xff",  # its header would lie beyond
        X64.replace(b"PE\0\0", b"NE\0\0"),
        efi(0x0166),  # a MIPS
    ],
)
def test_anything_else_is_for_what_its_name_says(head: bytes) -> None:
    assert codes_for("undionly.kpxe", head) == ALL_BIOS
    assert codes_for("SNPONLY.EFI", head) == ALL_UEFI


class TestForAnyBytes:
    @given(st.binary(max_size=300), st.sampled_from(["a.efi", "a.kpxe"]))
    def test_something_is_said(self, head: bytes, name: str) -> None:
        assert codes_for(name, b"MZ" + head)
