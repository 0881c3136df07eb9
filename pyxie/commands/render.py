"""`pyxie render`: what a machine would get, from the files and without a daemon."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyxie import output
from pyxie.commands.offline import described
from pyxie.commands.options import MISTAKEN, common, needed
from pyxie.config.nodes import Document
from pyxie.config.settings import Settings, load_marked
from pyxie.config.values import mac as canonical
from pyxie.errors import NotServedError, RenderError
from pyxie.registry.define import UnknownTypeError
from pyxie.registry.machine import Machine

if TYPE_CHECKING:
    from pyxie.render.context import BuildContext

_ANYWHERE = "192.0.2.1"


@click.command(short_help="Show the exact bytes that HOST would get.")
@click.argument("host")
@click.argument("kind", default="preseed")
@click.option("--type", "build_type", help="As this one of 'build_types' would have it.")
@click.option("--mac", help="For this NIC. [default: the machine's first]")
@common
def render(
    host: str,
    kind: str,
    build_type: str | None,
    mac: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Show the exact bytes that HOST would get, from the files, without a daemon.

    KIND is preseed (the default), finish, a name in the machine's 'templates', cmdline for
    the kernel's command line, script for iPXE's, or meta-data. No build is begun: the token is
    shown as zeros.
    """
    from pyxie.render.deadline import deadline
    from pyxie.render.preview import preview
    from pyxie.render.rendering import Rendering

    file = needed(config)
    settings, document = load_marked(file)
    machine = _described(settings, document, host, build_type)
    context = _context(settings, machine, build_type or "", mac)
    try:
        with deadline():
            text = preview(Rendering(settings), machine, kind, context)
    except (NotServedError, RenderError) as exc:
        output.error(f"pyxie: {exc}")
        raise click.exceptions.Exit(MISTAKEN) from exc
    notes = f"of no build, from {file.absolute()}: the token is zeros, and URLs begin with "
    notes += context.base_url
    if as_json:
        output.as_json({"host": machine.hostname, "kind": kind, "text": text})
        return
    output.error(f"pyxie: {notes}")
    output.exact(text)


def _described(settings: Settings, document: Document, host: str, build_type: str | None) -> Any:
    try:
        return described(settings, document, host, build_type).machine
    except UnknownTypeError as exc:
        raise click.BadParameter(str(exc), param_hint="--type") from exc


def _context(
    settings: Settings, machine: Machine, build_type: str, mac: str | None
) -> BuildContext:
    from pyxie.net.interfaces import read
    from pyxie.render.context import BuildContext
    from pyxie.render.preview import TOKEN

    try:
        nic = canonical(mac) if mac is not None else next(iter(machine.macs), "")
    except ValueError as exc:
        raise click.BadParameter(str(exc), param_hint="--mac") from exc
    base = settings.baseurl
    if base is None:
        ours = read(settings.interfaces or None).first() or _ANYWHERE
        base = f"http://{ours}:{settings.http.port}"
    return BuildContext(base_url=base, token=TOKEN, mac=nic, build_type=build_type)
