"""Addresses that pyxie gives, from the command line."""

from __future__ import annotations

from typing import Any

import click

from pyxie import output
from pyxie.commands.options import client as client_of
from pyxie.commands.options import remote, run


@click.command(short_help="List the addresses that machines have of pyxie.")
@remote
def leases(as_json: bool, **where: Any) -> None:
    """List who has which address, where pyxie gives them: with 'dhcp: {mode: serve}'."""
    answer = run(client_of(**where).call("GET", "leases"))
    if as_json:
        output.as_json(answer)
        return
    rows = [
        [
            each["address"],
            each["mac"],
            each["host"] or each["name"] or "-",
            output.when(each["expires"]) if each["expires"] is not None else "never",
        ]
        for each in answer["leases"]
    ]
    output.table(["address", "NIC", "machine", "until"], rows)
    if not answer["serves"]:
        output.note(
            "pyxie gives no addresses: your DHCP server does, or 'dhcp: {mode: serve, range: …}'"
            " has pyxie do it on a network where nobody else does"
        )
    elif not rows:
        output.note(f"no machine has an address of {answer['range']} yet")
