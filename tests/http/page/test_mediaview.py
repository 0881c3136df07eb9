"""What the screen Images shows of ISO images."""

from __future__ import annotations

import pytest

from pyxie.http.page.mediaview import Image, medium_row, medium_rows
from pyxie.media.loaderconfig import Entry

LIVE = Entry("Live", "live/vmlinuz", ("live/initrd",), "boot=live quiet", "isolinux.cfg")


class TestAnImage:
    @pytest.mark.parametrize(
        ("image", "said", "look", "boots"),
        [
            (Image(name="a", size=1, state="looking"), "is being looked at", "is-busy", ""),
            (Image(name="a", size=1, state="ready", written=True), "ready", "is-ok", "os: a"),
            (Image(name="a", size=1, state="ready"), "ready", "is-ok", ""),
            (Image(name="a", size=1, state="guess"), "to be confirmed", "is-idle", ""),
            (Image(name="a", size=1, state="broken"), "cannot be booted", "is-bad", ""),
        ],
    )
    def test_says_whether_it_boots_and_by_what(
        self, image: Image, said: str, look: str, boots: str
    ) -> None:
        row = medium_row(image)

        assert (row.said, row.look, row.boots) == (said, look, boots)
        assert (row.percent, row.cancel) == (None, "")

    def test_on_its_way_says_how_far_it_is_and_what_ends_it(self) -> None:
        row = medium_row(Image(name="a", size=3, total=8, state="looking", fetched=True))

        assert (row.said, row.percent) == ("on its way", 37)
        assert row.cancel == "pyxie images cancel a"

    def test_that_could_not_be_fetched_says_so_and_what_tries_again(self) -> None:
        url = "http://m.example/a.iso"
        row = medium_row(Image(name="a", size=0, state="broken", why="x", failed=url))

        assert (row.said, row.look, row.cancel) == ("not fetched", "is-bad", "")
        assert row.again == "pyxie images import --name a http://m.example/a.iso"

    def test_on_its_way_may_be_of_any_size(self) -> None:
        assert medium_row(Image(name="a", size=3, state="looking", fetched=True)).percent is None

    def test_that_is_to_be_confirmed_shows_how_it_may_boot(self) -> None:
        row = medium_row(Image(name="tools", size=1, state="guess", entries=(LIVE,)))

        assert row.can_confirm
        (guess,) = row.guesses
        assert guess.entry == LIVE
        assert guess.command == (
            "pyxie images import --confirm --kernel live/vmlinuz --initrd live/initrd"
            " --cmdline 'boot=live quiet' tools"
        )

    def test_that_is_not_to_be_does_not(self) -> None:
        row = medium_row(Image(name="tools", size=1, state="ready", entries=(LIVE,)))

        assert (row.can_confirm, row.guesses) == (False, ())

    def test_stands_at_its_name(self) -> None:
        rows = medium_rows(Image(name=name, size=1, state="ready") for name in "cab")

        assert [row.image.name for row in rows] == ["a", "b", "c"]
