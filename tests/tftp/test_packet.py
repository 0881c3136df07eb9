"""The codec: RFC 1350 section 5 and RFC 2347."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.errors import WireError
from pyxie.tftp.packet import (
    Ack,
    Data,
    ErrorCode,
    OptionAck,
    Packet,
    ReadRequest,
    Refusal,
    WriteRequest,
    ack,
    acked,
    data_header,
    error,
    is_request,
    option_ack,
    parse,
    read_request,
)


def problem(datagram: bytes) -> str:
    with pytest.raises(WireError) as caught:
        parse(datagram)
    return str(caught.value)


class TestRequest:
    def test_names_a_file_and_a_mode(self) -> None:
        assert parse(b"\0\1undionly.kpxe\0octet\0") == ReadRequest("undionly.kpxe", "octet")

    def test_to_write_is_told_apart(self) -> None:
        assert parse(b"\0\2f\0octet\0") == WriteRequest("f", "octet")

    def test_carries_options_in_their_order(self) -> None:
        request = parse(b"\0\1f\0octet\0tsize\0" + b"0\0blksize\0" + b"1468\0")

        assert isinstance(request, ReadRequest)
        assert list(request.options.items()) == [("tsize", "0"), ("blksize", "1468")]

    def test_mode_and_option_names_come_in_any_case(self) -> None:
        """RFC 1350 section 5, RFC 2347."""
        request = parse(b"\0\1F\0OcTet\0BlkSize\0" + b"1468\0")

        assert request == ReadRequest("F", "octet", {"blksize": "1468"})

    def test_of_an_option_given_twice_the_first_counts(self) -> None:
        request = parse(b"\0\1f\0octet\0blksize\x001024\0BLKSIZE\x00512\0")

        assert request == ReadRequest("f", "octet", {"blksize": "1024"})

    def test_a_name_may_be_utf_8(self) -> None:
        assert parse("\0\1bücher\0octet\0".encode()) == ReadRequest("bücher", "octet")

    def test_a_name_that_is_not_utf_8_is_latin_1(self) -> None:
        assert parse(b"\0\1b\xfccher\0octet\0") == ReadRequest("bücher", "octet")

    def test_a_rom_may_leave_dhcps_end_option_on_the_name(self) -> None:
        assert parse(b"\0\1pxelinux.0\xff\0octet\0") == ReadRequest("pxelinux.0", "octet")

    def test_may_be_padded_with_zero_bytes(self) -> None:
        assert parse(b"\0\1f\0octet\0\0\0\0") == ReadRequest("f", "octet")

    def test_cannot_be_changed(self) -> None:
        options = {"blksize": "1468"}
        request = ReadRequest("f", "octet", options)

        options.clear()

        assert request.options == {"blksize": "1468"}


class TestMalformed:
    @pytest.mark.parametrize(
        ("datagram", "said"),
        [
            (b"", "byte 0: opcode: needs 2 bytes, only 0 left"),
            (b"\0", "byte 0: opcode: needs 2 bytes, only 1 left"),
            (b"\0\0", "byte 0: opcode: 0 is none of TFTP's"),
            (b"\0\7f\0octet\0", "byte 0: opcode: 7 is none of TFTP's"),
            (b"\1\1f\0octet\0", "byte 0: opcode: 257 is none of TFTP's"),
            (b"\0\1", "byte 2: filename: is not ended by a zero byte"),
            (b"\0\1name", "byte 2: filename: is not ended by a zero byte"),
            (b"\0\1name\0", "byte 7: mode: is not ended by a zero byte"),
            (b"\0\1name\0octet", "byte 7: mode: is not ended by a zero byte"),
            (b"\0\1f\0octet\0blk", "byte 10: option name: is not ended by a zero byte"),
            (b"\0\1f\0octet\0blk\0", "byte 14: option 'blk': is not ended by a zero byte"),
            (b"\0\1f\0octet\0blk\x005", "byte 14: option 'blk': is not ended by a zero byte"),
            (b"\0\1f\0octet\0\0x\0", "byte 10: option name: is empty"),
            (b"\0\3\0", "byte 2: block: needs 2 bytes, only 1 left"),
            (b"\0\4", "byte 2: block: needs 2 bytes, only 0 left"),
            (b"\0\5\0", "byte 2: error code: needs 2 bytes, only 1 left"),
        ],
    )
    def test_says_where_and_what(self, datagram: bytes, said: str) -> None:
        assert problem(datagram) == said


class TestAnswer:
    @pytest.mark.parametrize(
        ("datagram", "packet"),
        [
            (b"\0\3\0\1", Data(1, b"")),
            (b"\0\3\xff\xffabc", Data(65535, b"abc")),
            (b"\0\4\1\2", Ack(258)),
            (b"\0\4\1\2and more", Ack(258)),
            (b"\0\5\0\3disk full\0", Refusal(3, "disk full")),
            (b"\0\5\0\3disk full", Refusal(3, "disk full")),
            (b"\0\5\0\3", Refusal(3, "")),
            (b"\0\6tsize\x0012\0", OptionAck({"tsize": "12"})),
        ],
    )
    def test_is_read(self, datagram: bytes, packet: Packet) -> None:
        assert parse(datagram) == packet

    @pytest.mark.parametrize(
        ("datagram", "number"),
        [
            (b"\0\4\0\0", 0),
            (b"\0\4\1\2", 258),
            (b"\0\4\xff\xff", 65535),
            (b"\0\4\1\2and more", 258),
            (b"\0\4\1", None),
            (b"\0\3\1\2", None),
            (b"\1\4\1\2", None),
            (b"", None),
        ],
    )
    def test_an_acks_number_is_found_without_parsing(
        self, datagram: bytes, number: int | None
    ) -> None:
        assert acked(datagram) == number


class TestBuilding:
    def test_writes_each_kind(self) -> None:
        assert read_request(ReadRequest("f", "octet", {"a": "1"})) == b"\0\1f\0octet\0a\x001\0"
        assert data_header(1) == b"\0\3\0\1"
        assert ack(258) == b"\0\4\1\2"
        assert error(ErrorCode.NOT_FOUND, "no such file") == b"\0\5\0\1no such file\0"
        assert option_ack({"blksize": "8", "tsize": "0"}) == b"\0\6blksize\x008\0tsize\x000\0"

    @pytest.mark.parametrize(
        ("block", "number"), [(65535, b"\xff\xff"), (65536, b"\0\0"), (65537, b"\0\1")]
    )
    def test_block_numbers_wrap_to_zero(self, block: int, number: bytes) -> None:
        assert data_header(block) == b"\0\3" + number
        assert ack(block) == b"\0\4" + number

    def test_a_zero_byte_in_a_text_is_a_bug(self) -> None:
        with pytest.raises(ValueError, match="holds a zero byte"):
            error(0, "a\0b")

    def test_a_name_that_is_no_unicode_is_still_told(self) -> None:
        assert error(0, "\udcff") == b"\0\5\0\0?\0"


# What a random draw rarely makes: every opcode, and words that end where they must.
WORDS = st.sampled_from([b"", b"octet\0", b"f\0", b"blksize\0", b"8\0", b"\0", b"\xff", b"\0\0"])
OPCODES = st.sampled_from([bytes((0, code)) for code in range(9)] + [b"", b"\0", b"\xff\1"])
PACKETS = st.builds(
    lambda opcode, words, tail: opcode + b"".join(words) + tail,
    OPCODES,
    st.lists(WORDS, max_size=8),
    st.binary(max_size=8),
)
NAMES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
OPTIONS = st.dictionaries(
    st.text("abcz-", min_size=1, max_size=5), st.text("0189 ", max_size=5), max_size=3
)


class TestNumbers:
    """RFC 1350, appendix I, and RFC 2347."""

    def test_are_those_of_the_rfcs(self) -> None:
        assert {each.name: each.value for each in ErrorCode} == {
            "UNDEFINED": 0,
            "NOT_FOUND": 1,
            "ACCESS_VIOLATION": 2,
            "ILLEGAL_OPERATION": 4,
            "OPTIONS_REFUSED": 8,
        }


class TestForAnyBytes:
    @given(PACKETS | st.binary(max_size=600))
    def test_parse_returns_or_points_at_the_bad_byte(self, datagram: bytes) -> None:
        offset = 0
        try:
            parse(datagram)
        except WireError as exc:
            offset = exc.offset

        assert 0 <= offset <= len(datagram)

    @given(PACKETS | st.binary(max_size=600))
    def test_the_short_cut_for_acks_agrees_with_parse(self, datagram: bytes) -> None:
        number = acked(datagram)

        assert number is None or parse(datagram) == Ack(number)

    @given(NAMES, OPTIONS)
    def test_what_is_built_is_read_back(self, name: str, options: dict[str, str]) -> None:
        request = ReadRequest(name, "octet", options)

        assert parse(read_request(request)) == request


def test_a_request_is_told_from_what_belongs_to_a_transfer() -> None:
    assert is_request(b"\0\1loader\0octet\0")
    assert is_request(b"\0\2loader\0octet\0")
    assert not any(map(is_request, (ack(1), b"\0\5\0\0x\0", b"\0\3\0\1", b"", b"\0")))
