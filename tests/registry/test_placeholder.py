"""What firmware tells of itself where nobody has filled it in."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.registry.placeholder import is_placeholder, is_placeholder_uuid


class TestUuids:
    @pytest.mark.parametrize(
        "uuid",
        [
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "fefefefe-fefe-fefe-fefe-fefefefefefe",
            "03000200-0400-0500-0006-000700080009",
            "00020003-0004-0005-0006-000700080009",
            "03000200-0400-0500-0006-000700080009".upper(),
            "12345678-1234-5678-90AB-CDDEEFAABBCC",
        ],
    )
    def test_that_many_boards_have_are_nobodys_own(self, uuid: str) -> None:
        assert is_placeholder_uuid(uuid)

    @pytest.mark.parametrize(
        "uuid",
        ["4c4c4544-0042-3510-8058-b4c04f333732", "01234567-89ab-cdef-0123-456789abcdef"],
    )
    def test_of_a_machine_are_its_own(self, uuid: str) -> None:
        assert not is_placeholder_uuid(uuid)

    @given(st.uuids(version=4))
    def test_made_by_chance_are_a_machines_own(self, uuid: UUID) -> None:
        assert not is_placeholder_uuid(str(uuid))


class TestTexts:
    @pytest.mark.parametrize(
        "text",
        [
            "To be filled by O.E.M.",
            "To Be Filled By O.E.M",
            " Default  string ",
            "System Serial Number",
            "Not Specified",
            "None",
            "0123456789",
            "000000000",
            "XXXXXXXX",
            "...........",
            "--",
            "0",
            "",
            "   ",
            "No Asset Tag",
        ],
    )
    def test_of_the_reference_firmware_are_placeholders(self, text: str) -> None:
        assert is_placeholder(text)

    @pytest.mark.parametrize(
        "text", ["5Q4Q7Y1", "VM-17", "CZC1234567", "rack 3", "1234567X", "A2", "s"]
    )
    def test_of_a_machine_are_its_own(self, text: str) -> None:
        assert not is_placeholder(text)

    @given(st.text(max_size=40))
    def test_any_text_is_judged(self, text: str) -> None:
        assert is_placeholder(text) in (True, False)
