"""The codec: RFC 2131 (the format), RFC 2132 (options), RFC 3396 (long options)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP

from pyxie.dhcp.message import (
    BROADCAST_FLAG,
    UNSPECIFIED,
    DhcpMessage,
    MessageType,
    Op,
    Option,
    address,
    build,
    encapsulated,
    parse,
    size,
)
from pyxie.errors import WireError
from tests.dhcp.packets import discover

HEADER = (
    "01010600 01020304 0005 8000 00000000 00000000 00000000 00000000"
    "525400123456 00000000000000000000"
)


def datagram(options: str = "", *, sname: bytes = b"", file: bytes = b"") -> bytes:
    header = bytes.fromhex(HEADER.replace(" ", ""))
    cookie = bytes.fromhex("63825363")
    return (
        header + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + cookie + bytes.fromhex(options)
    )


def fault(data: bytes) -> str:
    with pytest.raises(WireError) as caught:
        parse(data)
    assert 0 <= caught.value.offset <= len(data)
    return str(caught.value)


class TestParsing:
    def test_every_field_is_read(self) -> None:
        data = bytes.fromhex(
            "02060602 deadbeef 0102 8000 0a000001 0a000002 0a000003 0a000004"
            "aabbccddeeff 00000000000000000000".replace(" ", "")
        )
        data += b"server".ljust(64, b"\0") + b"boot/file".ljust(128, b"\0")
        data += bytes.fromhex("63825363 350102 ff")

        assert parse(data) == DhcpMessage(
            op=Op.REPLY,
            htype=6,
            hops=2,
            xid=0xDEADBEEF,
            secs=0x0102,
            flags=0x8000,
            ciaddr=IPv4Address("10.0.0.1"),
            yiaddr=IPv4Address("10.0.0.2"),
            siaddr=IPv4Address("10.0.0.3"),
            giaddr=IPv4Address("10.0.0.4"),
            chaddr=bytes.fromhex("aabbccddeeff"),
            sname=b"server",
            file=b"boot/file",
            options={53: b"\2"},
        )

    def test_padding_between_options_is_skipped(self) -> None:
        assert parse(datagram("0000 350101 00 5d020007 ff")).options == {53: b"\1", 93: b"\0\7"}

    def test_what_follows_end_is_not_read(self) -> None:
        assert parse(datagram("350101 ff 5d02")).options == {53: b"\1"}

    def test_a_missing_end_is_forgiven(self) -> None:
        assert parse(datagram("350101")).options == {53: b"\1"}

    def test_a_value_sent_in_pieces_is_joined(self) -> None:
        """RFC 3396 section 7."""
        assert parse(datagram("3c02 5058 350101 3c01 45 ff")).options == {60: b"PXE", 53: b"\1"}

    def test_names_without_a_zero_byte_fill_their_fields(self) -> None:
        """RFC 2131 wants one; the field's end says as much."""
        message = parse(datagram("350101ff", sname=b"s" * 64, file=b"f" * 128))

        assert (message.sname, message.file) == (b"s" * 64, b"f" * 128)

    def test_a_name_may_have_one_letter(self) -> None:
        message = parse(datagram("350101ff", sname=b"s", file=b"f"))

        assert (message.sname, message.file) == (b"s", b"f")

    def test_no_address_is_always_the_same(self) -> None:
        assert address(bytes(4)) is UNSPECIFIED

    def test_file_and_sname_carry_options_when_overloaded(self) -> None:
        """RFC 2131 section 4.1, RFC 3396 section 5: options, then file, then sname."""
        message = parse(
            datagram("340103 3c01 61 ff", file=b"\x3c\1b\xff", sname=b"\x3c\1c\x35\1\1\xff")
        )

        assert message.options == {60: b"abc", 53: b"\1"}
        assert (message.file, message.sname) == (b"", b"")

    @pytest.mark.parametrize(
        ("overload", "file", "sname", "options"),
        [("01", b"", b"=\1s", {61: b"f"}), ("02", b"=\1f", b"", {61: b"s"})],
    )
    def test_only_the_lent_field_is_read_as_options(
        self, overload: str, file: bytes, sname: bytes, options: dict[int, bytes]
    ) -> None:
        message = parse(datagram(f"3401{overload}ff", file=b"=\1f", sname=b"=\1s"))

        assert (message.file, message.sname, message.options) == (file, sname, options)

    def test_an_overload_within_the_lent_space_means_nothing(self) -> None:
        assert parse(datagram("340101ff", file=b"\x34\1\2\xff")).options == {}

    def test_the_hardware_address_is_as_long_as_hlen_says(self) -> None:
        data = bytearray(datagram("350101ff"))
        data[2] = 8

        message = parse(bytes(data))

        assert message.chaddr == bytes.fromhex("5254001234560000")
        assert message.mac is None

    def test_the_type_and_mac_are_told(self) -> None:
        message = parse(datagram("350103ff"))

        assert (message.type, message.mac) == (3, "52:54:00:12:34:56")

    @pytest.mark.parametrize("options", ["ff", "3500ff", "35020101ff"])
    def test_a_type_that_is_not_one_byte_is_none(self, options: str) -> None:
        assert parse(datagram(options)).type is None

    def test_a_message_cannot_be_changed(self) -> None:
        message = parse(datagram("350101ff"))

        with pytest.raises(FrozenInstanceError):
            message.xid = 1  # type: ignore[misc]
        with pytest.raises(TypeError):
            message.options[1] = b""  # type: ignore[index]


