"""Builds and their traces: build, cancel, done, status, machines, events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pyxie import output
from pyxie.client import UnreachableError
from pyxie.commands.options import client as client_of
from pyxie.commands.options import found, remote, run
from pyxie.config.kinds import mac as canonical
from pyxie.config.settings import load


@click.command(short_help="Put HOST in build mode: its next network boot installs it.")
@click.argument("host")
@remote
def build(host: str, as_json: bool, **where: Any) -> None:
    """Put HOST in build mode: at its next network boot it is installed.

    Prints the build's token, which the installer shows to fetch its templates and to say
    that it is done.
    """
    answer = run(client_of(**where).call("PUT", "builds", host))
    if as_json:
        output.as_json(answer)
    else:
        output.line(f"{answer['host']} is in build mode; token {answer['token']}")


@click.command()
@click.argument("host")
@remote
def cancel(host: str, as_json: bool, **where: Any) -> None:
    """Take HOST out of build mode; it boots as before."""
    answer = run(client_of(**where).call("DELETE", "builds", host))
    _told(answer, as_json, f"the build of {answer['host']} is cancelled")


@click.command(short_help="Mark HOST as installed.")
@click.argument("host")
@remote
def done(host: str, as_json: bool, **where: Any) -> None:
    """Mark HOST as installed, for an installer that does not say so itself."""
    answer = run(client_of(**where).call("POST", "builds", host, "done"))
    _told(answer, as_json, f"{answer['host']} is installed")


@click.command(short_help="Show who is being and was installed, or one HOST's history.")
@click.argument("host", required=False)
@remote
def status(host: str | None, as_json: bool, **where: Any) -> None:
    """Show who is being and was installed, and what is wrong; of HOST, its history too."""
    client = client_of(**where)
    if host is not None:
        answer = run(client.call("GET", "machines", host))
        if as_json:
            output.as_json(answer)
            return
        output.line(f"{answer['hostname']}  {_state(answer)}  {' '.join(answer['macs'])}")
        rows = [
            [_when(step["at"]), step["state"], step["cause"], step["peer"] or ""]
            for step in answer["history"]
        ]
        output.table(["when", "state", "cause", "from"], rows)
        return
    everything = run(client.call("GET", "machines"))
    if as_json:
        output.as_json(everything)
        return
    rows = [
        [each["hostname"], _state(each), _when(each["build"]["changed"])]
        for each in everything["machines"]
        if each["build"]
    ]
    output.table(["machine", "state", "since"], rows)
    for problem in everything["problems"]:
        output.error(f"broken: {problem}")


@click.command()
@remote
def machines(as_json: bool, config: Path | None, **where: Any) -> None:
    """List the machines; from the files, if no daemon answers."""
    from pyxie.registry.folder import Folder

    problems: list[str] = []
    try:
        everything = run(client_of(config=config, **where).call("GET", "machines"))
    except UnreachableError:
        file = found(config)
        if file is None or where.get("url"):
            raise
        folder = load(file).machinepath
        output.error(f"pyxie: no daemon answers; these are the files in {folder}")
        registry = Folder(folder).scan()
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
    for problem in everything["problems"]:
        output.error(f"broken: {problem}")


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on as it happens, until Ctrl-C.")
@click.option("--host", help="Of this machine only.")
@click.option("--mac", help="Of this NIC only.")
@remote
def events(follow: bool, host: str | None, mac: str | None, as_json: bool, **where: Any) -> None:
    """Show the boot trace: every step of every boot, one line each.

    The lines of a machine that does not boot say why: what pyxie was silent to, which file
    is missing, what was refused.
    """
    if mac is not None:
        try:
            mac = canonical(mac)
        except ValueError as exc:
            raise click.BadParameter(str(exc), param_hint="--mac") from exc
    client = client_of(**where)

    async def show() -> None:
        async for each in client.events(follow=follow, host=host, mac=mac):
            if as_json:
                output.as_json(each)
            else:
                output.event(each)

    run(show())


def _told(found: Any, as_json: bool, text: str) -> None:
    if as_json:
        output.as_json(found)
    else:
        output.line(text)


def _state(machine: Any) -> str:
    return str(machine["build"]["state"]) if machine["build"] else "-"


def _when(at: float) -> str:
    import time

    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
