"""What the first installation takes."""

from __future__ import annotations

from typing import Any

import pytest

from pyxie.access.scope import Scope
from pyxie.http.page.checklist import Point, Premises, checklist
from pyxie.http.page.frame import region
from pyxie.http.page.viewer import Viewer

WHO = Viewer("this host", Scope.ADMIN)

ALL = Premises(
    mode="answer",
    reload="systemctl reload pyxie",
    answering="eth0 192.0.2.1/24",
    present="eth0 192.0.2.1/24",
    servers=("192.0.2.254",),
    heard=True,
    loaders=("BIOS", "x64 UEFI"),
    missing=(),
    machines=2,
    unread="",
    broken="",
    host="web01",
    building="web01",
    unfetched="",
    asked=True,
    waiting=0,
)
INTERFACE, ANSWERS, ADDRESSES, LOADERS, FILE, BUILD, FILES, DISCOVER = range(8)


def of(at: int, **more: Any) -> Point:
    """Return a point of the list, where something is otherwise."""
    return checklist(Premises(**{**_members(), **more}))[at]


def _members() -> dict[str, Any]:
    return {name: getattr(ALL, name) for name in ALL.__dataclass_fields__}


class TestAPointThatIsDone:
    def test_says_what_is_there(self) -> None:
        assert [(each.name, each.says) for each in checklist(ALL)] == [
            ("An interface with an address", "eth0 192.0.2.1/24"),
            ("pyxie answers machines", "Beside the DHCP server of your network."),
            ("A DHCP server that gives addresses", "192.0.2.254 was seen."),
            ("Boot loaders", "For BIOS and x64 UEFI machines."),
            ("A machine file", "2 machines."),
            ("A machine in build mode", "web01."),
            ("Its kernel and initrd", "Nothing is known to be in their way."),
            ("Its DISCOVER", "It has asked the network what to boot."),
        ]
        assert all(each.done and not each.command for each in checklist(ALL))

    @pytest.mark.parametrize(
        ("at", "more", "says"),
        [
            (ANSWERS, {"mode": "serve"}, "the DHCP server of its network itself"),
            (ANSWERS, {"mode": "off"}, "`dhcp.mode: off`"),
            (ADDRESSES, {"mode": "serve", "servers": ()}, "gives them itself"),
            (FILE, {"machines": 1}, "1 machine."),
        ],
    )
    def test_goes_by_the_settings(self, at: int, more: dict[str, Any], says: str) -> None:
        point = of(at, **more)

        assert point.done
        assert says in point.says


class TestAnOpenPoint:
    @pytest.mark.parametrize(
        ("at", "more", "says", "command"),
        [
            (
                *(INTERFACE, {"answering": "", "present": "eth0 (no IPv4 address)"}),
                *("(eth0 (no IPv4 address))", "ip address"),
            ),
            (ANSWERS, {"mode": "observe"}, "`dhcp.mode: answer`", "systemctl reload pyxie"),
            (ADDRESSES, {"servers": ()}, "Machines have asked, and no server", "pyxie probe"),
            (ADDRESSES, {"servers": (), "heard": False}, "None was seen yet", "pyxie probe"),
            (
                *(LOADERS, {"missing": ("no boot loader for BIOS machines",)}),
                *("No boot loader for BIOS machines.", "pyxie loaders fetch"),
            ),
            (
                *(ADDRESSES, {"servers": ()}),
                *("set `dhcp.mode: serve` and `dhcp.range`", "pyxie probe"),
            ),
            (
                *(ADDRESSES, {"servers": (), "heard": False}),
                *("and start pyxie again.", "pyxie probe"),
            ),
            (
                *(FILE, {"machines": 0, "unread": "m cannot be read: make it", "broken": "m"}),
                *("Their folder m cannot be read: make it.", ""),
            ),
            (
                *(FILE, {"machines": 0, "broken": "a.yaml:1:1: unknown key"}),
                *("a.yaml:1:1: unknown key", "pyxie check"),
            ),
            (
                *(FILE, {"machines": 0}),
                *("Power a machine on", "pyxie add --mac 52:54:00:12:34:56 HOST"),
            ),
            (FILE, {"machines": 0, "waiting": 1}, "A machine has asked", ""),
            (FILE, {"machines": 0, "waiting": 3}, "3 machines have asked", ""),
            (BUILD, {"building": ""}, "web01 boots from its disk", "pyxie build web01"),
            (BUILD, {"building": "", "host": ""}, "As soon as there is a machine file.", ""),
            (FILES, {"building": ""}, "They are looked for when a build begins", ""),
            (FILES, {"unfetched": "http://a/b: x"}, "http://a/b: x. Does this", "pyxie why web01"),
            (DISCOVER, {"asked": False}, "Nothing was heard of web01", "pyxie why web01"),
            (DISCOVER, {"asked": False, "building": ""}, "Once it is in build mode", ""),
        ],
    )
    def test_says_what_to_do_and_by_which_command(
        self, at: int, more: dict[str, Any], says: str, command: str
    ) -> None:
        point = of(at, **more)

        assert not point.done
        assert says in point.says
        assert point.command == command

    def test_leads_to_the_machines_that_wait(self) -> None:
        assert of(FILE, machines=0, waiting=1).path == "/page/waiting"
        assert of(FILE, machines=0).path == "/page/waiting"
        assert of(FILE, machines=2).path == ""

    def test_of_a_machine_that_waits_beside_others_is_told_with_them(self) -> None:
        one, more = of(FILE, machines=1, waiting=1), of(FILE, machines=2, waiting=3)

        assert one.says == "1 machine. 1 more has asked that no file knows."
        assert more.says == "2 machines. 3 more have asked that no file knows."
        assert {one.path, more.path} == {"/page/waiting"}

    def test_leads_to_where_a_build_begins(self) -> None:
        point = of(BUILD, building="")

        assert (point.path, point.label) == ("/page/machines/web01/build", "Build it…")
        assert of(FILES, building="").path == "/page/images"


class TestTheList:
    """As the screen Now shows it."""

    def test_is_folded_once_nothing_is_open_so_that_the_machines_are_seen(self) -> None:
        found = drawn(checklist(ALL))

        assert '<details id="checklist-done">' in found
        assert "All 8 points of the check list are there" in found
        assert "192.0.2.254 was seen." in found

    def test_is_open_as_long_as_a_point_is(self) -> None:
        found = drawn(checklist(Premises(**{**_members(), "asked": False})))

        assert "<details" not in found
        assert "Nothing was heard of web01 since." in found

    def test_is_nothing_once_a_machine_was_installed(self) -> None:
        assert "<h2>" not in drawn(())


def drawn(points: tuple[Point, ...]) -> str:
    """Return the part of the screen."""
    return region("_checklist.html.j2", WHO, {"view": {"checklist": points}})
