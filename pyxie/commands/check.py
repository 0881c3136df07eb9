"""``pyxie check``: mistakes in the operator's files."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import click

from pyxie import output
from pyxie.checking import check as looked_at
from pyxie.checking import signatures
from pyxie.commands.options import MISTAKEN, common, needed
from pyxie.commands.running import beside
from pyxie.registry.define import UnknownTypeError

_POLL: Final = 1.0
"""Seconds between looks at the files."""


@click.command()
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
