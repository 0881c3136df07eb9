"""Commands are loaded when they are called for, and no sooner."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import click
import pytest

from pyxie import uncollected
from pyxie.commands import ondemand
from pyxie.commands.ondemand import OnDemand


class TestCommands:
    def test_are_found_by_their_own_name_or_by_that_of_a_function(self) -> None:
        commands = OnDemand({"why": "why", "set": "machines:set_"})

        assert {name: command.name for name, command in commands.items()} == {
            "why": "why",
            "set": "set",
        }

    def test_are_no_others(self) -> None:
        commands = OnDemand({"why": "why"})

        assert len(commands) == 1
        assert commands.get("how") is None

    def test_may_be_added_and_stay(self) -> None:
        commands, more = OnDemand({"why": "why"}), click.Command("more")

        commands["more"] = more

        assert (list(commands), commands["more"]) == (["why", "more"], more)
        with pytest.raises(TypeError, match="commands stay"):
            del commands["more"]

    @pytest.mark.parametrize("is_on", [True, False])
    def test_are_loaded_without_looking_for_garbage(
        self, monkeypatch: pytest.MonkeyPatch, is_on: bool
    ) -> None:
        states, seen = [is_on], list[bool]()
        collector = SimpleNamespace(  # that of all tests is others' as well: the watchdog's
            isenabled=lambda: states[-1],
            disable=lambda: states.append(False),
            enable=lambda: states.append(True),
            freeze=lambda: None,
        )

        def load(_: str) -> SimpleNamespace:
            seen.append(states[-1])
            return SimpleNamespace(why=click.Command("why"))

        monkeypatch.setattr(uncollected, "gc", collector)
        monkeypatch.setattr(ondemand, "import_module", load)

        OnDemand({"why": "why"})["why"]

        assert (seen, states[-1]) == ([False], is_on)

    def test_are_not_loaded_before(self) -> None:
        code = (
            "import sys, pyxie.cli\n"
            "pyxie.cli.commands.commands['serve']\n"
            "print(*(name for name in sys.modules if name.startswith('pyxie.commands.')))"
        )

        loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()

        assert sorted(loaded) == [
            *("pyxie.commands.ondemand", "pyxie.commands.options", "pyxie.commands.serve")
        ]
