"""YAML's nodes to plain data, with what is wrong on the way; and what is below a node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from yaml.nodes import Node, ScalarNode, SequenceNode

from pyxie.bounds import YAML_DEPTH, YAML_PROBLEMS, Bound
from pyxie.config.place import SHOWN, Loc, spell
from pyxie.config.simple import DEEPEST, MERGE, NULLS, Plain
from pyxie.errors import ConfigError, Problem


def unfold(root: Node, file: Path, values: Bound) -> tuple[Plain, tuple[Problem, ...]]:
    """Return what nodes come to, and keys that stand twice and the like.

    Args:
        root: The document's.
        file: How messages name it.
        values: What it may come to; aliases of aliases grow without bound ("billion laughs").

    Raises:
        ConfigError: It comes to more, or has no end.
    """
    unfolding = _Unfold(file, values)
    return unfolding(root, ()), unfolding.problems


def first_of(problems: Sequence[Problem], found: int) -> list[Problem]:
    """Return as many as are told of one document, and after them how many there are more.

    Args:
        problems: At least those that are told, the first first.
        found: How many there are.
    """
    most = YAML_PROBLEMS.whole
    if found <= most:
        return list(problems)
    YAML_PROBLEMS.reached()
    told = list(problems[:most])
    return [*told, replace(max(told), sentence=f"… and {found - most:,} more mistakes")]


class _Unfold:
    """Turns nodes into plain data, noting what is wrong on the way."""

    def __init__(self, file: Path, values: Bound) -> None:
        self._file = file
        self._values = values
        self._left = values.whole
        self._noted: dict[Node, Problem | None] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong; a node that aliases lead to is named once."""
        told = [each for each in self._noted.values() if each is not None]
        return tuple(first_of(told, len(self._noted)))

    def __call__(self, node: Node, loc: Loc) -> Plain:
        self._left -= 1
        if self._left < 0:
            self._values.reached()
            raise ConfigError([self._problem(node, (), "unfolds to too many values")])
        if len(loc) > DEEPEST:  # an alias of something that it stands in
            YAML_DEPTH.reached()
            raise ConfigError([self._problem(node, (), "is nested too deeply")])
        if isinstance(node, ScalarNode):
            value: str = node.value
            return None if is_null(node) else value
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
            elif is_merge(key):
                for part in _parts(value):
                    plain = self(part, (*loc, MERGE))
                    if not isinstance(plain, dict):
                        self._note(part, (*loc, MERGE), "'<<' merges mappings only")
                        continue
                    for inner, each in plain.items():
                        merged.setdefault(inner, each)
            elif key.value in own:
                self._note(key, (*loc, key.value), f"the key {key.value[:SHOWN]!r} stands twice")
            else:
                own[key.value] = self(value, (*loc, key.value))
        return {**merged, **own}

    def _note(self, node: Node, loc: Loc, sentence: str) -> None:
        if node not in self._noted:
            is_told = len(self._noted) < YAML_PROBLEMS.whole
            self._noted[node] = self._problem(node, loc, sentence) if is_told else None

    def _problem(self, at: Node, loc: Loc, sentence: str) -> Problem:
        mark: Any = at.start_mark
        return Problem(self._file, mark.line + 1, mark.column + 1, spell(loc), sentence)


def is_null(node: ScalarNode) -> bool:
    """Tell whether a scalar says that there is nothing."""
    return not node.style and node.value in NULLS  # libyaml's plain style is '', PyYAML's None


def is_merge(key: Node) -> bool:
    """Tell whether a key is the ``<<`` that merges."""
    return isinstance(key, ScalarNode) and not key.style and key.value == MERGE


def _parts(merged: Node) -> list[Node]:
    return merged.value if isinstance(merged, SequenceNode) else [merged]


def pairs(node: Node) -> Iterator[tuple[Node, Node]]:
    """Walk a mapping's keys; those written in it come before those merged into it."""
    yield from ((key, value) for key, value in node.value if not is_merge(key))
    for key, value in node.value:
        if is_merge(key):
            for part in _parts(value):
                yield from pairs(part)
