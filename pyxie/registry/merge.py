"""Layers of build keys, laid over each other; every value keeps the place it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from pyxie.config.build import MAPS
from pyxie.config.nodes import Document, Loc, Plain
from pyxie.errors import Problem


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written.

    Attributes:
        layer: The layer's name, ``settings`` or ``group web``.
        document: The file.
        loc: The path in it.
    """

    layer: str
    document: Document
    loc: Loc

    def problem(self, sentence: str, word: str = "") -> Problem:
        """Return a problem with the value there, or with the first such ``word`` in it."""
        return self.document.problem(self.loc, sentence, word=word)


class Says(Protocol):
    """What has something to say of a build."""

    def items(self) -> Iterator[tuple[str, Plain, Place]]:
        """Walk what it says: canonical key, value, place."""
        ...


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: a mapping somewhere in a document.

    Attributes:
        name: As `pyxie show` names it.
        document: The file.
        loc: Where in it the mapping stands; empty for the whole.
        keys: The keys that are of interest, by the spelling they may have; empty for all.
    """

    name: str
    document: Document
    loc: Loc = ()
    keys: Mapping[str, str] = field(default_factory=dict)

    def items(self) -> Iterator[tuple[str, Plain, Place]]:
        """Walk what the layer says: canonical key, value, place."""
        data: Plain = self.document.data
        for step in self.loc:
            data = data.get(str(step)) if isinstance(data, dict) else None
        for key, value in data.items() if isinstance(data, dict) else ():
            if not self.keys or key in self.keys:
                place = Place(self.name, self.document, (*self.loc, key))
                yield self.keys.get(key, key), value, place


@dataclass(frozen=True, slots=True)
class Hidden:
    """One value that a later layer hides.

    Attributes:
        loc: Its path, as ``("params", "disk")``.
        value: As it was written.
        place: Where.
        by: Where the one stands that hides it.
    """

    loc: Loc
    value: Plain
    place: Place
    by: Place


@dataclass(frozen=True, slots=True)
class Merged:
    """What the layers come to.

    Attributes:
        data: Plain data, for a model.
        places: By path, for maps that merge one for each of their keys.
        cleared: By path, where a value of an earlier layer was taken away.
        hidden: What earlier layers said and a later one said otherwise, or took away.
    """

    data: dict[str, Plain]
    places: dict[Loc, Place]
    cleared: dict[Loc, Place]
    hidden: list[Hidden]

    def place(self, loc: Loc) -> Place | None:
        """Return where the value that ``loc`` leads to was written; None if nowhere."""
        for depth in range(len(loc), 0, -1):
            found = self.places.get(loc[:depth])
            if found is not None:
                return replace(found, loc=(*found.loc, *loc[depth:]))
        return None


def merge(layers: Sequence[Says]) -> Merged:
    """Lay ``layers`` over each other, the most general first.

    A key of a later layer replaces; `MAPS` merge key by key. An explicit null clears what
    the layers before said; a key with nothing after it says nothing.
    """
    merged = Merged({}, {}, {}, [])
    for layer in layers:
        for key, value, place in layer.items():
            if says_nothing(value, place):
                continue
            if key in MAPS and isinstance(value, dict):
                _lay_map(merged, key, value, place)
            else:
                _lay(merged, key, value, place)
    return merged


def says_nothing(value: Plain, place: Place) -> bool:
    """Tell whether a key has nothing after it, or an empty text; a null says something."""
    return value == "" or (value is None and place.document.is_blank(place.loc))


def _lay(merged: Merged, key: str, value: Plain, place: Place) -> None:
    for loc, old in merged.places.items():
        if loc[0] == key:
            merged.hidden.append(Hidden(loc, _at(merged.data, loc), old, place))
    for table in (merged.places, merged.cleared):
        for loc in [loc for loc in table if loc[0] == key]:
            del table[loc]
    if value is not None:
        merged.data[key] = value
        merged.places[key,] = place
    elif merged.data.pop(key, None) is not None:
        merged.cleared[key,] = place


def _lay_map(merged: Merged, key: str, value: dict[str, Plain], place: Place) -> None:
    below = merged.data.get(key)
    # A copy: the data belongs to its document, which others merge too.
    into = merged.data[key] = dict(below) if isinstance(below, dict) else {}
    for name, inner in value.items():
        here = replace(place, loc=(*place.loc, name))
        merged.cleared.pop((key, name), None)
        old = merged.places.get((key, name))
        if old is not None:
            merged.hidden.append(Hidden((key, name), into.get(name), old, here))
        if inner is None and name in into and not here.document.is_blank(here.loc):
            del into[name]
            merged.places.pop((key, name), None)
            merged.cleared[key, name] = here
        else:  # a null that has nothing to clear is an empty text, as with waitron
            into[name] = inner
            merged.places[key, name] = here


def _at(data: Plain, loc: Loc) -> Plain:
    for step in loc:
        data = data.get(str(step)) if isinstance(data, dict) else None
    return data
