"""Unknown machines: discovered, adopt."""

from __future__ import annotations

from typing import Any

import click

from pyxie import output
from pyxie.client import Client
from pyxie.commands.assign import changed, layers
from pyxie.commands.machines import create
from pyxie.commands.options import client as client_of
from pyxie.commands.options import remote, run
from pyxie.config.nodes import Loc, Plain
from pyxie.config.values import mac as canonical
from pyxie.recognition.adopting import adopted
from pyxie.refusals import RefusedError


@click.command(short_help="List discovered machines, which have no machine file.")
@remote
def discovered(as_json: bool, **where: Any) -> None:
    """List the unknown machines that tried to boot, and what they reported.

    They report most with 'unknown: discover' in config.yaml. `pyxie adopt` writes a file for one.
    """
    client = client_of(**where)
    answer = run(client.call("GET", "discovered"))
    if as_json:
        output.as_json(answer)
        return
    rows = [
        [
            each["mac"],
            output.when(each["last"]),
            *(each["told"].get(key, "") for key in ("vendor", "product", "serial")),
            each["told"].get("architecture", ""),
        ]
        for each in answer["machines"]
    ]
    output.table(["NIC", "last seen", "vendor", "product", "serial", "architecture"], rows)
    if not rows:
        output.note(run(_why_none(client)))


async def _why_none(client: Client) -> str:
    """Say why there is nothing to show, and what to call."""
    why = (
        "no machine that lacks a machine file has tried to boot since the start;"
        " watch: pyxie events --follow"
    )
    try:
        unknown = (await client.call("GET", "settings"))["settings"]["unknown"]
    except RefusedError:
        return why
    if unknown == "discover":
        return why
    return f"{why}; with 'unknown: discover' they say what they are, and that is kept"


@click.command(short_help="Write a machine file for a discovered machine.")
@click.argument("mac")
@click.option("--hostname", required=True, help="The new machine's name.")
@click.option("--os", "system", default="", help="A system by its recipe, as debian-12.")
@layers
@remote
def adopt(
    mac: str,
    hostname: str,
    system: str,
    build_type: str | None,
    groups: tuple[str, ...],
    values: tuple[tuple[Loc, Plain], ...],
    as_json: bool,
    **where: Any,
) -> None:
    """Write the machine file HOSTNAME for MAC, with what the machine reported.

    For example: pyxie adopt 52:54:00:12:34:56 --hostname web01.example.org --os debian-12.
    Then `pyxie build` installs it; `pyxie set` and `pyxie edit` change it.
    """
    try:
        mac = canonical(mac)
    except ValueError as exc:
        raise click.BadParameter(str(exc), param_hint="MAC") from exc
    client = client_of(**where)
    told = run(client.call("GET", "discovered", mac))["told"]
    machine = changed(adopted(mac, hostname, told, build_type or "", groups, system), values)
    answer = run(create(client, machine))
    output.answer(answer, as_json, f"{answer['hostname']} is added, with {mac}")
