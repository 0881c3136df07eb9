"""`pyxie wait`: until builds have come to where they are to come."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import click

from pyxie import output
from pyxie.client import Client
from pyxie.commands.options import FAILED, TIME_IS_UP, Duration, remote, run
from pyxie.commands.options import client as client_of
from pyxie.commands.several import Chosen, several

_POLL: Final = 1.0
"""Seconds between two looks at a build."""
_ENDS: Final = ("installed", "failed", "cancelled", "replaced")
_REACHED: Final = {
    "installing": ("installing", "stale", "installed"),
    "installed": ("installed",),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
    "ended": _ENDS,
}
"""What may be waited for, and the states in which it has come to be."""


@click.command(short_help="Wait until the builds of HOSTs have come to their end.")
@several
@click.option(
    "--for",
    "wanted",
    type=click.Choice(list(_REACHED)),
    default="installed",
    show_default=True,
    help="What to wait for; 'ended' is any end.",
)
@click.option(
    "--timeout",
    type=Duration("[smh]?", "90s, 45m or 2h"),
    help="As 90s, 45m or 2h. [default: for ever]",
)
@remote
def wait(
    hosts: tuple[str, ...],
    group: str,
    everything: bool,
    wanted: str,
    timeout: float | None,
    as_json: bool,
    **where: Any,
) -> None:
    """Wait until the newest builds of all HOSTs are installed, or whatever --for says.

    Prints each state that a build comes into. Ends with 0 when all are there, with 1 as soon as all
    builds have ended and one of them otherwise, with 5 if a machine was never in build mode, with 7
    when time is up.
    """
    chosen = Chosen(hosts, group, everything)
    chosen.needed()
    client = client_of(**where)
    states: dict[str, str] = {}
    deadline = None if timeout is None else time.monotonic() + timeout

    async def work() -> int:
        names = await chosen.found(client)
        while True:
            await _look(client, names, states, quiet=as_json)
            waited = [host for host in names if states[host] not in _REACHED[wanted]]
            if not waited:
                return 0
            if all(states[host] in _ENDS for host in waited):
                return FAILED
            if deadline is not None and time.monotonic() >= deadline:
                for host in () if as_json else waited:
                    output.error(f"pyxie: time is up: {host} is {states[host]}")
                return TIME_IS_UP
            left = _POLL if deadline is None else min(_POLL, deadline - time.monotonic())
            await asyncio.sleep(max(0.0, left))

    code = run(work())
    if as_json:
        output.as_json({"states": states})
    if code:
        raise click.exceptions.Exit(code)


async def _look(client: Client, names: list[str], states: dict[str, str], *, quiet: bool) -> None:
    for host in names:
        if states.get(host) in _ENDS:
            continue
        state = str((await client.call("GET", "builds", host))["state"])
        if state != states.get(host) and not quiet:
            output.line(f"{host} is {state}")
        states[host] = state
