"""How the machines stand: status, machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from pyxie import output
from pyxie.client import Client
from pyxie.commands.options import client as client_of
from pyxie.commands.options import found, remote, run
from pyxie.commands.several import Chosen, several
from pyxie.config.settings import load_marked
from pyxie.refusals import RefusedError, UnreachableError

_NO_MACHINES: Final = (
    "there are no machines; to write the first one's file: pyxie add HOST --mac MAC"
)


@click.command(short_help="Show who is being and was installed, or one HOST's history.")
@several
@remote
def status(
    hosts: tuple[str, ...], group: str, everything: bool, as_json: bool, **where: Any
) -> None:
    """Show who is being and was installed, and what is wrong; of one HOST, its history too.

    HOST may be a pattern. What keeps a machine from going on, and what to try: pyxie why HOST.
    """
    client, chosen = client_of(**where), Chosen(hosts, group, everything)
    host = chosen.single
    if host is not None:
        answer = run(client.call("GET", "machines", host))
        if as_json:
            output.as_json(answer)
            return
        build_type = (answer["build"] or {}).get("build_type")
        said = [answer["hostname"], _state(answer), *([build_type] if build_type else [])]
        output.line("  ".join([*said, " ".join(answer["macs"])]))
        if trouble := _trouble(answer):
            output.line(f"last trouble  {trouble}")
        for each in answer.get("secure_boot", ()):
            output.line(output.secure_boot(each))
        rows = [
            [output.when(step["at"]), step["state"], step["cause"], step["peer"] or ""]
            for step in answer["history"]
        ]
        output.table(["when", "state", "cause", "from"], rows)
        ran = [
            [
                output.when(each["ended"] or each["at"]),
                each["kind"],
                each["command"],
                each["result"] or each["state"],
            ]
            for each in answer["hooks"]
        ]
        if ran:
            output.line("")
            output.table(["when", "hook", "command", "result"], ran)
        _warn(answer)
        return
    listed = run(_listed(client, chosen))
    if as_json:
        output.as_json(listed)
        return
    built = [each for each in listed["machines"] if each["build"]]
    heads = ["machine", "state", "since", "type"]
    rows = [
        [
            each["hostname"],
            _state(each),
            output.when(each["build"]["changed"]),
            each["build"]["build_type"],
        ]
        for each in built
    ]
    if any(map(_trouble, built)):
        heads.append("last trouble")
        rows = [[*row, _trouble(each)] for row, each in zip(rows, built, strict=True)]
    output.table(heads, rows)
    if not rows:
        output.note(
            "no machine is in build mode or was installed; to install one: pyxie build HOST"
            if listed["machines"]
            else _NO_MACHINES
        )
    _warn(listed)


async def _listed(client: Client, chosen: Chosen) -> Any:
    if not (chosen.hosts or chosen.group):
        return await client.call("GET", "machines")
    meant = await chosen.found(client)
    listed = await client.call("GET", "machines")
    by_name = {each["hostname"]: each for each in listed["machines"]}
    missing = [host for host in meant if host not in by_name]
    if missing:
        raise RefusedError(404, f"there is no machine {' or '.join(missing)}")
    return {**listed, "machines": [by_name[host] for host in meant]}


@click.command()
@remote
def machines(as_json: bool, config: Path | None, **where: Any) -> None:
    """List the machines; from the files, if no daemon answers."""
    from pyxie.registry.define import common
    from pyxie.registry.folder import Folder

    problems: list[str] = []
    try:
        everything = run(client_of(config=config, **where).call("GET", "machines"))
    except UnreachableError:
        file = found(config)
        if file is None or where.get("url"):
            raise
        settings, document = load_marked(file)
        folder = settings.machinepath
        output.error(f"pyxie: no daemon answers; these are the files in {folder}")
        shared = common(settings, document)
        registry = Folder(
            folder, shared=shared, groups=settings.grouppath, recipes=settings.recipepath
        ).scan()
        problems = [str(problem) for problem in registry.problems]
        listed = [
            {"hostname": each.hostname, "macs": each.macs, "build": None}
            for each in registry.machines.values()
        ]
        everything = {"machines": listed, "problems": problems}
    if as_json:
        output.as_json(everything)
        return
    rows = [
        [each["hostname"], " ".join(each["macs"]), _state(each)] for each in everything["machines"]
    ]
    output.table(["machine", "NICs", "state"], rows)
    if not rows:
        output.note(_NO_MACHINES)
    _warn(everything)


def _warn(answer: Any) -> None:
    """Say what is wrong with files, and what of them is not in force."""
    for problem in answer.get("problems", ()):
        output.error(f"broken: {problem}")
    for sentence in answer.get("not_in_force", ()):  # an older daemon's has none
        output.error(f"not in force: {sentence}")


def _trouble(machine: Any) -> str:
    """Return a build's last trouble with its time, if it has one."""
    found = (machine["build"] or {}).get("trouble")  # an older daemon's has none
    return f"{output.when(found['at'])}: {found['text']}" if found else ""


def _state(machine: Any) -> str:
    return str(machine["build"]["state"]) if machine["build"] else "-"
