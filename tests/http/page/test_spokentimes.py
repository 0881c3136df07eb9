"""Times as screens say them."""

from __future__ import annotations

import pytest

from pyxie.http.page.spokentimes import Moment, ago, long, since

AT = 1_800_000_000.0


class TestATime:
    @pytest.mark.parametrize(
        ("passed", "said"),
        [
            (0, "now"),
            (0.9, "now"),
            (40, "40 s ago"),
            (180, "3 min ago"),
            (9000, "2 h 30 min ago"),
            (3 * 86_400, "3 days ago"),
            (-30, "later"),  # the clock was set back since
        ],
    )
    def test_is_told_by_how_long_ago_it_was(self, passed: float, said: str) -> None:
        assert ago(AT, AT + passed) == Moment(
            "2027-01-15T08:00:00Z", "2027-01-15 08:00:00 UTC", said
        )

    @pytest.mark.parametrize(("passed", "said"), [(40, "40 s"), (180, "3 min"), (-30, "0 s")])
    def test_since_which_something_goes_on_by_how_long(self, passed: float, said: str) -> None:
        assert since(AT, AT + passed) == Moment(
            "2027-01-15T08:00:00Z", "2027-01-15 08:00:00 UTC", said, lasting=True
        )


class TestALongTime:
    def test_is_in_days_from_two_on(self) -> None:
        assert [long(86_400 * days) for days in (1, 2, 40)] == ["24 h", "2 days", "40 days"]
