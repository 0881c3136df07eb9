"""Builds, from what they are made of to their end: show, build, cancel, done, failed, log."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Final

import click

from pyxie import output
from pyxie.client import Client
from pyxie.commands.assign import Assignment, changed
from pyxie.commands.options import client as client_of
from pyxie.commands.options import found, remote, run
from pyxie.commands.several import Chosen, each_active, several, tell
from pyxie.config.nodes import Loc, Plain
from pyxie.config.settings import load_marked
from pyxie.refusals import UnreachableError


@click.command(short_help="Put HOSTs in build mode: their next network boot installs them.")
@several
@click.option("--type", "build_type", help="Which of 'build_types'. [default: its file's]")
@click.option("--os", "system", help="A system by its recipe, as debian-12, for this build alone.")
@click.option(
    "--arch", help="The architecture for which the recipe is asked. [default: its file's]"
)
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
    system: str | None,
    arch: str | None,
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
    named = {key: value for key, value in (("os", system), ("arch", arch)) if value}
    written = [*values, *(((key,), value) for key, value in named.items())]
    said = changed({}, written)
    body = {"build_type": build_type or "", "replace": replace, "definition": said}
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
    lost = [each.removeprefix(f"{build['host']} ") for each in wipes["sentences"]] if wipes else ()
    return "; ".join([_begun(build), *lost])


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
    if not answer["log"]:
        output.note(f"the installer of {host} sent no log; what it did: pyxie events --host {host}")


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
    for each in answer.get("images", ()):
        how = f"is verified by {each['verified']}" if each["verified"] else "is not verified"
        output.line(f"{each['part']}: {each['source']} {how}")
    for each in answer.get("secure_boot", ()):
        output.line(output.secure_boot(each))
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
    from pyxie.render.deadline import deadline
    from pyxie.render.rendering import Rendering

    settings, document = load_marked(file)
    definition = described(settings, document, host, build_type)
    with deadline():
        tried = expected(Rendering(settings), definition, context(settings))
    return {
        **answer(definition),
        **tried,
        "hidden": [as_json(each) for each in around_type(definition.merged)],
    }
