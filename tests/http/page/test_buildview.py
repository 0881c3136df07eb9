"""A machine's builds, with what came of each and of its hooks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pyxie.builds.life import Build, GivenFile, State
from pyxie.http.page.buildview import HOOKS_SHOWN, TRANSITIONS_SHOWN, Transition, builds
from pyxie.http.page.longtext import Text
from pyxie.http.page.spokentimes import ago

NOW = 1_000_000.0
BUILD = Build(
    host="web01",
    token="secret",
    state=State.INSTALLING,
    begun=NOW - 90,
    changed=NOW - 60,
    macs=("52:54:00:12:34:56",),
    definition="{}",
    number=7,
    given=(GivenFile("kernel", "ab" * 32, "its recipe"),),
)


def change(number: int, state: str, before: float) -> dict[str, Any]:
    return {"build": number, "at": NOW - before, "state": state, "cause": "c", "peer": None}


def hook(number: int, output: str = "") -> dict[str, Any]:
    return {
        "build": number,
        "at": NOW - 5,
        "kind": "postbuild",
        "state": "ok",
        "attempts": 1,
        "ended": NOW,
        "result": "exit 0",
        "output": output,
        "command": "notify hunter2",
    }


class TestABuild:
    def test_has_what_came_of_it_and_no_token(self) -> None:
        rows = builds(
            [BUILD],
            [change(6, "failed", 500), change(7, "pending", 90)],
            [hook(6), hook(7, "is hunter2\n")],
            NOW,
            {"hunter2"},
        )

        (row,) = rows
        assert (row.number, row.state, row.look) == (7, "installing", "is-busy")
        assert row.begun == ago(NOW - 90, NOW)
        assert row.given == (("kernel", "abababababab", "its recipe"),)
        assert row.transitions == (Transition(ago(NOW - 90, NOW), "pending", "c", ""),)
        assert [(each.command, each.output) for each in row.hooks] == [
            ("notify ***", Text("is ***\n"))
        ]
        assert not row.has_log
        assert "secret" not in repr(row)

    def test_that_failed_may_have_a_log(self) -> None:
        (row,) = builds([replace(BUILD, state=State.FAILED, reason="no disk")], [], [], NOW)

        assert (row.has_log, row.reason) == (True, "no disk")

    def test_of_which_there_is_much_has_the_newest_of_it(self) -> None:
        changes = [change(7, "installing", 1000 - at) for at in range(TRANSITIONS_SHOWN + 5)]

        (row,) = builds([BUILD], changes, [hook(7)] * (HOOKS_SHOWN + 2), NOW)

        assert len(row.transitions) == TRANSITIONS_SHOWN
        assert (len(row.hooks), row.more_hooks) == (HOOKS_SHOWN, 2)
