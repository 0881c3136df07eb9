"""Builds and their traces: build, cancel, done, status, machines, events."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Final

import click

from pyxie import output
from pyxie.client import Client, RefusedError, UnreachableError
from pyxie.commands.assign import Assignment, changed
from pyxie.commands.options import client as client_of
from pyxie.commands.options import found, remote, run
from pyxie.commands.several import Chosen, each_active, several, tell
from pyxie.config.nodes import Loc, Plain
from pyxie.config.settings import load_marked
from pyxie.config.values import mac as canonical


@click.command(short_help="Put HOSTs in build mode: their next network boot installs them.")
@several
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
    hosts: tuple[str, ...],
    group: str,
    everything: bool,
    build_type: str | None,
    replace: bool,
    values: tuple[tuple[Loc, Plain], ...],
    as_json: bool,
    **where: Any,
) -> None:
    """Put HOST in build mode: at its next network boot it is installed. So with several.

    HOST may be a pattern, as 'web*'. Prints the build's token, by which the installer fetches its
    templates and reports that it is done, and which disk it wipes. `pyxie show HOST` says so
    beforehand, and what it will be built from.
    """
    chosen = Chosen(hosts, group, everything)
    chosen.needed()
    body = {"build_type": build_type or "", "replace": replace, "definition": changed({}, values)}
    client = client_of(**where)
    if chosen.single is None:
        tell(run(_begin_all(client, chosen, body)), as_json, _begun_and_lost)
        return
    answer = run(client.call("PUT", "builds", chosen.single, body=body))
    output.answer(answer, as_json, _begun(answer))
    if not as_json:
        _tell(answer.get("wipes"))
        _advise(answer.get("advice", ()))


async def _begin_all(client: Client, chosen: Chosen, body: dict[str, Any]) -> list[Any]:
    hosts, results = await chosen.found(client), []
    # Not all at once: what is begun is to be heard of before a connection is given up.
    for at in range(0, len(hosts), _AT_ONCE):
        some = {**body, "hosts": hosts[at : at + _AT_ONCE]}
        results += (await client.call("POST", "builds", body=some))["results"]
    return results


_AT_ONCE: Final = 100


def _begun(build: Any) -> str:
    return f"{build['host']} is in build mode; token {build['token']}"


def _begun_and_lost(build: Any) -> str:
    """Say it in one line, which data it takes too; an older daemon does not know."""
    wipes = build.get("wipes")
    return "; ".join([_begun(build), *(wipes["sentences"] if wipes else ())])


@click.command(short_help="Take HOSTs out of build mode.")
@several
@remote
def cancel(
    hosts: tuple[str, ...], group: str, everything: bool, as_json: bool, **where: Any
) -> None:
    """Take HOST out of build mode; it boots as before.

    HOST may be a pattern. Of a pattern, --group and --all those that are in build mode are meant.
    """

    async def ended(client: Client, host: str) -> Any:
        return await client.call("DELETE", "builds", host)

    chosen = Chosen(hosts, group, everything)
    _end(chosen, as_json, where, ended, "the build of {host} is cancelled")


@click.command(short_help="Mark HOSTs as installed.")
@several
@remote
def done(hosts: tuple[str, ...], group: str, everything: bool, as_json: bool, **where: Any) -> None:
    """Mark HOST as installed, for an installer that does not say so itself; as of `cancel`."""

    async def ended(client: Client, host: str) -> Any:
        return await client.call("POST", "builds", host, "done")

    _end(Chosen(hosts, group, everything), as_json, where, ended, "{host} is installed")


@click.command(short_help="Mark the builds of HOSTs as failed.")
@several
@click.option("--reason", default="", help="Why, in one line.")
@remote
def failed(
    hosts: tuple[str, ...],
    group: str,
    everything: bool,
    reason: str,
    as_json: bool,
    **where: Any,
) -> None:
    """Mark HOST's build as failed, for an installer that does not say so itself; as of `cancel`."""

    async def ended(client: Client, host: str) -> Any:
        return await client.call("POST", "builds", host, "failed", body={"reason": reason})

    _end(Chosen(hosts, group, everything), as_json, where, ended, "the build of {host} has failed")


