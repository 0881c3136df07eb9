"""YAML to plain data that keeps every scalar as it was written, and where it stands.

PyYAML's own types would read ``52:54:00:12:34:56`` as a number in base 60, ``0755`` as
493 and ``no`` as False. Here a scalar stays text, and the models say what it means.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent, DocumentStartEvent, Event
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pyxie.config.simple import (
    DEEPEST,
    LOADER,
    MERGE,
    MOST_NODES,
    NULLS,
    UNSURE,
    simple,
)
from pyxie.config.simple import Plain as _Plain
from pyxie.errors import ConfigError, Problem

Plain: TypeAlias = _Plain
"""What a file comes to; see `pyxie.config.simple`."""
Loc: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys and indices from the root."""

MOST_BYTES = 4 << 20
_SHOWN = 80
"""Characters of a key or value that a message quotes at most."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file, parsed.

    Attributes:
        file: Its name, for messages.
        data: Scalars as text, a plain null as None, mappings with text keys.
        text: What ``data`` was read from; None for an empty file.
        problems: Keys that stand twice, of which the first counts, and the like; only
            of a file that was read tolerantly.
    """

    file: Path
    data: Plain
    text: str | None
    problems: tuple[Problem, ...] = ()

    @property
    def root(self) -> Node | None:
        """The nodes behind ``data``, which have places; None for an empty file.

        Made when they are asked for: those of ten thousand files would take 120 MB.
        """
        return _nodes(self.text) if self.text is not None else None

    def problem(self, loc: Loc, sentence: str, *, at_key: bool = False, word: str = "") -> Problem:
        """Return a problem with the value that ``loc`` leads to.

        Args:
            loc: Keys and indices from the root; where it leads beyond what was written,
                the innermost value that exists is the place.
            sentence: What is wrong.
            at_key: Point at the last key rather than at its value.
            word: Point at the first such word in the value, if it stands there as such.
        """
        line, column = self._place(loc, at_key, word)
        return Problem(self.file, line, column, spell(loc), sentence)

    def is_blank(self, loc: Loc) -> bool:
        """Tell whether nothing at all stands after the key that ``loc`` leads to."""
        node = self.root
        for step in loc:
            found = _child(node, step) if node is not None else None
            node = found[1] if found else None
        return isinstance(node, ScalarNode) and not node.style and node.value == ""

    def _place(self, loc: Loc, at_key: bool, word: str) -> tuple[int, int]:
        node = self.root
        if node is None:
            return 1, 1
        for depth, step in enumerate(loc):
            found = _child(node, step)
            if found is None:
                break
            key, value = found
            node = key if at_key and depth == len(loc) - 1 else value
        return _within(self.text or "", node, word) if word else _begin(node)


