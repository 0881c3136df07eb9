"""What the screen Waiting says of machines that no file knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.errors import Problem
from pyxie.http.page.spokentimes import ago
from pyxie.http.page.waitingview import (
    AdoptForm,
    BootForm,
    Heard,
    in_order,
    maker_of,
    mistakes_of,
    one_view,
    path_of,
    row_id,
    span_of,
    usual_of,
    waiting_row,
    waiting_view,
)
from pyxie.recognition.discovered import DiscoveredMachine, Whereabouts
from tests.http.page.test_commandline import parsed

NOW = 1_800_000_000.0
MAC = "00:25:90:12:34:56"
TOLD = {
    "vendor": "Supermicro",
    "product": "X11",
    "serial": "S1",
    "uuid": "1-2",
    "architecture": "x64 UEFI",
}
RELAYED = Whereabouts("eth0", "203.0.113.0", "198.51.100.1", "ge-0/0/1", "sw7")


def machine(mac: str = MAC, first: float = NOW - 90, **told: str) -> DiscoveredMachine:
    """Return a machine that was heard by way of a relay agent."""
    return DiscoveredMachine(mac, first, NOW - 3, told or TOLD, where=RELAYED)


class TestARow:
    def test_says_all_that_is_known(self) -> None:
        row = waiting_row(Heard(machine=machine(), maker="Super Micro Computer, Inc."), NOW)

        assert (row.id, row.mac, row.path) == (
            "waits-00-25-90-12-34-56",
            MAC,
            "/page/waiting/00-25-90-12-34-56",
        )
        assert row.facts == (
            ("Maker of the card", "Super Micro Computer, Inc."),
            ("Product", "Supermicro X11"),
            ("Serial number", "S1"),
            ("UUID", "1-2"),
            ("Architecture", "x64 UEFI"),
            ("Network of", "203.0.113.0"),
            ("Relay agent", "198.51.100.1"),
            ("Its port", "ge-0/0/1"),
            ("Its switch", "sw7"),
            ("Heard on", "eth0"),
        )
        assert (row.first, row.last) == (ago(NOW - 90, NOW), ago(NOW - 3, NOW))
        assert (row.host, row.host_path, row.once) == ("", "", "")

    def test_of_one_that_was_heard_itself_says_its_network(self) -> None:
        here = DiscoveredMachine(MAC, NOW, NOW, where=Whereabouts("eth0", "192.0.2.0/24"))

        assert waiting_row(Heard(machine=here), NOW).facts == (
            ("Network", "192.0.2.0/24"),
            ("Heard on", "eth0"),
        )

    def test_of_one_that_was_not_heard_over_dhcp_says_no_place(self) -> None:
        assert waiting_row(Heard(machine=DiscoveredMachine(MAC, NOW, NOW)), NOW).facts == ()

    def test_says_whose_it_is_by_now_and_what_it_boots(self) -> None:
        heard = Heard(machine=machine(), host="web01", boots="debian-12", left=700.0)
        row = waiting_row(heard, NOW)

        assert (row.host, row.host_path) == ("web01", "/page/machines/web01")
        assert row.once == "debian-12, for 12 min yet"


class TestAMaker:
    @pytest.mark.parametrize(
        ("mac", "listed", "said"),
        [
            ("52:54:00:12:34:56", "", "QEMU, a virtual machine"),
            ("00:15:5d:00:00:01", "Microsoft Corporation", "Hyper-V, a virtual machine"),
            ("00:25:90:00:00:01", "Super Micro", "Super Micro"),
            ("00:25:90:00:00:01", "", ""),
            ("0e:25:90:00:00:01", "", "nobody: the address was made up, as those of virtual"),
        ],
    )
    def test_is_said_as_far_as_it_is_known(self, mac: str, listed: str, said: str) -> None:
        assert maker_of(mac, listed).startswith(said)
        assert bool(maker_of(mac, listed)) == bool(said)


class TestMachines:
    def test_are_by_when_they_were_heard_first(self) -> None:
        heard = [machine("c", 3.0), machine("b", 1.0), machine("a", 3.0)]

        assert [each.mac for each in in_order(heard, ())] == ["b", "a", "c"]
        assert [each.mac for each in in_order(heard[:1], heard[1:])] == ["c", "b", "a"]

    def test_of_which_one_was_adopted_says_when_that_was_heard_last(self) -> None:
        row = waiting_row(Heard(machine=machine(), host="web01", booted=NOW - 1), NOW)
        before = waiting_row(Heard(machine=machine(), host="web01", booted=NOW - 999), NOW)

        assert (row.last, before.last) == (ago(NOW - 1, NOW), ago(NOW - 3, NOW))

    @pytest.mark.parametrize(
        ("count", "asked", "found"),
        [
            (0, 1, (1, 1, 0, 0)),
            (100, 2, (1, 1, 0, 100)),
            (250, 3, (3, 3, 200, 250)),
            (250, 0, (1, 3, 0, 100)),
        ],
    )
    def test_are_a_hundred_on_a_page(
        self, count: int, asked: int, found: tuple[int, int, int, int]
    ) -> None:
        assert span_of(count, asked) == found

    def test_are_rows(self) -> None:
        view = waiting_view([Heard(machine=machine())], 101, 2, NOW, asks=True)

        assert [row.mac for row in view.rows] == [MAC]
        assert (view.page, view.last, view.first, view.until, view.of) == (2, 2, 101, 101, 101)
        assert waiting_view([], 0, 1, NOW, asks=False).first == 0

    def test_each_have_a_place_of_their_own(self) -> None:
        assert row_id(MAC) == "waits-00-25-90-12-34-56"
        assert path_of(MAC) == "/page/waiting/00-25-90-12-34-56"


class TestMistakes:
    def test_stand_beside_their_fields(self) -> None:
        problems = [
            Problem(Path("new.yaml"), 1, 1, "hostname", "'a b' is no hostname"),
            Problem(Path("new.yaml"), 4, 1, "groups[0]", "there is no group 'x'"),
            Problem(Path("new.yaml"), 3, 1, "network[0].macaddress", "is web01's"),
            Problem(Path("new.yaml"), 0, 0, "", "is too long"),
        ]

        assert mistakes_of(problems) == {
            "hostname": "'a b' is no hostname",
            "groups": "there is no group 'x'",
            "": "network[0].macaddress: is web01's is too long",
        }


class TestOne:
    def test_has_commands_that_do_the_same(self) -> None:
        adopt = AdoptForm(
            hostname="web07", system="debian-13", build_type="debian 12", groups=("web", "rack1")
        )
        view = one_view(
            Heard(machine=machine()),
            NOW,
            adopt=adopt,
            boot=BootForm(system="debian-12"),
            build_types=("debian 12",),
            groups=("rack1", "web"),
            systems=(("debian-12", "Debian 12"),),
            installed=(("debian-13", "Debian 13"),),
        )

        assert view.row.mac == MAC
        name, told = parsed(view.commands["adopt"])
        assert name == "adopt"
        assert (told["mac"], told["hostname"]) == (MAC, "web07")
        assert told["system"] == "debian-13"
        assert (told["build_type"], told["groups"]) == ("debian 12", ("web", "rack1"))
        assert view.boots == {"debian-12": f"pyxie boot --mac {MAC} debian-12"}
        assert view.commands["boot"] == f"pyxie boot --mac {MAC} debian-12"

    def test_that_is_an_arm_is_booted_as_one(self) -> None:
        arm = DiscoveredMachine(MAC, NOW, NOW, {"architecture": "arm64 UEFI"})
        view = one_view(
            Heard(machine=arm),
            NOW,
            adopt=AdoptForm(),
            boot=BootForm(),
            build_types=(),
            groups=(),
            systems=(),
            installed=(),
        )

        assert view.commands == {
            "adopt": f"pyxie adopt --hostname HOST {MAC}",
            "boot": f"pyxie boot --mac {MAC} --arch arm64 SYSTEM",
        }


class TestTheSystemThatIsProposed:
    @pytest.mark.parametrize(
        ("system", "has_templates", "usual"),
        [
            ("debian-12", False, "debian-12"),
            ("debian-12", True, ""),
            ("talos", False, ""),
            ("", False, ""),
        ],
    )
    def test_is_the_settings_one_that_brings_how_it_is_installed(
        self, system: str, has_templates: bool, usual: str
    ) -> None:
        installed = [("debian-12", "Debian 12"), ("rescue", "")]

        assert usual_of(system, installed, has_templates=has_templates) == usual
