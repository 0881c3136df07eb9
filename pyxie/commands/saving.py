"""The state on its way to a backup and back: backup, restore."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Final

import click

from pyxie import output
from pyxie.commands.options import common, found, needed
from pyxie.config.settings import load_marked

_SERVICE: Final = Path("/var/lib/pyxie/pyxie.sqlite")
"""Where the state is as a systemd service, which tells it by $STATE_DIRECTORY."""

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_STATE = click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="SQLite's file. [default: as config.yaml says, or the service's]",
)


@click.command("backup", short_help="Save the state to FILE, while pyxie runs or not.")
@_FILE
@_STATE
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@common
def backup(file: Path, state: Path | None, force: bool, config: Path | None, as_json: bool) -> None:
    """Save the state to FILE: builds, their history and tokens, API tokens, the audit log, events.

    pyxie may go on running. config.yaml, machine files, groups and templates are files of yours,
    and not in it.
    """
    from pyxie.store.backup import BackupError, save

    if not force and os.path.lexists(file):
        raise BackupError(f"{file} is there already; --force overwrites it")
    place = _place(state, config)
    builds = save(place, file)
    said = {"state": str(place), "file": str(file), "builds": builds}
    text = f"{place} is saved to {file}: {builds} build(s). Tokens are inside; machine files, "
    output.answer(said, as_json, text + "templates and config.yaml are not")


@click.command("restore", short_help="Put a saved state back, while pyxie does not run.")
@_FILE
@_STATE
@click.option("--keep-builds", is_flag=True, help="Leave machines in build mode.")
@common
def restore_(
    file: Path, state: Path | None, keep_builds: bool, config: Path | None, as_json: bool
) -> None:
    """Put the state that `pyxie backup` saved to FILE back. Stop pyxie before.

    Builds that were active then are cancelled, for their machines may have been installed since,
    and would be installed over. What was there before is kept beside the state.
    """
    from pyxie.store.backup import restore

    place = _place(state, config)
    active = restore(file, Path(os.path.realpath(place)), time.time(), keep_builds=keep_builds)
    said: dict[str, Any] = {"state": str(place), "file": str(file), "active": active}
    text = f"{place} is as it was saved to {file}"
    if active:
        what = "in build mode again" if keep_builds else "no longer in build mode"
        text += f"; {what}: {', '.join(active)}"
    output.answer({**said, "kept": keep_builds}, as_json, text)


def _place(state: Path | None, config: Path | None) -> Path:
    """Return where the state is.

    Raises:
        BackupError: It is no file, or could be either of two.
    """
    from pyxie.store.backup import BackupError

    if state is not None:
        return state
    if found(config) is None and _SERVICE.exists():
        return _SERVICE
    settings, document = load_marked(needed(config))
    scheme, _, path = settings.state.partition(":///")
    if not scheme.startswith("sqlite"):
        raise BackupError("the state is no SQLite file: use its database's own tools, as pg_dump")
    said = isinstance(document.data, dict) and document.data.get("state")
    place = Path(path)
    if said or "STATE_DIRECTORY" in os.environ or not _SERVICE.exists():
        return place
    if place.exists():
        raise BackupError(f"there are two states, {place} and {_SERVICE}: say which with --state")
    return _SERVICE
