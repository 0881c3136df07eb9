"""What the screen of one machine shows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pyxie.builds.life import State
from pyxie.config.place import Loc
from pyxie.http.page.machineview import (
    SETTINGS_SHOWN,
    MachineView,
    MovingView,
    Preview,
    Setting,
    head,
    settings,
)
from pyxie.http.page.spokentimes import since
from tests.http.page.test_buildview import BUILD, NOW
from tests.http.page.test_commandline import parsed


@dataclass(frozen=True)
class Value:
    loc: Loc
    value: str | None
    layer: str = "machine"
    file: str = "machines/web01.yaml"
    line: int = 3
    column: int = 10


class TestSettings:
    def test_have_their_places_and_no_secrets(self) -> None:
        found = settings(
            [
                Value(("network", 0, "macaddress"), "52:54:00:12:34:56"),
                Value(("params", "root_password"), "hunter2"),
                Value(("cmdline",), None, "group web", "groups/web.yaml", 0, 0),
            ]
        )

        place = "machines/web01.yaml:3:10"
        assert found.more == 0
        assert found.rows == (
            Setting("network[0].macaddress", "52:54:00:12:34:56", "machine", place),
            Setting("params.root_password", "***", "machine", place),
            Setting("cmdline", None, "group web", "groups/web.yaml"),
        )

    def test_that_are_very_many_are_shown_in_part(self) -> None:
        found = settings([Value(("params", str(at)), "x" * 5000) for at in range(20_000)])

        assert (len(found.rows), found.more) == (SETTINGS_SHOWN, 20_000 - SETTINGS_SHOWN)
        assert len(found.rows[0].value or "") == 1000


class TestTheHead:
    def test_says_what_a_build_wipes_only_until_it_has_ended(self) -> None:
        over = replace(BUILD, state=State.CANCELLED)

        found = [head("web01", "", build, NOW, wipes=["w"]).wipes for build in (BUILD, over)]

        assert found == [("w",), ()]

    def test_says_how_its_build_stands(self) -> None:
        top = head("web01", "/page/machines/web01", BUILD, NOW, notices=["full\x1b"], wipes=["w"])

        assert (top.build, top.active, top.state, top.look) == (7, True, "installing", "is-busy")
        assert top.since == since(NOW - 60, NOW)
        assert top.notices == ("full\ufffd",)
        assert top.wipes == ("w",)

    def test_says_that_there_was_none(self) -> None:
        top = head("web01", "/page/machines/web01", None, NOW)

        assert (top.build, top.active, top.state) == (None, False, "never in build mode")
        assert (top.build_type, top.since, top.reason) == ("", None, "")

    def test_has_commands_that_the_command_line_takes(self) -> None:
        top = head("web 01;x", "/page/machines/web%2001", None, NOW)

        for name, command in top.commands.items():
            assert parsed(command)[0] == name


def test_the_screen_has_at_its_head_what_changes_while_one_looks() -> None:
    top = head("web01", "/page/machines/web01", None, NOW)
    moving = MovingView(head=top, why=None, boots=(), builds=(), log=None, kept="")

    view = MachineView(
        moving=moving,
        settings=None,
        undefined="",
        build_type="",
        build_types=(),
        preview=Preview(kinds=()),
        file=None,
        place="",
        elsewhere=(),
    )

    assert view.head is top
