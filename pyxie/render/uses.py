"""What a text was rendered from: whether it would be the same once more.

The environment of `pyxie.render.strict` notes here each template that it loads, and whatever
cannot be relied on to be the same the next time.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final, TypeAlias

MOST_TEMPLATES: Final = 64
"""That one text is made of; the files of all are looked at each time that it is asked for."""


State: TypeAlias = tuple[int, ...] | None
"""What is another when a file is another; None where there is no file."""


def state_of(place: str) -> State:
    """Return the state of a file.

    The mtime alone is none: `cp -p` and `rsync -t` set it, and a folder may be a
    link that is moved from one release to the next.
    """
    try:
        # Asked for at each request: os is ten times as fast as pathlib.
        found = os.stat(place)  # noqa: PTH116
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
    return state_by(found)


def state_by(found: os.stat_result) -> State:
    """Return the state of a file, by what stat(2) said of it."""
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev, found.st_ctime_ns


class Uses:
    """The files that a text was made of.

    Attributes:
        files: As they were when they were read; those that were sought in vain, too.
        lasting: The same files, with the same names in them, give the same text.
    """

    __slots__ = ("files", "lasting")

    def __init__(self, files: Mapping[str, State] | None = None, *, lasting: bool = True) -> None:
        self.files: dict[str, State] = dict(files or {})
        self.lasting = lasting

    def add(self, files: Mapping[str, State]) -> None:
        """Note files; with too many different ones, the text is made anew each time."""
        if not self.lasting:
            return
        for place, state in files.items():
            if self.files.setdefault(place, state) != state:
                self.lasting = False  # it was edited meanwhile
                self.files[place] = state
        if len(self.files) > MOST_TEMPLATES:
            there = sum(state is not None for state in self.files.values())
            self.lasting = self.lasting and there <= MOST_TEMPLATES

    def never_the_same(self) -> None:
        """Note that the text may be another one the next time."""
        self.lasting = False

    def are_current(self) -> bool:
        """Tell whether all files are as they were, by a stat for each."""
        return all(state_of(place) == state for place, state in self.files.items())


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


def note(files: Mapping[str, State]) -> None:
    """Note files that are used now, if anybody wants to know."""
    uses = _NOTING.get()
    if uses is not None:
        uses.add(files)


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
