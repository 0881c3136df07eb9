"""What YAML, JSON and TOML hold, taken apart without its types; a bounded walk. Pure."""

from __future__ import annotations

import json
import tomllib
from typing import Any, Final

import yaml

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DEEPEST: Final = 50


def from_yaml(text: str) -> Any:
    """Return what a YAML text holds, each scalar as its text; None if it is none, or too deep."""
    try:
        if not _is_shallow(text):
            return None
        return yaml.load(text, Loader=_LOADER)  # noqa: S506  (it makes texts, lists and mappings)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def from_json(text: str) -> Any:
    """Return what a JSON text holds; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def from_toml(text: str) -> Any:
    """Return what a TOML text holds; None if it is none."""
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


def _is_shallow(text: str) -> bool:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return False
    return True
