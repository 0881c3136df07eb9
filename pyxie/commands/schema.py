"""`pyxie schema`: what editors need to complete and check the operator's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click

from pyxie import output
from pyxie.commands.options import common

KINDS: Final = ("machine", "config", "group", "recipe")


@click.command(short_help="Print the JSON Schema of a kind of file, for editors.")
@click.argument("kind", type=click.Choice(KINDS))
@common
def schema(kind: str, config: Path | None, as_json: bool) -> None:  # noqa: ARG001
    """Print the JSON Schema (2020-12) of machine files, config.yaml, groups or recipes.

    Editors that know yaml-language-server take it by a line at the top of a file:
    "# yaml-language-server: $schema=machine.json".
    """
    for each in json.dumps(of(kind), indent=None if as_json else 2).splitlines():
        output.line(each)


def of(kind: str) -> dict[str, Any]:
    """Return the schema of one of `KINDS`."""
    from pydantic import BaseModel

    from pyxie.config.build import Group
    from pyxie.config.schema import schema as made
    from pyxie.config.settings import Settings
    from pyxie.recipes.recipe import Recipe
    from pyxie.registry.machine import Machine

    models: dict[str, type[BaseModel]] = {
        "machine": Machine,
        "config": Settings,
        "group": Group,
        "recipe": Recipe,
    }
    return made(models[kind], f"pyxie: {'config.yaml' if kind == 'config' else f'a {kind} file'}")
