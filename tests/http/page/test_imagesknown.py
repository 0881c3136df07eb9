"""What is known of images, for the views."""

from __future__ import annotations

import pytest

from pyxie.http.page.imagesknown import coming, media, on_its_way
from pyxie.http.page.imagesview import Coming
from pyxie.imagestore.entry import Head
from pyxie.imagestore.growth import CancelledFetchError, Growth
from pyxie.imagestore.prefetches import Prefetch, Stage
from pyxie.media.fetches import Fetch

URL = "http://m.example/linux"


def ahead(stage: Stage) -> Prefetch:
    return Prefetch(key="1", by="debian-12 amd64", part="kernel", url=URL, stage=stage, there=3)


class TestComing:
    def test_is_what_was_asked_for_ahead_and_what_a_machine_asked_for(self) -> None:
        growth = Growth("http://m.example/other", key="2")
        growth.head = Head(size=8)
        growth.grown(5)

        assert coming([ahead(Stage.FETCHING)], [Growth(URL, key="1"), growth]) == (
            Coming(
                key="1", url=URL, by="debian-12 amd64", part="kernel", state="fetching", there=3
            ),
            Coming(key="2", url="http://m.example/other", there=5, size=8),
        )

    def test_is_of_a_machine_once_what_was_ahead_of_it_has_ended(self) -> None:
        assert coming([ahead(Stage.FETCHED)], [Growth(URL, key="1")]) == (Coming(key="1", url=URL),)

    def test_is_nothing_that_is_just_being_ended(self) -> None:
        growth = Growth(URL, key="1")
        growth.fail(CancelledFetchError())

        assert coming([], [growth]) == ()


class TestMedia:
    @pytest.mark.parametrize(
        ("why", "state", "fetched"), [("", "looking", True), ("broke off", "broken", False)]
    )
    def test_on_their_way_are_among_them(self, why: str, state: str, fetched: bool) -> None:
        fetch = Fetch("tools", "http://m.example/tools.iso", there=3, size=8, why=why)

        (found,) = media([], [fetch])

        assert found == on_its_way(fetch)
        assert (found.state, found.fetched, found.why, found.total) == (state, fetched, why, 8)
        assert found.failed == ("" if fetched else "http://m.example/tools.iso")

    def test_that_could_not_be_fetched_show_no_login(self) -> None:
        fetch = Fetch("tools", "http://me:sesame@m.example/tools.iso", why="broke off")

        assert "sesame" not in repr(on_its_way(fetch))
