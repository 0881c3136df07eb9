"""Images from the command line: what machines boot, and where that comes from."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final
from urllib.parse import urlsplit

import click

from pyxie import output
from pyxie.client import Client
from pyxie.commands import checkup, kept
from pyxie.commands.options import FAILED, remote, run
from pyxie.commands.options import client as client_of
from pyxie.refusals import RefusedError

_PIECE: Final = 1 << 20
_ABSENT: Final = 404
_CONFLICT: Final = 409
_POLL: Final = 0.3
"""Seconds between looks whether a medium has been read."""


@click.group(short_help="What machines boot: kept copies, recipes, ISO images.")
def images() -> None:
    """What machines boot: kernels, initrds, and the media that they are on."""


for _each in (*kept.COMMANDS, checkup.check):
    images.add_command(_each)


@images.command("import", short_help="Have machines boot from an ISO image.")
@click.argument("what", metavar="FILE|URL|NAME")
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
    """Put an ISO image into the daemon's folder 'isos', and look what of it boots.

    FILE is one of this host's, and sent to the daemon; URL is fetched by it.

    Of a known system a recipe is made: `os: NAME` in a machine's file boots it. Of an unknown one
    it is shown what was found; with --confirm that becomes its recipe. NAME is of an image that
    lies in the folder already.
    """
    from pyxie.media.isofolder import SUFFIX, is_name, name_of  # no other command needs it

    client, path = client_of(**where), Path(what)
    is_url = what.startswith(("http://", "https://"))
    size = path.stat().st_size if not is_url and path.is_file() else None
    file = PurePosixPath(urlsplit(what).path).name if is_url else path.name
    stem = name_of(file.removesuffix(SUFFIX)) if is_url or size is not None else what
    chosen = name or stem
    if not is_name(chosen):
        why = f"{chosen[:80]!r} is not a name like fedora-40, and no file"
        raise click.BadParameter(why, param_hint="--name" if name else "FILE|URL|NAME")
    said = {"kernel": kernel, "initrds": list(initrds), "cmdline": cmdline}

    async def work() -> Any:
        if image is not None and size is not None and not await _is_there(client, chosen, size):
            await _sent(client, image, size, chosen)
        if is_url:
            await client.call("POST", "media", body={"url": what, "name": chosen})
        found = await _read(client, chosen)
        if confirm and not found["written"]:
            found = await client.call("POST", "media", chosen, "confirm", body=said)
        return found

    with nullcontext() if size is None else path.open("rb") as image:
        found = run(work())
    for each in [""] if as_json else _lines(found):
        output.answer(found, as_json, each)
    if found["state"] != "ready":
        raise click.exceptions.Exit(FAILED)


async def _is_there(client: Client, name: str, size: int) -> bool:
    """Tell whether the daemon has that image; raises RefusedError of another by its name."""
    try:
        found = await client.call("GET", "media", name)
    except RefusedError as exc:
        if exc.status != _ABSENT:
            raise
        return False
    if found["size"] != size:
        why = f"another image is called {name}: choose another --name, or remove that"
        raise RefusedError(_CONFLICT, why)
    return True


async def _sent(client: Client, image: BinaryIO, size: int, name: str) -> None:
    """Send a file to the daemon, which may be on another host."""
    with output.progress(name, size) as moved:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        await client.send("PUT", "media", name, body=_pieces(image, moved), headers=headers)


async def _pieces(image: BinaryIO, moved: Callable[[int], None]) -> AsyncIterator[bytes]:
    while piece := image.read(_PIECE):
        yield piece
        moved(len(piece))


async def _read(client: Client, name: str) -> Any:
    """Return a medium once it has been read."""
    told = ""
    while True:
        found = await client.call("GET", "media", name)
        if found["state"] != "looking":
            return found
        if found["why"] != told and sys.stderr.isatty():
            output.note(f"{name} {found['why']}")
        told = found["why"]
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
