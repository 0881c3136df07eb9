"""The command line. The only place that ends the process, and that turns errors to codes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import click

from pyxie import __version__, output
from pyxie.client import RefusedError, UnreachableError
from pyxie.commands import (
    access,
    adhoc,
    builds,
    discovered,
    doctor,
    events,
    images,
    importing,
    leases,
    loaders,
    machines,
    probe,
    saving,
    schema,
    status,
    waiting,
    why,
)
from pyxie.commands import render as rendering
from pyxie.commands.options import FAILED, MISTAKEN, code_of, common, needed
from pyxie.commands.running import beside
from pyxie.config.settings import load_marked
from pyxie.errors import ConfigError, PyxieError

UNREACHABLE: Final = 3
"""No daemon answers."""
INTERRUPTED: Final = 130
"""Ctrl-C, as a shell tells it."""
UNREAD: Final = 141
"""Whoever read the output has left, as a shell tells SIGPIPE."""
_POLL: Final = 1.0
"""Seconds between looks at the files."""


def main() -> NoReturn:
    """Run the command line; the entry point of the ``pyxie`` program."""
    output.prepare()
    try:
        # Without its standalone mode, click returns the code of a click.exceptions.Exit.
        code = commands(prog_name="pyxie", standalone_mode=False)
    except click.ClickException as exc:
        if not _wants_json():
            exc.show()
            sys.exit(MISTAKEN)
        _end(MISTAKEN, exc.format_message())
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except output.ReaderGoneError:
        sys.exit(UNREAD)
    except RefusedError as exc:
        _end(code_of(exc.status, exc.code), f"pyxie: {exc}", exc.problems, exc.status, exc.code)
    except UnreachableError as exc:
        _end(UNREACHABLE, f"pyxie: {exc}")
    except ConfigError as exc:
        _end(MISTAKEN, str(exc), tuple(map(str, exc.problems)))
    except PyxieError as exc:
        _end(FAILED, f"pyxie: {exc}")
    sys.exit(code if isinstance(code, int) else 0)


def _wants_json() -> bool:
    # Also of a call that is so wrong that its options are not known.
    return "--json" in sys.argv


def _end(
    exit_code: int,
    text: str,
    problems: tuple[str, ...] = (),
    status: int = 0,
    code: str | None = None,
) -> NoReturn:
    """Say why the command ends, in lines or, for scripts, as a problem (RFC 9457); end it."""
    if _wants_json():
        detail = text.removeprefix("pyxie: ")
        output.problem(exit_code, detail, problems=problems, status=status, code=code)
    else:
        output.error(text)
    sys.exit(exit_code)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 the daemon refused or died; 2 a mistake in the files or in "
    "the call; 3 no daemon answers; 4 it is so already; 5 not found; 6 not allowed; 7 time is up; "
    "130 Ctrl-C.",
)
@click.version_option(__version__, message="pyxie %(version)s")
def commands() -> None:
    """Boot machines over the network, and install them.

    A first boot: describe the machine in machines/NAME.yaml, look for mistakes with `pyxie
    check`, start `pyxie serve`, say `pyxie build NAME`, switch the machine on, and watch it
    with `pyxie events --follow`.
    """


@commands.command()
@click.option("--strict", is_flag=True, help="Refuse to start while a machine file is broken.")
@common
def serve(config: Path | None, as_json: bool, strict: bool) -> None:
    """Run the daemon, in the foreground.

    SIGTERM and Ctrl-C end it once what is in hand is done; SIGHUP reads config.yaml again. A
    mistake in config.yaml refuses the start, and later changes nothing; one in a machine's
    file takes out that machine alone, unless --strict is given.
    """
    from pyxie.daemon import run  # the daemon's libraries take half a second to import

    file = needed(config)
    try:
        settings, document = load_marked(file)
        run(file, settings, strict=strict, document=document)
    except ConfigError as exc:
        if as_json:
            output.as_json({"problems": [str(problem) for problem in exc.problems]})
        raise


@commands.command()
@click.option("--build-type", "--type", help="Try every machine with this type.")
@click.option("--watch", is_flag=True, help="Look again whenever a file changes, until Ctrl-C.")
@common
def check(config: Path | None, as_json: bool, watch: bool, build_type: str | None) -> None:
    """Look for mistakes in config.yaml, machine files and templates.

    Prints one line for each, as file:line:column, and exits with 2 if there are any. What
    passes here is what `pyxie build` accepts. Lines of advice name what is no mistake, and
    will hardly be wanted; they do not count. The environment's http_proxy and its like are
    looked at too. Standard error tells which files were checked, and of a daemon on this host
    that runs on others, or has not read these yet.
    """
    file = needed(config)
    notes = beside(file)
    if watch:
        _watch(file, as_json, build_type, notes)
    if not _checked(file, as_json, build_type, notes):
        raise click.exceptions.Exit(MISTAKEN)


def _checked(
    file: Path, as_json: bool, build_type: str | None, notes: Sequence[str], at: str = ""
) -> bool:
    """Print what is wrong, and what was looked at; return whether nothing is wrong."""
    from pyxie.checking import check as looked_at
    from pyxie.registry.define import UnknownTypeError

    try:
        seen = looked_at(file, build_type, os.environ)
    except UnknownTypeError as exc:
        raise click.BadParameter(str(exc), param_hint="--build-type") from exc
    found, machines = seen.problems, seen.machines
    if as_json:
        looked = {"file": str(seen.file), "machinepath": str(seen.machinepath)}
        counted = {"files": seen.files, "templates": sorted(seen.templates)}
        said = {"problems": list(map(str, found)), "advice": list(map(str, seen.advice))}
        hides = {"notes": list(map(str, seen.notes))} if build_type else {}
        told = {"machines": machines, **said, **looked, **counted, "beside": list(notes)}
        output.as_json({**told, **hides})
        return not found
    for problem in found:
        output.line(str(problem))
    for note in seen.notes:
        output.line(f"note: {note}")
    for advice in seen.advice:
        output.line(f"advice: {advice}")
    if not found:
        output.line(f"{at}{machines} machine(s), no mistakes")
    elif at:
        output.line(f"{at}{machines} machine(s) without mistakes; {len(found)} mistake(s) above")
    if not at and seen.file.is_file():
        output.note(
            f"checked {seen.file}, {seen.files} machine file(s) in {seen.machinepath}"
            f" and {len(seen.templates)} template(s)"
        )
        for each in notes:
            output.note(each)
    return not found


def _watch(file: Path, as_json: bool, build_type: str | None, notes: Sequence[str]) -> NoReturn:
    from pyxie.checking import signatures

    output.note(f"watching {file.absolute()} and what it leads to")
    for note in notes:
        output.note(note)
    before: object = None
    while True:
        # Taken first: what changes during the check is looked at once more.
        now = signatures(file)
        if now != before:
            before = now
            _checked(file, as_json, build_type, notes, time.strftime("%H:%M:%S  "))
        time.sleep(_POLL)


for _each in (
    *(builds.build, builds.show, builds.cancel, builds.done, builds.failed, builds.log),
    adhoc.boot,
    *(status.status, waiting.wait, status.machines, events.events, why.why),
    rendering.render,
    *(access.token, access.audit),
    *(discovered.discovered, discovered.adopt),
    *(machines.add, machines.set_, machines.edit, machines.remove),
    *(saving.backup, saving.restore_),
    schema.schema,
    doctor.doctor,
    importing.import_files,
    images.images,
    *(loaders.loaders, leases.leases),
    probe.probe,
):
    commands.add_command(_each)