def _end(
    chosen: Chosen,
    as_json: bool,
    where: dict[str, Any],
    ended: Callable[[Client, str], Coroutine[Any, Any, Any]],
    sentence: str,
) -> None:
    chosen.needed()
    client = client_of(**where)
    if chosen.single is not None:
        answer = run(ended(client, chosen.single))
        output.answer(answer, as_json, sentence.format(host=answer["host"]))
        return
    results = run(each_active(client, chosen, lambda host: ended(client, host)))
    tell(results, as_json, lambda build: sentence.format(host=build["host"]))


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
        if not as_json:
            output.note(f"no daemon answers; this is from {file.absolute()}")
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
    for each in answer.get("hidden", ()):
        output.line(
            f"{each['path']} of {each['by_layer']} ({each['by_file']}:{each['by_line']}) hides "
            f"that of {each['layer']} ({each['file']}:{each['line']})"
        )
    _tell(answer.get("wipes"))
    for problem in answer.get("problems", ()):
        output.error(f"cannot be built: {problem}")
    _advise(answer.get("advice", ()))


def _tell(wipes: Any) -> None:
    """Say which data a build takes; an older daemon does not know."""
    for each in wipes["sentences"] if wipes else ():
        output.line(each)


def _advise(advice: Iterable[str]) -> None:
    for each in advice:
        output.error(f"advice: {each}")


def _described(file: Path, host: str, build_type: str | None) -> Any:
    """Return what the daemon would have answered, from the files."""
    from pyxie.checking import context
    from pyxie.commands.offline import described
    from pyxie.registry.hiding import around_type, as_json
    from pyxie.registry.origins import answer
    from pyxie.rehearsal import expected
    from pyxie.render.rendering import Rendering

    settings, document = load_marked(file)
    definition = described(settings, document, host, build_type)
    return {
        **answer(definition),
        **expected(Rendering(settings), definition, context(settings)),
        "hidden": [as_json(each) for each in around_type(definition.merged)],
    }


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

    HOST may be a pattern.
    """
    client, chosen = client_of(**where), Chosen(hosts, group, everything)
    host = chosen.single
    if host is not None:
        answer = run(client.call("GET", "machines", host))
        if as_json:
            output.as_json(answer)
            return
        output.line(f"{answer['hostname']}  {_state(answer)}  {' '.join(answer['macs'])}")
        if trouble := _trouble(answer):
            output.line(f"last trouble  {trouble}")
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
    if not rows:
        output.note(_NO_MACHINES)
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

    def tell(each: Any, *, dated: bool = False) -> None:
        if as_json:
            output.as_json(each)
        else:
            output.event(each, dated=dated)

    async def before(most: int) -> bool:
        path = ("events", "history")
        found = await client.call("GET", *path, limit=str(most), host=host, mac=mac)
        for each in reversed(found["events"]):
            tell(each, dated=True)
        return bool(found["events"])

    async def show() -> bool:
        some = False
        async for each in client.events(follow=follow, progress=progress, host=host, mac=mac):
            tell(each)
            some = True
        # What is too long ago to be in memory may be on disk.
        return some or await before(_OF_DISK)

    some = run(before(past) if past is not None else show())
    if not some and not as_json:
        output.note(run(_why_no_events(client, host, mac)))


_OF_DISK: Final = 100


async def _why_no_events(client: Client, host: str | None, mac: str | None) -> str:
    """Say why there is nothing to show, and what to call."""
    watch = "pyxie events --follow"
    why = "no machine has asked pyxie for anything"
    if host is not None:
        try:
            await client.call("GET", "machines", host)
        except RefusedError as exc:
            return str(exc)  # there is none of that name
        why, watch = f"{host} has asked pyxie for nothing", f"{watch} --host {host}"
    elif mac is not None:
        why = f"no message of {mac} has reached pyxie, or none since the start was to be answered"
        watch = f"{watch} --mac {mac}"
    why = f"no events: {why}; to watch what comes: {watch}"
    if not await _keeps_events(client):
        why += "; with 'limits.events: 0' none of before the start is kept"
    return why


async def _keeps_events(client: Client) -> bool:
    try:
        return bool((await client.call("GET", "settings"))["settings"]["limits"]["events"])
    except RefusedError:
        return True  # nobody knows


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
