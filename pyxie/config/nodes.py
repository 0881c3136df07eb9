"""YAML to plain data that keeps every scalar as it was written, and where it stands.

PyYAML's own types would read ``52:54:00:12:34:56`` as a number in base 60, ``0755`` as
493 and ``no`` as False. Here a scalar stays text, and the models say what it means.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import yaml
from yaml.nodes import Node, ScalarNode

from pyxie.bounds import (
    BUILD_BODY_LENGTH,
    BUILD_BODY_VALUES,
    YAML_LENGTH,
    YAML_VALUES,
    Bound,
)
from pyxie.config.counted import check, check_head
from pyxie.config.place import Loc as _Loc
from pyxie.config.place import spell
from pyxie.config.simple import UNSURE, simple
from pyxie.config.simple import Plain as _Plain
from pyxie.config.trees import Tree, Trees
from pyxie.config.unfold import is_null, unfold
from pyxie.errors import ConfigError, Problem

Plain: TypeAlias = _Plain
"""What a file comes to; see `pyxie.config.simple`."""
Loc: TypeAlias = _Loc
"""The way to a value; see `pyxie.config.place`."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a document of one kind may be.

    Attributes:
        length: In bytes.
        values: In keys and values, each mapping and list counted, too.
    """

    length: Bound
    values: Bound


FILE: Final = Size(YAML_LENGTH, YAML_VALUES)
"""Of machine files, groups, ``config.yaml``, and of texts that templates read."""
BUILD_BODY: Final = Size(BUILD_BODY_LENGTH, BUILD_BODY_VALUES)
"""Of what a call says of the build that it begins."""
LARGE: Final = Size(
    Bound("large_length", 64 << 20, "bytes", "refused"),
    Bound("large_values", 200_000, "keys and values", "refused"),
)
"""Of what no stranger sends: files to be imported, and bodies that an earlier version stored."""

_TREES: Final = Trees()
_AFTER_A_KEY: Final = (
    "could not find expected ':'",
    "mapping values are not allowed in this context",
)
"""What libyaml says of what follows a key that is none."""
_GLUED: Final = re.compile(r" *(?:- +)*[A-Za-z_][A-Za-z0-9_-]*:(?!//)(?=[^\s:])")
"""A key, and its value without a blank between them."""
_LINE_END: Final = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
"""As YAML 1.1 has it."""


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
    def tree(self) -> Tree | None:
        """The nodes behind ``data``, which have places; None for an empty file.

        Made when they are asked for: those of ten thousand files would take 120 MB. Hold them
        where many places are asked for in turn.
        """
        return _TREES.of(self.text) if self.text is not None else None

    @property
    def root(self) -> Node | None:
        """The outermost node of `tree`."""
        tree = self.tree
        return tree.root if tree is not None else None

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
        tree = self.tree
        node = tree.root if tree is not None else None
        for step in loc:
            found = tree.child(node, step) if tree is not None and node is not None else None
            node = found[1] if found else None
        return isinstance(node, ScalarNode) and not node.style and node.value == ""

    def _place(self, loc: Loc, at_key: bool, word: str) -> tuple[int, int]:
        tree = self.tree
        if tree is None or tree.root is None:
            return 1, 1
        node = tree.root
        for depth, step in enumerate(loc):
            found = tree.child(node, step)
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


def read(file: Path | str, *, shown: Path | None = None, tolerant: bool = False) -> Document:
    """Read one YAML file.

    Args:
        file: What to read.
        shown: How messages name it; as ``file`` by default.
        tolerant: Note keys that stand twice in the document's ``problems``, so that
            `validate` can tell of them beside the rest.

    Raises:
        ConfigError: It cannot be read, is not YAML, or has a key twice.
    """
    name = shown or Path(file)
    try:
        # Who might write to a named pipe is not waited for.
        number = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = os.fstat(number)
            if stat.S_ISDIR(found.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not stat.S_ISREG(found.st_mode):
                raise ConfigError([Problem(name, 0, 0, "", "cannot be read: it is not a file")])
            raw = _content(number, found.st_size)
        finally:
            os.close(number)
    except OSError as exc:
        raise ConfigError([Problem(name, 0, 0, "", f"cannot be read: {exc.strerror}")]) from exc
    return parse(raw, name, tolerant=tolerant)


def _content(number: int, size: int) -> bytes:
    """Return what a file has, and of one that is too long as much as shows that.

    By a buffer of its own size: one for the longest that there may be takes longer than the rest.
    """
    most, content = FILE.length.whole + 1, b""
    while piece := os.read(number, min(most - len(content), max(size, 4096) + 1)):
        content += piece
    return content


def parse(raw: bytes, name: Path, *, tolerant: bool = False, size: Size = FILE) -> Document:
    """Read YAML from memory; as `read`.

    What is larger than ``size`` is refused while it is read, at the first that is too much.
    """
    if len(raw) > size.length.whole:
        size.length.reached()
        raise ConfigError([Problem(name, 0, 0, "", f"is over {in_short(size.length.whole)}")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw.count(b"\n", 0, exc.start) + 1
        column = exc.start - raw.rfind(b"\n", 0, exc.start)
        raise ConfigError([Problem(name, line, column, "", "is not UTF-8 text")]) from exc
    check_head(text, name)
    data = simple(text, size.values.whole)
    if data is not UNSURE:
        return Document(name, data, text) if data is not None else Document(name, {}, None)
    try:
        check(text, name, size.values)
        tree = _TREES.of(text)
    except yaml.MarkedYAMLError as exc:
        raise ConfigError([_slip(exc, text, name)]) from exc
    except yaml.reader.ReaderError as exc:
        at = text.find(chr(exc.character))  # its position is in bytes, or in letters
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        sentence = f"is not YAML: the character U+{exc.character:04X} is not allowed"
        raise ConfigError([Problem(name, line, column, "", sentence)]) from exc
    root = tree.root
    if root is None or (isinstance(root, ScalarNode) and is_null(root)):
        return Document(name, {}, None)
    data, problems = unfold(root, name, size.values)
    if problems and not tolerant:
        raise ConfigError(problems)
    return Document(name, data, text, problems)


def _slip(exc: yaml.MarkedYAMLError, text: str, name: Path) -> Problem:
    """Return what is no YAML, and where.

    Of ``os:debian-12`` libyaml tells only that no ``: `` came, in the line below it, or, where that
    is a key, that a value stands in the wrong place.
    """
    mark = exc.problem_mark or exc.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    begin = exc.context_mark
    if exc.problem == "could not find expected ':'" and begin is not None:
        line, column = begin.line + 1, begin.column + 1
    above = line if begin is not None and begin.line + 1 == line else line - 1
    glued = _glued(text, above) if exc.problem in _AFTER_A_KEY else None
    if glued is not None:
        return Problem(name, *glued, "", "is not YAML: a blank is missing after ':'")
    return Problem(name, line, column, "", f"is not YAML: {exc.problem or exc.context}")


def _glued(text: str, line: int) -> tuple[int, int] | None:
    """Return where the blank is missing in a key with its value, if that is what a line holds.

    Of empty lines the one above them is meant.
    """
    lines = _LINE_END.split(text, line)[:line]
    while lines and not lines[-1].strip():
        del lines[-1]
    found = _GLUED.match(lines[-1]) if lines else None
    return (len(lines), found.end() + 1) if found is not None else None


def in_short(length: int) -> str:
    """Return a number of bytes as a person writes it."""
    return f"{length >> 20} MiB" if length >= 1 << 20 else f"{length >> 10} KiB"
