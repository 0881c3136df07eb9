"""The machines of a folder: what is found, what is broken, what is read again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pyxie.registry.folder import Folder
from pyxie.registry.registry import MachineFile, Registry

SHOWN = Path("machines")


def write(folder: Path, name: str, text: str = "", mac: str = "") -> Path:
    """Write a file in such a way that it cannot pass for the one before."""
    file = folder / name
    if mac:
        text += f"network:\n- macaddress: {mac}\n"
    new = folder / ".new"
    new.write_text(text)
    return new.rename(file)


def scan(folder: Path) -> Registry:
    return Folder(folder, shown=SHOWN).scan()


def said(registry: Registry) -> list[str]:
    return [str(problem) for problem in registry.problems]


class TestFinding:
    def test_a_machine_is_found_by_hostname_by_file_and_by_any_nic(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            "web.yaml",
            "hostname: Web01.example\n"
            "network: [{macaddress: 52-54-00-00-00-0A}, {macaddress: 525400.00000b}]\n",
        )

        found = scan(tmp_path)

        machine = found.machines["web01.example"]
        assert found.find("WEB01.example") is machine
        assert found.find("Web") is machine
        assert found.find("web02") is None
        assert dict(found.by_mac) == {"52:54:00:00:00:0a": machine, "52:54:00:00:00:0b": machine}
        assert found.documents["web01.example"].file == SHOWN / "web.yaml"
        assert said(found) == []

    @pytest.mark.parametrize(
        "text", ["", "operatingsystem: x\n", "hostname: ~\n", "hostname: ''\n"]
    )
    def test_the_file_names_a_machine_that_has_no_name_inside(
        self, tmp_path: Path, text: str
    ) -> None:
        write(tmp_path, "web01.example.yaml", text)

        assert list(scan(tmp_path).machines) == ["web01.example"]

    def test_only_visible_yaml_files_are_looked_at(self, tmp_path: Path) -> None:
        for name in ("a.yaml", "b.yml", ".c.yaml", "d.yaml~", "e.txt", "#f.yaml#", "README"):
            write(tmp_path, name)

        found = scan(tmp_path)

        assert found.files == ("a.yaml", "b.yml")
        assert said(found) == []

    def test_a_hostname_wins_over_another_machines_file_name(self, tmp_path: Path) -> None:
        write(tmp_path, "a.yaml", "hostname: b\n")
        write(tmp_path, "c.yaml", "hostname: a\n")

        found = scan(tmp_path)

        assert [machine and machine.hostname for machine in map(found.find, "abc")] == [
            "a",
            "b",
            "a",
        ]

    def test_near_names_are_those_of_the_same_short_name_then_those_alike(
        self, tmp_path: Path
    ) -> None:
        for name in ("linux001.internal", "linux001.lab", "linux002", "other"):
            write(tmp_path, f"{name}.yaml")

        found = scan(tmp_path)

        assert found.near("linux001") == ["linux001.internal", "linux001.lab", "linux002"]
        assert found.near("Linux002.internal") == ["linux002", "linux001.internal"]
        assert found.near("zzz") == []


class TestBrokenFiles:
    def test_take_out_their_own_machine_and_no_other(self, tmp_path: Path) -> None:
        write(tmp_path, "bad.yaml", "hostnam: x\nparams: [1]\n")
        write(tmp_path, "good.yaml")

        found = scan(tmp_path)

        assert list(found.machines) == ["good"]
        assert found.find("bad") is None
        assert said(found) == [
            "machines/bad.yaml:1:1: hostnam: unknown key; did you mean 'hostname'?",
            "machines/bad.yaml:2:9: params: must be a mapping of keys to values, not a list",
        ]
        assert found.why_broken("BAD") == found.problems
        assert found.why_broken("good") == ()

    def test_are_told_of_under_the_name_inside_as_well(self, tmp_path: Path) -> None:
        write(tmp_path, "web.yaml", "hostname: web01.example\nprams: {}\n")

        found = scan(tmp_path)

        assert [str(problem) for problem in found.why_broken("web01.example")] == [
            "machines/web.yaml:2:1: prams: unknown key; did you mean 'params'?"
        ]
        assert found.why_broken("web") == found.why_broken("web01.example")

    def test_of_every_kind_are_told_at_once(self, tmp_path: Path) -> None:
        write(tmp_path, "a.yaml", "hostname: a b\n")
        (tmp_path / "b.yaml").symlink_to("nowhere")
        (tmp_path / "c.yaml").mkdir()
        (tmp_path / "d.yaml").write_bytes(b"\xff")
        write(tmp_path, "e.yaml", "- list\n")
        write(tmp_path, "f g.yaml")
        os.mkfifo(tmp_path / "h.yaml")
        (tmp_path / "i.yaml").symlink_to("i.yaml")

        assert said(scan(tmp_path)) == [
            "machines/a.yaml:1:11: hostname: 'a b' is not a hostname like web01.example.org",
            "machines/b.yaml: cannot be read: No such file or directory",
            "machines/c.yaml: cannot be read: Is a directory",
            "machines/d.yaml:1:1: is not UTF-8 text",
            "machines/e.yaml:1:1: must be a mapping of keys to values",
            "machines/f g.yaml:1:1: hostname: 'f g' is not a hostname like web01.example.org",
            "machines/h.yaml: cannot be read: it is not a file",
            "machines/i.yaml: cannot be read: Too many levels of symbolic links",
        ]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_that_must_not_be_read_are_told(self, tmp_path: Path) -> None:
        write(tmp_path, "a.yaml").chmod(0)

        assert said(scan(tmp_path)) == ["machines/a.yaml: cannot be read: Permission denied"]

    def test_with_names_that_are_no_text_are_told_on_one_line(self, tmp_path: Path) -> None:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.yaml")).write_text("a: b\n")

        found = scan(tmp_path)

        assert found.files == ("\\xff\\n.yaml",)
        assert [line.split(": ")[0] for line in said(found)] == ["machines/\\xff\\n.yaml:1:1"] * 2


class TestTwoOfAKind:
    def test_one_mac_in_whatever_spelling_takes_out_both_and_names_both(
        self, tmp_path: Path
    ) -> None:
        write(tmp_path, "a.yaml", mac="52:54:00:00:00:01")
        write(tmp_path, "b.yaml", mac="5254.0000.0001")
        write(tmp_path, "c.yaml", mac="52:54:00:00:00:02")

        found = scan(tmp_path)

        assert list(found.machines) == ["c"]
        assert list(found.by_mac) == ["52:54:00:00:00:02"]
        assert said(found) == [
            (
                "machines/a.yaml:2:15: network[0].macaddress: "
                "the MAC 52:54:00:00:00:01 is also at machines/b.yaml:2:15"
            ),
            (
                "machines/b.yaml:2:15: network[0].macaddress: "
                "the MAC 52:54:00:00:00:01 is also at machines/a.yaml:2:15"
            ),
        ]
        assert found.why_broken("a") == found.problems[:1]

    def test_one_mac_twice_in_a_file_names_both_places(self, tmp_path: Path) -> None:
        macs = "network:\n- macaddress: 52:54:00:00:00:01\n- macaddress: 52-54-00-00-00-01\n"
        write(tmp_path, "a.yaml", macs)

        assert said(scan(tmp_path)) == [
            (
                "machines/a.yaml:2:15: network[0].macaddress: "
                "the MAC 52:54:00:00:00:01 is also at machines/a.yaml:3:15"
            ),
            (
                "machines/a.yaml:3:15: network[1].macaddress: "
                "the MAC 52:54:00:00:00:01 is also at machines/a.yaml:2:15"
            ),
        ]

    def test_of_three_each_names_another(self, tmp_path: Path) -> None:
        for name in "abc":
            write(tmp_path, f"{name}.yaml", mac="52:54:00:00:00:01")

        assert [line.rsplit(" ", 1)[1] for line in said(scan(tmp_path))] == [
            "machines/b.yaml:2:15",
            "machines/a.yaml:2:15",
            "machines/a.yaml:2:15",
        ]

    def test_one_hostname_in_two_files_takes_out_both(self, tmp_path: Path) -> None:
        write(tmp_path, "a.yaml", "hostname: web01\n")
        write(tmp_path, "web01.yaml")
        write(tmp_path, "web01.yml", "hostname: WEB01\n")

        found = scan(tmp_path)

        assert list(found.machines) == []
        assert said(found) == [
            "machines/a.yaml:1:11: hostname: the hostname web01 is also at machines/web01.yaml:1:1",
            "machines/web01.yaml:1:1: hostname: the hostname web01 is also at machines/a.yaml:1:11",
            "machines/web01.yml:1:11: hostname: the hostname web01 is also at machines/a.yaml:1:11",
        ]

    def test_a_file_with_other_mistakes_lays_claim_all_the_same(self, tmp_path: Path) -> None:
        """Else the clash would show only after the first mistake was mended."""
        write(tmp_path, "a.yaml", "prams: {}\n", mac="52:54:00:00:00:01")
        write(tmp_path, "b.yaml", mac="52:54:00:00:00:01")

        found = scan(tmp_path)

        assert list(found.machines) == []
        assert said(found) == [
            "machines/a.yaml:1:1: prams: unknown key; did you mean 'params'?",
            (
                "machines/a.yaml:3:15: network[0].macaddress: "
                "the MAC 52:54:00:00:00:01 is also at machines/b.yaml:2:15"
            ),
            (
                "machines/b.yaml:2:15: network[0].macaddress: "
                "the MAC 52:54:00:00:00:01 is also at machines/a.yaml:3:15"
            ),
        ]

    @pytest.mark.parametrize("network", ["5", "[5]", "[{macaddress: [x]}]", "{a: b}", "[~]"])
    def test_a_network_of_any_shape_can_be_looked_through(
        self, tmp_path: Path, network: str
    ) -> None:
        write(tmp_path, "a.yaml", f"network: {network}\n")

        assert len(scan(tmp_path).problems) == 1


class TestReadingAgain:
    @pytest.mark.parametrize("names", [(), ("a.yaml",), ("a.yaml", "b.yaml")])
    def test_the_snapshot_is_the_same_object_while_nothing_changes(
        self, tmp_path: Path, names: tuple[str, ...]
    ) -> None:
        for name in names:
            write(tmp_path, name)
        (tmp_path / "dangling.yaml").symlink_to("nowhere")
        folder = Folder(tmp_path)
        first = folder.scan()

        assert folder.scan() is first

    def test_only_files_that_changed_are_read(self, tmp_path: Path) -> None:
        write(tmp_path, "a.yaml", "operatingsystem: old\n")
        write(tmp_path, "b.yaml")
        folder = Folder(tmp_path)
        before = folder.scan()
        write(tmp_path, "a.yaml", "operatingsystem: new\n")

        after = folder.scan()

        assert after.machines["a"].operatingsystem == "new"
        assert after.machines["b"] is before.machines["b"]
        assert before.machines["a"].operatingsystem == "old"

    def test_files_that_come_go_and_are_mended(self, tmp_path: Path) -> None:
        folder = Folder(tmp_path)
        seen = [sorted(folder.scan().machines)]

        write(tmp_path, "a.yaml")
        seen.append(sorted(folder.scan().machines))
        (tmp_path / "a.yaml").unlink()
        seen.append(sorted(folder.scan().machines))
        write(tmp_path, "a.yaml", "x: y\n")
        seen.append(sorted(folder.scan().machines))
        write(tmp_path, "a.yaml")
        seen.append(sorted(folder.scan().machines))

        assert seen == [[], ["a"], [], [], ["a"]]

    def test_one_that_breaks_changes_nothing_but_is_told_of(self, tmp_path: Path) -> None:
        folder = Folder(tmp_path, shown=SHOWN)
        write(tmp_path, "a.yaml", "operatingsystem: old\n", mac="52:54:00:00:00:01")
        folder.scan()

        for broken in ("x: y\n", "hostname: [\n", "kernel: {}\n"):
            write(tmp_path, "a.yaml", broken)
            found = folder.scan()

            assert found.machines["a"].operatingsystem == "old"
            assert found.by_mac["52:54:00:00:00:01"].hostname == "a"
            assert found.why_broken("a")

        write(tmp_path, "a.yaml", "operatingsystem: new\n")
        mended = folder.scan()
        assert (mended.machines["a"].operatingsystem, mended.problems) == ("new", ())

    def test_a_link_is_followed_to_changes_of_what_it_leads_to(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").symlink_to(".shared")
        folder = Folder(tmp_path, shown=SHOWN)
        dangling = said(folder.scan())

        write(tmp_path, ".shared", "operatingsystem: x\n")

        assert dangling == ["machines/a.yaml: cannot be read: No such file or directory"]
        assert folder.scan().machines["a"].operatingsystem == "x"

    def test_a_mended_twin_brings_back_the_file_that_did_not_change(self, tmp_path: Path) -> None:
        write(tmp_path, "a.yaml", mac="52:54:00:00:00:01")
        write(tmp_path, "b.yaml", mac="52:54:00:00:00:01")
        folder = Folder(tmp_path)
        assert sorted(folder.scan().machines) == []

        write(tmp_path, "b.yaml", mac="52:54:00:00:00:02")

        assert sorted(folder.scan().machines) == ["a", "b"]

    def test_a_file_that_goes_while_it_is_looked_at_is_no_problem(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path, "a.yaml")
        write(tmp_path, "b.yaml")
        from pyxie.registry import folder

        def late(path: Path | str, shown: Path) -> MachineFile:
            if shown.name == "a.yaml":
                Path(path).unlink()
            return real(path, shown)

        real = folder.read_machine
        monkeypatch.setattr(folder, "read_machine", late)

        found = Folder(tmp_path).scan()

        assert (list(found.machines), found.problems, found.files) == (["b"], (), ("b.yaml",))


class TestTheFolder:
    def test_that_is_missing_is_told_and_found_when_it_comes(self, tmp_path: Path) -> None:
        folder = Folder(tmp_path / "m", shown=SHOWN)
        missing = folder.scan()
        (sentence,) = said(missing)
        assert sentence == (
            "machines: machinepath: cannot be read: there is no such folder; make it with "
            f"`mkdir -p {tmp_path}/m`, or correct machinepath in config.yaml"
        )
        assert folder.scan() is missing

        (tmp_path / "m").mkdir()

        assert folder.scan() == Registry()

    def test_that_goes_takes_its_machines_along_and_comes_back_with_them(
        self, tmp_path: Path
    ) -> None:
        place = tmp_path / "m"
        place.mkdir()
        write(place, "a.yaml")
        folder = Folder(place)
        first = folder.scan()
        place.rename(tmp_path / "away")
        gone = folder.scan()
        (tmp_path / "away").rename(place)

        assert (list(first.machines), list(gone.machines)) == (["a"], [])
        assert list(folder.scan().machines) == ["a"]

    def test_that_is_a_file_is_told_as_that(self, tmp_path: Path) -> None:
        place = tmp_path / "m"
        folder = Folder(place, shown=SHOWN)
        folder.scan()
        place.write_text("")

        assert said(folder.scan()) == ["machines: machinepath: cannot be read: Not a directory"]


class TestTwoThousandMachines:
    @pytest.mark.slow
    def test_are_read_within_seconds_and_looked_at_within_a_blink(self, tmp_path: Path) -> None:
        for n in range(2000):
            (tmp_path / f"web{n:04}.example.yaml").write_text(
                f"operatingsystem: Debian\npreseed: a.j2\nparams: {{a: b, c: d}}\n"
                f"network:\n- name: eth0\n  macaddress: 52:54:00:00:{n // 256:02x}:{n % 256:02x}\n"
            )
        folder = Folder(tmp_path)

        began = time.process_time()
        first = folder.scan()
        read = time.process_time() - began
        again = folder.scan()
        looked = time.process_time() - began - read

        assert (len(first.machines), len(first.by_mac)) == (2000, 2000)
        assert again is first
        assert read < 5
        assert looked < 0.5
