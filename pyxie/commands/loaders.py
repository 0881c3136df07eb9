"""Boot loaders from the command line: which there are, for whom, and what is missing."""

from __future__ import annotations

from typing import Any

import click

from pyxie import output
from pyxie.commands.options import client as client_of
from pyxie.commands.options import remote, run


@click.command(short_help="List boot loaders, who signed them, and which are missing.")
@remote
def loaders(as_json: bool, **where: Any) -> None:
    """List what the firmware of each kind of machine can be handed, the usual one first.

    With the version and the signers that each names itself, and the end of the certificate of
    each signer's CA. Firmware does not look at that date; but machines that are newer than the
    CA's next certificate may have that one alone.
    """
    answer = run(client_of(**where).call("GET", "loaders"))
    if as_json:
        output.as_json(answer)
        return
    there = [each for each in answer["loaders"] if each["name"]]
    heads = ["client", "loader", "from", "size", "version", "signed by"]
    output.table(heads, [_row(each) for each in there])
    for each in answer["loaders"]:
        if each["missing"]:
            output.note(f"none for {each['client']}: {each['missing']}")


def _row(each: Any) -> list[str]:
    folder = each["path"].removesuffix(each["name"]).rstrip("/")
    return [
        each["client"],
        each["name"] + ("" if each["usual"] else " (if asked for)"),
        folder,
        output.amount(each["size"]),
        each["version"] or "-",
        ", ".join(map(_signer, each["signers"])) or "nobody",
    ]


def _signer(signer: Any) -> str:
    until = f" (until {signer['expires']})" if signer["expires"] else ""
    return f"{signer['ca']}{until}"
