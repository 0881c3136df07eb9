"""Images from the command line: what machines boot, and where that comes from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import click

from pyxie import output
from pyxie.client import Client
from pyxie.commands.options import FAILED, remote, run
from pyxie.commands.options import client as client_of
from pyxie.media.isofolder import is_name, name_of

_PIECE: Final = 1 << 20
_POLL: Final = 0.3
"""Seconds between looks whether a medium has been read."""


@click.group(short_help="Take ISO images, of which machines boot.")
def images() -> None:
    """What machines boot: kernels, initrds, and the media that they are on."""


@images.command("import", short_help="Have machines boot from an ISO image.")
@click.argument("what", metavar="FILE|NAME")
@click.option("--name", default="", help="What it is called. [default: as the file]")
@click.option("--confirm", is_flag=True, help="Boot what was guessed, or what is said here.")
@click.option("--kernel", default="", help="A file on the medium, in place of the guess.")
@click.option("--initrd", "initrds", multiple=True, help="A file on it; may be repeated.")
@click.option("--cmdline", help="What the kernel is passed, in place of the guess.")
@remote
def import_(
    what: str,
    name: str,
    confirm: bool,
    kernel: str,
    initrds: tuple[str, ...],
    cmdline: str | None,
    as_json: bool,
    **where: Any,
) -> None:
    """Put the ISO image FILE into the daemon's folder 'isos', and look what of it boots.

    Of a known system a recipe is made: `os: NAME` in a machine's file boots it. Of an unknown one
    it is shown what was found; with --confirm that becomes its recipe. NAME is of an image that
    lies in the folder already.
    """
    client = client_of(**where)
    path = Path(what)
    chosen = name or (name_of(path.name.removesuffix(".iso")) if path.is_file() else what)
    if not is_name(chosen):
        why = f"{chosen[:80]!r} is not a name like fedora-40, and no file"
        raise click.BadParameter(why, param_hint="--name" if name else "FILE|NAME")
    said = {"kernel": kernel, "initrds": list(initrds), "cmdline": cmdline}

    size = path.stat().st_size if path.is_file() else None

    async def work() -> Any:
        if size is not None:
            await _sent(client, path, size, chosen)
        found = await _read(client, chosen)
        if confirm and not found["written"]:
            found = await client.call("POST", "media", chosen, "confirm", body=said)
        return found

    found = run(work())
    output.answer(found, as_json, "\n".join(_lines(found)))
    if found["state"] != "ready":
        raise click.exceptions.Exit(FAILED)


async def _sent(client: Client, path: Path, size: int, name: str) -> None:
    """Send a file to the daemon, which may be on another host."""
    with output.progress(path.name, size) as moved:
        kind = {"Content-Type": "application/octet-stream"}
        await client.send("PUT", "media", name, body=_pieces(path, moved), headers=kind)


async def _pieces(path: Path, moved: Callable[[int], None]) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
            moved(len(piece))


async def _read(client: Client, name: str) -> Any:
    """Return a medium once it has been read."""
    while True:
        found = await client.call("GET", "media", name)
        if found["state"] != "looking":
            return found
        await asyncio.sleep(_POLL)


def _lines(found: Any) -> list[str]:
    name, state = found["name"], found["state"]
    if state == "broken":
        return [f"{found['file']} {found['why']}"]
    if state == "ready":
        again = f"; but {found['why']}" if found["why"] else ""
        return [f"{name}: {found['title'] or 'ready'}; boot it by `os: {name}`{again}"]
    lines = [f"{name} {found['why']}"]
    for at, entry in enumerate(found["entries"]):
        lines.append(f"{'guess' if at == 0 else 'or'}: {entry['label']}")
        lines.append(f"  kernel:  {entry['kernel']}")
        lines += [f"  initrd:  {each}" for each in entry["initrds"]]
        lines.append(f"  cmdline: {entry['cmdline']}")
        lines.append(f"  from:    {entry['source'] or 'its name'}")
    lines += [f"for UEFI: {each}" for each in found["loaders"]]
    return lines
