"""What is said before a machine's build begins."""

from __future__ import annotations

from dataclasses import replace

from pyxie.builds.life import State
from pyxie.http.page.actionview import review
from pyxie.http.page.bulkview import Foreseen
from pyxie.wiping.forecast import Forecast, Wiping
from tests.http.page.test_buildview import BUILD
from tests.http.page.test_commandline import parsed

PATH = "/page/machines/web01"
WIPING = Forecast((Wiping("preseed.j2", ("/dev/sda",)),))


class TestAReview:
    def test_says_what_is_lost_and_which_build(self) -> None:
        seen = Foreseen(
            host="web01", build=BUILD, forecast=WIPING, sentences=("wipes /dev/sda",), sealed="s"
        )
        seen = replace(seen, advice=("web01.yaml:2:5: os: nobody will be able to log in\x1b",))

        view = review(PATH, seen, "debian12", ("debian12", "rescue"))

        assert (view.wipes, view.sentences) == (True, ("wipes /dev/sda",))
        assert view.advice == ("web01.yaml:2:5: os: nobody will be able to log in\ufffd",)
        assert (view.replaces, view.sealed, view.problem) == (7, "s", "")
        name, options = parsed(view.command)
        assert name == "build"
        assert (options["build_type"], options["replace"]) == ("debian12", True)

    def test_of_a_build_that_wipes_nothing_says_so(self) -> None:
        over = replace(BUILD, state=State.INSTALLED)
        seen = Foreseen(host="web01", build=over, forecast=Forecast(), sealed="s")

        view = review(PATH, seen, "", ())

        assert (view.wipes, view.replaces) == (False, None)

    def test_of_one_that_cannot_begin_has_nothing_to_press(self) -> None:
        seen = Foreseen(host="web01", problem="kernel: is not there\x1b", sealed="s")

        view = review(PATH, seen, "", (), "it was changed")

        assert (view.problem, view.sealed) == ("kernel: is not there\ufffd", "")
        assert view.refused == "it was changed"

    def test_of_one_that_was_not_found_out_in_time_has_nothing_to_press(self) -> None:
        view = review(PATH, Foreseen(host="web01"), "", ())

        assert "was not found out in time" in view.problem
        assert (view.wipes, view.sealed) == (True, "")
