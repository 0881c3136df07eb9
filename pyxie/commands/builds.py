"""Builds and their traces: build, cancel, done, status, machines, events."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from pyxie import output
from pyxie.client import UnreachableError
from pyxie.commands.assign import Assignment, changed
from pyxie.commands.options import client as client_of
from pyxie.commands.options import found, remote, run
from pyxie.config.nodes import Loc, Plain
from pyxie.config.settings import load_marked
from pyxie.config.values import mac as canonical


@click.command(short_help="Put HOST in build mode: its next network boot installs it.")
@click.argument("host")
@click.option("--type", "build_type", help="Which of 'build_types'. [default: its file's]")
@click.option("--replace", is_flag=True, help="Replace the active build.")
@click.option(
    "--set",
    "values",
    type=Assignment(),
    multiple=True,
    help="A key of its file, for this build alone, as of `pyxie set`; repeatable.",
)
@remote
def build(
    host: str,
    build_type: str | None,
    replace: bool,
    values: tuple[tuple[Loc, Plain], ...],
    as_json: bool,
    **where: Any,
) -> None:
    """Put HOST in build mode: at its next network boot it is installed.

    Prints the build's token, by which the installer fetches its templates and reports
    that it is done. `pyxie show HOST` shows beforehand what it will be built from.
    """
    body = {"build_type": build_type or "", "replace": replace, "definition": changed({}, values)}
    answer = run(client_of(**where).call("PUT", "builds", host, body=body))
    message = f"{answer['host']} is in build mode; token {answer['token']}"
    output.answer(answer, as_json, message)
    if not as_json:
        _advise(answer.get("advice", ()))


@click.command()
@click.argument("host")
@remote
def cancel(host: str, as_json: bool, **where: Any) -> None:
    """Take HOST out of build mode; it boots as before."""
    answer = run(client_of(**where).call("DELETE", "builds", host))
    output.answer(answer, as_json, f"the build of {answer['host']} is cancelled")


@click.command(short_help="Mark HOST as installed.")
@click.argument("host")
@remote
def done(host: str, as_json: bool, **where: Any) -> None:
    """Mark HOST as installed, for an installer that does not say so itself."""
    answer = run(client_of(**where).call("POST", "builds", host, "done"))
    output.answer(answer, as_json, f"{answer['host']} is installed")


@click.command(short_help="Mark HOST's build as failed.")
@click.argument("host")
@click.option("--reason", default="", help="Why, in one line.")
@remote
def failed(host: str, reason: str, as_json: bool, **where: Any) -> None:
    """Mark HOST's build as failed, for an installer that does not say so itself."""
    body = {"reason": reason}
    answer = run(client_of(**where).call("POST", "builds", host, "failed", body=body))
    output.answer(answer, as_json, f"the build of {answer['host']} has failed")


@click.command(short_help="Print the end of the log of HOST's failed build.")
@click.argument("host")
@remote
def log(host: str, as_json: bool, **where: Any) -> None:
    """Print the end of the log that HOST's installer sent when it failed."""
    answer = run(client_of(**where).call("GET", "builds", host, "log"))
    if as_json:
        output.as_json(answer)
        return
    if answer["reason"]:
        output.error(f"failed: {answer['reason']}")
    for each in answer["log"].splitlines():
        output.line(each)


@click.command(short_help="Show what HOST is built from, and where each value was written.")
@click.argument("host")
@click.option("--build-type", "--type", help="As it would be built with this type.")
@remote
def show(host: str, build_type: str | None, as_json: bool, **where: Any) -> None:
    """Show HOST with all that it inherits, and the file and line of every value.

    Settings, build type, groups, and the machine's own file are laid over each other, in
    this order; maps merge, lists replace, a null clears.
    """
    try:
        answer = run(
            client_of(**where).call("GET", "machines", host, "definition", build_type=build_type)
        )
    except UnreachableError:
        file = found(where["config"])
        if file is None or where.get("url"):
            raise
        answer = _described(file, host, build_type)
    if as_json:
        output.as_json(answer)
        return
    rows = [
        [
            each["path"],
            "(cleared)" if each["value"] is None else each["value"],
            f"{each['file']}:{each['line']}",
            each["layer"],
        ]
        for each in answer["origins"]
    ]
    output.table(["key", "value", "from", "layer"], rows)
    for problem in answer.get("problems", ()):
        output.error(f"cannot be built: {problem}")
    _advise(answer.get("advice", ()))


def _advise(advice: Iterable[str]) -> None:
    for each in advice:
        output.error(f"advice: {each}")


def _described(file: Path, host: str, build_type: str | None) -> Any:
    """Return what the daemon would have answered, from the files."""
    from pyxie.checking import context
    from pyxie.commands.offline import described
    from pyxie.registry.origins import answer
    from pyxie.rehearsal import expected
    from pyxie.render.rendering import Rendering

    settings, document = load_marked(file)
    definition = described(settings, document, host, build_type)
    return {
        **answer(definition),
        **expected(Rendering(settings), definition, context(settings)),
    }


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
    everything = run(client.call("GET", "machines"))
    if as_json:
        output.as_json(everything)
        return
    rows = [
        [
            each["hostname"],
            _state(each),
            output.when(each["build"]["changed"]),
            each["build"]["build_type"],
        ]
        for each in everything["machines"]
        if each["build"]
    ]
    output.table(["machine", "state", "since", "type"], rows)
    _warn(everything)


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
        registry = Folder(folder, shared=shared, groups=settings.grouppath).scan()
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
    _warn(everything)


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on as it happens, until Ctrl-C.")
@click.option(
    "--progress", is_flag=True, help="With --follow: also how far long transfers are, each second."
)
@click.option("--past", type=click.IntRange(1, 1000), help="The last N that are kept on disk.")
@click.option("--host", help="Of this machine only.")
@click.option("--mac", help="Of this NIC only.")
@remote
def events(
    follow: bool,
    progress: bool,
    past: int | None,
    host: str | None,
    mac: str | None,
    as_json: bool,
    **where: Any,
) -> None:
    """Show the boot trace: every step of every boot, one line each.

    The lines of a machine that does not boot say why: what pyxie was silent to, which file
    is missing, what was refused. With --past also those from before a restart.
    """
    if follow and past is not None:
        raise click.UsageError("--follow and --past exclude each other")
    if progress and not follow:
        raise click.UsageError("--progress is for --follow")
    if mac is not None:
        try:
            mac = canonical(mac)
        except ValueError as exc:
            raise click.BadParameter(str(exc), param_hint="--mac") from exc
    client = client_of(**where)

    async def before() -> None:
        path = ("events", "history")
        found = await client.call("GET", *path, limit=str(past), host=host, mac=mac)
        for each in reversed(found["events"]):
            if as_json:
                output.as_json(each)
            else:
                output.event(each, dated=True)

    async def show() -> None:
        async for each in client.events(follow=follow, progress=progress, host=host, mac=mac):
            if as_json:
                output.as_json(each)
            else:
                output.event(each)

    run(before() if past is not None else show())


def _warn(answer: Any) -> None:
    """Say what is wrong with files, and what of them is not in force."""
    for problem in answer.get("problems", ()):
        output.error(f"broken: {problem}")
    for sentence in answer.get("not_in_force", ()):  # an older daemon's has none
        output.error(f"not in force: {sentence}")


def _state(machine: Any) -> str:
    return str(machine["build"]["state"]) if machine["build"] else "-"
