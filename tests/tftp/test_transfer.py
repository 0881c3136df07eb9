"""The state machine: RFC 1350, 2347, 2348, 2349 and 7440, told the time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ReadRequest, ack
from pyxie.tftp.roundtrip import SOONEST
from pyxie.tftp.transfer import (
    Aborted,
    Burst,
    Completed,
    Outcome,
    Probed,
    TimedOut,
    Transfer,
    negotiate,
)
from tests.tftp.rom import fetch

ABORT = b"\0\5\0\0TFTP Aborted\0"
TIMED_OUT = b"\0\5\0\0timed out\0"


def opened(size: int, limits: Limits | None = None, **options: str) -> Transfer:
    return Transfer(ReadRequest("f", "octet", options), size, limits or Limits())


def begun(size: int, limits: Limits | None = None, **options: str) -> Transfer:
    """Started at 0.0, and its options acknowledged."""
    transfer = opened(size, limits, **options)
    transfer.start(now=0.0)
    if options:
        transfer.receive(ack(0), now=0.0)
    return transfer


def agreed(size: int = 700, limits: Limits | None = None, **options: str) -> dict[str, str]:
    return negotiate(ReadRequest("f", "octet", options), size, limits or Limits())


class TestNegotiation:
    """RFC 2347."""

    def test_without_options_the_first_block_is_the_answer(self) -> None:
        transfer = opened(700)

        assert transfer.start(now=0.0) == Burst(1, 2)
        assert transfer.blksize == 512

    def test_with_options_they_are_acknowledged_first(self) -> None:
        transfer = opened(700, tsize="0", blksize="1024")

        assert transfer.start(now=0.0) == b"\0\6tsize\x00700\0blksize\x001024\0"
        assert transfer.receive(ack(0), now=0.1) == Burst(1, 2)

    def test_with_unknown_options_only_there_is_nothing_to_acknowledge(self) -> None:
        transfer = opened(700, multicast="", utimeout="1000")

        assert transfer.start(now=0.0) == Burst(1, 2)

    def test_only_what_was_asked_is_acknowledged(self) -> None:
        assert agreed(tsize="0", multicast="") == {"tsize": "700"}
        assert agreed(blksize="512") == {"blksize": "512"}
        assert agreed(timeout="x", blksize="512") == {"blksize": "512"}

    @pytest.mark.parametrize(
        ("asked", "answered"),
        [
            ("0", None),
            ("7", None),
            ("8", "8"),
            ("1468", "1468"),
            ("1469", "1468"),
            ("65464", "1468"),
            ("65465", "1468"),
            ("9" * 20, "1468"),
            ("9" * 21, None),
            ("", None),
            ("-8", None),
            ("+8", None),
            (" 8", None),
            ("1e3", None),
            ("0x200", None),
            ("²", None),
            ("٣٣٣", None),
        ],
    )
    def test_block_size_is_at_most_ours_and_nonsense_is_ignored(
        self, asked: str, answered: str | None
    ) -> None:
        """RFC 2348."""
        assert agreed(blksize=asked).get("blksize") == answered

    @pytest.mark.parametrize(
        ("asked", "answered"),
        [("0", None), ("1", "1"), ("64", "64"), ("65", "64"), ("65535", "64"), ("x", None)],
    )
    def test_window_is_at_most_ours(self, asked: str, answered: str | None) -> None:
        """RFC 7440 section 3."""
        assert agreed(windowsize=asked).get("windowsize") == answered

    @pytest.mark.parametrize(
        ("asked", "answered"),
        [("0", None), ("1", "1"), ("60", "60"), ("61", None), ("255", None), ("x", None)],
    )
    def test_a_timeout_is_taken_as_it_is_or_left(self, asked: str, answered: str | None) -> None:
        """RFC 2349: the acknowledged value must match the one requested."""
        assert agreed(timeout=asked).get("timeout") == answered

    def test_the_size_is_told_to_whoever_asks_with_a_number(self) -> None:
        assert agreed(5 * 10**9, tsize="0") == {"tsize": "5000000000"}
        assert agreed(0, tsize="999") == {"tsize": "0"}
        assert agreed(tsize="") == {}

    def test_the_acknowledgement_is_sent_again(self) -> None:
        transfer = opened(700, tsize="0")
        sent = transfer.start(now=0.0)

        assert transfer.tick(now=1.0) == sent
        assert transfer.receive(ack(0), now=1.1) == Burst(1, 2)

    def test_any_other_ack_does_not_agree(self) -> None:
        transfer = opened(700, tsize="0", windowsize="8")
        transfer.start(now=0.0)

        assert transfer.receive(ack(1), now=0.1) is None
        assert transfer.receive(ack(65535), now=0.1) is None
        assert transfer.negotiating


class TestLockStep:
    """RFC 1350 section 2."""

    def test_each_block_waits_for_the_ack_of_the_one_before(self) -> None:
        transfer = opened(1100)

        assert transfer.start(now=0.0) == Burst(1, 2)
        assert transfer.receive(ack(1), now=0.1) == Burst(2, 3)
        assert transfer.receive(ack(2), now=0.2) == Burst(3, 4)
        assert transfer.receive(ack(3), now=0.3) is None
        assert transfer.outcome == Completed(resent=0)
        assert transfer.deadline is None

    @pytest.mark.parametrize(
        ("size", "blocks"), [(0, 1), (1, 1), (511, 1), (512, 2), (513, 2), (1024, 3)]
    )
    def test_the_last_block_is_a_short_one_if_need_be_empty(self, size: int, blocks: int) -> None:
        """RFC 1350 section 6."""
        transfer = begun(size)
        for block in range(1, blocks):
            assert transfer.receive(ack(block), now=0.0) == Burst(block + 1, block + 2)

        transfer.receive(ack(blocks), now=0.0)

        assert transfer.outcome == Completed(resent=0)
        assert transfer.received == size

    def test_a_repeated_ack_is_not_answered(self) -> None:
        """RFC 1123 section 4.2.3.1: the Sorcerer's Apprentice."""
        transfer = begun(5000)
        transfer.receive(ack(1), now=0.1)

        before = transfer.deadline

        assert transfer.receive(ack(1), now=0.2) is None
        assert transfer.receive(ack(0), now=0.2) is None
        assert transfer.deadline == before

    def test_an_ack_of_what_was_never_sent_is_not_answered(self) -> None:
        transfer = begun(5000)

        assert transfer.receive(ack(2), now=0.2) is None
        assert transfer.received == 0

    @pytest.mark.parametrize(
        "noise",
        [b"", b"\0", b"\0\4", b"\0\4\0", b"\0\5", b"\0\1f\0octet\0", b"\0\3\0\1", b"\xff" * 99],
    )
    def test_noise_changes_nothing(self, noise: bytes) -> None:
        transfer = begun(5000)

        assert transfer.receive(noise, now=0.5) is None
        assert transfer.deadline == 1.0
        assert transfer.outcome is None

    def test_block_numbers_wrap_in_a_long_file(self) -> None:
        """No RFC says how; 0 after 65535 is what clients do."""
        transfer = begun(512 * 70_000)
        for block in range(1, 65_535):
            transfer.receive(ack(block), now=0.0)

        assert transfer.receive(ack(65_535), now=0.0) == Burst(65_536, 65_537)
        assert transfer.receive(b"\0\4\0\0", now=0.0) == Burst(65_537, 65_538)
        assert transfer.receive(b"\0\4\0\0", now=0.0) is None
        assert transfer.receive(b"\0\4\0\1", now=0.0) == Burst(65_538, 65_539)
        assert transfer.received == 65_537 * 512


