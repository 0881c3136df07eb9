"""``key=value`` as `pyxie add` and `pyxie set` take it, to changes of a machine's file."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from pyxie.config.nodes import Loc, Plain, parse
from pyxie.config.place import spell
from pyxie.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])

_STEP = re.compile(r"(?:^|\.)([^.\[\]=\s]+)|\[(\d+)\]")


def parted(text: str) -> tuple[Loc, Plain]:
    """Return where ``params.disk=/dev/sda`` leads to, and what is to stand there.

    A value in ``[ ]`` is a list, as in YAML; none at all is None, which clears the key.

    Raises:
        ValueError: It is no assignment.
    """
    path, equals, value = text.partition("=")
    steps: list[str | int] = []
    at = 0
    while at < len(path) and (found := _STEP.match(path, at)):
        steps.append(found[1] if found[1] is not None else int(found[2]))
        at = found.end()
    if (
        not equals
        or not steps
        or path.startswith(".")
        or at < len(path)
        or not isinstance(steps[0], str)
    ):
        raise ValueError(f"{text[:80]!r} is not like params.disk=/dev/sda or network[0].name=eth0")
    return tuple(steps), _value(value)


def _value(text: str) -> Plain:
    if not text:
        return None
    if text.startswith("[") and text.endswith("]"):
        try:
            data = parse(f"value: {text}".encode(), Path("value")).data
        except ConfigError as exc:
            raise ValueError(f"{text[:80]!r} is not a list like [a, b]") from exc
        assert isinstance(data, dict)  # noqa: S101  (it has one key)
        return data["value"]
    return text


def assigned(data: Plain, loc: Loc, value: Plain) -> Plain:
    """Return ``data`` with ``value`` at the end of ``loc``; what leads there is made.

    Args:
        data: A machine's, or what is inside.
        loc: Keys and indices; one just after the end of a list makes it longer.
        value: None takes away what is there.

    Raises:
        ValueError: It leads into a text, or beyond a list.
    """
    return _assigned(copy.deepcopy(data), loc, value, loc)


def _assigned(data: Plain, loc: Loc, value: Plain, whole: Loc) -> Plain:
    if not loc:
        return value
    step, rest = loc[0], loc[1:]
    if isinstance(step, int):
        items = [] if data is None or data == "" else data
        if not isinstance(items, list) or step > len(items):
            raise ValueError(f"{spell(whole)}: there is no place [{step}]")
        inner = _assigned(items[step] if step < len(items) else None, rest, value, whole)
        items[step : step + 1] = [] if inner is None else [inner]
        return items
    keys = {} if data is None or data == "" else data
    if not isinstance(keys, dict):
        raise ValueError(f"{spell(whole)}: it leads through a text or a list")  # noqa: TRY004
    if value is None and step not in keys:
        return data
    inner = _assigned(keys.get(step), rest, value, whole)
    if inner is None:
        keys.pop(step, None)
    else:
        keys[step] = inner
    return keys


def difference(old: dict[str, Plain], new: dict[str, Plain]) -> dict[str, Plain]:
    """Return the JSON merge patch (RFC 7396) that makes ``new`` of ``old``."""
    patch: dict[str, Plain] = {key: None for key in old if key not in new}
    for key, value in new.items():
        was = old.get(key)
        if isinstance(was, dict) and isinstance(value, dict):
            inner = difference(was, value)
            if inner:
                patch[key] = inner
        elif key not in old or was != value:
            patch[key] = value
    return patch


class Assignment(click.ParamType[tuple[Loc, Plain]]):
    """An argument or option that `parted` takes."""

    name = "key=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Loc, Plain]:
        """Return it parted; what is none ends the command with one sentence."""
        try:
            return parted(value)
        except ValueError as exc:
            self.fail(str(exc), param, ctx)


def layers(function: F) -> F:
    """Add the options by which a new machine says what it inherits, and what it has itself."""
    build_type = click.option("--type", "build_type", help="Which of 'build_types' it is built by.")
    group = click.option("--group", "groups", multiple=True, help="A group; may be repeated.")
    values = click.option(
        "--set", "values", type=Assignment(), multiple=True, help="As of `pyxie set`; repeatable."
    )
    return build_type(group(values(function)))


def described(
    data: dict[str, Plain],
    build_type: str | None,
    groups: Sequence[str],
    values: Sequence[tuple[Loc, Plain]],
) -> Plain:
    """Return a new machine's file with what the options of `layers` say; raises as `changed`."""
    inherited: dict[str, Plain] = {"build_type": build_type, "groups": list(groups)}
    return changed({**data, **{key: each for key, each in inherited.items() if each}}, values)


def changed(data: Plain, values: Sequence[tuple[Loc, Plain]]) -> Plain:
    """Return ``data`` with all of ``values`` assigned.

    Raises:
        BadParameter: One leads into a text, or beyond a list.
    """
    for loc, value in values:
        try:
            data = assigned(data, loc, value)
        except ValueError as exc:
            raise click.BadParameter(str(exc)) from exc
    return data
