"""`pyxie probe`: what would a machine on this network boot?"""

from __future__ import annotations

import asyncio
import re
from typing import Final

import click

from pyxie import output
from pyxie.commands.options import FAILED

_FIRMWARE: Final = ("bios", "uefi-x64", "uefi-arm64", "http", "ipxe")
_MAC: Final = re.compile(r"[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}")


def _mac(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    mac = value.lower()
    if not _MAC.fullmatch(mac):
        raise click.BadParameter(f"{value!r} is not a MAC like 52:54:00:12:34:56")
    return mac.replace("-", ":")


@click.command(short_help="Tell what a machine on this network would boot.")
@click.option(
    "--firmware",
    type=click.Choice(_FIRMWARE),
    default="uefi-x64",
    show_default=True,
    help="Whose part is played.",
)
@click.option("--mac", callback=_mac, help="The machine's. [default: the interface's own]")
@click.option("--interface", help="Which leads to the machines. [default: the only one]")
@click.option(
    "--seconds",
    type=click.FloatRange(1, 60),
    default=5.0,
    show_default=True,
    help="How long offers are waited for.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def probe(
    firmware: str, mac: str | None, interface: str | None, seconds: float, as_json: bool
) -> None:
    """Ask the network as a machine's firmware does, and go by the answers as it would.

    Shows every server that answers, which answer such firmware takes and why, and fetches the
    loader and the script that it names. It needs no daemon, and asks any server, of whatever
    make; no address is taken from a DHCP server. Root, or CAP_NET_RAW, is needed. It ends with 0
    if the machine would boot, else with 1.
    """
    # They take half a second to import.
    from pyxie.probing.conclusion import conclude
    from pyxie.probing.playing import play
    from pyxie.probing.questions import Firmware
    from pyxie.probing.spoken import data, lines

    says = (lambda _: None) if as_json else output.note
    found = asyncio.run(play(interface or _only(), mac, Firmware(firmware), seconds, says))
    conclusion = conclude(found)
    if as_json:
        output.as_json(data(found, conclusion))
    else:
        for line in lines(found, conclusion):
            output.line(line)
    if not conclusion.boots:
        raise click.exceptions.Exit(FAILED)


def _only() -> str:
    """Return the interface that is meant where none is named."""
    from pyxie.net.interfaces import read  # by a library that no other command needs

    present = read()
    there = [each for each in map(present.named, present.names) if each is not None]
    likely = [each for each in there if each.addresses] or there
    if len(likely) == 1:
        return likely[0].name
    named = "; ".join(map(str, likely)) or "there is none but loopback"
    raise click.UsageError(f"say which interface leads to the machines, by --interface: {named}")