class TestWindow:
    """RFC 7440 section 4."""

    def test_goes_out_whole_and_one_ack_moves_it_on(self) -> None:
        transfer = opened(10 * 512, windowsize="4")
        transfer.start(now=0.0)

        assert transfer.receive(ack(0), now=0.0) == Burst(1, 5)
        assert transfer.receive(ack(4), now=0.1) == Burst(5, 9)
        assert transfer.receive(ack(8), now=0.2) == Burst(9, 12)
        assert transfer.receive(ack(11), now=0.3) is None
        assert transfer.outcome == Completed(resent=0)

    def test_an_ack_in_the_middle_begins_the_next_window_there(self) -> None:
        transfer = begun(20 * 512, windowsize="4")

        assert transfer.receive(ack(2), now=0.1) == Burst(3, 7)
        assert transfer.receive(ack(6), now=0.2) == Burst(7, 11)

    def test_the_first_repetition_of_its_base_sends_it_again_once(self) -> None:
        transfer = begun(20 * 512, windowsize="4")
        transfer.receive(ack(4), now=0.1)

        assert transfer.receive(ack(4), now=0.2) == Burst(5, 9)
        assert transfer.receive(ack(4), now=0.2) is None
        assert transfer.receive(ack(4), now=0.3) is None
        assert transfer.resent == 1

    def test_of_two_is_one(self) -> None:
        transfer = begun(20 * 512, windowsize="2")
        transfer.receive(ack(2), now=0.1)

        assert transfer.receive(ack(2), now=0.2) == Burst(3, 5)

    def test_of_which_the_very_first_block_alone_came_begins_anew_behind_it(self) -> None:
        transfer = begun(20 * 512, windowsize="8")

        assert transfer.receive(ack(1), now=0.1) == Burst(2, 10)
        assert transfer.resent == 1

    def test_progress_or_a_timeout_lets_a_gap_be_reported_again(self) -> None:
        transfer = begun(20 * 512, windowsize="4")
        transfer.receive(ack(4), now=0.0)
        transfer.receive(ack(4), now=0.0)

        assert transfer.receive(ack(5), now=0.1) == Burst(6, 10)
        assert transfer.receive(ack(5), now=0.2) == Burst(6, 10)
        assert transfer.receive(ack(5), now=0.2) is None
        assert transfer.tick(now=1.2) == Burst(6, 10)
        assert transfer.receive(ack(5), now=1.3) == Burst(6, 10)

    def test_a_lost_first_window_may_be_reported_by_the_options_ack(self) -> None:
        transfer = begun(20 * 512, windowsize="4")

        assert transfer.receive(ack(0), now=0.1) == Burst(1, 5)
        assert transfer.receive(ack(0), now=0.1) is None

    def test_acks_outside_it_are_not_answered(self) -> None:
        transfer = begun(20 * 512, windowsize="4")
        transfer.receive(ack(4), now=0.1)

        assert transfer.receive(ack(3), now=0.2) is None
        assert transfer.receive(ack(9), now=0.2) is None

    def test_near_the_end_an_ack_past_the_last_block_is_not_taken(self) -> None:
        transfer = begun(2 * 512, windowsize="8")

        assert transfer.receive(ack(4), now=0.1) is None
        assert transfer.outcome is None

    def test_wraps_in_the_middle(self) -> None:
        transfer = begun(512 * 70_000, windowsize="64")
        for block in range(64, 65_473, 64):
            transfer.receive(ack(block), now=0.0)

        assert transfer.receive(ack(65_500), now=0.0) == Burst(65_501, 65_565)
        assert transfer.receive(b"\0\4\0\3", now=0.0) == Burst(65_540, 65_604)

    def test_of_one_is_lock_step(self) -> None:
        transfer = begun(5000, windowsize="1")
        transfer.receive(ack(1), now=0.1)

        assert transfer.receive(ack(1), now=0.2) is None


