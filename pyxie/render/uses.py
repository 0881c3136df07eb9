"""What a text was rendered from: whether it would be the same once more.

The environment of `pyxie.render.strict` notes here each template that it loads, and whatever
cannot be relied on to be the same the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final

import jinja2

MOST_TEMPLATES: Final = 64
"""That one text is made of; the files of all are looked at each time that it is asked for."""


class Uses:
    """The templates that a text was made of.

    Attributes:
        lasting: The same templates with the same names in them give the same text.
    """

    __slots__ = ("_templates", "lasting")

    def __init__(self) -> None:
        self._templates: set[jinja2.Template] = set()
        self.lasting = True

    def add(self, template: jinja2.Template) -> None:
        """Note a template; with too many different ones, the text is made anew each time."""
        if self.lasting:
            self._templates.add(template)
            self.lasting = len(self._templates) <= MOST_TEMPLATES

    def never_the_same(self) -> None:
        """Note that the text may be another one the next time."""
        self.lasting = False

    def are_current(self) -> bool:
        """Tell whether the files of all templates are as they were, by a stat or two for each."""
        return all(template.is_up_to_date for template in self._templates)


_NOTING: ContextVar[Uses | None] = ContextVar("pyxie_uses", default=None)


@contextmanager
def noting() -> Iterator[Uses]:
    """Yield what is used meanwhile, in this thread or task."""
    uses = Uses()
    token = _NOTING.set(uses)
    try:
        yield uses
    finally:
        _NOTING.reset(token)


def note(template: jinja2.Template) -> None:
    """Note a template that is used now, if anybody wants to know."""
    uses = _NOTING.get()
    if uses is not None:
        uses.add(template)


def note_chance() -> None:
    """Note that what is being rendered depends on chance, or on a file that is not there."""
    uses = _NOTING.get()
    if uses is not None:
        uses.never_the_same()


def by_chance(function: Any) -> Callable[..., Any]:
    """Return a filter or function of Jinja2's that gives something else each time, noted so."""

    @wraps(function)
    def noted(*args: Any, **named: Any) -> Any:
        note_chance()
        return function(*args, **named)

    return noted
