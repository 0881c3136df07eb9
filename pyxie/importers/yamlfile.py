"""YAML as the imported programs read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pyxie.config.nodes import LARGE, Document, Loc, parse
from pyxie.errors import ConfigError
from pyxie.importers.notes import Result

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class YamlFile:
    """One YAML file of the old server's.

    Args:
        file: Its name, for notes.
        text: What is in it.
        result: Takes the notes.
    """

    def __init__(self, file: str, text: str, result: Result) -> None:
        self.file = file
        self.text = text
        self._result = result
        self._document: Document | None = None
        self.data: dict[str, Any] = {}
        """Scalars as text; of a key that stands twice the last counts, as in Go's yaml.v2."""
        try:
            self._document = parse(text.encode(), Path(file), tolerant=True, size=LARGE)
        except ConfigError as exc:
            for problem in exc.problems:
                result.add_note(file, f"left out: {problem.sentence}", problem.line, problem.column)
            return
        for problem in self._document.problems:
            if problem.sentence.endswith("stands twice"):
                message = f"{problem.sentence}; waitron took the last, and so does this"
            else:
                message = f"left out: {problem.sentence}"
                self._document = None
            result.add_note(
                file, f"{problem.key}: {message}".lstrip(": "), problem.line, problem.column
            )
        if self._document is None:
            return
        self._tree = self._document.tree  # held, for it has many places to be told
        found = _plain(self._document.root)
        if isinstance(found, dict):
            self.data = found
        elif found is not None:
            result.add_note(file, "left out: it is no mapping", 1, 1)
            self._document = None

    @property
    def valid(self) -> bool:
        """Whether pyxie reads it without a complaint."""
        return self._document is not None and not self._document.problems

    @property
    def readable(self) -> bool:
        """Whether it is YAML at all."""
        return self._document is not None

    def add_note(self, loc: Loc, sentence: str, *, at_key: bool = True) -> None:
        """Note something about the value that ``loc`` leads to."""
        if self._document is None:
            self._result.add_note(self.file, sentence)
            return
        problem = self._document.problem(loc, sentence, at_key=at_key)
        message = f"{problem.key}: {sentence}" if problem.key else sentence
        self._result.add_note(self.file, message, problem.line, problem.column)


def _plain(node: Node | None) -> Any:
    """Unfold a node that `parse` has passed; of a key that stands twice the last counts."""
    if isinstance(node, ScalarNode):
        return None if not node.style and node.value in _NULLS else node.value
    if isinstance(node, SequenceNode):
        return [_plain(each) for each in node.value]
    if not isinstance(node, MappingNode):
        return None
    own: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            continue
        if key.value != "<<" or key.style:
            own[key.value] = _plain(value)
            continue
        for part in value.value if isinstance(value, SequenceNode) else [value]:
            found = _plain(part)
            merged.update(found if isinstance(found, dict) else {})
    return {**merged, **own}