class TestALongFile:
    def test_of_four_gigabytes_is_sent_whole_in_windows(self) -> None:
        size = (4 << 30) + 5
        last = size // 1468 + 1
        transfer = begun(size, windowsize="64", blksize="1468")

        sent = [transfer.receive(ack(block), now=0.0) for block in range(64, last, 64)]

        assert sent == [
            Burst(block, min(block + 64, last + 1)) for block in range(65, last + 1, 64)
        ]
        assert transfer.receive(ack(last), now=0.0) is None
        assert (transfer.received, transfer.outcome) == (size, Completed(resent=0))
        assert last > 44 * 65_536

    def test_is_repaired_where_the_numbers_wrap(self) -> None:
        transfer = begun(512 * 70_000, windowsize="16")
        for block in range(16, 65_536, 16):
            transfer.receive(ack(block), now=0.001 * block)

        assert transfer.receive(ack(65_535), now=65.6) == Burst(65_536, 65_552)
        assert transfer.receive(ack(65_535), now=65.7) == Burst(65_536, 65_552)
        assert transfer.receive(ack(65_536), now=65.8) == Burst(65_537, 65_553)
        assert transfer.receive(ack(65_536), now=65.9) == Burst(65_537, 65_553)
        assert transfer.receive(ack(65_552), now=66.0) == Burst(65_553, 65_569)


