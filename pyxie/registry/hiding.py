"""What a build type hides of a machine's file, and what of a type is hidden: told with places.

The layers say the same keys; asked for a rescue, who reads this sees what is left of the rest. A
recipe is a part of the layer that names it by `os`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyxie.config.place import spell
from pyxie.errors import Problem
from pyxie.registry.merge import Hidden, Merged, Place
from pyxie.registry.origins import SECRET
from pyxie.registry.systems import RECIPE

_TYPE = "build type "
_DEFAULTS = "settings"
_NOTE = ("description",)
"""For people: that of a machine is not that of a type, and nothing is built from it."""


def around_type(merged: Merged) -> list[Hidden]:
    """Return what a build type hides, or is hidden of one; defaults are there to be hidden."""
    return [
        each
        for each in merged.hidden
        if each.place.layer != each.by.layer  # of a recipe that extends another
        and (below := _layer(each.place, merged)) != _DEFAULTS
        and (below.startswith(_TYPE) or _layer(each.by, merged).startswith(_TYPE))
        and not (each.loc == _NOTE or each.loc[-1] in SECRET or _same(each, merged))
    ]


def of_type(merged: Merged, build_type: str) -> Iterator[Problem]:
    """Walk the keys that hide a build type's, each a sentence at its place.

    Args:
        merged: Of a machine for which the call named that type.
        build_type: Its name.
    """
    for each in around_type(merged):
        if _layer(each.place, merged) == f"{_TYPE}{build_type}":
            at = each.place.problem("")
            yield each.by.problem(f"hides that of {each.place.layer}, {at.file}:{at.line}")


def by_type(merged: Merged, build_type: str) -> Iterator[Problem]:
    """Walk the keys that a build type hides, as `of_type`."""
    for each in around_type(merged):
        if _layer(each.by, merged) == f"{_TYPE}{build_type}":
            at = each.by.problem("")
            yield each.place.problem(f"is hidden by {each.by.layer}, {at.file}:{at.line}")


def as_json(hidden: Hidden) -> dict[str, Any]:
    """Return one for the REST API."""
    at, by = hidden.place.problem(""), hidden.by.problem("")
    return {
        "path": spell(hidden.loc),
        "layer": hidden.place.layer,
        "file": str(at.file),
        "line": at.line,
        "by_layer": hidden.by.layer,
        "by_file": str(by.file),
        "by_line": by.line,
    }


def _layer(place: Place, merged: Merged) -> str:
    """Return whose a value is: of a recipe, the layer that names it."""
    if not place.layer.startswith(RECIPE):
        return place.layer
    naming = merged.place(("os",))
    return naming.layer if naming is not None else place.layer


def _same(hidden: Hidden, merged: Merged) -> bool:
    """Tell whether what hides a value says the same."""
    data: Any = merged.data
    for step in hidden.loc:
        data = data.get(step) if isinstance(data, dict) else None
    return bool(data == hidden.value)
