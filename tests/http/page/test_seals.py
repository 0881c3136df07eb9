"""What ties a press of a button to what was shown beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.http.page.seals import fits, seal
from pyxie.wiping.forecast import Doubt, Forecast, Wiping

KEY = b"k" * 32
WIPES = Forecast((Wiping("preseed.j2", ("/dev/sda",)),), (Doubt("finish.j2", "it is binary"),))
SEALED = seal(KEY, '{"hostname":"web01"}', WIPES, 7)


class TestASeal:
    def test_fits_what_was_shown(self) -> None:
        assert fits(SEALED, seal(KEY, '{"hostname":"web01"}', WIPES, 7))
        assert len(SEALED) == 32

    @pytest.mark.parametrize(
        "other",
        [
            seal(b"j" * 32, '{"hostname":"web01"}', WIPES, 7),
            seal(KEY, '{"hostname":"web02"}', WIPES, 7),
            seal(KEY, '{"hostname":"web01"}', Forecast(), 7),
            seal(KEY, '{"hostname":"web01"}', Forecast(WIPES.wiping), 7),
            seal(KEY, '{"hostname":"web01"}', WIPES, 8),
            *("", "\ud800", "ä"),
        ],
    )
    def test_fits_nothing_else(self, other: str) -> None:
        assert not fits(other, SEALED)


class TestForAnyText:
    @given(st.text(), st.text(st.characters()), st.integers(0, 1 << 62))
    def test_a_seal_is_its_own_alone(self, sent: str, definition: str, newest: int) -> None:
        sealed = seal(KEY, definition, Forecast(), newest)

        assert fits(sent, sealed) is (sent == sealed)
