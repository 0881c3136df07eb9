"""The short way from YAML to plain data, for the files that nearly all are.

One pass over the parser's events, without nodes and their places. Whatever is out of the
ordinary, mistakes among it, is left to `pyxie.config.nodes`, which can tell where it is.
"""

from __future__ import annotations

import sys
from typing import Any, Final, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from pyxie.bounds import YAML_DEPTH

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"

LOADER: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
MERGE: Final = "<<"
DEEPEST: Final = YAML_DEPTH.whole
"""Levels of nesting. libyaml's composer recurses on the C stack and would end the process."""
_SHORT: Final = 64
UNSURE: Final = "unsure"
"""Told apart by identity from a text that says so."""


class _UnsureError(Exception):
    """There is something that this module does not do."""


def simple(text: str, most: int) -> Plain:
    """Return one YAML document as plain data, or `UNSURE`.

    Args:
        text: The document; see `pyxie.config.counted.check_head` for what it may do to the parser.
        most: Keys and values that are read of it.
    """
    loader = LOADER(text)
    try:
        return _built(loader, most)
    except (yaml.YAMLError, _UnsureError):
        return UNSURE
    finally:
        loader.dispose()


def _built(loader: Any, left: int) -> Plain:  # noqa: C901  (the loop over the events is one thing)
    root: list[Plain] = []
    into: list[Plain] | dict[str, Plain] = root
    outer: list[tuple[list[Plain] | dict[str, Plain], str | None]] = []
    key: str | None = None
    while True:
        event = loader.get_event()
        kind = type(event)
        value: Plain
        if kind is ScalarEvent:
            left -= 1
            value = event.value
            if event.anchor is not None or left < 0:
                raise _UnsureError
            if type(into) is dict and key is None:
                if value in into or (value == MERGE and not event.style):
                    raise _UnsureError
                key = sys.intern(str(value))
                continue
            if value in NULLS and not event.style:
                value = None
            elif len(value) < _SHORT:
                value = sys.intern(event.value)  # thousands of machines have the same netmask
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            left -= 1
            if event.anchor is not None or left < 0 or len(outer) >= DEEPEST:
                raise _UnsureError
            if type(into) is dict and key is None:
                raise _UnsureError
            outer.append((into, key))
            into, key = ({} if kind is MappingStartEvent else []), None
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            value = into
            into, key = outer.pop()
        elif kind is DocumentStartEvent and root:
            raise _UnsureError
        elif kind is StreamEndEvent:
            return root[0] if root else None
        elif kind is AliasEvent:
            raise _UnsureError
        else:
            continue
        if type(into) is list:
            into.append(value)
        elif type(into) is dict and key is not None:
            into[key] = value
            key = None
