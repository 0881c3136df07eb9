"""What templates read of a machine: noted while they are rendered, if anybody wants to know.

The names of `pyxie.render.context` note here each key that is asked for, also one that is not
there: a param that nobody reads may be a misspelling of one that is sought in vain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_READING: ContextVar[set[str] | None] = ContextVar("pyxie_reads", default=None)


@contextmanager
def reading() -> Iterator[set[str]]:
    """Yield the paths that are read meanwhile, in this thread or task.

    They are spelt as in `machine.network[0].ipaddress`, without underscores and in lower case;
    of params as they are written.
    """
    found: set[str] = set()
    token = _READING.set(found)
    try:
        yield found
    finally:
        _READING.reset(token)


def read(path: str) -> None:
    """Note that a path is read now."""
    found = _READING.get()
    if found is not None:
        found.add(path)


def read_all(paths: Iterable[str]) -> None:
    """Note that several paths are read now."""
    found = _READING.get()
    if found is not None:
        found.update(paths)
