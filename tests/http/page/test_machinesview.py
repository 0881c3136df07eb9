"""What the screen Machines shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.builds.life import Build, State
from pyxie.events.event import Event
from pyxie.events.kinds import ImageFailed
from pyxie.http.page import machinesview
from pyxie.http.page.machinesview import (
    GONE,
    OFFERED,
    PAGE,
    Choice,
    Facts,
    Head,
    Known,
    MachinesView,
    Row,
    hosts_of,
    machines_view,
)
from pyxie.http.page.machineswanted import PATH, Shown, Sorting, Wanted
from pyxie.http.page.spokentimes import ago, since

NOW = 10_000.0
TROUBLE = Event(at=9_000.0, host="web01", what=ImageFailed(part="kernel", source="s", why="w"))


def build(host: str, state: State = State.PENDING, **changed: Any) -> Build:
    known: dict[str, Any] = {
        "host": host,
        "token": "t",
        "state": state,
        "begun": 9_000.0,
        "changed": 9_400.0,
        "macs": (),
        "definition": "{}",
        "number": 7,
    }
    return Build(**{**known, **changed})


def known(*machines: Known | str) -> dict[str, Known]:
    made = (Known(host=each) if isinstance(each, str) else each for each in machines)
    return {each.host: each for each in sorted(made, key=lambda each: each.host)}


def builds(*made: Build) -> dict[str, Build]:
    return {each.host: each for each in made}


def hosts(view: MachinesView) -> list[str]:
    return [each.host for each in view.rows]


def shown(facts: Facts, **wanted: Any) -> list[str]:
    return hosts(machines_view(facts, Wanted(**wanted), NOW))


class TestARow:
    def test_says_all_that_is_known_of_a_machine(self) -> None:
        facts = Facts(
            known=known(
                Known(
                    host="web01",
                    macs=("52:54:00:00:00:01",),
                    groups=("rack1", "lab"),
                    build_type="debian12",
                    broken="machines/web01.yaml:3:1: x: unknown key",
                )
            ),
            builds=builds(build("web01", State.INSTALLING, build_type="rescue")),
            boots={"web01": 9_990.0},
            trouble=lambda _: TROUBLE,
        )

        (row,) = machines_view(facts, Wanted(), NOW).rows

        assert row == Row(
            host="web01",
            url=f"{PATH}/web01",
            macs=("52:54:00:00:00:01",),
            groups=("rack1", "lab"),
            build_type="rescue",
            state="installing",
            look="is-busy",
            since=since(9_400.0, NOW),
            trouble=TROUBLE.text,
            troubled=ago(TROUBLE.at, NOW),
            last_boot=ago(9_990.0, NOW),
            broken="machines/web01.yaml:3:1: x: unknown key",
            active=True,
        )

    def test_says_of_one_that_was_never_built_that_it_was_not(self) -> None:
        (row,) = machines_view(Facts(known=known("web01")), Wanted(), NOW).rows

        assert (row.state, row.look, row.since, row.last_boot, row.active) == (
            *("never built", "is-idle", None, None),
            False,
        )

    def test_of_an_ended_build_has_the_build_type_that_the_next_would_have(self) -> None:
        ended = build("web01", State.FAILED, build_type="rescue")
        facts = Facts(
            known=known(Known(host="web01", build_type="debian12")),
            builds=builds(ended),
            trouble=lambda _: TROUBLE,
        )

        (row,) = machines_view(facts, Wanted(), NOW).rows

        assert (row.build_type, row.trouble, row.look) == ("debian12", "", "is-bad")

    @pytest.mark.parametrize(
        ("state", "there"),
        [(State.INSTALLING, True), (State.INSTALLED, True), (State.CANCELLED, False)],
    )
    def test_of_a_machine_without_a_file_is_there_while_its_build_is_told_of(
        self, state: State, there: bool
    ) -> None:
        facts = Facts(known=known("web01", "web03"), builds=builds(build("web02", state)))

        view = machines_view(facts, Wanted(), NOW)

        assert hosts(view) == (["web01", "web02", "web03"] if there else ["web01", "web03"])
        assert view.total == len(view.rows)
        assert [each.broken for each in view.rows if each.broken] == ([GONE] if there else [])


class TestAFilter:
    FACTS = Facts(
        known=known(
            Known(host="db01.lab", groups=("Rack1", "lab"), macs=("52:54:00:00:00:0a",)),
            Known(host="web01.lab", groups=("lab",), build_type="debian12", broken="x:1:1: y"),
            Known(host="web02.lab", groups=("rack1", "lab"), build_type="debian12"),
            Known(host="web03.dmz", groups=("dmz",), build_type="rocky9"),
        ),
        builds=builds(
            build("web01.lab", State.FAILED),
            build("web02.lab", State.INSTALLING, build_type="rescue"),
            build("web03.dmz"),
        ),
        trouble=lambda of: TROUBLE if of.host == "web03.dmz" else None,
    )

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"name": "WEB0"}, ["web01.lab", "web02.lab", "web03.dmz"]),
            ({"name": " 01"}, ["db01.lab", "web01.lab"]),
            ({"name": "*1.lab"}, ["db01.lab", "web01.lab"]),
            ({"name": "web?1"}, []),
            ({"name": "00-00-00-0A"}, ["db01.lab"]),
            ({"group": "RACK1"}, ["db01.lab", "web02.lab"]),
            ({"group": "dmz"}, ["web03.dmz"]),
            ({"build_type": "debian12"}, ["web01.lab"]),
            ({"build_type": "rescue"}, ["web02.lab"]),
            ({"state": Shown.NEVER}, ["db01.lab"]),
            ({"state": Shown.FAILED}, ["web01.lab"]),
            ({"state": Shown.PENDING}, ["web03.dmz"]),
            ({"state": Shown.ACTIVE}, ["web02.lab", "web03.dmz"]),
            ({"state": Shown.TROUBLE}, ["web03.dmz"]),
            ({"state": Shown.BROKEN}, ["web01.lab"]),
            ({"state": Shown.ACTIVE, "group": "lab", "name": "web"}, ["web02.lab"]),
        ],
    )
    def test_leaves_those_that_fit_it(self, wanted: dict[str, Any], found: list[str]) -> None:
        assert shown(self.FACTS, **wanted) == found
        assert list(hosts_of(self.FACTS, Wanted(**wanted))) == found

    def test_is_offered_by_state_with_how_many_there_would_be(self) -> None:
        view = machines_view(self.FACTS, Wanted(group="lab", state=Shown.NEVER), NOW)

        at = f"{PATH}?group=lab"
        assert view.states == (
            Choice("", "all", 3, at, False),
            Choice("active", "in build mode", 1, f"{at}&state=active", False),
            Choice("installing", "installing", 1, f"{at}&state=installing", False),
            Choice("failed", "failed", 1, f"{at}&state=failed", False),
            Choice("never", "never built", 1, f"{at}&state=never", True),
            Choice("broken", "with mistakes in their files", 1, f"{at}&state=broken", False),
        )

    def test_that_none_fits_says_so_and_leads_back(self) -> None:
        view = machines_view(self.FACTS, Wanted(name="x9", order=Sorting.STATE), NOW)

        assert (view.rows, view.found, view.total, view.first, view.last) == ((), 0, 4, 0, 0)
        assert (view.pages, view.everything) == (1, f"{PATH}?order=state")
        assert [each.value for each in view.states] == [""]

    def test_has_names_to_choose_from_where_they_are_not_too_many(self) -> None:
        few = Facts(groups=["a", "b"], types=["debian12"])
        many = Facts(groups=[f"g{at}" for at in range(OFFERED + 1)])

        assert machines_view(few, Wanted(), NOW).groups == ("a", "b")
        assert machines_view(few, Wanted(), NOW).types == ("debian12",)
        assert machines_view(many, Wanted(), NOW).groups == ()


class TestAnOrder:
    FACTS = Facts(
        known=known("a", Known(host="b", build_type="z"), Known(host="c", build_type="m"), "d"),
        builds=builds(build("a", State.INSTALLED), build("b", State.FAILED), build("d")),
        boots={"b": 2.0, "c": 3.0, "d": 2.0},
    )

    @pytest.mark.parametrize(
        ("order", "found"),
        [
            *(("hostname", "abcd"), ("-hostname", "dcba")),
            *(("state", "bdac"), ("-state", "adbc")),
            *(("last_boot", "bdca"), ("-last_boot", "cbda")),
            *(("build_type", "cbad"), ("-build_type", "bcad")),
        ],
    )
    def test_has_what_is_alike_by_hostname_and_what_is_not_known_last(
        self, order: str, found: str
    ) -> None:
        assert "".join(shown(self.FACTS, order=Sorting(order))) == found

    def test_is_turned_round_by_its_own_head(self) -> None:
        up = machines_view(self.FACTS, Wanted(order=Sorting.STATE), NOW).heads
        down = machines_view(self.FACTS, Wanted(order=Sorting.STATE_DOWN), NOW).heads

        assert up["state"] == Head("State", f"{PATH}?order=-state", "ascending")
        assert down["state"] == Head("State", f"{PATH}?order=state", "descending")
        assert up["hostname"] == Head("Machine", PATH, "")

    def test_by_the_last_boot_begins_with_the_newest(self) -> None:
        heads = machines_view(self.FACTS, Wanted(), NOW).heads

        assert heads["last_boot"].url == f"{PATH}?order=-last_boot"
        assert heads["hostname"].url == f"{PATH}?order=-hostname"


class TestAPage:
    MANY = Facts(known=known(*(f"web{at:04}" for at in range(2 * PAGE + 50))))

    @pytest.mark.parametrize(
        ("page", "first", "last", "previous", "following"),
        [
            (1, 1, PAGE, "", f"{PATH}?page=2"),
            (2, PAGE + 1, 2 * PAGE, PATH, f"{PATH}?page=3"),
            (3, 2 * PAGE + 1, 2 * PAGE + 50, f"{PATH}?page=2", ""),
        ],
    )
    def test_has_a_hundred_and_leads_to_its_neighbours(
        self, page: int, first: int, last: int, previous: str, following: str
    ) -> None:
        view = machines_view(self.MANY, Wanted(page=page), NOW)

        assert (view.first, view.last, view.found, view.pages) == (first, last, 250, 3)
        assert (view.previous, view.following) == (previous, following)
        assert hosts(view) == [f"web{at - 1:04}" for at in range(first, last + 1)]

    def test_beyond_the_last_is_the_last(self) -> None:
        view = machines_view(self.MANY, Wanted(page=9), NOW)

        assert (view.wanted.page, view.url, view.first) == (3, f"{PATH}?page=3", 201)

    def test_of_ten_thousand_machines_makes_no_more_rows_than_it_shows(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is done for each machine is to be as little as to look whether it fits."""
        made: list[str] = []
        row = machinesview.row

        def counted(facts: Facts, each: Known, now: float) -> Row:
            made.append(each.host)
            return row(facts, each, now)

        monkeypatch.setattr(machinesview, "row", counted)
        facts = Facts(known=known(*(f"web{at:05}" for at in range(10_000))))

        for order in Sorting:
            machines_view(facts, Wanted(order=order, page=50, name="w"), NOW)

        assert len(made) == PAGE * len(Sorting)

    def test_asks_of_each_active_build_once_and_of_its_rows_whether_it_is_in_trouble(self) -> None:
        asked: list[str] = []

        def trouble(of: Build) -> Event | None:
            asked.append(of.host)
            return None

        made = [build(f"web{at:05}", list(State)[at % 7]) for at in range(7000)]
        facts = Facts(
            known=known(*(each.host for each in made)), builds=builds(*made), trouble=trouble
        )

        machines_view(facts, Wanted(order=Sorting.STATE, name="web*"), NOW)

        assert len(asked) <= sum(each.active for each in made) + PAGE


HOSTS = st.lists(st.sampled_from([f"h{at}" for at in range(20)]), unique=True)


class TestForAnyMachines:
    @given(HOSTS, HOSTS, HOSTS, st.sampled_from(Sorting), st.sampled_from(["", *Shown]))
    def test_each_that_fits_is_shown_once(
        self,
        files: list[str],
        built: list[str],
        booted: list[str],
        order: Sorting,
        state: Shown | str,
    ) -> None:
        states = list(State)
        facts = Facts(
            known=known(*files),
            builds=builds(*(build(each, states[at % 7]) for at, each in enumerate(built))),
            boots={each: float(at) for at, each in enumerate(booted)},
        )

        view = machines_view(facts, Wanted(order=order, state=state), NOW)

        assert sorted(hosts(view)) == list(hosts_of(facts, view.wanted))
        assert len(view.rows) == view.found
        chosen = [each for each in view.states if each.chosen]
        assert [each.count for each in chosen] == [view.found]