class TestRepair:
    """What is lost is sent again without a time-out, and nothing that is not.

    A round trip takes 10 ms here, of the options and of a window of eight.
    """

    @pytest.fixture
    def transfer(self) -> Transfer:
        transfer = opened(1000 * 512, windowsize="8")
        transfer.start(now=0.0)
        assert transfer.receive(ack(0), now=0.01) == Burst(1, 9)
        assert transfer.receive(ack(8), now=0.02) == Burst(9, 17)
        return transfer

    def test_of_a_windows_first_block(self, transfer: Transfer) -> None:
        """EDK2 repeats itself for each later block that arrives (Mtftp4Rrq.c)."""
        assert transfer.receive(ack(8), now=0.03) == Burst(9, 17)
        for _ in range(6):
            assert transfer.receive(ack(8), now=0.031) is None
        assert transfer.receive(ack(16), now=0.041) == Burst(17, 25)

    def test_of_one_in_its_middle(self, transfer: Transfer) -> None:
        assert transfer.receive(ack(12), now=0.03) == Burst(13, 21)
        for _ in range(3):
            assert transfer.receive(ack(12), now=0.031) is None
        assert transfer.receive(ack(20), now=0.041) == Burst(21, 29)
        assert transfer.resent == 1

    def test_of_its_last_after_twice_the_round_trip(self, transfer: Transfer) -> None:
        """Nothing tells of it; once more of the last block has the client say what it lacks."""
        assert transfer.deadline == 0.02 + SOONEST

        assert transfer.tick(now=0.02 + SOONEST) == Burst(16, 17)
        assert transfer.receive(ack(16), now=0.08) == Burst(17, 25)

    def test_of_its_last_blocks(self, transfer: Transfer) -> None:
        transfer.tick(now=0.02 + SOONEST)

        assert transfer.receive(ack(13), now=0.08) == Burst(14, 22)

    def test_goes_on_where_what_was_sent_to_that_end_is_lost(self, transfer: Transfer) -> None:
        transfer.tick(now=0.07)

        assert transfer.deadline == pytest.approx(0.17)
        assert transfer.tick(now=0.171) == Burst(9, 17)
        assert transfer.deadline == pytest.approx(1.02)
        assert transfer.tick(now=1.021) == Burst(9, 17)
        assert transfer.deadline == pytest.approx(3.021)
        assert transfer.resent == 3

    def test_goes_on_with_the_whole_of_a_window_of_two_as_well(self) -> None:
        transfer = begun(5000, windowsize="2")
        transfer.receive(ack(2), now=0.01)

        assert transfer.tick(now=0.061) == Burst(4, 5)
        assert transfer.tick(now=0.2) == Burst(3, 5)

    def test_of_the_only_block_that_is_out_goes_on_at_growing_intervals(self) -> None:
        transfer = begun(5000)
        transfer.receive(ack(1), now=0.01)

        for when, then in ((0.061, 0.161), (0.162, 0.362), (0.363, 0.763), (0.764, 1.01)):
            assert transfer.deadline is not None
            assert transfer.tick(now=when) == Burst(2, 3)
            assert transfer.deadline == pytest.approx(then)
        assert not transfer.stalled
        transfer.tick(now=1.011)
        assert transfer.stalled

    def test_takes_the_longer_the_longer_the_way_is(self) -> None:
        transfer = begun(5000)
        transfer.receive(ack(1), now=0.3)

        assert transfer.deadline == pytest.approx(0.9)
        transfer.receive(ack(2), now=1.0)
        assert transfer.deadline == pytest.approx(2.0)  # the time-out: there is nothing before it

    def test_knows_a_way_that_has_become_longer(self) -> None:
        transfer = begun(512 * 100)
        now = 0.001
        transfer.receive(ack(1), now)

        for block in range(2, 40):
            arrives = now + 0.2
            while transfer.deadline is not None and transfer.deadline < arrives:
                transfer.tick(transfer.deadline)
            now = arrives
            before = transfer.resent
            transfer.receive(ack(block), now)

        assert transfer.deadline == pytest.approx(now + 0.4, rel=0.1)
        assert transfer.resent == before

    def test_is_of_nothing_where_the_options_were_never_answered(self) -> None:
        """A forged address gets as much as ever."""
        transfer = opened(5000, windowsize="8")
        transfer.start(now=0.0)

        assert transfer.deadline == 1.0

    def test_is_not_called_for_by_what_was_said_before_it_went_out(
        self, transfer: Transfer
    ) -> None:
        """Blocks that overtook one another: the client has got on, and there is more to come."""
        assert transfer.receive(ack(12), now=0.03) == Burst(13, 21)

        assert transfer.receive(ack(13), now=0.031) == Burst(21, 22)
        assert transfer.receive(ack(13), now=0.031) is None
        assert transfer.receive(ack(14), now=0.032) == Burst(22, 23)

    def test_of_nothing_ends(self, transfer: Transfer) -> None:
        """A block that came twice looks like a gap, and is taken for one.

        The rest of the window is then there when its copy comes: to take that for a gap again would
        never end.
        """
        assert transfer.receive(ack(12), now=0.03) == Burst(13, 21)  # 12 came twice

        assert transfer.receive(ack(16), now=0.04) == Burst(21, 25)  # 13 to 16 did, thereby
        for _ in range(3):
            assert transfer.receive(ack(16), now=0.041) is None
        assert transfer.receive(ack(24), now=0.05) == Burst(25, 33)
        assert transfer.receive(ack(24), now=0.055) is None
        assert transfer.receive(ack(32), now=0.065) == Burst(33, 41)

    def test_of_what_was_mistaken_for_that_is_of_the_window(self, transfer: Transfer) -> None:
        """U-Boot has said what it lacks, and does not say it twice."""
        transfer.receive(ack(12), now=0.03)
        transfer.receive(ack(16), now=0.04)

        assert transfer.tick(now=0.091) == Burst(17, 25)
        assert transfer.deadline == pytest.approx(0.191)

    def test_learns_how_soon_an_answer_can_come(self) -> None:
        """The options took 100 ms, as the client was busy; now it takes 10."""
        transfer = opened(1000 * 512, windowsize="8")
        transfer.start(now=0.0)
        transfer.receive(ack(0), now=0.1)

        assert transfer.receive(ack(4), now=0.126) == Burst(5, 13)
        assert transfer.receive(ack(6), now=0.134) == Burst(7, 15)

    def test_near_the_files_end_may_need_nothing_more(self) -> None:
        transfer = begun(10 * 512, windowsize="8")
        transfer.receive(ack(8), now=0.01)

        assert transfer.receive(ack(9), now=0.02) == Burst(10, 12)
        assert transfer.receive(ack(10), now=0.021) is None
        assert transfer.receive(ack(11), now=0.03) is None
        assert isinstance(transfer.outcome, Completed)

    def test_of_a_window_that_was_sent_twice_does_not_double_the_next(
        self, transfer: Transfer
    ) -> None:
        transfer.tick(now=0.07)
        transfer.tick(now=0.171)

        assert transfer.receive(ack(16), now=0.172) == Burst(17, 25)
        for late in (0.173, 0.19, 0.25, 0.32):
            assert transfer.receive(ack(16), now=late) is None
        assert transfer.receive(ack(16), now=0.33) == Burst(17, 25)

    def test_is_not_called_for_by_what_comes_sooner_than_any_answer(
        self, transfer: Transfer
    ) -> None:
        """It was said before the window had come: a quarter of the shortest way has not passed."""
        assert transfer.receive(ack(8), now=0.022) is None
        assert transfer.receive(ack(8), now=0.023) == Burst(9, 17)

    def test_is_called_for_again_once_the_way_there_and_back_has_passed(
        self, transfer: Transfer
    ) -> None:
        assert transfer.receive(ack(12), now=0.03) == Burst(13, 21)

        assert transfer.receive(ack(12), now=0.039) is None
        assert transfer.receive(ack(12), now=0.041) == Burst(13, 21)

    def test_after_a_time_out_is_called_for_once_that_has_passed(self, transfer: Transfer) -> None:
        assert transfer.tick(now=1.03) == Burst(9, 17)

        assert transfer.receive(ack(8), now=1.039) is None
        assert transfer.receive(ack(8), now=1.041) == Burst(9, 17)

    def test_that_was_called_for_may_be_so_again_after_a_while_without_a_word(
        self, transfer: Transfer
    ) -> None:
        assert transfer.receive(ack(8), now=0.03) == Burst(9, 17)
        assert transfer.tick(now=0.081) == Burst(9, 17)

        assert transfer.receive(ack(8), now=0.1) == Burst(9, 17)

    def test_learns_nothing_from_an_answer_to_what_was_sent_before(
        self, transfer: Transfer
    ) -> None:
        """Of a window that has blocks of the one before in it; the shortest way stays 10 ms."""
        transfer.receive(ack(12), now=0.03)
        assert transfer.receive(ack(14), now=0.035) == Burst(15, 23)

        assert transfer.receive(ack(15), now=0.0365) == Burst(23, 24)
        assert transfer.deadline == pytest.approx(0.0365 + SOONEST)

    def test_of_a_windows_end_has_the_next_gap_answered_at_once(self, transfer: Transfer) -> None:
        transfer.tick(now=0.07)
        assert transfer.receive(ack(16), now=0.08) == Burst(17, 25)

        assert transfer.receive(ack(16), now=0.09) == Burst(17, 25)

    def test_tells_a_little_of_a_way_that_takes_longer_than_it_did(self) -> None:
        """What was sent twice may be the answer to either: an eighth of it counts."""
        for asked_again, patience in ((True, 0.25), (False, 0.2)):
            transfer = opened(1000 * 512, windowsize="8")
            transfer.start(now=0.0)
            transfer.receive(ack(0), now=0.1)
            transfer.receive(ack(8), now=0.2)

            if asked_again:
                assert transfer.tick(now=0.4) == Burst(16, 17)
                transfer.receive(ack(16), now=0.5)
                assert transfer.deadline == pytest.approx(0.5 + patience)
            else:
                assert transfer.receive(ack(12), now=0.3) == Burst(13, 21)
                transfer.receive(ack(20), now=0.6)
                assert transfer.deadline == pytest.approx(0.6 + patience)


