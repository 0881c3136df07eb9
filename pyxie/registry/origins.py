"""A merged definition, told value by value with the place where each was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from pyxie.config.nodes import Loc, Plain
from pyxie.config.place import spell
from pyxie.registry.define import Definition
from pyxie.registry.merge import Merged, Place
from pyxie.registry.veil import hidden, shown

SECRET = frozenset(("ipmi_password",))
"""Keys whose values are not shown."""
SECRET_MODE: Final = 0o640
"""Of a file with one of them in it: for its owner and group, not for everybody on the host."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One value and its place.

    Attributes:
        loc: The path, as ``params.disk``.
        value: As it was written; None for one that was cleared.
        layer: ``settings``, ``build type rescue``, ``group web``, ``machine``, ``call``.
        file, line, column: Where.
    """

    loc: Loc
    value: str | None
    layer: str
    file: str
    line: int
    column: int

    def veiled(self) -> Origin:
        """Return it without a secret."""
        return replace(self, value=self.value and shown(self.loc, self.value))

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "path": spell(self.loc),
            "value": self.value,
            "layer": self.layer,
            "file": self.file,
            "line": self.line,
            "column": self.column,
        }


def origins(merged: Merged) -> list[Origin]:
    """Return every value that is not a mapping or a list, in the order of the model's merge."""
    found = [
        _origin(loc, value, place)
        for loc, value in _leaves(merged.data, ())
        if (place := merged.place(loc)) is not None
    ]
    return found + [_origin(loc, None, place) for loc, place in merged.cleared.items()]


def own(merged: Merged) -> frozenset[Loc]:
    """Return the paths of what the machine's own file says, or the call that builds it."""
    found = ((loc, merged.place(loc)) for loc, _ in _leaves(merged.data, ()))
    return frozenset(loc for loc, place in found if place and place.layer in ("machine", "call"))


def _leaves(data: Plain, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, (*loc, key))
    elif isinstance(data, list) and data:
        for at, value in enumerate(data):
            yield from _leaves(value, (*loc, at))
    else:
        yield loc, data if isinstance(data, str) else _spelt(data)


def _spelt(data: Plain) -> str:
    if isinstance(data, dict | list):
        return "{}" if isinstance(data, dict) else "[]"
    return "" if data is None else str(data)


def _origin(loc: Loc, value: str | None, place: Place) -> Origin:
    shown = "***" if value and loc[-1] in SECRET else value
    at = place.problem("")
    return Origin(loc, shown, place.layer, str(at.file), at.line, at.column)


def answer(definition: Definition, *, secrets: bool = True) -> dict[str, Any]:
    """Return a definition as the API tells of it.

    Args:
        definition: The definition.
        secrets: Whether who asks may see them; those of `SECRET` nobody does, there.
    """
    data = definition.merged.data
    told = {key: "***" if key in SECRET else value for key, value in data.items()}
    return {
        "hostname": definition.machine.hostname,
        "build_type": definition.build_type,
        "definition": told if secrets else hidden(told),
        "origins": [
            origin.as_json() if secrets else origin.veiled().as_json()
            for origin in origins(definition.merged)
        ],
    }


def is_secret(data: Plain) -> bool:
    """Tell whether a file's data have a value under one of `SECRET`, however deep."""
    if isinstance(data, dict):
        return any((key in SECRET and each) or is_secret(each) for key, each in data.items())
    return isinstance(data, list) and any(map(is_secret, data))
