"""What the store fetches, handed on: whether what went wrong is worth another try."""

from __future__ import annotations

import pytest

from pyxie.errors import BusyError
from pyxie.images.upstream import BrokenOffError, RefusedError, UpstreamError
from pyxie.imagestore.growth import UncachedError
from pyxie.imagestore.through import may_pass

URL = "http://mirror.example.org/a.iso"


@pytest.mark.parametrize(
    ("error", "may"),
    [
        (BrokenOffError(URL, "broke off"), True),
        (UpstreamError(URL, "cannot be reached"), True),
        (RefusedError(URL, 503), True),
        (RefusedError(URL, 404), False),
        (RefusedError(URL, 401), False),
        (BusyError("images", "are fetched"), True),
        (UncachedError("there is no room"), False),
        (OSError(28, "No space left on device"), False),
    ],
)
def test_what_may_be_over_in_a_while_is_told_apart(error: Exception, may: bool) -> None:
    assert may_pass(error) is may
