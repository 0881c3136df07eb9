"""`pyxie import`: the files of waitron, Matchbox and Cobbler become pyxie's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pyxie import output
from pyxie.commands.options import MISTAKEN
from pyxie.errors import PyxieError
from pyxie.importers.notes import Result, Tree
from pyxie.importers.tree import ExistsError, read_tree, write

F = TypeVar("F", bound=Callable[..., Any])


@click.group("import", short_help="Take over the files of waitron, Matchbox or Cobbler.")
def import_files() -> None:
    """Take over the files of waitron, Matchbox or Cobbler.

    Writes config.yaml, machines, groups and templates, and prints a line for each thing that
    could not be converted or means something else now, as file:line:column of the old file.
    `pyxie check` then says what is still to be done.
    """


def _options(function: F) -> F:
    @click.option(
        "--to",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(),
        help="The folder to write to. [default: this one]",
    )
    @click.option("--force", is_flag=True, help="Overwrite files that are there.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
    @functools.wraps(function)
    def wrapped(*args: Any, **named: Any) -> Any:
        return function(*args, **named)

    return wrapped  # type: ignore[return-value]  # functools.wraps keeps the signature


_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@import_files.command(
    short_help="Convert a waitron's configuration, machines, groups and templates."
)
@click.argument("folder", metavar="DIR", type=_FOLDER)
@_options
def waitron(folder: Path, **how: Any) -> None:
    """Convert DIR, a folder with a waitron's configuration, machines, groups and templates.

    Of any version: 1, 2 or 3. The templates' pongo2 becomes Jinja2.
    """
    from pyxie.importers.waitron.importer import read

    _import(folder, read, **how)


@import_files.command(short_help="Convert Matchbox's profiles, groups and templates.")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@_options
def matchbox(folder: Path, **how: Any) -> None:
    """Convert DIR, Matchbox's data path with its profiles, groups and templates.

    Profiles become build types, groups become machines.
    """
    from pyxie.importers.matchbox.importer import read

    _import(folder, read, **how)


@import_files.command(short_help="Convert Cobbler's distros, profiles and systems.")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, exists=True))
@_options
def cobbler(file: Path, **how: Any) -> None:
    """Convert FILE, an export of Cobbler's distros, profiles and systems in JSON or YAML.

    Or a folder with its collections and templates, as /var/lib/cobbler.
    """
    from pyxie.importers.cobbler.importer import read

    _import(file, read, **how)


def _import(
    place: Path, read: Callable[[Tree], Result], to: Path, *, force: bool, as_json: bool
) -> None:
    try:
        tree, skipped = read_tree(place)
        result = read(tree)
        result.add_notes(skipped)
        secret = write(result, to, force=force)
    except ExistsError as exc:
        raise _mistake(str(exc)) from exc
    except OSError as exc:
        raise _mistake(f"{exc.filename}: cannot be written: {exc.strerror}") from exc
    except PyxieError as exc:
        raise _mistake(f"{place}: {exc}") from exc
    if as_json:
        notes = [
            {
                "file": note.file,
                "line": note.line,
                "column": note.column,
                "sentence": note.sentence,
            }
            for note in result.notes
        ]
        output.as_json({"files": sorted(result.files), "notes": notes, "secret": secret})
        return
    for note in result.notes:
        output.line(str(note))
    for name in secret:
        output.line(
            f"{to / name}: has a password in it, and so only its owner and group may read it: "
            "let pyxie's user be one of them"
        )
    output.line(
        f"{len(result.files)} file(s) written, {len(result.notes)} note(s); "
        f"go on with: pyxie check --config {to / 'config.yaml'}"
    )


def _mistake(text: str) -> click.exceptions.Exit:
    output.error(f"pyxie: {text}")
    return click.exceptions.Exit(MISTAKEN)
