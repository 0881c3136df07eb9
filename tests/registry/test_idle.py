"""What a machine hears that is not in build mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.errors import ConfigError
from tests.registry.test_define import define, lay

LOCAL, SILENT = "when_idle: local\n", "when_idle: silent\n"
GROUPS = "groups: [one, two]\n"


class TestWhenIdle:
    def test_is_silence_where_nothing_is_said(self, tmp_path: Path) -> None:
        assert lay(tmp_path).scan().when_idle("web01.lab") == "silent"

    def test_of_a_machine_that_is_not_there_is_silence(self, tmp_path: Path) -> None:
        assert lay(tmp_path, LOCAL).scan().when_idle("web02.lab") == "silent"

    @pytest.mark.parametrize(
        ("layers", "heard"),
        [
            ({"config": LOCAL}, "local"),
            ({"config": LOCAL, "groups__lab": SILENT}, "silent"),
            ({"groups__lab": LOCAL}, "local"),
            ({"groups__one": LOCAL}, "local"),
            ({"groups__one": LOCAL, "groups__two": SILENT}, "silent"),
            ({"groups__lab": SILENT, "groups__two": LOCAL}, "local"),
            ({"groups__two": LOCAL, "machines__web01.lab": SILENT}, "silent"),
            ({"machines__web01.lab": LOCAL}, "local"),
            ({"groups__one": LOCAL, "machines__web01.lab": "when_idle:\n"}, "local"),
            ({"groups__one": LOCAL, "machines__web01.lab": "when_idle: ~\n"}, "silent"),
        ],
    )
    def test_is_what_the_last_layer_says_and_as_the_machine_is_shown(
        self, tmp_path: Path, layers: dict[str, str], heard: str
    ) -> None:
        files = {"groups__one": "", "groups__two": "", **layers}
        files["machines__web01.lab"] = GROUPS + files.get("machines__web01.lab", "")

        registry = lay(tmp_path, files.pop("config", ""), **files).scan()

        assert registry.when_idle("web01.lab") == heard
        assert (define(registry).machine.when_idle or "silent") == heard

    def test_is_told_of_a_machine_that_names_a_group_which_is_not_there(
        self, tmp_path: Path
    ) -> None:
        registry = lay(tmp_path, LOCAL, **{"machines__web01.lab": "groups: [gone]\n"}).scan()

        assert registry.when_idle("web01.lab") == "local"

    def test_is_no_business_of_a_build_type(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"build_types\.t\.when_idle: unknown key"):
            lay(tmp_path, "build_types: {t: {when_idle: local}}\n")

    def test_is_no_business_of_a_call(self, tmp_path: Path) -> None:
        registry = lay(tmp_path).scan()

        with pytest.raises(ConfigError, match="body:1:1: when_idle: is for the machine's file"):
            define(registry, body=LOCAL)

    def test_is_one_of_two(self, tmp_path: Path) -> None:
        registry = lay(tmp_path, **{"machines__web01.lab": "when_idle: disk\n"}).scan()

        assert [str(problem) for problem in registry.problems] == [
            "machines/web01.lab.yaml:1:12: when_idle: 'disk' should be 'silent' or 'local'"
        ]
