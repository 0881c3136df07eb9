"""``machinepath`` and what machines inherit, as they stand: read, and again where they changed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pyxie.config.nodes import Document, parse, read
from pyxie.config.validate import slimmed, validate
from pyxie.errors import ConfigError, Problem
from pyxie.registry.amend import amended
from pyxie.registry.claims import claims_of
from pyxie.registry.define import Common
from pyxie.registry.inherited import (
    Inherited,
    Read,
    documents,
    filled,
    printable,
    problems,
    read_group,
    read_recipe,
    reread,
    same,
    signatures,
)
from pyxie.registry.machine import Machine
from pyxie.registry.merge import Layer
from pyxie.registry.registry import MachineFile, Registry, gather
from pyxie.registry.systems import unknown

_FEW = 100
"""Changed files up to which a snapshot is made of the one before."""

_NONE = (None, None)


def read_machine(path: Path, shown: Path) -> MachineFile:
    """Read one machine file; what is wrong with it is in the result.

    Args:
        path: The file.
        shown: How messages name it.
    """
    try:
        document = read(path, shown=shown, tolerant=True)
    except ConfigError as exc:
        return MachineFile(shown, None, None, exc.problems)
    return _machine_file(document, path.stem)


def parse_machine(raw: bytes, shown: Path) -> MachineFile:
    """Read a machine file from memory; as `read_machine`."""
    try:
        document = parse(raw, shown, tolerant=True)
    except ConfigError as exc:
        return MachineFile(shown, None, None, exc.problems)
    return _machine_file(document, shown.stem)


def _machine_file(document: Document, stem: str) -> MachineFile:
    if isinstance(document.data, dict) and not document.data.get("hostname"):
        # waitron 2 and 3 take the name of the file where none is written inside.
        document.data["hostname"] = stem
    claims = claims_of(document)
    try:
        machine = slimmed(validate(document, Machine))
        for nic in machine.network:
            slimmed(nic)
    except ConfigError as exc:
        return MachineFile(document.file, None, document, exc.problems, claims)
    return MachineFile(document.file, machine, document, (), claims)


class Folder:
    """``machinepath``, ``grouppath`` and ``recipepath``, read again only where a file changed.

    Not for two threads at once.

    Args:
        path: The machines.
        shown: How messages name it.
        shared: What the settings give to all machines; None if that is not known.
        groups: The groups' folder; it need not be there.
        recipes: That of the operator's recipes, likewise.
    """

    def __init__(
        self,
        path: Path,
        *,
        shown: Path | None = None,
        shared: Common | None = None,
        groups: Path | None = None,
        groups_shown: Path | None = None,
        recipes: Path | None = None,
        recipes_shown: Path | None = None,
    ) -> None:
        self.path = path
        self._shown = shown or path
        self._shared = shared
        self._groups = groups
        self._groups_shown = groups_shown or groups
        self._recipes = recipes
        self._recipes_shown = recipes_shown or recipes
        self._read: Read[MachineFile] | None = None
        self._read_groups: Read[Inherited] = {}
        self._read_recipes: Read[Inherited] = {}
        self._registry = Registry(shared=shared or Common())
        self._of = self._shared
        """What the snapshot's machines inherit."""

    @property
    def registry(self) -> Registry:
        """The machines as they were last read."""
        return self._registry

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where the files are."""
        return tuple(each for each in (self.path, self._groups, self._recipes) if each is not None)

    @property
    def linked(self) -> bool:
        """Whether a file that was last seen can be changed by a name in another folder."""
        inherited = (*self._read_groups.values(), *self._read_recipes.values())
        files = (*(self._read or {}).values(), *inherited)
        return self._read is None or any(signature[4] for signature, _ in files)

    def share(self, shared: Common, groups: Path | None, recipes: Path | None) -> None:
        """Have all machines inherit something else, from the next scan on.

        A copy of this (`copy.copy`) can be told so, and be scanned, while this one stays as it is.
        """
        self._shared = shared
        if groups != self._groups:
            self._groups = self._groups_shown = groups
            self._read_groups = {}
        if recipes != self._recipes:
            self._recipes = self._recipes_shown = recipes
            self._read_recipes = {}

    def _why(self, error: OSError) -> str | None:
        if not isinstance(error, FileNotFoundError):
            return error.strerror
        made = shlex.quote(str(self.path.absolute()))
        return (
            f"there is no such folder; make it with `mkdir -p {made}`, or correct machinepath in "
            "config.yaml"
        )

    def scan(self) -> Registry:
        """Return the machines as they stand now; the same object if nothing changed."""
        groups = reread(self._groups, self._groups_shown, self._read_groups, read_group)
        recipes = reread(self._recipes, self._recipes_shown, self._read_recipes, read_recipe)
        try:
            found = signatures(self.path)
        except OSError as exc:
            problem = Problem(self._shown, 0, 0, "machinepath", f"cannot be read: {self._why(exc)}")
            if self._registry.problems != (problem,) or self._of is not self._shared:
                shared = self._registry.shared
                if self._shared is not None and self._of is not self._shared:
                    shared = replace(self._shared, groups=shared.groups, cookbook=shared.cookbook)
                self._read, self._of = None, self._shared
                self._registry = Registry(problems=(problem,), shared=shared, blind=True)
            return self._registry
        before = self._read or {}
        unchanged = self._read is not None and same(before, found)
        inherits_the_same = (
            groups is self._read_groups
            and recipes is self._read_recipes
            and self._of is self._shared
        )
        if unchanged and inherits_the_same:
            return self._registry
        self._read = {}
        for name, signature in found.items():
            old = before.get(name)
            if old and old[0] == signature:
                self._read[name] = old
                continue
            file = read_machine(self.path / name, self._shown / printable(name))
            if file.machine is None and old:
                file = replace(file, before=old[1] if old[1].machine else old[1].before)
            if file.machine is not None or os.path.lexists(self.path / name):  # else just removed
                self._read[name] = signature, file
        after = self._read
        gone = [file for name, (_, file) in before.items() if after.get(name, _NONE)[1] is not file]
        come = [file for name, (_, file) in after.items() if before.get(name, _NONE)[1] is not file]
        if before and inherits_the_same and len(gone) + len(come) <= _FEW:
            registry = amended(self._registry, gone, come)
            if registry is not None:
                self._registry = registry
                return registry
        self._read_groups, self._read_recipes, self._of = groups, recipes, self._shared
        inherited = self._shared
        wrong = [*problems(groups), *problems(recipes)]
        if inherited is not None:
            cookbook = filled(inherited.cookbook, recipes)
            inherited = replace(inherited, groups=documents(groups), cookbook=cookbook)
            wrong += [*cookbook.problems(), *_unknown(inherited)]
        self._registry = gather((file for _, file in self._read.values()), inherited, wrong)
        return self._registry


def _unknown(shared: Common) -> Iterator[Problem]:
    """Walk what is wrong with the systems that settings, build types and groups name."""
    groups = (Layer(f"group {name}", document) for name, document in shared.groups.items())
    for layer in (shared.settings, *shared.types.values(), *groups):
        yield from unknown(layer, shared.cookbook)