class TestFaults:
    @pytest.mark.parametrize(
        ("size", "text"),
        [
            (0, "byte 0: op: needs 1 bytes, only 0 left"),
            (3, "byte 3: hops: needs 1 bytes, only 0 left"),
            (27, "byte 24: giaddr: needs 4 bytes, only 3 left"),
            (107, "byte 44: sname: needs 64 bytes, only 63 left"),
            (239, "byte 236: magic cookie: needs 4 bytes, only 3 left"),
        ],
    )
    def test_a_header_cut_short_names_the_field(self, size: int, text: str) -> None:
        assert fault(datagram()[:size]) == text

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ("3501", "byte 242: option 53: needs 1 bytes, only 0 left"),
            ("350909", "byte 242: option 53: needs 9 bytes, only 1 left"),
            ("35010135", "byte 244: option 53 length: needs 1 bytes, only 0 left"),
            ("340104ff", "byte 240: option 52: 0x04 is none of 1, 2 and 3 (RFC 2132)"),
            ("3400ff", "byte 240: option 52: 0x is none of 1, 2 and 3 (RFC 2132)"),
            ("34020101ff", "byte 240: option 52: 0x0101 is none of 1, 2 and 3 (RFC 2132)"),
        ],
    )
    def test_a_bad_option_is_named_with_its_place(self, options: str, text: str) -> None:
        assert fault(datagram(options)) == text

    def test_an_option_in_a_lent_field_ends_with_the_field(self) -> None:
        data = datagram("340102ff", sname=b"\0" * 61 + b"\x3c\5a")

        assert fault(data) == "byte 107: option 60: needs 5 bytes, only 1 left"

    @pytest.mark.parametrize(
        ("at", "value", "text"),
        [
            (0, 3, "byte 0: op: neither a request (1) nor a reply (2)"),
            (2, 17, "byte 2: hlen: 17 is more than chaddr's 16 bytes"),
            (239, 0, "byte 236: magic cookie: not DHCP's 99.130.83.99"),
        ],
    )
    def test_a_header_of_something_else_is_refused(self, at: int, value: int, text: str) -> None:
        data = bytearray(datagram("350101ff"))
        data[at] = value

        assert fault(bytes(data)) == text

    def test_an_infiniband_address_is_not_for_the_header(self) -> None:
        """RFC 4390 section 2.1: its 20 bytes do not fit, and hlen is 0."""
        data = bytearray(datagram("350101ff"))
        data[1:3] = 32, 20

        assert fault(bytes(data)) == (
            "byte 2: hlen: 20 is more than chaddr's 16 bytes; of InfiniBand it is 0"
        )


