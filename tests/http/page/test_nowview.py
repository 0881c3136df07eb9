"""What the screen Now shows of all boots."""

from __future__ import annotations

import pytest

from pyxie.builds.life import Build, State
from pyxie.diagnosis.course import course
from pyxie.http.page.bootrow import Seen, boot_row
from pyxie.http.page.nowview import Counted, Ended, NowView, ended_of, listed, now_view, paged
from pyxie.http.page.spokentimes import ago

NOW = 1_800_000_000.0
NONE = Counted(0, 0, 0, 0, 0)


def build(
    host: str,
    state: State = State.PENDING,
    changed: float = NOW,
    build_type: str = "",
    begun: float = NOW - 900,
    reason: str = "",
) -> Build:
    return Build(
        host=host,
        token="secret",
        state=state,
        begun=begun,
        changed=changed,
        macs=("52:54:00:00:00:01",),
        definition=f'{{"hostname": "{host}"}}',
        build_type=build_type,
        reason=reason,
    )


def seen(host: str) -> Seen:
    """Return what is known of a boot: that it began."""
    return Seen(mac="52:54:00:00:00:01", way=course(()), host=host, build=build(host))


def view_of(*hosts: str) -> NowView:
    """Return the screen with these machines in build mode."""
    pages = paged(len(hosts), 1, stuck=False)
    return now_view(NONE, pages, [boot_row(seen(host), NOW) for host in hosts], (), 0, (), ())


class TestBoots:
    def test_are_by_when_they_began_so_that_none_moves(self) -> None:
        builds = [build("c", begun=3.0), build("b", begun=1.0), build("a", begun=3.0)]

        assert [each.host for each in listed(builds, NOW)] == ["b", "a", "c"]

    def test_that_ended_a_moment_ago_stay_where_they_were(self) -> None:
        builds = [
            build("b", State.INSTALLED, NOW - 899, begun=1.0),
            build("a", begun=2.0),
            build("old", State.INSTALLED, NOW - 900, begun=0.0),
            build("other", State.REPLACED, NOW, begun=0.0),
        ]

        assert [each.host for each in listed(builds, NOW)] == ["b", "a"]

    def test_are_rows_in_the_order_in_which_they_are_given(self) -> None:
        stranger = Seen(mac="52:54:00:00:00:02", way=course(()))
        pages = paged(2, 1, stuck=False)
        boots = [boot_row(seen(host), NOW) for host in ("b", "a")]
        view = now_view(NONE, pages, boots, [boot_row(stranger, NOW)], 3, (), ())

        assert [row.name for row in view.rows] == ["b", "a"]
        assert [row.name for row in view.others] == ["52:54:00:00:00:02"]
        assert view.left_out == 3


class TestAPage:
    @pytest.mark.parametrize(
        ("count", "asked", "page", "last", "first", "until"),
        [
            (0, 1, 1, 1, 0, 0),
            (7, 1, 1, 1, 1, 7),
            (100, 1, 1, 1, 1, 100),
            (1000, 1, 1, 10, 1, 100),
            (1000, 10, 10, 10, 901, 1000),
            (101, 99, 2, 2, 101, 101),
            (101, -1, 1, 2, 1, 100),
        ],
    )
    def test_has_a_hundred_boots(
        self, count: int, asked: int, page: int, last: int, first: int, until: int
    ) -> None:
        found = paged(count, asked, stuck=False)

        assert (found.page, found.last, found.first, found.until, found.of) == (
            *(page, last, first, until, count),
        )

    def test_says_where_the_others_are(self) -> None:
        every, stuck = paged(1000, 2, stuck=False), paged(1000, 2, stuck=True)

        assert [every.path(1), every.path(3)] == ["/", "/?page=3"]
        assert [stuck.path(1), stuck.path(3)] == ["/?stuck=1", "/?stuck=1&page=3"]


class TestEnded:
    def test_are_the_last_ten_with_how_long_they_took_or_why_not(self) -> None:
        builds = [build(f"web{at:02}", State.CANCELLED, NOW - at) for at in range(1, 30)]
        builds += [
            build("done", State.INSTALLED, NOW - 0.5, begun=NOW - 300.5),
            build("bad", State.FAILED, NOW, reason="no disk"),
            build("web", State.INSTALLING, NOW),
        ]

        found = ended_of(builds, NOW)

        assert found[:2] == (
            Ended("bad", "/page/machines/bad", "failed", "is-bad", ago(NOW, NOW), "", "no disk"),
            Ended(
                "done",
                "/page/machines/done",
                "installed",
                "is-ok",
                ago(NOW - 0.5, NOW),
                "5 min",
                "",
            ),
        )
        assert [each.host for each in found[2:]] == [f"web{at:02}" for at in range(1, 9)]
