"""How an answer's head says when it was made."""

from __future__ import annotations

from pyxie.http.dates import Dates


def test_a_date_is_in_whole_seconds_and_in_the_form_of_http() -> None:
    """As in RFC 9110 section 5.6.7."""
    dates = Dates()

    assert dates.at(784111777.0) == b"Sun, 06 Nov 1994 08:49:37 GMT"
    assert dates.at(784111777.9) == b"Sun, 06 Nov 1994 08:49:37 GMT"
    assert dates.at(784111778.0) == b"Sun, 06 Nov 1994 08:49:38 GMT"
    assert dates.at(784111777.0) == b"Sun, 06 Nov 1994 08:49:37 GMT"