class TestBuilding:
    def test_a_short_message_is_padded_to_300_bytes(self) -> None:
        """RFC 1542 section 2.1."""
        data = build(discover(o60=b"PXEClient"))

        assert len(data) == 300
        assert data.rstrip(b"\0").endswith(b"\xff")

    def test_the_type_leads_and_the_relays_option_is_last(self) -> None:
        """RFC 3046 section 2.1 wants option 82 last."""
        message = DhcpMessage(
            op=Op.REPLY,
            xid=1,
            chaddr=bytes(6),
            options={175: b"", 82: b"\1\1x", 43: b"v", 53: b"\2"},
        )

        data = build(message)[240:].rstrip(b"\0")

        assert data.hex(" ") == "35 01 02 2b 01 76 af 00 52 03 01 01 78 ff"

    @pytest.mark.parametrize(
        ("size", "pieces"), [(255, [255]), (256, [255, 1]), (510, [255, 255]), (511, [255, 255, 1])]
    )
    def test_a_long_value_is_split(self, size: int, pieces: list[int]) -> None:
        """RFC 3396 section 5."""
        value = bytes(index % 251 for index in range(size))
        data = build(replace(discover(), options={61: value}))

        at, found = 240, []
        while data[at] != 255:
            assert data[at] == 61
            found.append(data[at + 1])
            at += 2 + data[at + 1]
        assert found == pieces
        assert parse(data).options == {61: value}

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"chaddr": bytes(17)}, "chaddr: 17 bytes do not fit in 16"),
            ({"sname": bytes(64)}, "sname: 64 bytes do not fit in 63"),
            ({"file": bytes(128)}, "file: 128 bytes do not fit in 127"),
            ({"options": {0: b""}}, "option 0: not a code between 1 and 254"),
            ({"options": {255: b""}}, "option 255: not a code between 1 and 254"),
        ],
    )
    def test_what_does_not_fit_is_our_bug(self, change: dict[str, object], text: str) -> None:
        with pytest.raises(ValueError, match=text):
            build(replace(discover(), **change))  # type: ignore[arg-type]


class TestHowMuchAClientTakes:
    @pytest.mark.parametrize(
        ("said", "bytes_"),
        [
            (None, 548),
            ("0240", 548),
            ("04ec", 1232),
            ("05dc", 1472),
            ("ffff", 1472),
            ("0000", 548),
            ("0100", 548),
            ("02", 548),
            ("0004ec", 548),
        ],
    )
    def test_is_told_by_option_57_with_the_headers_of_ip_and_udp(
        self, said: str | None, bytes_: int
    ) -> None:
        """RFC 2132 section 9.10: 576 at least; no more than a frame holds is used."""
        options = {} if said is None else {57: bytes.fromhex(said)}

        assert replace(discover(), options=options).takes == bytes_


def reply_of(**change: object) -> DhcpMessage:
    """Return an answer of 240 + 3 + 12 + 6 + 202 + 102 + 1 bytes for 548."""
    options = {53: b"\2", 43: bytes(10), 54: b"\7\7\7\7", 67: b"f" * 200, 97: b"u" * 100}
    base = DhcpMessage(op=Op.REPLY, xid=1, chaddr=bytes(6), options=options, most=548)
    return replace(base, **change)  # type: ignore[arg-type]


