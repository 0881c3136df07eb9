"""``pyxie serve``: the daemon."""

from __future__ import annotations

from pathlib import Path

import click

from pyxie import output
from pyxie.commands.options import common, needed
from pyxie.config.settings import load_marked
from pyxie.errors import ConfigError
from pyxie.launch import run


@click.command()
@click.option("--strict", is_flag=True, help="Refuse to start while a machine file is broken.")
@common
def serve(config: Path | None, as_json: bool, strict: bool) -> None:
    """Run the daemon, in the foreground.

    SIGTERM and Ctrl-C end it once what is in hand is done; SIGHUP reads config.yaml again. A
    mistake in config.yaml refuses the start, and later changes nothing; one in a machine's
    file takes out that machine alone, unless --strict is given.
    """
    file = needed(config)
    try:
        settings, document = load_marked(file)
        run(file, settings, strict=strict, document=document)
    except ConfigError as exc:
        if as_json:
            output.as_json({"problems": [str(problem) for problem in exc.problems]})
        raise
