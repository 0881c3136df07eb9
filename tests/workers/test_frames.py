"""Messages between the daemon and a worker: whole, and bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.workers.frames import (
    HEAD,
    MOST_PLAIN,
    MOST_TEXT,
    FrameError,
    lengths,
    letters_of,
    packed,
)


class TestAMessage:
    def test_tells_how_long_its_parts_are(self) -> None:
        message = packed(b"{}", "ä")

        assert lengths(message[: HEAD.size]) == (2, 2)
        assert message[HEAD.size :] == b"{}\xc3\xa4"

    def test_carries_a_text_that_is_no_unicode(self) -> None:
        text = "a\ud800b"

        assert letters_of(packed(b"", text)[HEAD.size :]) == text

    @pytest.mark.parametrize(
        ("plain", "text"), [(MOST_PLAIN + 1, 0), (0, MOST_TEXT + 1), (2**32 - 1, 2**32 - 1)]
    )
    def test_that_says_it_is_longer_than_any_is_refused(self, plain: int, text: int) -> None:
        with pytest.raises(FrameError, match=f"announced {plain} and {text} bytes"):
            lengths(HEAD.pack(plain, text))

    def test_whose_text_is_none_is_refused(self) -> None:
        with pytest.raises(FrameError, match="byte 1 of its text is not UTF-8"):
            letters_of(b"a\xff")


class TestForAnyText:
    @given(st.text(alphabet=st.characters()), st.binary(max_size=50))
    def test_it_comes_out_as_it_went_in(self, text: str, plain: bytes) -> None:
        message = packed(plain, text)
        first, second = lengths(message[: HEAD.size])

        assert message[HEAD.size :][:first] == plain
        assert letters_of(message[HEAD.size + first :]) == text
        assert len(message) == HEAD.size + first + second
