"""Where Cobbler's items are written: one export, or a file for each of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pyxie.config.nodes import Loc
from pyxie.importers.notes import Result, Tree
from pyxie.importers.yamlfile import YamlFile

KINDS: Final = ("distros", "profiles", "systems")
_ONE = re.compile(r"(?:^|/)(distros|profiles|systems)(?:\.d)?/[^/]+\.(?:json|ya?ml)$")
_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """A distro, a profile or a system.

    Attributes:
        name: Its name.
        data: Its keys; numbers and the like as texts.
        source: The file that it is in.
        loc: Where in that.
    """

    name: str
    data: dict[str, Any]
    source: YamlFile
    loc: Loc

    def add_note(self, key: str, sentence: str, *, within: Loc = ()) -> None:
        """Note something about one of its keys, or of a mapping within it."""
        self.source.add_note((*self.loc, *within, key), f"{self.name}: {sentence}")


def _joined(pair: re.Match[str]) -> str:
    """Return the letter that JSON writes as two halves (RFC 8259 section 7); YAML does not."""
    halves = (int(half, 16).to_bytes(2) for half in pair.groups())
    return b"".join(halves).decode("utf-16-be")


def items(tree: Tree, result: Result) -> dict[str, dict[str, Item]]:
    """Return all items by their kind and name."""
    found: dict[str, dict[str, Item]] = {kind: {} for kind in KINDS}
    for path, text in sorted(tree.items()):
        one = _ONE.search(path)
        if one is None and (
            not path.endswith((".json", ".yaml", ".yml"))
            or not re.search(r"\b(?:distros|profiles|systems)[\"']?\s*:", text)
        ):
            continue
        source = YamlFile(path, _PAIR.sub(_joined, text), result)
        for kind, item in _of(source, one[1] if one else ""):
            if item.name in found[kind]:
                item.add_note("name", f"left out: there are two of {kind} with this name")
            else:
                found[kind][item.name] = item
    return found


def _of(source: YamlFile, kind: str) -> Iterator[tuple[str, Item]]:
    if kind:
        name = source.data.get("name") or posixpath.splitext(posixpath.basename(source.file))[0]
        yield kind, Item(str(name), source.data, source, ())
        return
    for each in KINDS:
        listed = source.data.get(each)
        pairs = listed.items() if isinstance(listed, dict) else enumerate(listed or ())
        for key, data in pairs:
            if isinstance(data, dict):
                name = str(data.get("name") or key)
                yield each, Item(name, data, source, (each, key))