class TestWanted:
    def test_is_what_the_client_waits_for(self) -> None:
        transfer = opened(5000, windowsize="4")
        transfer.start(now=0.0)
        assert transfer.wanted == 0

        transfer.receive(ack(0), now=0.0)
        transfer.receive(ack(3), now=0.0)

        assert transfer.wanted == 4


class TestSilence:
    def test_the_wait_doubles_then_the_transfer_is_given_up(self) -> None:
        transfer = opened(700, Limits(timeout=1.0, attempts=3))
        sent = transfer.start(now=0.0)

        assert transfer.deadline == 1.0
        assert transfer.tick(now=0.9) is None
        assert transfer.tick(now=1.0) == sent
        assert transfer.deadline == 3.0
        assert transfer.tick(now=3.0) == sent
        assert transfer.deadline == 7.0
        assert transfer.tick(now=7.0) == TIMED_OUT
        assert transfer.outcome == TimedOut(block=1)
        assert transfer.deadline is None
        assert transfer.resent == 2

    def test_a_wait_that_the_client_asked_for_does_not_grow(self) -> None:
        """RFC 2349."""
        transfer = begun(700, Limits(attempts=3), timeout="5")

        assert transfer.deadline == 5.0
        assert transfer.tick(now=5.0) == Burst(1, 2)
        assert transfer.deadline == 10.0

    def test_progress_earns_a_fresh_set_of_attempts(self) -> None:
        transfer = opened(700, Limits(timeout=1.0, attempts=2))
        transfer.start(now=0.0)
        transfer.tick(now=1.0)

        transfer.receive(ack(1), now=1.5)

        assert transfer.deadline == 2.5
        assert transfer.tick(now=2.5) == Burst(2, 3)
        assert transfer.outcome is None

    def test_after_the_options_is_told_as_block_zero(self) -> None:
        transfer = opened(700, Limits(attempts=1), tsize="0")
        transfer.start(now=0.0)

        transfer.tick(now=1.0)

        assert transfer.outcome == TimedOut(block=0)

    def test_instead_of_the_very_last_ack_is_no_failure(self) -> None:
        transfer = begun(700, Limits(attempts=1))
        transfer.receive(ack(1), now=0.0)

        assert transfer.tick(now=1.0) is None
        assert transfer.outcome == Completed(resent=0, confirmed=False)

    def test_after_the_only_block_is_a_failure(self) -> None:
        transfer = begun(100, Limits(attempts=1))

        transfer.tick(now=1.0)

        assert transfer.outcome == TimedOut(block=1)

    def test_of_a_client_that_had_blocks_is_a_stall_once_we_repeat_ourselves(self) -> None:
        transfer = begun(5000)
        transfer.tick(now=1.0)
        assert not transfer.stalled
        transfer.receive(ack(1), now=1.0)
        assert not transfer.stalled

        transfer.tick(now=2.0)

        assert transfer.stalled


