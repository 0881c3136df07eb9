"""Machines as their files say, for the commands that need no daemon."""

from __future__ import annotations

import click

from pyxie.checking import scan
from pyxie.config.nodes import Document
from pyxie.config.settings import Settings
from pyxie.errors import ConfigError
from pyxie.registry.define import Definition


def described(
    settings: Settings, document: Document, host: str, build_type: str | None
) -> Definition:
    """Return the machine as a build of that type would have it.

    Raises:
        ConfigError: Its file has mistakes.
        UnknownTypeError: There is no such build type.
        BadParameter: There is no such machine.
    """
    registry = scan(settings, document)
    broken = registry.why_broken(host)
    if broken:
        raise ConfigError(broken)
    machine = registry.find(host)
    if machine is None:
        near = " or ".join(registry.near(host))
        hint = f"; did you mean {near}?" if near else ""
        why = f"there is no machine {host!r} in {settings.machinepath}{hint}"
        raise click.BadParameter(why, param_hint="HOST")
    return registry.define(machine, build_type)
