"""What servers lately did not have, or had wrong."""

from __future__ import annotations

import pytest

from pyxie.bounds import IMAGE_ABSENT, IMAGE_DOUBT, IMAGE_REFUSALS
from pyxie.images.lately import Lately
from pyxie.outbound.reach import Reach
from tests.support import Clock

URL = "http://mirror.example/linux"
ALL, FEW = Reach.ANYWHERE, Reach.PUBLIC


class TestAFile:
    def test_that_was_not_there_is_not_asked_for_for_a_short_time(self) -> None:
        clock = Clock()
        lately = Lately(clock)
        assert not lately
        lately.absent(URL, ALL, 404, "answered 404 Not Found")

        assert lately.absence(URL, ALL) == (404, "answered 404 Not Found")
        clock.now += IMAGE_ABSENT.most
        assert lately.absence(URL, ALL) is None

    def test_that_was_wrong_is_remembered_by_its_digest_for_a_while(self) -> None:
        clock = Clock()
        lately = Lately(clock)
        lately.wrong(URL, ALL, "a1" * 32)

        assert lately
        assert lately.digest(URL, ALL) == "a1" * 32
        clock.now += IMAGE_DOUBT.most
        assert lately.digest(URL, ALL) == ""

    def test_of_which_nothing_is_known_may_be_asked_for(self) -> None:
        lately = Lately(Clock())

        assert (lately.absence(URL, ALL), lately.digest(URL, ALL)) == (None, "")

    def test_is_told_of_to_nobody_who_may_not_reach_its_server(self) -> None:
        lately = Lately(Clock())
        lately.absent(URL, ALL, 404, "no")
        lately.wrong(URL, ALL, "a1" * 32)

        assert (lately.absence(URL, FEW), lately.digest(URL, FEW)) == (None, "")

    def test_that_was_mended_is_asked_for_at_once(self) -> None:
        lately = Lately(Clock())
        lately.absent(URL, ALL, 404, "no")
        lately.wrong(URL, ALL, "a1" * 32)
        lately.forget(URL, ALL)

        assert (lately.absence(URL, ALL), lately.digest(URL, ALL)) == (None, "")

    def test_is_forgotten_when_there_are_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(IMAGE_REFUSALS, "most", 2)
        lately = Lately(Clock())
        for at in range(3):
            lately.absent(f"{URL}/{at}", ALL, 404, "no")
            lately.wrong(f"{URL}/{at}", ALL, "a1" * 32)

        assert lately.absence(f"{URL}/0", ALL) is None
        assert lately.digest(f"{URL}/0", ALL) == ""
        assert len(lately) == 4
