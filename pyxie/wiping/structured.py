"""What YAML, JSON and TOML hold, taken apart without its types. Bounded. Pure.

What is beyond a bound is None, as what cannot be read at all: so it cannot be told what it does.
The bounds are of work. A MiB of YAML would take ten seconds; a KiB of it with aliases, which
stand for the same again, would take hours to walk; and a TOML key of many dots minutes.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any, Final

import yaml

from pyxie.bounds import WIPING_VALUES, YAML_DIRECTIVES

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DEEPEST: Final = 50
_LETTERS: Final = 32
"""So many letters count as one more value: what is in them is read as well."""
_DIRECTIVE: Final = re.compile(r"^%", re.MULTILINE)
_LONGEST_TOML: Final = 64 << 10
_DOTS: Final = 2000


def from_yaml(text: str) -> Any:
    """Return what a YAML text holds, each scalar as its text; None if it is none, or too much."""
    try:
        # libyaml compares each %TAG with all before it, in one call that nothing interrupts.
        if "%" in text and len(_DIRECTIVE.findall(text)) > YAML_DIRECTIVES.whole:
            YAML_DIRECTIVES.reached()
            return None
        if not _is_small(text):
            return None
        return yaml.load(text, Loader=_LOADER)  # noqa: S506  (it makes texts, lists and mappings)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def from_json(text: str) -> Any:
    """Return what a JSON text holds; None if it is none, or too much.

    Signs within its texts are counted, too.
    """
    if not text.lstrip().startswith(("{", "[")):
        return None  # nothing that can be looked into
    if sum(map(text.count, ",:[{")) > WIPING_VALUES.most:
        WIPING_VALUES.reached()
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def from_toml(text: str) -> Any:
    """Return what a TOML text holds; None if it is none, or too much for an answer file."""
    if len(text) > _LONGEST_TOML or text.count(".") > _DOTS:
        return None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def mapping(data: Any, *path: str) -> dict[str, Any]:
    """Return the mapping that ``path`` leads to; an empty one if there is none."""
    for step in path:
        data = mapping(data).get(step)
    return _merged(data) if isinstance(data, dict) else {}


def _merged(data: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return a mapping with what YAML's ``<<`` brings in; the first of several counts."""
    if "<<" not in data or depth > _DEEPEST:
        return data
    found: dict[str, Any] = {}
    for each in listed(data["<<"])[:_DEEPEST]:
        if isinstance(each, dict):
            found = {**_merged(each, _DEEPEST if depth else depth + 1), **found}
    return {**found, **data}


def listed(data: Any) -> list[Any]:
    """Return a list as it is, nothing of nothing, and one thing as a list of it."""
    if isinstance(data, list):
        return data
    return [] if data is None or data == "" else [data]


def is_true(value: Any) -> bool:
    """Tell whether a value says so, in any of YAML's words."""
    return word(value).lower() in ("true", "yes", "on", "1")


def word(value: Any) -> str:
    """Return a scalar as its text; of a list or a mapping nothing, however much it stands for."""
    return str(value) if isinstance(value, str | int | float) else ""


def _is_small(text: str) -> bool:
    """Tell whether a YAML text is within the bounds, each alias counted as what it stands for."""
    opened: list[tuple[str | None, int]] = []
    sizes: dict[str | None, int] = {}
    size = 0
    for event in yaml.parse(text, Loader=_LOADER):
        match event:
            case yaml.CollectionStartEvent(anchor=anchor):
                opened.append((anchor, size))
                size += 1
            case yaml.CollectionEndEvent():
                anchor, before = opened.pop()
                if anchor is not None:
                    sizes[anchor] = size - before
            case yaml.ScalarEvent(anchor=anchor, value=value):
                found = 1 + len(value) // _LETTERS
                size += found
                if anchor is not None:
                    sizes[anchor] = found
            case yaml.AliasEvent(anchor=anchor):
                # What holds itself has no size yet, and no end.
                size += sizes.get(anchor, WIPING_VALUES.whole)
            case _:
                pass
        if len(opened) > _DEEPEST:
            return False
        if size > WIPING_VALUES.most:
            WIPING_VALUES.reached()
            return False
    return True