class TestOverloading:
    """RFC 2131 section 4.1: options in ``file`` and ``sname``, where the message gets too long."""

    def test_is_not_done_where_there_is_room(self) -> None:
        data = build(reply_of(most=566))

        assert len(data) == 566
        assert data[44:236] == bytes(192)
        assert 52 not in parse(data).options

    def test_puts_into_file_what_is_too_much(self) -> None:
        message = reply_of()

        data = build(message)

        assert len(data) <= 548
        assert data[108:211] == b"\x61\x64" + b"u" * 100 + b"\xff"
        assert data[44:108] == bytes(64)
        assert parse(data) == message

    def test_puts_it_into_sname_where_the_file_is_named(self) -> None:
        message = reply_of(
            file=b"ipxe.efi", options={**reply_of().options, 97: b"u" * 61, 60: b"v" * 40}
        )

        data = build(replace(message, most=548))

        assert len(data) <= 548
        assert data[44:87] == b"\x3c\x28" + b"v" * 40 + b"\xff"
        assert parse(data) == message

    def test_fills_the_options_to_the_last_byte_first(self) -> None:
        options = {53: b"\2", 12: b"h" * 250, 60: b"v" * 118}
        filled = build(reply_of(options={**options, 97: b"u" * 47}, most=548))
        over = build(reply_of(options={**options, 97: b"u" * 48}, most=548))

        assert len(filled) == 548
        assert filled[108:110] == b"\x3c\x76"
        assert filled[44:108] == bytes(64)
        assert over[44:46] == b"\x61\x30"
        assert len(over) <= 548

    def test_fills_the_fields_to_the_byte_before_the_end(self) -> None:
        whole = {53: b"\2", 12: b"h" * 255, 43: b"m" * 40}
        data = build(reply_of(options={**whole, 60: b"v" * 125, 97: b"u" * 61}, most=548))

        assert len(data) <= 548
        assert data[108:236] == b"\x3c\x7d" + b"v" * 125 + b"\xff"
        assert data[44:108] == b"\x61\x3d" + b"u" * 61 + b"\xff"

    def test_puts_nothing_into_a_field_that_leaves_no_room_for_the_end(self) -> None:
        whole = {53: b"\2", 12: b"h" * 255}
        file = build(reply_of(options={**whole, 60: b"v" * 126}, most=548))
        sname = build(reply_of(options={**whole, 97: b"u" * 62}, most=548, file=b"ipxe.efi"))

        assert file[108:236] == bytes(128)
        assert b"\x3c\x7e" + b"v" * 126 in file[240:]
        assert sname[44:108] == bytes(64)
        assert b"\x61\x3e" + b"u" * 62 in sname[240:]

    def test_uses_both(self) -> None:
        message = reply_of(options={**reply_of().options, 60: b"v" * 60, 12: b"h" * 40})

        data = build(message)

        assert len(data) <= 548
        assert data[108] != 0
        assert data[44] != 0
        assert parse(data) == message

    def test_leaves_the_type_first_and_the_relay_agents_last(self) -> None:
        """Relay agents look for theirs in the options alone."""
        message = reply_of(options={**reply_of().options, 82: b"\1\x20" + b"p" * 32})

        data = build(message)

        assert data[240:243] == b"\x35\1\2"
        assert data.rstrip(b"\0").endswith(b"\x34\1\1\x52\x22\1\x20" + b"p" * 32 + b"\xff")
        assert parse(data) == message

    def test_of_a_long_value_moves_all_its_pieces(self) -> None:
        message = reply_of(options={53: b"\2", 43: bytes(256), 97: b"u" * 100})

        assert parse(build(message)) == message
        assert len(build(message)) <= 548

    def test_that_is_not_enough_is_longer(self) -> None:
        """Better than to lack what the client looks for."""
        message = reply_of(options={**reply_of().options, 12: b"h" * 255, 60: b"v" * 255})

        data = build(message)

        assert len(data) > 548
        assert parse(data) == message

    def test_is_of_no_use_where_both_fields_are_taken(self) -> None:
        message = reply_of(sname=b"192.168.7.1", file=b"ipxe.efi")

        assert len(build(message)) == 566
        assert parse(build(message)) == message

    @pytest.mark.parametrize("size_", [0, 1, 255, 256, 511])
    def test_counts_what_is_written(self, size_: int) -> None:
        message = reply_of(options={53: b"\2", 12: bytes(size_), 43: bytes(200)}, most=9999)

        assert len(build(message)) == size(message.options)


class TestNumbers:
    """RFC 2131 and 2132, and for the last of the options RFC 3004, 3046 and 4578."""

    def test_are_those_of_the_rfcs(self) -> None:
        assert (BROADCAST_FLAG, str(UNSPECIFIED)) == (0x8000, "0.0.0.0")
        assert [(each.name, each.value) for each in Op] == [("REQUEST", 1), ("REPLY", 2)]
        assert " ".join(f"{each.name} {each.value}" for each in MessageType) == (
            "DISCOVER 1 OFFER 2 REQUEST 3 DECLINE 4 ACK 5 NAK 6 RELEASE 7 INFORM 8"
        )
        assert {each.name: each.value for each in Option} == {
            "HOST_NAME": 12,
            "VENDOR_SPECIFIC": 43,
            "REQUESTED_ADDRESS": 50,
            "OVERLOAD": 52,
            "MESSAGE_TYPE": 53,
            "SERVER_ID": 54,
            "PARAMETER_LIST": 55,
            "MAX_SIZE": 57,
            "VENDOR_CLASS": 60,
            "CLIENT_ID": 61,
            "TFTP_SERVER_NAME": 66,
            "BOOTFILE_NAME": 67,
            "USER_CLASS": 77,
            "RELAY_AGENT": 82,
            "CLIENT_ARCH": 93,
            "CLIENT_NDI": 94,
            "CLIENT_UUID": 97,
            "IPXE": 175,
        }


class TestTheLargest:
    """What just fits, and the least that is a message."""

    def test_is_read_and_built(self) -> None:
        message = DhcpMessage(
            op=Op.REPLY, xid=1, chaddr=bytes(range(16)), sname=b"s" * 63, file=b"f" * 127
        )

        assert parse(build(message)) == message

    def test_what_is_not_said_is_zero_and_of_ethernet(self) -> None:
        assert build(DhcpMessage(op=Op.REQUEST, xid=0, chaddr=b""))[:236] == b"\1\1" + bytes(234)

    def test_a_header_with_nothing_behind_the_cookie_is_a_message(self) -> None:
        assert parse(build(DhcpMessage(op=Op.REQUEST, xid=1, chaddr=b""))[:240]).options == {}

    def test_an_option_52_in_a_lent_field_is_one_where_nothing_was_lent(self) -> None:
        assert 52 not in parse(datagram("340101", file=b"\x34\x01\x02\xff")).options


