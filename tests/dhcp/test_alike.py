"""Requests that differ only in what is each machine's own, and their answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.dhcp.alike import Form, Layout, Own, form, is_special, layout, named
from pyxie.dhcp.decide import Answer, Boot, decide
from pyxie.dhcp.message import DhcpMessage, Option, build, parse
from pyxie.errors import WireError
from tests.dhcp.packets import BIOS_FEATURES, BOOT, MAC, UEFI_FEATURES, discover, ipxe

KINDS = (
    *(discover(arch) for arch in (0, 6, 7, 0x0B, 0x10)),
    discover(0x10, o60=b"HTTPClient:Arch:00016:UNDI:003001"),
    ipxe(0, o175=BIOS_FEATURES),
    ipxe(7, o175=UEFI_FEATURES),
    discover(7, o61=b"\0" + b"0123456789abcdef"),
    ipxe(7, o175=UEFI_FEATURES, o61=b"\1\x52\x54\0\x12\x34\x56"),
    discover(7, o97=None),
)


def laid_out(data: bytes) -> Layout:
    found = layout(data)
    assert found is not None
    return found


def answered(data: bytes, boot: Boot = BOOT) -> DhcpMessage | None:
    outcome = decide(parse(data), 67, boot)
    return outcome.message if isinstance(outcome, Answer) else None


def formed(data: bytes, boot: Boot = BOOT) -> Form | None:
    message = answered(data, boot)
    return form(message, Own(*laid_out(data).own(data))) if message is not None else None


def in_transaction(answer: bytes, request: bytes) -> bytes:
    return answer[:4] + request[4:8] + answer[8:]


class TestAnotherMachinesAnswer:
    @given(st.data())
    def test_is_the_very_one_that_would_be_made(self, data: st.DataObject) -> None:
        options = st.dictionaries(st.integers(1, 254), st.binary(max_size=40), max_size=6)
        kind = data.draw(st.sampled_from(KINDS))
        one = build(
            replace(
                kind,
                secs=data.draw(st.integers(0, 0xFFFF)),
                flags=data.draw(st.sampled_from((0, 0x8000, 1))),
                options={**data.draw(options), **kind.options},
            )
        )
        found = layout(one)
        if found is None:
            return
        other = bytearray(one)
        for start, stop in found.cuts:
            other[start:stop] = data.draw(st.binary(min_size=stop - start, max_size=stop - start))
        another = bytes(other)
        own = Own(*found.own(another))
        first = formed(one)

        if first is not None and not is_special(own.uuid):
            expected = answered(another)
            assert expected is not None
            assert in_transaction(first.filled(own), another) == build(expected)
        assert found.shape(one) == found.shape(another)

    @pytest.mark.parametrize("kind", KINDS)
    def test_is_filled_in_with_what_is_its_own(self, kind: DhcpMessage) -> None:
        one = build(kind)
        other = bytearray(one)
        for start, stop in laid_out(one).cuts:
            other[start:stop] = bytes(range(65, 65 + stop - start))
        another = bytes(other)
        expected, first = answered(another), formed(one)
        assert expected is not None
        assert first is not None

        own = Own(*laid_out(one).own(another))

        assert in_transaction(first.filled(own), another) == build(expected)

    @pytest.mark.parametrize("kind", KINDS)
    def test_is_there_for_what_firmware_and_ipxe_send(self, kind: DhcpMessage) -> None:
        assert formed(build(kind)) is not None

    @given(st.binary(min_size=236, max_size=400))
    def test_takes_only_what_can_be_read(self, body: bytes) -> None:
        data = body[:236] + b"\x63\x82\x53\x63" + body[236:]
        try:
            parse(data)
        except WireError:
            return

        found = layout(data)

        assert found is None or sum(map(len, found.shape(data))) < len(data)


class TestRequestsOfAShape:
    def test_differ_in_transaction_time_nic_uuid_and_client_id(self) -> None:
        one = build(discover(7, o61=b"\1abcdef"))
        mine = laid_out(one)
        uuid, client_id = (one.index(each) for each in (b"0123456789abcdef", b"\1abcdef"))

        assert mine.cuts == ((4, 10), (31, 34), (client_id, client_id + 7), (uuid, uuid + 16))
        assert Own(*mine.own(one)) == Own(bytes.fromhex(MAC.replace(":", "")), b"0123456789abcdef")

    def test_are_of_one_make_by_whose_numbers_some_are_told(self) -> None:
        one = build(discover(0))
        pi = one[:28] + bytes.fromhex("b827eb") + one[31:]

        assert laid_out(one).shape(one) != laid_out(one).shape(pi)

    def test_are_all_requests(self) -> None:
        one = build(discover(0))

        assert laid_out(one).shape(one) != laid_out(one).shape(b"\2" + one[1:])

    def test_have_no_uuid_that_says_what_they_are(self) -> None:
        assert layout(build(discover(0, o97=b"\0RPi" + bytes(13)))) is None

    def test_have_a_uuid_of_another_type_in_common(self) -> None:
        one = build(discover(7, o97=b"\1" + b"0123456789abcdef"))

        assert Own(*laid_out(one).own(one)).uuid == b""

    def test_have_their_options_where_they_usually_are_and_in_one_piece(self) -> None:
        pieces = build(discover(7, o97=None))[:-60] + b"\x0c\1a\x0c\1b\xff"
        elsewhere = build(discover(7, o52=b"\1"))

        assert layout(pieces) is None
        assert layout(elsewhere) is None

    def test_are_told_apart_behind_what_pads_them(self) -> None:
        one = build(discover(7, o61=b"\1abcdef"))
        padded = one[:243] + b"\0" + one[243:]
        uuid, client_id = (padded.index(each) for each in (b"0123456789abcdef", b"\1abcdef"))

        cuts = ((4, 10), (31, 34), (client_id, client_id + 7), (uuid, uuid + 16))
        assert laid_out(padded).cuts == cuts

    def test_may_be_padded_and_lack_an_end(self) -> None:
        one = build(discover(7, o97=None))
        padded = (one[:243] + b"\0" + one[243:]).rstrip(b"\0")[:-1]

        assert laid_out(padded).cuts == ((4, 10), (31, 34))
        assert Own(*laid_out(padded).own(padded)).uuid == b""

    def test_are_told_behind_padding_too(self) -> None:
        one = build(discover(7))
        padded = one[:243] + b"\0\0" + one[243:]
        uuid = one.index(b"0123456789abcdef") + 2

        assert laid_out(padded).cuts == ((4, 10), (31, 34), (uuid, uuid + 16))


class TestAForm:
    def test_is_the_answer_in_another_transaction(self) -> None:
        for kind in (discover(7), discover(7, o97=None)):
            one = build(kind)
            found, message = formed(one), answered(one)

            assert found is not None
            assert message is not None
            own = Own(*laid_out(one).own(one))
            assert in_transaction(found.filled(own), one) == build(message)
            assert found.length == len(build(message))

    def test_is_none_where_a_loader_has_the_mac_address_in_its_name(self) -> None:
        loaders = {7: f"{MAC.replace(':', '-')}.efi"}

        assert formed(build(discover(7)), replace(BOOT, loaders=loaders)) is None

    def test_is_of_a_name_in_one_piece(self) -> None:
        short = formed(build(discover(7)), replace(BOOT, loaders={7: "a"}))
        message = answered(build(discover(7)), replace(BOOT, loaders={7: "a"}))
        assert short is not None
        assert message is not None
        room = 255 - len(message.options[Option.BOOTFILE_NAME])

        longest = formed(build(discover(7)), replace(BOOT, loaders={7: "a" * (1 + room)}))

        assert longest is not None
        assert formed(build(discover(7)), replace(BOOT, loaders={7: "a" * (2 + room)})) is None

    def test_is_filled_in_with_another_name_where_one_is_given(self) -> None:
        one = build(discover(7))
        own, found = Own(*laid_out(one).own(one)), formed(one)
        assert found is not None
        usual = named(own.mac)

        filled = found.filled(own, bytes(len(usual)))

        assert filled == found.filled(own).replace(usual, bytes(len(usual)))
        assert usual not in filled

    def test_is_none_where_the_name_is_in_pieces(self) -> None:
        assert formed(build(discover(7)), replace(BOOT, loaders={7: "a" * 300})) is None

    def test_needs_no_file_in_the_header(self) -> None:
        boot = replace(BOOT, loaders={7: "a" * 120})
        one = build(discover(7))
        found, message = formed(one, boot), answered(one, boot)

        assert found is not None
        assert message is not None
        assert message.file == b""
        own = Own(*laid_out(one).own(one))
        assert in_transaction(found.filled(own), one) == build(message)
