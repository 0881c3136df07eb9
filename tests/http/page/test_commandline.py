"""The command that does the same as a button."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from functools import partial
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.cli import commands
from pyxie.http.page.commandline import command


def parsed(text: str) -> tuple[str, dict[str, Any]]:
    """Return the command that a line calls, and what it is told, by the real command line."""
    program, *words = shlex.split(text)
    assert program == "pyxie"
    group: click.Command = commands
    named = []
    while isinstance(group, click.Group):
        named.append(words.pop(0))
        group = group.commands[named[-1]]
    # The program's own help options: a command keeps those that it is first asked for.
    told = group.make_context(" ".join(named), words, help_option_names=["-h", "--help"]).params
    return " ".join(named), {name: value for name, value in told.items() if value}


class TestACommand:
    @pytest.mark.parametrize(
        ("call", "text", "told"),
        [
            (partial(command, "build", "web01"), "pyxie build web01", {"hosts": ("web01",)}),
            (
                partial(command, "build", "web*", "db?", type="debian 12", replace=True),
                "pyxie build --type 'debian 12' --replace 'web*' 'db?'",
                {"hosts": ("web*", "db?"), "build_type": "debian 12", "replace": True},
            ),
            (
                partial(command, "build", group="rack 1", type="", replace=False),
                "pyxie build --group 'rack 1'",
                {"group": "rack 1"},
            ),
            (
                partial(command, "build", "web01", set=["params.disk=/dev/sda", "cmdline=a b"]),
                "pyxie build --set params.disk=/dev/sda --set 'cmdline=a b' web01",
                {
                    "hosts": ("web01",),
                    "values": ((("params", "disk"), "/dev/sda"), (("cmdline",), "a b")),
                },
            ),
            (partial(command, "cancel", all=True), "pyxie cancel --all", {"everything": True}),
            (
                partial(command, "failed", "web01", reason="-x"),
                "pyxie failed --reason=-x web01",
                {"hosts": ("web01",), "reason": "-x"},
            ),
            (partial(command, "remove", "web01"), "pyxie remove web01", {"host": "web01"}),
            (partial(command, "done", "-x"), "pyxie done -- -x", {"hosts": ("-x",)}),
            (
                partial(command, "token create", "ci", scope="build"),
                "pyxie token create --scope build ci",
                {"name": "ci", "scope": "build"},
            ),
        ],
    )
    def test_is_taken_by_the_real_command_line(
        self, call: Callable[[], str], text: str, told: dict[str, Any]
    ) -> None:
        line = call()

        assert line == text
        assert told.items() <= parsed(line)[1].items()

    @pytest.mark.parametrize(
        "word", ["a\x1b[31mb", "it's\n$(id)", "\\x07 \x07", "\ud800", "ä\u202e"]
    )
    def test_holds_nothing_that_a_terminal_acts_upon(self, word: str) -> None:
        line = command("done", word)

        assert line.isprintable()
        script = f"printf %s {line.rpartition('done ')[2]}"
        shown = subprocess.run(["/bin/bash", "-c", script], capture_output=True, check=True)
        assert shown.stdout == word.encode(errors="replace")


class TestForAnyWords:
    @given(st.lists(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])), max_size=3))
    def test_the_command_line_is_told_the_very_same(self, words: list[str]) -> None:
        printable = [word for word in words if word.isprintable() and word]

        assert parsed(command("done", *printable))[1].get("hosts", ()) == tuple(printable)
