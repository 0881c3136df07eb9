"""Whether a YAML text may be read at all: what it would come to is counted while it is parsed.

libyaml tells its events one by one, so whoever counts them can stop at the first that is too
many. Its composer cannot be stopped: a mebibyte of ``[[],[],…`` makes 150 MB of nodes.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    ScalarEvent,
)

from pyxie.bounds import YAML_DEPTH, YAML_DIRECTIVES, Bound
from pyxie.config.simple import DEEPEST, LOADER
from pyxie.errors import ConfigError, Problem

_DIRECTIVE: Final = re.compile(r"(?:\A|(?<=[\n\r\x85\u2028\u2029]))%")
_JSON: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|(?P<sign>[\[{,:])', re.DOTALL)
"""A string, which may be without end, or a sign before a key or a value."""


def check_head(text: str, name: Path) -> None:
    """Refuse what libyaml needs minutes for, before it is given the text.

    It compares each ``%TAG`` with all before it, within one call that nothing interrupts.

    Raises:
        ConfigError: Too many lines begin with ``%``, as directives do.
    """
    most = YAML_DIRECTIVES.whole
    if text.count("%") <= most:
        return
    over = next(islice(_DIRECTIVE.finditer(text), most, None), None)
    if over is not None:
        YAML_DIRECTIVES.reached()
        line, column = text.count("\n", 0, over.start()) + 1, 1
        sentence = f"over {most} lines begin with '%', as YAML's directives do"
        raise ConfigError([Problem(name, line, column, "", sentence)])


def check(text: str, name: Path, values: Bound) -> int:
    """Count what a text comes to, up to the first that is too many; return how much it is.

    Args:
        text: One document.
        name: How messages name it.
        values: Keys and values that it may hold, each mapping and list counted, too.

    Raises:
        ConfigError: It holds more, is nested too deeply, or a second document begins.
        YAMLError: It is not YAML.
    """
    loader = LOADER(text)
    try:
        return _counted(loader, name, values)
    finally:
        loader.dispose()


def check_json(raw: bytes, name: Path, values: Bound) -> None:
    """Count what a JSON text comes to, as `check`, before Python makes anything of it.

    Whether it is JSON is for others to tell; in what is none, more may be counted.

    Raises:
        ConfigError: It holds more.
    """
    most = values.whole
    if raw.count(b",") + raw.count(b":") + raw.count(b"[") + raw.count(b"{") <= most:
        return
    signs = (each for each in _JSON.finditer(raw) if each.lastgroup)
    over = next(islice(signs, most, None), None)
    if over is not None:
        values.reached()
        line = raw.count(b"\n", 0, over.start()) + 1
        column = over.start() - raw.rfind(b"\n", 0, over.start())
        sentence = f"holds over {most:,} keys and values"
        raise ConfigError([Problem(name, line, column, "", sentence)])


def _counted(loader: Any, name: Path, values: Bound) -> int:
    depth = documents = found = 0
    most = values.whole
    while (event := loader.get_event()) is not None:
        if isinstance(event, ScalarEvent | AliasEvent):
            found += 1
        elif isinstance(event, CollectionStartEvent):
            found += 1
            depth += 1
            if depth > DEEPEST:
                YAML_DEPTH.reached()
                raise _refused(name, event, "is nested too deeply")
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        elif isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _refused(name, event, "a second document begins; a file holds one")
        if found > most:
            values.reached()
            raise _refused(name, event, f"holds over {most:,} keys and values")
    return found


def _refused(name: Path, at: Event, sentence: str) -> ConfigError:
    mark: Any = at.start_mark
    return ConfigError([Problem(name, mark.line + 1, mark.column + 1, "", sentence)])


def composed(text: str) -> yaml.Node | None:
    """Return the nodes of a text that `check` has passed; None for an empty one."""
    root: yaml.Node | None = yaml.compose(text, Loader=LOADER)
    return root
