"""What servers answered."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.bounds import PROBE_ANSWERS, PROBE_BROKEN
from pyxie.dhcp.message import MessageType, Op, build
from pyxie.probing.heard import Answers, Broken, Heard
from tests.probing.frames import ASKED, LINK, SERVER, framed, offer

OTHER = IPv4Address("192.168.7.2")
LEASE = IPv4Address("192.168.7.50")


def heard(*frames: bytes) -> Answers:
    answers = Answers(ASKED, MessageType.OFFER)
    for at, frame in enumerate(frames):
        answers.take(frame, float(at))
    return answers


class TestAnAnswer:
    def test_tells_who_offers_what(self) -> None:
        said = replace(
            offer(o60=b"PXEClient", o66=b"192.168.7.9\0", o67=b"boot.efi\0"),
            yiaddr=LEASE,
            siaddr=OTHER,
            file=b"another.efi",
        )

        [found] = heard(framed(said)).heard

        assert found == Heard(found.message, SERVER, 67, LINK, 0.0)
        assert (found.server, found.lease, found.next_server) == (SERVER, LEASE, OTHER)
        assert (found.file, found.vendor) == ("boot.efi", "PXEClient")
        assert (found.tftp_server, found.options[67]) == ("192.168.7.9", b"boot.efi\0")

    def test_may_tell_next_to_nothing(self) -> None:
        bare = replace(offer(), options={53: b"\2"})

        [found] = heard(framed(bare, OTHER)).heard

        assert (found.server, found.lease, found.next_server) == (OTHER, None, None)
        assert (found.file, found.vendor, found.tftp_server) == ("", "", "")

    def test_names_its_file_in_the_header_where_option_67_is_missing(self) -> None:
        [found] = heard(framed(replace(offer(), file=b"pxelinux.0"))).heard

        assert found.file == "pxelinux.0"

    def test_has_no_control_characters_for_a_terminal(self) -> None:
        [found] = heard(framed(offer(o67=b"a\x1b[2Jb\xff\n\0"))).heard

        assert found.file == "a\\x1b[2Jb\u00ff\\x0a"

    def test_to_a_question_that_was_sent_twice_counts_once(self) -> None:
        said = replace(offer(o51=b"\0\0\0\x10"), yiaddr=LEASE)
        later = replace(offer(o51=b"\0\0\0\x0f"), yiaddr=LEASE)

        found = heard(framed(said), framed(later), framed(later)).heard

        assert [each.after for each in found] == [0.0]

    def test_of_a_proxy_beside_its_hosts_dhcp_server_is_another(self) -> None:
        found = heard(framed(replace(offer(), yiaddr=LEASE)), framed(offer(o60=b"PXEClient"))).heard

        assert [each.lease for each in found] == [LEASE, None]


class TestNoAnswer:
    @pytest.mark.parametrize(
        "frame",
        [
            framed(replace(offer(), xid=7)),
            framed(replace(offer(), op=Op.REQUEST)),
            framed(offer(kind=MessageType.ACK)),
            framed(replace(offer(), options={})),
            framed(offer())[:30],
            b"",
        ],
        ids=["another's", "a question", "of another kind", "BOOTP", "cut short", "nothing"],
    )
    def test_counts_for_nothing(self, frame: bytes) -> None:
        found = heard(frame)

        assert (found.heard, found.broken) == ([], [])

    def test_is_told_where_it_is_no_whole_message(self) -> None:
        lying = build(offer())[:240] + bytes((53, 200, 2))

        found = heard(framed(lying), framed(lying))

        why = (
            "its answer is no whole DHCP message: byte 242: option 53: needs 200 bytes, only 1 left"
        )
        assert (found.heard, found.broken) == ([], [Broken(SERVER, why)])

    @pytest.mark.parametrize(
        ("chaddr", "to"),
        [(b"\2\0\0\0\0\1", "02:00:00:00:00:01"), (b"\2\1", "02:01"), (b"", "nobody")],
    )
    def test_is_told_where_it_is_to_another_mac(self, chaddr: bytes, to: str) -> None:
        found = heard(framed(replace(offer(), chaddr=chaddr)))

        why = f"its answer is to {to}, which did not ask"
        assert (found.heard, found.broken) == ([], [Broken(SERVER, why)])


class TestOfAFlood:
    def test_so_many_are_kept(self) -> None:
        addresses = [SERVER + at for at in range(PROBE_ANSWERS.whole + 9)]
        before = PROBE_ANSWERS.times

        found = heard(*(framed(offer(each), each) for each in addresses)).heard

        assert [each.source for each in found] == addresses[: PROBE_ANSWERS.whole]
        assert PROBE_ANSWERS.times == before + 9

    def test_so_many_broken_ones_are_told(self) -> None:
        addresses = [SERVER + at for at in range(PROBE_BROKEN.whole + 2)]
        before = PROBE_BROKEN.times

        found = heard(*(framed(build(offer())[:200], each) for each in addresses)).broken

        assert [each.source for each in found] == addresses[: PROBE_BROKEN.whole]
        assert PROBE_BROKEN.times == before + 2


class TestForAnyBytes:
    @given(st.binary(max_size=400))
    def test_nothing_is_raised(self, tail: bytes) -> None:
        heard(framed(offer())[:46] + tail, framed(build(offer())[:240] + tail))
