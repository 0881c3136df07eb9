"""What the process for big transfers tells the server."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.tftp.handover import LONGEST, HandoverError
from pyxie.tftp.tidings import (
    TOGETHER,
    Counted,
    Mirror,
    Moved,
    NotBegun,
    Over,
    Progress,
    Still,
    Told,
    heard,
    in_pieces,
    told,
)
from pyxie.tftp.transfer import Aborted, Completed, Outcome, Probed, TimedOut

NUMBERS = st.integers(0, 2**32 - 1)
BYTES = st.integers(0, 2**64 - 1)
SHORT = st.integers(0, 2**16 - 1)
OUTCOMES: st.SearchStrategy[Outcome | None] = st.one_of(
    st.none(),
    st.builds(Completed, NUMBERS, st.booleans()),
    st.builds(Probed),
    st.builds(Aborted, SHORT, st.text(max_size=500), st.booleans()),
    st.builds(TimedOut, BYTES),
)
OVER = st.builds(
    Over,
    number=NUMBERS,
    received=BYTES,
    resent=NUMBERS,
    blksize=SHORT,
    heard=st.booleans(),
    trouble=SHORT,
    outcome=OUTCOMES,
)
MOVED = st.builds(Moved, NUMBERS, BYTES, st.booleans(), st.booleans())
TOLD: st.SearchStrategy[Told] = st.one_of(
    st.builds(Progress, st.lists(MOVED).map(tuple)),
    OVER,
    st.builds(NotBegun, NUMBERS, SHORT),
    st.builds(Still, NUMBERS),
    st.builds(Counted, NUMBERS, SHORT, st.lists(NUMBERS).map(tuple)),
)


def over(outcome: Outcome | None) -> Over:
    return Over(
        number=1, received=5, resent=2, blksize=1400, heard=True, trouble=113, outcome=outcome
    )


class TestWhatIsTold:
    @pytest.mark.parametrize(
        "what",
        [
            Progress((Moved(1, 5, heard=True, stalled=False), Moved(2, 0, False, True))),
            NotBegun(1, 24),
            Still(1),
            Counted(3, 5, (0, 7)),
            over(None),
            over(Completed(2)),
            over(Completed(2, confirmed=False)),
            over(Probed()),
            over(Aborted(8, "no, thanks")),
            over(Aborted(0, "the server is stopping", ours=True)),
            over(TimedOut(70_000)),
        ],
        ids=str,
    )
    def test_of_each_kind_is_read_as_it_was_written(self, what: Told) -> None:
        assert heard(told(what)) == what

    @given(TOLD)
    def test_is_read_as_it_was_written(self, what: Told) -> None:
        assert heard(told(what)) == what

    @given(st.sampled_from([b"", b"m", b"o", b"n", b"s", b"c"]), st.binary(max_size=80))
    def test_is_something_or_an_error_whatever_the_bytes_are(
        self, first: bytes, rest: bytes
    ) -> None:
        with suppress(HandoverError):
            assert isinstance(heard(first + rest), (Progress, Over, NotBegun, Still, Counted))

    @pytest.mark.parametrize("message", [b"", b"x", b"m\0", b"o", b"n\0", b"c"])
    def test_that_is_nothing_is_refused(self, message: bytes) -> None:
        with pytest.raises(HandoverError):
            heard(message)

    def test_of_an_outcome_that_there_is_not_is_refused(self) -> None:
        message = bytearray(told(over(Completed(2))))
        message[message.rindex(1)] = 7

        with pytest.raises(HandoverError, match="no outcome is 7"):
            heard(bytes(message))


class TestProgress:
    def test_of_none_is_told_too(self) -> None:
        assert list(in_pieces([])) == [Progress(())]

    def test_of_many_goes_in_messages_of_a_length_that_is_read(self) -> None:
        moved = tuple(Moved(number, 1, True, False) for number in range(2 * TOGETHER + 1))

        pieces = list(in_pieces(moved))

        assert sum((each.moved for each in pieces), ()) == moved
        assert max(len(told(each)) for each in pieces) <= LONGEST


class TestAMirror:
    def test_knows_nothing_at_first(self) -> None:
        mirror = Mirror(7)

        assert (mirror.size, mirror.received, mirror.resent, mirror.blksize) == (7, 0, 0, 512)
        assert (mirror.heard, mirror.stalled, mirror.outcome) == (False, False, None)

    def test_is_as_it_was_told_last(self) -> None:
        mirror = Mirror(2**40)

        mirror.moved(Moved(1, 5, heard=True, stalled=True))
        assert (mirror.received, mirror.heard, mirror.stalled) == (5, True, True)
        mirror.over(over(Probed()))

        assert (mirror.received, mirror.resent, mirror.blksize) == (5, 2, 1400)
        assert (mirror.heard, mirror.outcome) == (True, Probed())