class TestEncapsulated:
    def test_options_within_an_option_are_read(self) -> None:
        assert encapsulated(bytes.fromhex("060108 00 0a0100 ff 01")) == {6: b"\x08", 10: b"\0"}

    def test_one_that_overruns_is_refused(self) -> None:
        with pytest.raises(WireError, match="byte 2: option 6: needs 5 bytes, only 1 left"):
            encapsulated(b"\6\5a")


values = st.binary(max_size=40) | st.sampled_from([0, 1, 254, 255, 256, 510, 511]).map(bytes)
codes = st.integers(1, 254).filter(lambda code: code != 52)
addresses = st.integers(0, 2**32 - 1).map(IPv4Address)
names = st.binary(max_size=63).filter(lambda name: b"\0" not in name)
messages = st.builds(
    DhcpMessage,
    op=st.sampled_from(Op),
    xid=st.integers(0, 2**32 - 1),
    chaddr=st.binary(max_size=16),
    htype=st.integers(0, 255),
    hops=st.integers(0, 255),
    secs=st.integers(0, 65535),
    flags=st.integers(0, 65535),
    ciaddr=addresses,
    yiaddr=addresses,
    siaddr=addresses,
    giaddr=addresses,
    sname=names,
    file=names,
    options=st.dictionaries(codes, values, max_size=8),
    most=st.integers(548, 1472),
)


class TestForAnyMessage:
    @given(messages)
    def test_what_is_built_is_parsed_again(self, message: DhcpMessage) -> None:
        assert parse(build(message)) == message

    @given(messages)
    def test_it_is_as_long_as_its_options_are_or_shorter(self, message: DhcpMessage) -> None:
        assert len(build(message)) <= max(300, size(message.options) + 3)


def bad_byte(parser: Callable[[bytes], object], data: bytes) -> int:
    """Return the offset that the parser's error names; 0 if it has none."""
    try:
        parser(data)
    except WireError as error:
        return error.offset
    return 0


class TestForAnyBytes:
    @given(
        st.binary(max_size=600)
        | st.binary(max_size=120).map(lambda tail: datagram() + tail)
        | st.tuples(st.sampled_from(["340101", "340102", "340103"]), st.binary(max_size=128)).map(
            lambda drawn: datagram(drawn[0], file=drawn[1], sname=drawn[1][:64])
        )
    )
    def test_parse_returns_or_points_at_the_bad_byte(self, data: bytes) -> None:
        assert 0 <= bad_byte(parse, data) <= len(data)

    @given(st.binary(max_size=80))
    def test_encapsulated_returns_or_points_at_the_bad_byte(self, data: bytes) -> None:
        assert 0 <= bad_byte(encapsulated, data) <= len(data)


class TestAgainstScapy:
    """Scapy's dissector and builder are written by others: an independent judge."""

    def test_scapys_discover_is_read(self) -> None:
        packet = BOOTP(op=1, xid=7, flags=0x8000, chaddr=bytes.fromhex("525400123456") + bytes(10))
        packet /= DHCP(
            options=[
                ("message-type", "discover"),
                ("vendor_class_id", b"PXEClient:Arch:00007:UNDI:003016"),
                (93, b"\0\7"),
                "end",
            ]
        )

        assert parse(bytes(packet)) == DhcpMessage(
            op=Op.REQUEST,
            xid=7,
            flags=0x8000,
            chaddr=bytes.fromhex("525400123456"),
            options={53: b"\1", 60: b"PXEClient:Arch:00007:UNDI:003016", 93: b"\0\7"},
        )

    def test_scapy_reads_what_is_built(self) -> None:
        message = DhcpMessage(
            op=Op.REPLY,
            xid=7,
            chaddr=bytes.fromhex("525400123456"),
            siaddr=IPv4Address("192.168.7.1"),
            file=b"52-54-00-12-34-56/ipxe.efi",
            options={53: b"\2", 54: bytes((192, 168, 7, 1)), 60: b"PXEClient"},
        )

        packet = BOOTP(build(message))

        assert (packet.op, packet.xid, packet.siaddr) == (2, 7, "192.168.7.1")
        assert packet.file.rstrip(b"\0") == b"52-54-00-12-34-56/ipxe.efi"
        assert [each for each in packet[DHCP].options if each not in ("end", "pad")] == [
            ("message-type", 2),
            ("server_id", "192.168.7.1"),
            ("vendor_class_id", b"PXEClient"),
        ]
