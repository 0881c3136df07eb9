"""IPv4 and UDP headers by hand: RFC 791, RFC 768."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from pyxie.dhcp.udp import Segment, ip_header, unwrap, wrap
from pyxie.errors import WireError

OURS = bytes((192, 168, 7, 1))
ALL = bytes((255, 255, 255, 255))


def packet(payload: bytes = b"hello", **changes: object) -> bytes:
    return bytes(IP(src="10.0.0.9", dst="10.0.0.1") / UDP(sport=68, dport=67, **changes) / payload)


def bad_byte(data: bytes) -> int:
    """Return the offset that the error names; 0 if there is none."""
    try:
        unwrap(data)
    except WireError as error:
        return error.offset
    return 0


class TestUnwrapping:
    def test_the_payload_and_the_sender_come_out(self) -> None:
        assert unwrap(packet()) == Segment(b"hello", bytes((10, 0, 0, 9)), 68)

    def test_ip_options_are_skipped(self) -> None:
        long_header = bytearray(packet())
        long_header[0] = 0x46
        long_header[20:20] = bytes(4)

        assert unwrap(bytes(long_header)) == Segment(b"hello", bytes((10, 0, 0, 9)), 68)

    def test_an_unfinished_checksum_is_no_fault(self) -> None:
        """As it arrives from a virtual machine on the same host."""
        assert unwrap(packet(chksum=0x1234)).data == b"hello"

    def test_bytes_after_the_udp_length_are_dropped(self) -> None:
        assert unwrap(packet() + b"trailer").data == b"hello"

    def test_an_empty_datagram_is_one(self) -> None:
        assert unwrap(packet(b"")).data == b""

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (b"", "byte 0: IP header: 0 bytes are not 20"),
            (packet()[:19], "byte 19: IP header: 19 bytes are not 20"),
            (packet()[:27], "byte 20: UDP header: needs 8 bytes, only 7 left"),
            (packet()[:24], "byte 20: UDP header: needs 8 bytes, only 4 left"),
            (packet()[:20], "byte 20: UDP header: needs 8 bytes, only 0 left"),
            (packet(len=14), "byte 24: UDP length: 14, where there are 13 bytes"),
            (packet(len=7), "byte 24: UDP length: 7, where there are 13 bytes"),
            (b"\x44" + packet()[1:], "byte 0: IP header: claims 16 of 33 bytes, not 20 or more"),
            (b"\x4f" + packet()[1:], "byte 0: IP header: claims 60 of 33 bytes, not 20 or more"),
        ],
    )
    def test_a_datagram_too_short_is_refused(self, data: bytes, text: str) -> None:
        """Four to seven bytes of it end pixiecore."""
        with pytest.raises(WireError) as caught:
            unwrap(data)

        assert str(caught.value) == text

    @given(st.binary(max_size=80) | st.binary(max_size=40).map(lambda tail: b"\x45" + tail))
    def test_any_bytes_give_a_segment_or_a_place(self, data: bytes) -> None:
        assert 0 <= bad_byte(data) <= len(data)


class TestWrapping:
    @given(st.binary(max_size=600) | st.sampled_from([b"", b"\0", b"\xff", b"\xff\xff" * 200]))
    def test_scapy_finds_the_same_checksum(self, data: bytes) -> None:
        expected = IP(src="192.168.7.1", dst="255.255.255.255") / UDP(sport=67, dport=68)
        expected = IP(bytes(expected / Raw(data)))

        assert wrap(data, OURS, 67, ALL, 68) == bytes(expected[UDP])

    def test_an_odd_byte_is_summed_as_with_a_zero_behind_it(self) -> None:
        """RFC 768."""
        made = wrap(b"abc", OURS, 67, ALL, 68)

        assert made == bytes.fromhex("00430044000b") + made[6:8] + b"abc"
        words = b"\xc0\xa8\x07\x01\xff\xff\xff\xff\0\x11\0\x0b" + made + b"\0"
        assert int.from_bytes(words) % 0xFFFF == 0

    def test_a_sum_of_zero_is_sent_as_all_ones(self) -> None:
        """RFC 768: all zero means that there is no checksum."""
        for word in range(0x10000):
            datagram = wrap(word.to_bytes(2), OURS, 67, ALL, 68)
            if datagram[6:8] == b"\xff\xff":
                break

        assert (
            bytes(
                IP(src="192.168.7.1", dst="255.255.255.255")
                / UDP(sport=67, dport=68)
                / datagram[8:]
            )[20:]
            == datagram
        )

    def test_what_is_wrapped_is_unwrapped(self) -> None:
        header = packet()[:20]

        assert unwrap(header + wrap(b"x", bytes((10, 0, 0, 9)), 67, OURS, 68)) == Segment(
            b"x", bytes((10, 0, 0, 9)), 67
        )


class TestTheHeaderOfIp:
    @given(st.binary(max_size=1400), st.binary(min_size=4, max_size=4))
    def test_is_that_of_scapy(self, data: bytes, source: bytes) -> None:
        datagram = wrap(data, source, 67, ALL, 68)

        made = ip_header(len(datagram), source, ALL) + datagram

        address = ".".join(map(str, source))
        told = IP(src=address, dst="255.255.255.255", id=0, flags="DF")
        assert made == bytes(told / UDP(sport=67, dport=68) / Raw(data))
        assert unwrap(made) == Segment(data, source, 67)

    def test_has_its_time_to_live_and_is_not_to_be_cut(self) -> None:
        made = ip_header(308, OURS, ALL)

        assert made[:10] == bytes.fromhex("45000148000040004011")
        assert made[12:] == OURS + ALL

    def test_comes_to_nothing_when_it_is_summed(self) -> None:
        """RFC 1071: so its receiver sees that it is whole."""
        made = ip_header(308, OURS, ALL)

        assert int.from_bytes(made) % 0xFFFF == 0
        assert made[:4] == b"\x45\0" + (328).to_bytes(2)
