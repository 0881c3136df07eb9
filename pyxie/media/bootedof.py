"""Which files of media are named for machines to boot, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyxie.config.nodes import Plain
from pyxie.config.values import AMD64
from pyxie.errors import ConfigError
from pyxie.media.asrecipe import MEDIUM
from pyxie.recipes.cookbook import Cookbook, UnknownSystemError
from pyxie.registry.merge import Layer, Place
from pyxie.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Named:
    """A file of a medium that somebody boots.

    Attributes:
        medium: The medium's name.
        file: The file's path on it.
        place: Where it is named: there, or by the system whose recipe does.
    """

    medium: str
    file: str
    place: Place

    def __str__(self) -> str:
        return f"{MEDIUM}{self.medium}/{self.file}"


def named(registry: Registry) -> list[Named]:
    """Return what settings, build types, groups and machines name, each once.

    Recipes count where a layer names them: that of a medium stays when that is gone.
    """
    shared = registry.shared
    layers = [shared.settings, *shared.types.values()]
    layers += [Layer(f"group {name}", each) for name, each in shared.groups.items()]
    layers += [Layer("machine", each) for each in registry.documents.values()]
    found: dict[str, Named] = {}
    for layer in layers:
        for url, place in _of_layer(layer, shared.cookbook):
            medium, _, file = url.removeprefix(MEDIUM).partition("/")
            found.setdefault(url, Named(medium, file, place))
    return list(found.values())


def _of_layer(layer: Layer, cookbook: Cookbook) -> Iterator[tuple[str, Place]]:
    said = list(layer.items())
    arch = next((str(value) for key, value, _ in said if key == "arch" and value), AMD64)
    for key, value, place in said:
        if key == "os" and isinstance(value, str):
            for each in _of_recipe(value, arch, cookbook):
                yield each, place
        elif key in _BOOTED:
            for each in _media_in(value):
                yield each, place


_BOOTED = ("kernel", "initrd")


def _of_recipe(name: str, arch: str, cookbook: Cookbook) -> Iterator[str]:
    """Walk what a recipe names for the processor that is said beside it.

    One that another layer says is not looked for: a site of one kind of machines needs no medium
    for the other.
    """
    try:
        cookbook.check(name)
        there = cookbook.archs(name)
        for key, value, _, _ in cookbook.said(name, arch if arch in there else there[0]):
            if key in _BOOTED:
                yield from _media_in(value)
    except (UnknownSystemError, ConfigError):
        return  # which is told of elsewhere


def _media_in(value: Plain) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _media_in(each)
        return
    url = value.get("url") if isinstance(value, dict) else value
    if isinstance(url, str) and url.startswith(MEDIUM):
        yield url
