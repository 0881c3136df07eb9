"""``os:`` of a layer: the recipe that it names is laid directly beneath that layer.

One recipe counts, that of the last layer which names one. Another beneath it would leave half of
another system in the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pyxie.config.nodes import Plain
from pyxie.config.values import AMD64, ARM64, arch_name
from pyxie.config.words import architectures
from pyxie.errors import ConfigError, Problem
from pyxie.recipes.cookbook import Cookbook, Said, UnknownSystemError
from pyxie.registry.merge import Layer, Place, Says, says_nothing

RECIPE: Final = "recipe "
"""The layer of a recipe, with the system's name."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """A recipe as a layer.

    Attributes:
        name: The layer's.
        said: What it says.
        matched: The architecture by a `match`, where nobody says it otherwise.
    """

    name: str
    said: Sequence[Said]
    matched: tuple[str, str, Place] | None = None

    def items(self) -> Iterator[tuple[str, Plain, Place]]:
        """Walk what the recipe says."""
        if self.matched is not None:
            yield self.matched
        for key, value, document, loc in self.said:
            yield key, value, Place(self.name, document, loc)


def with_recipe(layers: Sequence[Layer], cookbook: Cookbook) -> list[Says]:
    """Return ``layers`` with the recipe among them that they name, if they do.

    Args:
        layers: The most general first.
        cookbook: The recipes.

    Raises:
        ConfigError: There is none of that name or for that architecture; it says where.
    """
    named = _last(layers, "os")
    if named is None or named[1] is None:
        return list(layers)
    at, name, place = named
    written = _last(layers, "arch")
    matched = _matched(layers) if written is None else None
    arch = arch_name(str(written[1])) if written and written[1] else AMD64
    try:
        said = cookbook.said(str(name), matched[1] if matched else arch)
    except UnknownSystemError as exc:
        raise ConfigError([place.problem(str(exc))]) from exc
    return [*layers[:at], _Recipe(f"{RECIPE}{name}", said, matched), *layers[at:]]


def _matched(layers: Sequence[Layer]) -> tuple[str, str, Place] | None:
    """Return the architecture that a machine has by its `match`, if that says which."""
    found = _last(layers, "match")
    if found is None or not isinstance(found[1], dict):
        return None
    words = found[1].get("arch")
    names = words if isinstance(words, list) else [words] if words else []
    codes = {code for each in names for code in architectures(str(each))}
    if not codes or not codes <= architectures("arm64 UEFI"):
        return None
    return "arch", ARM64, replace(found[2], loc=(*found[2].loc, "arch"))


def unknown(layer: Layer, cookbook: Cookbook) -> Iterator[Problem]:
    """Walk what is wrong with the system that a layer names; nothing if it names none."""
    named = _last([layer], "os")
    if named is not None and named[1] is not None:
        try:
            cookbook.check(str(named[1]))
        except UnknownSystemError as exc:
            yield named[2].problem(str(exc))


def _last(layers: Sequence[Layer], key: str) -> tuple[int, Plain, Place] | None:
    """Return what the last layer says that has the key: which it is, the value, its place."""
    for at in range(len(layers) - 1, -1, -1):
        for each, value, place in layers[at].items():
            if each == key and not says_nothing(value, place):
                return at, value, place
    return None
