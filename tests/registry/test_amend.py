"""A snapshot made of the one before is the one that reading everything comes to."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyxie.registry import folder as reading
from pyxie.registry.amend import amended
from pyxie.registry.folder import Folder, parse_machine
from pyxie.registry.registry import MachineFile, Registry, gather

names = st.sampled_from(["web01.yaml", "web02.yaml", "web03.yaml", "other.yaml", "Web01.yml"])
texts = st.builds(
    "{}{}{}".format,
    st.sampled_from(
        ["", "hostname: web01\n", "hostname: web02\n", "hostname: Web09\n", "bad: x\n"]
    ),
    st.sampled_from(
        [
            *("", "domain: a\n", "build_type: rescue\n", "groups: [b]\n", "kernel: [\n"),
            *("match: {serial: x}\n", "match: {serial: [x, y]}\n", "match: {hostname: w*}\n"),
            *("match: {serial: y, arch: BIOS}\n", "match: {hostname: '*x'}\n"),
        ]
    ),
    st.lists(
        st.sampled_from(["525400000001", "525400000002", "525400000003", "x"]), max_size=2
    ).map(lambda macs: "network: [" + ", ".join(f"{{macaddress: {mac}}}" for mac in macs) + "]\n"),
)
changes = st.lists(st.dictionaries(names, st.none() | texts, min_size=1), min_size=1, max_size=5)


def everything(registry: Registry) -> dict[str, object]:
    """Return all fields, fit for comparison: mappings without regard to order."""
    found: dict[str, object] = {}
    for each in fields(registry):
        value = getattr(registry, each.name)
        found[each.name] = dict(value) if hasattr(value, "keys") else value
    selectors = registry.selectors
    found["selectors"] = dict(selectors.by_host), selectors.smbios, selectors.uuid
    return found


class TestAmended:
    @pytest.mark.slow
    @settings(max_examples=300)
    @given(changes)
    def test_is_what_gathering_all_files_gives(self, steps: list[dict[str, str | None]]) -> None:
        files: dict[str, MachineFile] = {}
        registry = gather([])
        for step in steps:
            gone = [files.pop(name) for name in step if name in files]
            come = [
                parse_machine(text.encode(), Path(name))
                for name, text in step.items()
                if text is not None
            ]
            files |= {file.name: file for file in come}

            whole = gather(files.values())
            found = amended(registry, gone, come)

            assert found is None or everything(found) == everything(whole)
            registry = found or whole

    def test_a_file_that_goes_leaves_another_files_alias_alone(self) -> None:
        files = [
            parse_machine(b"hostname: web02\n", Path("web01.yaml")),
            parse_machine(b"kernel: x\n", Path("Web01.yml")),
        ]

        found = amended(gather(files), [files[1]], [])

        assert found is None or everything(found) == everything(gather(files[:1]))

    def test_leaves_the_snapshot_before_as_it_was(self, tmp_path: Path) -> None:
        (tmp_path / "web01.yaml").write_text("network: [{macaddress: 525400000001}]\n")
        (tmp_path / "web02.yaml").write_text("network: [{macaddress: 525400000002}]\n")
        folder = Folder(tmp_path)
        before = folder.scan()
        held = everything(before)

        (tmp_path / "web01.yaml").write_text("network: [{macaddress: 52540000000a}]\n")
        after = folder.scan()

        assert everything(before) == held
        assert list(after.by_mac) == ["52:54:00:00:00:02", "52:54:00:00:00:0a"]
        assert list(after.machines) == ["web01", "web02"]

    @pytest.mark.parametrize("few", [0, 100])
    def test_a_folder_comes_to_the_same_either_way(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
    ) -> None:
        monkeypatch.setattr(reading, "_FEW", few)
        for at in range(5):
            (tmp_path / f"web0{at}.yaml").write_text(f"network: [{{macaddress: 52540000000{at}}}]")
        folder = Folder(tmp_path)
        folder.scan()

        (tmp_path / "web01.yaml").write_text("network: [{macaddress: 525400000009}]\n# changed")
        (tmp_path / "web02.yaml").unlink()
        (tmp_path / "web07.yaml").write_text("hostname: db\n")

        assert everything(folder.scan()) == everything(Folder(tmp_path).scan())
