"""What filters are given by templates: how it is read, and how much of it is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

import jinja2

from pyxie.errors import PyxieError
from pyxie.render.context import Record

LONGEST: Final = 1 << 20
"""Characters that a filter takes, and gives."""
LONGEST_PATTERN: Final = 1 << 12
"""Of a regular expression, and of what stands in for it."""
SHOWN: Final = 80
"""Characters of a value that an error shows."""
_DEEPEST = 100
_MOST_ITEMS = 100_000


class FilterError(PyxieError):
    """A filter was given what it cannot work with; the text is one sentence.

    Attributes:
        value: What it was given, if that alone is at fault and may stand in a file of the
            operator's; else empty.
    """

    def __init__(self, problem: str, value: str = "") -> None:
        super().__init__(problem)
        self.value = value


def as_text(name: str, value: Any, most: int = LONGEST) -> str:
    """Return ``value`` as text, for the filter ``name``.

    Raises:
        FilterError: It is none, or is longer than ``most`` characters.
    """
    if not isinstance(value, str | int | float | jinja2.Undefined):
        raise FilterError(f"{name}: takes a text, not a {type(value).__name__}")
    text = str(value)  # of an undefined name: fails, and names it
    if len(text) > most:
        raise FilterError(f"{name}: a text over {most} characters")
    return text


def plain(name: str, value: Any, depth: int = 0) -> Any:
    """Return a template's value as dicts, lists and scalars only, for the filter ``name``.

    Raises:
        FilterError: It has another kind in it, or is too deep or too long.
    """
    if depth > _DEEPEST:
        raise FilterError(f"{name}: the value is nested too deeply")
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)  # of Jinja2's own subclass, too
    if isinstance(value, jinja2.Undefined):
        str(value)  # fails, and names it
    if isinstance(value, list | tuple | range | Iterator):
        items = list(islice(value, _MOST_ITEMS + 1))
        if len(items) > _MOST_ITEMS:
            raise FilterError(f"{name}: a list of over {_MOST_ITEMS} values")
        return [plain(name, each, depth + 1) for each in items]
    if isinstance(value, Mapping | Record):
        return {str(key): plain(name, value[key], depth + 1) for key in value}
    raise FilterError(f"{name}: a {type(value).__name__} is no text, number, list or mapping")
