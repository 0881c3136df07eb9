"""Files that machines inherit from, groups and recipes: read, and again only where one changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

from pydantic import BaseModel

from pyxie.config.build import Group
from pyxie.config.nodes import Document, read
from pyxie.config.validate import validate
from pyxie.errors import ConfigError, Problem
from pyxie.recipes.cookbook import Cookbook
from pyxie.recipes.recipe import Recipe
from pyxie.shipped import shipped

ENDINGS: Final = (".yaml", ".yml")

Signature: TypeAlias = tuple[int, int, int, int, bool]
F = TypeVar("F")
Read: TypeAlias = dict[str, tuple[Signature, F]]
"""Files by their names in one folder, each with what changes when it changes."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """One file; of a broken one, as it was when it was last valid."""

    document: Document | None
    problems: tuple[Problem, ...] = ()


def read_group(path: Path, shown: Path) -> Inherited:
    """Read one group; what is wrong with it is in the result.

    Args:
        path: The file.
        shown: How messages name it.
    """
    return _read(path, shown, Group)


def read_recipe(path: Path, shown: Path) -> Inherited:
    """Read one recipe; as `read_group`."""
    return _read(path, shown, Recipe)


def _read(path: Path, shown: Path, model: type[BaseModel]) -> Inherited:
    try:
        document = read(path, shown=shown, tolerant=True)
        validate(document, model)
    except ConfigError as exc:
        return Inherited(None, exc.problems)
    return Inherited(document)


def reread(
    folder: Path | None,
    shown: Path | None,
    before: Read[Inherited],
    reader: Callable[[Path, Path], Inherited],
) -> Read[Inherited]:
    """Return a folder's files as they stand now; ``before`` itself if none has changed."""
    if folder is None or shown is None:
        return before
    try:
        found = signatures(folder)
    except OSError:
        found = {}  # what is missing is reported where it is named
    if same(before, found):
        return before
    after: Read[Inherited] = {}
    for name, signature in found.items():
        old = before.get(name)
        if old and old[0] == signature:
            after[name] = old
            continue
        file = reader(folder / name, shown / printable(name))
        if file.document is None and old:
            file = replace(file, document=old[1].document)
        after[name] = signature, file
    return after


def documents(files: Read[Inherited]) -> Mapping[str, Document]:
    """Return what is to be inherited, by the names of files without ending, in lower case."""
    return MappingProxyType(
        {
            Path(name).stem.lower(): file.document
            for name, (_, file) in sorted(files.items())
            if file.document is not None
        }
    )


def problems(files: Read[Inherited]) -> list[Problem]:
    """Return what is wrong with files."""
    return [problem for _, file in files.values() for problem in file.problems]


def filled(cookbook: Cookbook, own: Read[Inherited]) -> Cookbook:
    """Return a cookbook with the operator's recipes in it, and those that come with pyxie."""
    broken = {
        Path(name).stem.lower(): file.problems[0]
        for name, (_, file) in own.items()
        if file.document is None and file.problems
    }
    return Cookbook(shipped=_shipped(), own=documents(own), broken=broken, mirrors=cookbook.mirrors)


@cache
def _shipped() -> Mapping[str, Document]:
    """Return the recipes that come with pyxie, which are as the tests have judged them."""
    folder = shipped("recipes")
    return MappingProxyType(
        {
            path.stem: read(path, tolerant=True)
            for path in sorted(folder.iterdir())
            if path.suffix in ENDINGS
        }
    )


def signatures(folder: Path) -> dict[str, Signature]:
    """Return what changes when a file of a folder changes; raises OSError."""
    with os.scandir(folder) as entries:
        return {
            entry.name: _signature(entry)
            for entry in entries
            if entry.name.endswith(ENDINGS) and not entry.name.startswith(".")
        }


def same(before: Mapping[str, tuple[Signature, object]], found: dict[str, Signature]) -> bool:
    """Tell whether files are as they were read."""
    return {name: each[0] for name, each in before.items()} == found


def _signature(entry: os.DirEntry[str]) -> Signature:
    try:
        stat = entry.stat()
    except OSError:  # a dangling link: reading it will say what is wrong
        return (0, 0, 0, 0, True)
    linked = stat.st_nlink > 1 or entry.is_symlink()
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_ctime_ns, linked)


def printable(name: str) -> str:
    """Return a file name fit for messages, also one that is not UTF-8 or has line ends."""
    if name.isprintable():
        return name
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
