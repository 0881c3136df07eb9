"""What firmware tells of itself where nobody has filled it in."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.registry.placeholder import (
    is_placeholder,
    is_placeholder_id,
    is_placeholder_name,
    is_placeholder_option,
    is_placeholder_uuid,
)


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


class TestNames:
    @pytest.mark.parametrize(
        "name",
        ["localhost", "LOCALHOST.localdomain", "(none)", "", " ", ".", "unknown", "localhost."],
    )
    def test_that_are_sent_by_who_was_given_none_are_placeholders(self, name: str) -> None:
        assert is_placeholder_name(name)

    @pytest.mark.parametrize("name", ["web07", "web07.example.org", "test", "web*", "localhost7"])
    def test_of_a_machine_are_its_own(self, name: str) -> None:
        assert not is_placeholder_name(name)

    @given(st.text(max_size=40))
    def test_any_text_is_judged(self, text: str) -> None:
        assert is_placeholder_name(text) in (True, False)


class TestIdsOfARelay:
    @pytest.mark.parametrize("value", [b"", bytes(4), bytes(6), b"\xff" * 6, b"unknown\0", b"None"])
    def test_that_nobody_has_set_are_placeholders(self, value: bytes) -> None:
        assert is_placeholder_id(value)

    @pytest.mark.parametrize("value", [b"\0", b"\0\0", b"\0\4\0\1\0\1", b"ge-0/0/1", b"0"])
    def test_of_a_port_are_its_own_also_of_port_0(self, value: bytes) -> None:
        assert not is_placeholder_id(value)

    @given(st.binary(max_size=40))
    def test_any_bytes_are_judged(self, value: bytes) -> None:
        assert is_placeholder_id(value) in (True, False)


class TestOptions:
    """What a hostname, a client identifier and a UUID are also known by."""

    EVERYBODYS = UUID("03000200-0400-0500-0006-000700080009")

    @pytest.mark.parametrize(
        ("code", "value"),
        [
            (12, b"localhost\0"),
            (61, b"\1" + bytes(6)),
            (61, b"\1" + b"\xff" * 6),
            (61, b"\0" + EVERYBODYS.bytes),
            (97, b"\0" + EVERYBODYS.bytes),
            (97, b"\0" + EVERYBODYS.bytes_le),
            (97, b"\0" + bytes(16)),
        ],
    )
    def test_that_many_send_are_placeholders(self, code: int, value: bytes) -> None:
        assert is_placeholder_option(code, value)

    @pytest.mark.parametrize(
        ("code", "value"),
        [
            (12, b"web07"),
            (60, b"localhost"),
            (61, b"\1\x52\x54\0\x12\x34\x56"),
            (61, b"\1" + EVERYBODYS.bytes),
            (97, bytes(7)),
            (97, b""),
        ],
    )
    def test_of_a_machine_or_a_class_of_them_are_not(self, code: int, value: bytes) -> None:
        assert not is_placeholder_option(code, value)

    @given(st.sampled_from([12, 61, 97]), st.binary(max_size=20))
    def test_any_bytes_are_judged(self, code: int, value: bytes) -> None:
        assert is_placeholder_option(code, value) in (True, False)