class TestEnd:
    @pytest.mark.parametrize("code", [0, 8])
    def test_a_rom_that_only_wants_the_size_is_no_failure(self, code: int) -> None:
        transfer = opened(700, tsize="0")
        transfer.start(now=0.0)

        transfer.receive(bytes((0, 5, 0, code)) + b"User aborted\0", now=0.1)

        assert transfer.outcome == Probed()

    def test_an_error_of_another_kind_at_the_options_is_one(self) -> None:
        transfer = opened(700, tsize="0")
        transfer.start(now=0.0)

        transfer.receive(b"\0\5\0\3disk full\0", now=0.1)

        assert transfer.outcome == Aborted(3, "disk full")

    @pytest.mark.parametrize("options", [{}, {"tsize": "0"}])
    def test_an_error_among_the_blocks_is_one(self, options: dict[str, str]) -> None:
        transfer = begun(700, None, **options)

        transfer.receive(ABORT, now=0.1)

        assert transfer.outcome == Aborted(0, "TFTP Aborted")

    @pytest.mark.parametrize(
        ("options", "acks", "outcome"),
        [
            ({"tsize": "0"}, [], Probed()),
            ({"tsize": "0"}, [0], Aborted(0, "closed its port")),
            ({}, [], Aborted(0, "closed its port")),
            ({}, [1], Aborted(0, "closed its port")),
            ({}, [1, 2], Completed(resent=0, confirmed=False)),
            ({}, [1, 2, 3], Completed(resent=0)),
        ],
    )
    def test_leaving_without_a_word_means_what_it_comes_after(
        self, options: dict[str, str], acks: list[int], outcome: Outcome
    ) -> None:
        transfer = opened(1100, None, **options)
        transfer.start(now=0.0)
        for block in acks:
            transfer.receive(ack(block), now=0.0)

        transfer.left("closed its port")

        assert transfer.outcome == outcome

    def test_who_is_silent_may_be_given_up_before_its_time(self) -> None:
        negotiating, begun_ = opened(700, tsize="0"), begun(700)
        negotiating.start(now=0.0)

        negotiating.forsake()
        begun_.forsake()
        begun_.give_up("again")

        assert (negotiating.outcome, begun_.outcome) == (TimedOut(0), TimedOut(1))
        assert negotiating.deadline is None

    def test_who_has_said_anything_is_there(self) -> None:
        silent, acking, leaving = opened(700), begun(700), begun(700)
        silent.start(now=0.0)
        silent.receive(b"noise", now=0.1)
        acking.receive(ack(1), now=0.1)
        leaving.receive(ABORT, now=0.1)
        late = begun(700)
        late.tick(now=1.0)
        late.receive(ack(1), now=1.1)

        heard = [each.heard for each in (silent, acking, leaving, late)]
        assert heard == [False, True, True, True]

    def test_we_may_break_it_off_and_say_so(self) -> None:
        transfer = begun(700)

        assert transfer.give_up("the disk failed") == b"\0\5\0\0the disk failed\0"
        assert transfer.outcome == Aborted(0, "the disk failed", ours=True)
        assert transfer.give_up("again") is None

    def test_nothing_comes_after_it(self) -> None:
        transfer = begun(700)
        transfer.receive(ABORT, now=0.1)

        assert transfer.receive(ack(1), now=0.2) is None
        assert transfer.tick(now=99.0) is None
        transfer.forsake()
        assert transfer.outcome == Aborted(0, "TFTP Aborted", ours=False)

    def test_with_all_acknowledged_is_confirmed(self) -> None:
        transfer = begun(700)
        transfer.receive(ack(1), now=0.1)
        transfer.receive(ack(2), now=0.2)

        assert transfer.outcome == Completed(0, confirmed=True)


