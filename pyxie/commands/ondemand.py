"""Commands that are loaded when they are called for.

The daemon is one of them: what the others need is not in its memory, nor in that of its workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module

import click

from pyxie.uncollected import uncollected


class OnDemand(MutableMapping[str, click.Command]):
    """Commands by their names, as a `click.Group` takes them.

    Args:
        places: Each one's module below `pyxie.commands` and, after a colon, its name there; without
            one it is the command's.
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._loaded: dict[str, click.Command] = {}

    @property
    def modules(self) -> frozenset[str]:
        """Where they are."""
        names = (each.partition(":")[0] for each in self._places.values())
        return frozenset(f"pyxie.commands.{name}" for name in names)

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            module, _, own = self._places[name].partition(":")
            with uncollected():
                loaded = import_module(f"pyxie.commands.{module}")
            self._loaded[name] = getattr(loaded, own or name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        raise TypeError("commands stay")

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._places, *self._loaded)))

    def __len__(self) -> int:
        return len(list(iter(self)))
