"""What is asked before several machines are built, or ended; and told after."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.access.scope import Scope
from pyxie.builds.life import Build, State
from pyxie.cli import commands
from pyxie.http.page.bulkview import (
    Action,
    Chosen,
    Foreseen,
    Outcome,
    Review,
    Row,
    first_of,
    in_a_shell,
    result,
    review,
)
from pyxie.http.page.machineswanted import PATH, Filter, Shown
from pyxie.wiping.forecast import Doubt, Forecast, Wiping
from pyxie.wiping.verdict import EVERY_DISK
from tests.http.page.test_commandline import parsed
from tests.http.page.test_machinesview import NOW, build

SPARES, UNCLEAR = Forecast(), Forecast(doubts=(Doubt("finish.j2", "it is binary"),))


def wipes(*disks: str) -> Forecast:
    return Forecast((Wiping("preseed.j2", disks),))


def active(host: str, state: State = State.INSTALLING, **changed: Any) -> Build:
    return build(host, state, **changed)


def asked(action: Action, *foreseen: Foreseen, **more: Any) -> Review:
    chosen = Chosen(action=action, hosts=tuple(each.host for each in foreseen))
    return review(chosen, foreseen, NOW, **more)


class TestAReviewOfBuilds:
    @pytest.mark.parametrize(
        ("forecasts", "summary"),
        [
            (
                [wipes("/dev/sda")],
                ("1 disk of 1 machine will be wiped: all that is on it is lost.",),
            ),
            (
                [wipes("/dev/sda", "/dev/sdb"), wipes("the largest disk"), SPARES],
                (
                    "3 disks of 2 machines will be wiped: all that is on them is lost.",
                    "Of 1 machine no disk is wiped.",
                ),
            ),
            (
                [wipes(EVERY_DISK), wipes(), wipes("/dev/sd*", "/dev/sda"), UNCLEAR],
                (
                    "1 disk of 1 machine will be wiped: all that is on it is lost.",
                    "Of 3 machines more disks than can be counted here may be wiped: see below.",
                    "Of 1 machine it cannot be told whether disks are wiped.",
                ),
            ),
            (
                [Forecast((Wiping("a", ("/dev/sda",)), Wiping("b", ("/dev/sda",))))],
                ("1 disk of 1 machine will be wiped: all that is on it is lost.",),
            ),
        ],
    )
    def test_counts_the_disks_that_are_wiped_and_says_what_is_not_known(
        self, forecasts: list[Forecast], summary: tuple[str, ...]
    ) -> None:
        foreseen = [
            Foreseen(host=f"web{at:02}", forecast=each, sealed="s")
            for at, each in enumerate(forecasts)
        ]

        assert asked(Action.BUILD, *foreseen).summary == summary

    def test_says_of_each_machine_what_it_loses(self) -> None:
        told = asked(
            Action.BUILD,
            Foreseen(
                host="web01",
                groups=("lab",),
                forecast=wipes("/dev/sda"),
                sentences=("x",),
                sealed="1",
            ),
            Foreseen(host="web02", forecast=UNCLEAR, sentences=("y",), sealed="2"),
            Foreseen(host="web03", forecast=SPARES, sentences=("z",), sealed="3"),
        )

        assert told.rows == (
            Row(host="web01", url=f"{PATH}/web01", groups=("lab",), lost=("x",), sealed="1"),
            Row(host="web02", url=f"{PATH}/web02", unclear=("y",), sealed="2"),
            Row(host="web03", url=f"{PATH}/web03", harmless=("z",), sealed="3"),
        )
        assert (told.title, told.button, told.left) == ("Build 3 machines?", "Build 3 machines", ())

    def test_leads_back_to_the_list_that_they_were_chosen_in(self) -> None:
        chosen = Chosen(action=Action.BUILD, hosts=(), query="?name=web*")

        assert review(chosen, (), NOW).chosen.back == f"{PATH}?name=web*"

    def test_leaves_out_what_cannot_be_built_and_what_was_not_looked_at(self) -> None:
        told = asked(
            Action.BUILD,
            Foreseen(host="web01", problem="no kernel is named", forecast=wipes("/dev/sda")),
            Foreseen(host="web02", sealed="2"),
            beyond=9,
            types=["rescue"],
        )

        assert [(each.host, each.refused, each.sealed) for each in told.left] == [
            ("web01", "no kernel is named", ""),
            ("web02", "it was not found out in time what a build of it wipes", ""),
        ]
        assert (told.rows, told.summary, told.beyond, told.types) == ((), (), 9, ("rescue",))

    def test_has_those_apart_that_are_in_build_mode_already(self) -> None:
        told = asked(
            Action.BUILD,
            Foreseen(host="web01", forecast=wipes("a"), sealed="1", build=active("web01")),
            Foreseen(host="web02", forecast=SPARES, sealed="2", build=build("web02", State.FAILED)),
            Foreseen(host="web03", problem="x", build=active("web03")),
        )

        assert told.title == "Build 1 machine?"
        assert [each.host for each in told.rows] == ["web02"]
        assert [each.host for each in told.again] == ["web01"]
        assert told.summary == ("Of 1 machine no disk is wiped.",)
        assert told.replacing == ("1 disk of 1 machine will be wiped: all that is on it is lost.",)
        assert told.command == "pyxie build web02"

    def test_of_none_but_those_asks_whether_to_replace_their_builds(self) -> None:
        told = asked(
            Action.BUILD,
            Foreseen(host="web01", forecast=SPARES, sealed="1", build=active("web01")),
        )

        assert (told.title, told.button) == (
            "Replace the builds of 1 machine?",
            "Replace the builds of 1 machine",
        )
        assert told.command == "pyxie build --replace web01"


class TestAReviewOfAnEnd:
    @pytest.mark.parametrize(
        ("action", "state", "lost"),
        [
            (
                Action.CANCEL,
                State.INSTALLING,
                "is installing, for 10 min; what its installer has begun stays half done",
            ),
            (Action.CANCEL, State.PENDING, "has waited for 10 min to be installed"),
            (
                Action.DONE,
                State.STALE,
                "is stale, for 10 min; its installer is not heard any more",
            ),
        ],
    )
    def test_says_what_is_broken_off(self, action: Action, state: State, lost: str) -> None:
        told = asked(action, Foreseen(host="web01", build=active("web01", state), sealed="7"))

        assert [each.lost for each in told.rows] == [(lost,)]
        assert (told.summary, told.again, told.rows[0].sealed) == ((), (), "7")

    @pytest.mark.parametrize("action", [Action.CANCEL, Action.DONE])
    @pytest.mark.parametrize("ended", [None, build("web01", State.INSTALLED)])
    def test_leaves_out_who_is_not_in_build_mode(self, action: Action, ended: Build | None) -> None:
        told = asked(action, Foreseen(host="web01", build=ended))

        assert [each.refused for each in told.left] == ["it is not in build mode"]


class TestAReviewOfARemoval:
    def test_names_the_files_that_are_lost(self) -> None:
        told = asked(
            Action.REMOVE,
            Foreseen(host="web01", file="web01.yaml", lines=14, sealed="e1"),
            Foreseen(host="web02", file="second.yaml", lines=1, sealed="e2"),
            Foreseen(host="web03", build=active("web03"), file="web03.yaml", lines=3, sealed="e3"),
        )

        assert [each.lost for each in told.rows] == [
            ("web01.yaml, 14 lines",),
            ("second.yaml, 1 line",),
        ]
        assert [(each.host, each.refused) for each in told.left] == [
            ("web03", "it is in build mode; cancel that first")
        ]


class TestThoseThatAreLookedAt:
    @pytest.mark.parametrize(
        ("action", "found"),
        [
            *((Action.BUILD, ("a", "c")), (Action.REMOVE, ("a", "c"))),
            *((Action.CANCEL, ("b", "d")), (Action.DONE, ("b", "d"))),
        ],
    )
    def test_are_first_those_with_whom_it_can_be_done(
        self, action: Action, found: tuple[str, ...]
    ) -> None:
        assert first_of(["a", "b", "c", "d"], {"b", "d"}, action, 2) == (found, 2)

    def test_are_all_where_they_are_not_too_many(self) -> None:
        assert first_of(["b", "a"], (), Action.BUILD, 2) == (("b", "a"), 0)


class TestTheCommand:
    @pytest.mark.parametrize(
        ("action", "fitting", "text"),
        [
            (Action.BUILD, None, "pyxie build --type rescue web01 web02"),
            (Action.BUILD, Filter(), "pyxie build --type rescue --all"),
            (Action.DONE, Filter(group="rack 1"), "pyxie done --group 'rack 1'"),
            (Action.CANCEL, Filter(name="web*"), "pyxie cancel 'web*'"),
            (Action.CANCEL, Filter(name="web"), "pyxie cancel web01 web02"),
            (Action.CANCEL, Filter(name="web*", group="lab"), "pyxie cancel web01 web02"),
            (Action.DONE, Filter(state=Shown.STALE), "pyxie done web01 web02"),
            (Action.DONE, Filter(build_type="rescue"), "pyxie done web01 web02"),
            (Action.REMOVE, Filter(), "pyxie remove web01\npyxie remove web02"),
        ],
    )
    def test_does_the_same(self, action: Action, fitting: Filter | None, text: str) -> None:
        chosen = Chosen(
            action=action, hosts=("web01", "web02"), fitting=fitting, build_type="rescue"
        )

        assert in_a_shell(chosen) == text
        assert {parsed(line)[0] for line in text.splitlines()} == {str(action)}

    def test_names_those_alone_that_it_is_done_to(self) -> None:
        busy = Foreseen(host="web02", build=active("web02"), forecast=SPARES)
        idle = Foreseen(host="web01", forecast=SPARES)
        broken = Foreseen(host="web03", problem="it is broken")

        assert asked(Action.BUILD, idle, busy, broken).command == "pyxie build web01"
        assert asked(Action.BUILD, busy, broken).command == "pyxie build --replace web02"
        assert asked(Action.DONE, idle, busy, broken).command == "pyxie done web02"

    def test_is_there_for_each_action(self) -> None:
        assert {str(action) for action in Action} <= commands.commands.keys()

    def test_needs_what_its_button_needs(self) -> None:
        assert {action: action.needs for action in Action} == {
            Action.BUILD: Scope.BUILD,
            Action.CANCEL: Scope.BUILD,
            Action.DONE: Scope.BUILD,
            Action.REMOVE: Scope.ADMIN,
        }


class TestAResult:
    @pytest.mark.parametrize(
        ("action", "count", "title"),
        [
            (Action.BUILD, 1, "1 machine is in build mode"),
            (Action.CANCEL, 1200, "1,200 machines are out of build mode"),
            (Action.DONE, 0, "0 machines are installed"),
            (Action.REMOVE, 2, "2 machines are removed"),
        ],
    )
    def test_says_how_many_it_was_done_to(self, action: Action, count: int, title: str) -> None:
        done = tuple(Outcome(host=f"web{at}") for at in range(count))

        told = result(action, [*done, Outcome(host="db01", refused="it is broken")])

        assert (told.title, told.done) == (title, done)
        assert [(each.host, each.url) for each in told.refused] == [("db01", f"{PATH}/db01")]


class TestForAnyMachines:
    @given(
        st.sampled_from(Action),
        st.lists(
            st.tuples(
                st.sampled_from(["", "it is broken"]),
                st.sampled_from([None, SPARES, UNCLEAR, wipes(), wipes("/dev/sda")]),
                st.sampled_from([None, *State]),
            )
        ),
    )
    def test_each_is_asked_about_or_left_out_and_none_is_done_unseen(
        self, action: Action, given: list[tuple[str, Forecast | None, State | None]]
    ) -> None:
        foreseen = [
            Foreseen(
                host=f"h{at}",
                problem=problem,
                forecast=forecast,
                build=build(f"h{at}", state) if state else None,
                sealed=f"s{at}",
            )
            for at, (problem, forecast, state) in enumerate(given)
        ]

        told = asked(action, *foreseen)

        hosts = [each.host for each in (*told.rows, *told.again, *told.left)]
        assert sorted(hosts) == sorted(each.host for each in foreseen)
        assert all(each.sealed and not each.refused for each in (*told.rows, *told.again))
        assert all(each.refused and not each.sealed for each in told.left)
