"""Commands are loaded when they are called for, and no sooner."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

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