BLKSIZES = st.sampled_from([8, 9, 511, 512, 513, 1468]) | st.integers(8, 1468)
WINDOWS = st.sampled_from([1, 2, 3, 63, 64]) | st.integers(1, 64)
SIZES = st.integers(0, 3000) | st.builds(int.__mul__, BLKSIZES, st.integers(0, 4))


class TestForAnyTransfer:
    """Whatever the file, the options and the losses, the client gets the file whole."""

    @given(
        size=SIZES,
        blksize=BLKSIZES | st.none(),
        window=WINDOWS | st.none(),
        lost=st.lists(st.booleans(), max_size=40),
        doubled=st.lists(st.booleans(), max_size=40),
    )
    def test_arrives_whole_over_a_network_that_loses_and_doubles(
        self,
        size: int,
        blksize: int | None,
        window: int | None,
        lost: list[bool],
        doubled: list[bool],
    ) -> None:
        content = bytes(n * 7 % 251 for n in range(size))
        options = {"tsize": "0"}
        if blksize:
            options["blksize"] = str(blksize)
        if window:
            options["windowsize"] = str(window)

        transfer, rom = fetch(content, options, Limits(attempts=50), iter(lost), iter(doubled))

        assert bytes(rom.content) == content
        assert rom.done
        assert isinstance(transfer.outcome, Completed)

    @given(size=st.integers(0, 40_000), window=WINDOWS)
    def test_over_a_network_that_loses_nothing_nothing_is_sent_twice(
        self, size: int, window: int
    ) -> None:
        content = bytes(size)

        transfer, rom = fetch(content, {"windowsize": str(window)}, Limits(), iter(()), iter(()))

        assert bytes(rom.content) == content
        assert transfer.outcome == Completed(resent=0)

    @given(
        datagrams=st.lists(
            st.binary(max_size=8)
            | st.builds(ack, st.integers(0, 12) | st.integers(65_530, 65_536)),
            max_size=30,
        ),
        window=st.integers(1, 4),
    )
    def test_whatever_the_client_says_only_blocks_of_the_file_go_out(
        self, datagrams: list[bytes], window: int
    ) -> None:
        transfer = begun(10 * 512, windowsize=str(window))

        for datagram in datagrams:
            out = transfer.receive(datagram, now=0.0)

            if isinstance(out, Burst):
                assert 1 <= out.first < out.stop <= 12
                assert out.stop - out.first <= window