def _begin(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _within(text: str, node: Node, word: str) -> tuple[int, int]:
    """Return where a word stands in a value, else where the value does."""
    pattern = re.compile(rf"(?<![^\s'\"]){re.escape(word)}(?![^\s'\"])")
    start, end = node.start_mark, node.end_mark
    lines = text.splitlines()[start.line : end.line + 1]
    for at, line in enumerate(lines):
        until = end.column if start.line + at == end.line else len(line)
        found = pattern.search(line, 0 if at else start.column, until)
        if found:
            return start.line + at + 1, found.start() + 1
    return _begin(node)


def spell(loc: Loc) -> str:
    """Return ``loc`` as an operator writes it: ``network[0].macaddress``."""
    text = ""
    for step in loc:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        plain = step.isprintable() and " " not in step and step
        key = step[:_SHOWN] if plain else repr(step[:_SHOWN])
        text += f".{key}" if text else key
    return text


def read(file: Path, *, shown: Path | None = None, tolerant: bool = False) -> Document:
    """Read one YAML file.

    Args:
        file: What to read.
        shown: How messages name it; as ``file`` by default.
        tolerant: Note keys that stand twice in the document's ``problems``, so that
            `validate` can tell of them beside the rest.

    Raises:
        ConfigError: It cannot be read, is not YAML, or has a key twice.
    """
    name = shown or file
    try:
        with open(file, "rb", opener=_at_once) as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise ConfigError([Problem(name, 0, 0, "", "cannot be read: it is not a file")])
            raw = opened.read(MOST_BYTES + 1)
    except OSError as exc:
        raise ConfigError([Problem(name, 0, 0, "", f"cannot be read: {exc.strerror}")]) from exc
    if len(raw) > MOST_BYTES:
        raise ConfigError([Problem(name, 0, 0, "", f"is over {MOST_BYTES >> 20} MiB")])
    return parse(raw, name, tolerant=tolerant)


def _at_once(file: str, flags: int) -> int:
    """Open a file, but do not wait for whoever might write to a named pipe."""
    return os.open(file, flags | os.O_NONBLOCK)


def parse(raw: bytes, name: Path, *, tolerant: bool = False) -> Document:
    """Read YAML from memory; as `read`."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw.count(b"\n", 0, exc.start) + 1
        column = exc.start - raw.rfind(b"\n", 0, exc.start)
        raise ConfigError([Problem(name, line, column, "", "is not UTF-8 text")]) from exc
    data = simple(text)
    if data is not UNSURE:
        return Document(name, data, text) if data is not None else Document(name, {}, None)
    try:
        root = _composed(text, name)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        sentence = f"is not YAML: {exc.problem or exc.context}"
        raise ConfigError([Problem(name, line, column, "", sentence)]) from exc
    except yaml.reader.ReaderError as exc:
        at = text.find(chr(exc.character))  # its position is in bytes, or in letters
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        sentence = f"is not YAML: the character U+{exc.character:04X} is not allowed"
        raise ConfigError([Problem(name, line, column, "", sentence)]) from exc
    if root is None or (isinstance(root, ScalarNode) and _is_null(root)):
        return Document(name, {}, None)
    unfold = _Unfold(name)
    data = unfold(root, ())
    if unfold.problems and not tolerant:
        raise ConfigError(unfold.problems)
    return Document(name, data, text, tuple(unfold.problems))


def _composed(text: str, name: Path) -> Node | None:
    depth = documents = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        elif isinstance(event, DocumentStartEvent):
            documents += 1
        if depth > DEEPEST or documents > 1:
            deep, second = "is nested too deeply", "a second document begins; a file holds one"
            raise ConfigError([_problem(name, event, (), deep if depth > DEEPEST else second)])
    return _nodes(text)


@lru_cache(maxsize=64)
def _nodes(text: str) -> Node | None:
    root: Node | None = yaml.compose(text, Loader=LOADER)
    return root


class _Unfold:
    """Turns nodes into plain data, noting what is wrong on the way."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._noted: dict[Node, Problem] = {}
        self._left = MOST_NODES

    @property
    def problems(self) -> list[Problem]:
        """What is wrong; a node that aliases lead to is named once."""
        return list(self._noted.values())

    def __call__(self, node: Node, loc: Loc) -> Plain:
        self._left -= 1
        if self._left < 0:
            raise ConfigError([_problem(self.file, node, (), "unfolds to too many values")])
        if len(loc) > DEEPEST:  # an alias of something that it stands in
            raise ConfigError([_problem(self.file, node, (), "is nested too deeply")])
        if isinstance(node, ScalarNode):
            value: str = node.value
            return None if _is_null(node) else value
        if isinstance(node, SequenceNode):
            return [self(item, (*loc, at)) for at, item in enumerate(node.value)]
        return self._mapping(node, loc)

    def _mapping(self, node: Node, loc: Loc) -> dict[str, Plain]:
        own: dict[str, Plain] = {}
        merged: dict[str, Plain] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                # `cmdline: {{ x }}` reads as a mapping with a mapping for its key.
                hint = "; text with {{ }} in it needs quotes" if key.flow_style else ""
                self._note(key, loc, f"a key must be plain text{hint}")
            elif _is_merge(key):
                for part in _parts(value):
                    plain = self(part, (*loc, MERGE))
                    if not isinstance(plain, dict):
                        self._note(part, (*loc, MERGE), "'<<' merges mappings only")
                        continue
                    for inner, each in plain.items():
                        merged.setdefault(inner, each)
            elif key.value in own:
                self._note(key, (*loc, key.value), f"the key {key.value[:_SHOWN]!r} stands twice")
            else:
                own[key.value] = self(value, (*loc, key.value))
        return {**merged, **own}

    def _note(self, node: Node, loc: Loc, sentence: str) -> None:
        self._noted.setdefault(node, _problem(self.file, node, loc, sentence))


def _problem(file: Path, at: Node | Event, loc: Loc, sentence: str) -> Problem:
    mark: Any = at.start_mark
    return Problem(file, mark.line + 1, mark.column + 1, spell(loc), sentence)


def _is_null(node: ScalarNode) -> bool:
    return not node.style and node.value in NULLS  # libyaml's plain style is '', PyYAML's None


def _is_merge(key: Node) -> bool:
    return isinstance(key, ScalarNode) and not key.style and key.value == MERGE


def _parts(merged: Node) -> list[Node]:
    return merged.value if isinstance(merged, SequenceNode) else [merged]


def _pairs(node: Node) -> Iterator[tuple[Node, Node]]:
    """Walk a mapping's keys; those written in it come before those merged into it."""
    yield from ((key, value) for key, value in node.value if not _is_merge(key))
    for key, value in node.value:
        if _is_merge(key):
            for part in _parts(value):
                yield from _pairs(part)


def _child(node: Node, step: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item, item
    if isinstance(node, MappingNode):
        return next(((key, value) for key, value in _pairs(node) if key.value == step), None)
    return None
