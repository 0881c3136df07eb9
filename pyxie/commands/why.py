"""`pyxie why`: what keeps a machine from booting, and what to try next."""

from __future__ import annotations

import textwrap
from typing import Any, Final

import click

from pyxie import output
from pyxie.commands.options import client as client_of
from pyxie.commands.options import remote, run

_WIDTH: Final = 100
"""Letters of a line, as a terminal has."""


@click.command(short_help="Say why a machine does not boot, and what to try next.")
@click.argument("machine", metavar="HOST|MAC")
@remote
def why(machine: str, as_json: bool, **where: Any) -> None:
    """Say why HOST, or the network card with that MAC address, does not boot, or how far it is.

    With what to try next, the likeliest first, and the events that it is told by. Where several
    causes look alike to pyxie, it says what would tell them apart.
    """
    answer = run(client_of(**where).call("GET", "machines", machine, "why"))
    if as_json:
        output.as_json(answer)
        return
    named = " ".join([*([answer["host"]] if answer["host"] else []), *answer["macs"]])
    since = f", since {output.when(answer['since'])}" if answer["since"] else ""
    output.line(f"{named}: {answer['standing']}{since} [{answer['code']}]")
    _paragraph(answer["sentence"])
    if answer["steps"]:
        output.line("")
        output.line("Try next:")
        for at, each in enumerate(answer["steps"], 1):
            _paragraph(each, f"{at:3}. ")
    if answer["certain_by"]:
        output.line("")
        _paragraph(f"To be certain: {answer['certain_by']}")
    if answer.get("remedies"):  # an older daemon has none
        output.line("")
        output.line("What to change in your DHCP server, whichever it is:")
        for remedy in answer["remedies"]:
            for line in remedy["text"]:
                output.line(f"   {line}")
    if answer["evidence"]:
        output.line("")
        output.line("By what:")
        for each in answer["evidence"]:
            _paragraph(f"{output.when(each['at'])}  {each['text']}", "   - ")


def _paragraph(text: str, head: str = "") -> None:
    """Print a sentence, broken where a terminal ends; a command in it stays in one piece."""
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in lines:
        output.line(line)