class TestSize:
    def test_is_that_of_the_file_whatever_was_sent(self) -> None:
        assert opened(700).size == 700
        assert begun(0, blksize="1024").size == 0


class TestInStep:
    """Whoever sees that the ACK is the one that calls for the next block need not ask each time."""

    def test_is_a_transfer_in_lock_step_of_which_nothing_had_to_be_sent_twice(self) -> None:
        transfer = opened(5000, blksize="512")
        transfer.start(now=0.0)
        assert not transfer.in_step  # its OACK is out

        transfer.receive(ack(0), now=0.01)
        assert transfer.in_step

        transfer.tick(now=0.99)
        assert not transfer.in_step
        transfer.receive(ack(1), now=1.0)
        assert transfer.in_step

    def test_is_none_with_a_window(self) -> None:
        assert not begun(5000, windowsize="2").in_step

    def test_is_none_before_it_is_known_how_long_the_client_takes(self) -> None:
        """Of a lost block a second's time-out would tell, each time."""
        transfer = opened(5000)
        transfer.start(now=0.0)
        assert not transfer.in_step

        transfer.receive(ack(1), now=0.01)

        assert transfer.in_step
        assert transfer.deadline == pytest.approx(0.06)

    @pytest.mark.parametrize(("took", "until"), [(0.2, 0.4), (0.001, 0.05), (0.0, 0.05)])
    def test_knows_how_long_the_client_takes_by_who_saw_it(self, took: float, until: float) -> None:
        transfer = opened(5000)
        transfer.start(now=0.0)
        transfer.receive(ack(1), now=0.01)

        transfer.went_on(5, at=1.0, took=took)

        assert transfer.deadline == pytest.approx(1.0 + until)

    @pytest.mark.parametrize("then", [2, 3, 9, 10])
    def test_goes_on_as_if_it_had_been_asked(self, then: int) -> None:
        asked, told = (opened(512 * 10, blksize="512") for _ in range(2))
        for each in (asked, told):
            each.start(now=0.0)
            each.receive(ack(0), now=0.01)
        for block in range(1, then):
            asked.receive(ack(block), now=0.01 * (block + 1))

        told.went_on(then, at=0.01 * then)

        assert (told.received, told.wanted, told.heard) == (asked.received, asked.wanted, True)
        assert told.deadline == pytest.approx(asked.deadline)
        assert told.in_step
        assert told.receive(ack(then), now=0.5) == asked.receive(ack(then), now=0.5)
        assert told.receive(ack(then - 1), now=0.6) is None


def test_what_a_client_says_after_the_end_changes_nothing() -> None:
    transfer = begun(700)
    transfer.receive(b"\0\5\0\3disk full\0", now=0.1)

    assert transfer.receive(b"\0\5\0\0enough\0", now=0.2) is None
    assert transfer.receive(ack(1), now=0.3) is None

    assert transfer.outcome == Aborted(3, "disk full")
