"""Machines from the command line: add, set, edit, remove. The daemon writes the files."""

from __future__ import annotations

import asyncio
import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import click

from pyxie import output
from pyxie.client import Client, Reply
from pyxie.commands.assign import Assignment, changed, described, difference, layers
from pyxie.commands.options import FAILED, remote, run
from pyxie.commands.options import client as client_of
from pyxie.config.nodes import Loc, Plain
from pyxie.config.values import mac as canonical
from pyxie.refusals import RefusedError
from pyxie.registry.origins import is_secret

_YAML: Final = "application/yaml"
_STALE: Final = 412
_NO_FILE: Final = "{} has no file any more, only the history of its builds"


class _Mac(click.ParamType[str]):
    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return canonical(value)
        except ValueError as exc:
            self.fail(str(exc), param, ctx)


@click.command(short_help="Write the file of a new machine, HOST.")
@click.argument("host")
@click.option("--mac", "macs", type=_Mac(), multiple=True, help="Of a NIC; may be repeated.")
@layers
@remote
def add(
    host: str,
    macs: tuple[str, ...],
    build_type: str | None,
    groups: tuple[str, ...],
    values: tuple[tuple[Loc, Plain], ...],
    as_json: bool,
    **where: Any,
) -> None:
    """Write the file of a new machine, HOST.

    For example: pyxie add web01.example.org --mac 52:54:00:12:34:56 --type debian12 --set
    params.disk=/dev/sda
    """
    nics: list[Plain] = [{"macaddress": mac} for mac in macs]
    data: dict[str, Plain] = {"hostname": host, **({"network": nics} if nics else {})}
    client = client_of(**where)
    machine = described(data, build_type, groups, values)
    answer = run(create(client, machine))
    said = ""
    if is_secret(machine):
        said = "; its file has a password in it, and only its owner and group may read it"
    output.answer(answer, as_json, f"{answer['hostname']} is added{said}")


async def create(client: Client, machine: Plain) -> Any:
    """Write a machine's file, and say what it cannot be built for yet; return it."""
    answer = await client.call("POST", "machines", body=machine)
    with suppress(RefusedError):  # an older daemon, or a machine that went at once
        expected = await client.call("GET", "machines", str(answer["hostname"]), "definition")
        for problem in expected.get("problems", ()):
            output.note(f"it cannot be built yet: {problem}")
    return answer


@click.command("set", short_help="Change keys of HOST's file; comments and order stay.")
@click.argument("host")
@click.argument("values", type=Assignment(), nargs=-1, required=True, metavar="KEY=VALUE...")
@remote
def set_(host: str, values: tuple[tuple[Loc, Plain], ...], as_json: bool, **where: Any) -> None:
    """Change keys of HOST's file; comments and order stay.

    A key may lead inside: params.disk=/dev/sda, network[0].macaddress=52:54:00:12:34:56.
    KEY= clears it; KEY=[a, b] is a list.
    """
    client = client_of(**where)

    async def work() -> Reply:
        seen = await client.send("GET", "machines", host)
        old = client.data(seen)["definition"]
        if seen.etag is None:
            raise RefusedError(0, _NO_FILE.format(host))
        if not isinstance(old, dict):
            raise RefusedError(0, f"the file of {host} is broken; mend it with: pyxie edit {host}")
        new = changed(old, values)
        assert isinstance(new, dict)  # noqa: S101  (a key of it was set)
        body = json.dumps(difference(old, new)).encode()
        return await _changing(client, "PATCH", host, seen, body, "application/merge-patch+json")

    answer = client.data(run(work()))
    output.answer(answer, as_json, f"{answer['hostname']} is changed")


@click.command(short_help="Open HOST's file in $EDITOR; it is checked, then written.")
@click.argument("host")
@remote
def edit(host: str, as_json: bool, **where: Any) -> None:
    """Open HOST's file in $EDITOR; once it is saved it is checked, then written.

    If something is wrong with it, you are told what and may go on editing; until then the
    old file stays in force.
    """
    client = client_of(**where)
    seen = run(client.send("GET", "machines", host, headers={"Accept": _YAML}))
    if seen.etag is None:
        output.error(f"pyxie: {_NO_FILE.format(host)}")
        raise click.exceptions.Exit(FAILED)
    place = Path(tempfile.mkdtemp(prefix="pyxie-"))
    draft = place / "machine.yaml"
    draft.write_bytes(seen.body)
    try:
        answer = _edited(client, host, seen, draft)
    except BaseException:
        output.error(f"pyxie: what you wrote is kept in {draft}")
        raise
    draft.unlink()
    place.rmdir()
    output.answer(answer, as_json, f"{host} is {'changed' if answer else 'as it was'}")


def _edited(client: Client, host: str, seen: Reply, draft: Path) -> Any:
    """Let it be edited until it is accepted; return None if nothing was changed."""
    while True:
        click.edit(filename=str(draft))
        body = draft.read_bytes()
        if body == seen.body:
            return None
        try:
            changing = _changing(client, "PUT", host, seen, body, _YAML)
            return client.data(asyncio.run(changing))
        except RefusedError as exc:
            for problem in exc.problems or (f"pyxie: {exc}",):
                output.error(problem)
            if not exc.problems or not click.confirm("Edit again?", default=True, err=True):
                raise click.exceptions.Exit(FAILED) from exc


@click.command(short_help="Delete HOST's file.")
@click.argument("host")
@click.option(
    "--force", is_flag=True, help="Also while it is in build mode; the active build continues."
)
@remote
def remove(host: str, force: bool, as_json: bool, **where: Any) -> None:
    """Delete HOST's file. The history of its builds stays."""
    client = client_of(**where)

    async def work() -> None:
        seen = await client.send("GET", "machines", host)
        params = {"force": "1"} if force else {}
        await _changing(client, "DELETE", host, seen, None, None, params)

    run(work())
    output.answer({"removed": host}, as_json, f"{host} is removed")


async def _changing(
    client: Client,
    method: str,
    host: str,
    seen: Reply,
    body: bytes | None,
    kind: str | None,
    params: dict[str, str] | None = None,
) -> Reply:
    """Change what was seen.

    Raises:
        RefusedError: Also if it has changed since it was seen.
    """
    headers = {"If-Match": seen.etag or '"none"', **({"Content-Type": kind} if kind else {})}
    try:
        return await client.send(
            method, "machines", host, body=body, params=params, headers=headers
        )
    except RefusedError as exc:
        if exc.status != _STALE:
            raise
        message = f"{host} was changed by somebody else meanwhile, nothing was written; try again"
        raise RefusedError(_STALE, message) from exc
