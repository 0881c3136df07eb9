"""What a UEFI program says of itself (Microsoft's "PE Format")."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.loaders.pe import Program, machine, read
from tests.loaders.programs import ARM64, BIOS
from tests.loaders.signed import program

SBAT = """\
sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md
shim,4,UEFI shim,shim,1,https://github.com/rhboot/shim
shim.debian,1,Debian,shim,16.1,https://tracker.debian.org/pkg/shim
"""
ONE, OTHER = b"\x30\x03abc", b"\x30\x82\x01\x00" + bytes(256)


class TestSignatures:
    def test_are_found_without_what_rounds_them_up(self) -> None:
        assert read(program(ONE, OTHER)).signatures == (ONE, OTHER)

    def test_of_a_table_that_is_cut_off_end_with_the_last_whole_one(self) -> None:
        assert read(program(ONE, OTHER)[:-1]).signatures == (ONE,)

    def test_of_another_kind_than_pkcs7_are_none(self) -> None:
        data = bytearray(program(ONE))
        data[-10] = 1  # X.509, which firmware does not take either

        assert read(bytes(data)).signatures == ()

    def test_are_at_most_a_few(self) -> None:
        assert len(read(program(*[ONE] * 20)).signatures) == 8

    @pytest.mark.parametrize("data", [BIOS, b"", ARM64, program(ONE)[:200]])
    def test_are_none_without_a_whole_header(self, data: bytes) -> None:
        assert read(data).signatures == ()

    def test_are_none_where_the_file_ends_with_its_header(self) -> None:
        assert read(program(ONE)[: 0x80 + 24]).signatures == ()

    def test_are_none_behind_a_header_of_no_kind(self) -> None:
        data = bytearray(program(ONE))
        data[0x80 + 24 : 0x80 + 26] = b"\7\1"  # a ROM's

        assert read(bytes(data)).signatures == ()


class TestTheVersion:
    def test_is_the_distributions_in_its_generations(self) -> None:
        assert read(program(sbat=SBAT)).version == "16.1"

    def test_is_ipxes_own_where_there_are_none(self) -> None:
        own = b"iPXE/%s\0\x00" + b"1.21.1+git-20220113.fbbdc3926\0"

        assert read(program(content=own)).version == "1.21.1+git-20220113.fbbdc3926"
        assert read(own).version == "1.21.1+git-20220113.fbbdc3926"

    @pytest.mark.parametrize("content", [b"\x001.2.3\0", b"iPXE, packed", b"iPXE\x001.2\0"])
    def test_is_empty_where_nothing_says_it(self, content: bytes) -> None:
        assert read(program(content=content)).version == ""

    def test_is_empty_where_the_generations_have_none(self) -> None:
        assert read(program(sbat="sbat,1\nx,1,y\n")).version == ""

    def test_is_in_whichever_section_has_that_name(self) -> None:
        data = program(sbat=SBAT).replace(b".sbat", b".data")

        assert read(data).version == ""

    def test_is_no_section_beyond_the_file(self) -> None:
        assert read(program(sbat=SBAT)[: 0x80 + 24 + 240 + 20]).version == ""


def test_the_processor_is_told_by_the_header_alone() -> None:
    assert machine(program(machine=0xAA64)[:0x100]) == 0xAA64
    assert machine(BIOS) == 0


@given(st.binary(max_size=700), st.integers(0, 700))
def test_any_bytes_are_some_program(noise: bytes, at: int) -> None:
    data = program(ONE, sbat=SBAT)

    assert isinstance(read(data[:at] + noise), Program)
