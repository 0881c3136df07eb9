"""The boot trace: events."""

from __future__ import annotations

from typing import Any, Final

import click

from pyxie import output
from pyxie.client import Client
from pyxie.commands.options import client as client_of
from pyxie.commands.options import remote, run
from pyxie.config.values import mac as canonical
from pyxie.refusals import RefusedError


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
