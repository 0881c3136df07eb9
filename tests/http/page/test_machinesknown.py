"""What the list of machines needs of each, made of a snapshot of their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.http.page import machinesknown
from pyxie.http.page.machinesknown import NONE, MachineList, known_machines
from pyxie.http.page.machinesview import Known
from pyxie.registry.registry import Registry
from tests.registry.test_define import lay

GROUPED = "groups: [one]\ndomain: dmz\nnetwork: [{macaddress: 52:54:00:00:00:01}]\n"


def snapshot(folder: Path, **files: str) -> Registry:
    return lay(folder, machines__plain="", **files).scan()


class TestWhatIsKnown:
    def test_is_what_the_files_say_in_the_order_of_the_hostnames(self, tmp_path: Path) -> None:
        registry = snapshot(
            tmp_path,
            **{
                "machines__web02.lab": GROUPED,
                "machines__db01": "build_type: plain\n",
                "groups__one": "build_type: rescue\n",
            },
        )

        found = known_machines(registry)

        assert list(found.all.values()) == [
            Known(host="db01", build_type="plain"),
            Known(host="plain"),
            Known(host="web01.lab", groups=("lab",)),
            Known(
                host="web02.lab",
                macs=("52:54:00:00:00:01",),
                groups=("one", "dmz"),
                build_type="rescue",
            ),
        ]
        assert (found.groups, found.types) == (("dmz", "lab", "one"), ("plain", "rescue"))

    def test_has_each_broken_file_once_by_the_name_that_it_has_inside(self, tmp_path: Path) -> None:
        registry = snapshot(
            tmp_path,
            machines__other="hostname: inside\nkernle: x\n",
            machines__nameless="[",
            machines__double="network: [{macaddress: 52:54:00:00:00:01}]\n",
            machines__trouble="network: [{macaddress: 52:54:00:00:00:01}]\n",
            machines__lost="groups: [none]\n",
        )

        found = {host: each.broken for host, each in known_machines(registry).all.items()}

        assert list(found) == [
            *("double", "inside", "lost", "nameless", "plain", "trouble", "web01.lab")
        ]
        assert found["inside"].startswith("machines/other.yaml:2:1: kernle: ")
        assert found["lost"].startswith("machines/lost.yaml:1:10: groups[0]: there is no group")
        assert (found["plain"], found["web01.lab"]) == ("", "")

    def test_keeps_what_was_right_before_it_broke(self, tmp_path: Path) -> None:
        folder = lay(tmp_path, machines__web02=GROUPED.replace("groups: [one]\n", ""))
        before = known_machines(folder.scan())
        (tmp_path / "machines/web02.yaml").write_text("kernle: x\n")

        found = known_machines(folder.scan(), before).all["web02"]

        assert found.broken.startswith("machines/web02.yaml:1:1: kernle: ")
        assert found.macs == ("52:54:00:00:00:01",)


class TestTheNextSnapshot:
    def test_of_the_same_is_what_there_was(self, tmp_path: Path) -> None:
        registry = snapshot(tmp_path)
        before = known_machines(registry)

        assert known_machines(registry, before) is before
        assert known_machines(NONE.registry, NONE) is NONE

    def test_costs_what_has_changed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = lay(tmp_path, **{f"machines__web{at:03}": "" for at in range(100)})
        before = known_machines(folder.scan())
        made: list[str] = []
        make = machinesknown._known

        def counted(machine: object, *args: object) -> Known:
            made.append(str(machine.hostname))  # type: ignore[attr-defined]
            return make(machine, *args)  # type: ignore[arg-type]

        monkeypatch.setattr(machinesknown, "_known", counted)
        (tmp_path / "machines/web007.yaml").write_text("build_type: plain\n")

        after = known_machines(folder.scan(), before)

        assert made == ["web007"]
        assert after.all["web007"].build_type == "plain"
        assert after.all["web008"] is before.all["web008"]

    def test_is_made_anew_where_what_machines_inherit_has_changed(self, tmp_path: Path) -> None:
        before = known_machines(
            snapshot(tmp_path, **{"machines__web01.lab": "groups: [one]\n", "groups__one": ""})
        )

        after = known_machines(snapshot(tmp_path, groups__one="build_type: rescue\n"), before)

        assert after.all["web01.lab"].build_type == ""


class TestTheList:
    def test_is_made_ahead_once_somebody_has_asked_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, real = list[Registry](), machinesknown.known_machines

        def make(registry: Registry, *before: machinesknown.KnownMachines) -> object:
            made.append(registry)
            return real(registry, *before)

        monkeypatch.setattr(machinesknown, "known_machines", make)
        one = snapshot(tmp_path)
        registry = one
        machine_list = MachineList(lambda: registry)

        machine_list.preparing()(one)()
        assert made == []
        assert "plain" in machine_list.of_now().all
        assert made == [one]

        (tmp_path / "machines/web02.yaml").write_text(GROUPED)
        other = snapshot(tmp_path)
        machine_list.preparing()(other)()
        assert made == [one, other]
        registry = other
        assert "web02" in machine_list.of_now().all
