"""YAML text to YAML text that says something else, and keeps all that need not change.

Only the lines of what differs are written anew; every other byte stays, and so do comments,
order, quotes and indentation. ruamel.yaml spells what is new; its own round trip is not used,
since it ties a comment to the value before and loses both together, and since it reads YAML
by other rules than `pyxie.config.nodes`. The result is read again before it is returned, so
that what a file comes to mean is never other than what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from pyxie.config.nodes import Document, Plain, parse
from pyxie.config.simple import MERGE
from pyxie.errors import ConfigError, PyxieError
from pyxie.registry.spelling import INDENT, Style, dump, flow

_HERE = Path("text")
_BOM = "\ufeff"
_DEEPEST = 50
"""Levels of nesting; what makes YAML of it calls itself several times a level."""


class EditError(PyxieError):
    """The text is written in a way that cannot be changed piece by piece."""


def plain(value: Any, depth: int = 0) -> Plain:
    """Return JSON's values as those that YAML files are read as: each scalar a text.

    Raises:
        ValueError: They are nested too deeply.
    """
    if depth > _DEEPEST:
        raise ValueError("is nested too deeply")
    match value:
        case Mapping():
            return {str(key): plain(inner, depth + 1) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner, depth + 1) for inner in value]
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def merged(data: Plain, patch: Plain) -> Plain:
    """Return ``data`` with a JSON merge patch applied (RFC 7396 section 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(data) if isinstance(data, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def written(data: Plain) -> str:
    """Return ``data`` as the text of a new file."""
    return dump(data) if data else ""


def rewritten(text: str, data: Plain) -> str:
    """Return ``text`` with as little changed as lets it be read as ``data``.

    Args:
        text: A file's, with the keys of one mapping at its root.
        data: What the new text is to be read as.

    Raises:
        ConfigError: ``text`` is not YAML, or has a key twice.
        EditError: It is written in a way that does not allow it.
    """
    bare = text.removeprefix(_BOM)
    ended = "\r\n" if bare.count("\n") == bare.count("\r\n") > 0 else "\n"
    lines = bare.replace(ended, "\n")
    changed = _changed(lines, parse(lines.encode(), _HERE), data)
    changed = (_BOM if bare != text else "") + changed.replace("\n", ended)
    try:
        same = parse(changed.encode(), _HERE).data == data
    except ConfigError:
        same = False
    if not same:
        raise EditError("it has anchors, or a form of YAML that only a person can change")
    return changed


def _changed(text: str, document: Document, data: Plain) -> str:
    if document.data == data:
        return text
    if not isinstance(data, dict) or not isinstance(document.data, dict):
        raise EditError("it is no mapping of keys to values")
    if document.root is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        return text + gap + written(data)
    assert isinstance(document.root, MappingNode)  # noqa: S101  (its data is a mapping)
    edit = _Edit(text, _style(document.root))
    edit.mapping(document.root, document.data, data)
    return edit.applied()


def _style(root: Node) -> Style:
    """Return the indentation of the first nested mapping, and of the first list, if any."""
    steps: dict[type[Node], int] = {}
    todo = [root]
    while todo:
        node = todo.pop(0)
        for key, value in node.value if isinstance(node, MappingNode) else ():
            step = value.start_mark.column - key.start_mark.column
            if isinstance(value, MappingNode | SequenceNode) and not value.flow_style and step >= 0:
                steps.setdefault(type(value), step)
                todo.append(value)
    return Style(steps.get(MappingNode, 0) or INDENT, steps.get(SequenceNode, INDENT))


@dataclass(frozen=True, slots=True)
class _Pair:
    """A key and its value, as they stand in the text."""

    key: ScalarNode
    value: Node
    colon: int
    """Just after the colon."""
    end: int
    """Just after the last character of the value."""
    alias: bool


class _Edit:
    """Collects what is to be cut out and put in, by place in the text."""

    def __init__(self, text: str, style: Style) -> None:
        self._text = text
        self._style = style
        self._splices: list[tuple[int, int, str]] = []

    def applied(self) -> str:
        text = self._text
        # From the end on, so that places stay true, and insertions last. Of two at one place
        # the first to be noted comes to stand last: an outer mapping's after an inner one's.
        for start, end, new in sorted(
            self._splices, key=lambda each: (-each[0], each[0] == each[1])
        ):
            text = text[:start] + new + text[end:]
        return text

    def mapping(self, node: MappingNode, old: dict[str, Plain], new: dict[str, Plain]) -> None:
        """Turn a mapping, whose data is ``old``, into ``new``."""
        pairs = {pair.key.value: pair for pair in self._pairs(node)}
        kept = [pair for name, pair in pairs.items() if name in new]
        fresh = {name: value for name, value in new.items() if name not in old}
        over = {
            name: value
            for name, value in new.items()
            if name in old and name not in pairs and old[name] != value
        }
        fresh |= over  # what it has by '<<' only is written over
        if node.flow_style and (len(kept) < len(pairs) or not kept):
            self._cut(node.start_mark.index, self._end(node), flow(new))
            return
        if fresh:
            self._add(node, kept, list(pairs.values()), fresh)
        for name, pair in pairs.items():
            if name not in new:
                self._remove(pair)
            elif old[name] != new[name]:
                self._value(node, pair, old[name], new[name])

    def _value(self, node: MappingNode, pair: _Pair, old: Plain, new: Plain) -> None:
        if not pair.alias:
            before = len(self._splices)
            try:
                if self._inside(pair.value, old, new):
                    return
            except EditError:
                del self._splices[before:]
        fresh = f" {flow(new)}" if node.flow_style else self._block(new, pair.key)
        start, note = pair.colon, ""
        if not node.flow_style:
            found = re.match(r"[ \t]+#.*", self._text[start : self._line_end(start)])
            note = found[0] if found else ""
        head, line, rest = fresh.partition("\n")
        if note and head.strip() and line:
            raise EditError("a comment stands where a text is to begin")
        self._cut(start, max(pair.end, start + len(note)), head + note + line + rest)

    def _inside(self, node: Node, old: Plain, new: Plain) -> bool:
        """Change what is inside a value, if it may stay the kind of thing that it is."""
        if isinstance(node, MappingNode) and isinstance(old, dict) and isinstance(new, dict):
            if not new or (not node.flow_style and not old.keys() & new.keys()):
                return False
            self.mapping(node, old, new)
            return True
        if not isinstance(node, SequenceNode) or not isinstance(old, list):
            return False
        if not isinstance(new, list) or len(old) != len(new):
            return False
        for item, was, now in zip(node.value, old, new, strict=True):
            if was == now:
                continue
            if item.start_mark.index < node.start_mark.index:  # an alias
                return False
            if not self._inside(item, was, now):
                return False
        return True

    def _add(
        self, node: MappingNode, kept: list[_Pair], pairs: list[_Pair], fresh: dict[str, Plain]
    ) -> None:
        if node.flow_style:
            at = kept[-1].end
            self._cut(at, at, "".join(f", {flow({k: v})[1:-1]}" for k, v in fresh.items()))
            return
        column = node.start_mark.column
        if pairs:
            column = pairs[0].key.start_mark.column
        lines = [self._indented(dump({k: v}, self._style), column) for k, v in fresh.items()]
        if kept:
            at = self._line_end(kept[-1].end)
            self._cut(at, at, "".join("\n" + each.rstrip("\n") for each in lines))
        else:
            at = self._line_start(pairs[0] if pairs else None, node)
            self._cut(at, at, "".join(lines))

    def _remove(self, pair: _Pair) -> None:
        start, end = self._line_start(pair), self._line_end(pair.end)
        self._cut(start, min(end + 1, len(self._text)), "")

    def _block(self, value: Plain, key: Node) -> str:
        """Return what is to stand after the colon of ``key``."""
        text = dump({"k": value}, self._style).removeprefix("k:").rstrip("\n")
        return self._indented(text, key.start_mark.column, first=False)

    @staticmethod
    def _indented(text: str, column: int, *, first: bool = True) -> str:
        pad = " " * column
        lines = text.split("\n")
        return "\n".join(
            pad + line if line and (first or at) else line for at, line in enumerate(lines)
        )

    def _cut(self, start: int, end: int, new: str) -> None:
        self._splices.append((start, end, new))

    def _line_start(self, pair: _Pair | None, node: Node | None = None) -> int:
        first = pair.key if pair else node
        assert first is not None  # noqa: S101
        at: int = first.start_mark.index
        start = self._text.rfind("\n", 0, at) + 1
        if self._text[start:at].strip():
            raise EditError("a key does not begin its line")
        return start

    def _line_end(self, at: int) -> int:
        end = self._text.find("\n", at)
        return len(self._text) if end < 0 else end

    def _pairs(self, node: MappingNode) -> list[_Pair]:
        return [self._pair(key, value) for key, value in node.value if not _is_merge(key)]

    def _pair(self, key: ScalarNode, value: Node) -> _Pair:
        colon = re.compile(r"\s*:").match(self._text, key.end_mark.index)
        if colon is None:
            raise EditError("a key is written without a colon behind it")
        alias = re.compile(r"\s*\*[^\s,\[\]{}]+").match(self._text, colon.end())
        if alias:
            return _Pair(key, value, colon.end(), alias.end(), True)
        return _Pair(key, value, colon.end(), max(self._end(value), colon.end()), False)

    def _end(self, node: Node) -> int:
        """Return where the text of a node ends; marks of blocks lead on to what follows."""
        if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
            start, end = node.start_mark.index, node.end_mark.index
            return start + len(self._text[start:end].rstrip())
        if isinstance(node, MappingNode):
            return max(self._pair(key, value).end for key, value in node.value)
        last = node.value[-1]
        start = node.value[-2].end_mark.index if len(node.value) > 1 else node.start_mark.index
        if last.start_mark.index < start:
            raise EditError("a list ends in an alias")
        return self._end(last)


def _is_merge(key: Node) -> bool:
    return isinstance(key, ScalarNode) and not key.style and key.value == MERGE
