"""``machinepath`` and what machines inherit, as they stand: read, and again where they changed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from pyxie.config.nodes import Document, parse, read
from pyxie.config.validate import slimmed, validate
from pyxie.errors import ConfigError, Problem
from pyxie.registry.amend import amended
from pyxie.registry.claims import claims_of
from pyxie.registry.define import Common
from pyxie.registry.inherited import (
    Inherited,
    Read,
    Signature,
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
_ASKED: Final = 32
"""Files that are read here between two looks at what was read elsewhere."""


class Early(Protocol):
    """What is asked of `pyxie.registry.earlyread.EarlyRead`."""

    def more(self) -> Mapping[str, tuple[Signature, MachineFile]]:
        """Return what it has read since this was asked last, by the files' names."""
        ...

    def close(self) -> None:
        """Have it read no more."""
        ...


def read_machine(path: Path | str, shown: Path) -> MachineFile:
    """Read one machine file; what is wrong with it is in the result.

    Args:
        path: The file.
        shown: How messages name it.
    """
    try:
        document = read(path, shown=shown, tolerant=True)
    except ConfigError as exc:
        return MachineFile(shown, None, None, exc.problems)
    return _machine_file(document, path)


def parse_machine(raw: bytes, shown: Path) -> MachineFile:
    """Read a machine file from memory; as `read_machine`."""
    try:
        document = parse(raw, shown, tolerant=True)
    except ConfigError as exc:
        return MachineFile(shown, None, None, exc.problems)
    return _machine_file(document, shown)


def _machine_file(document: Document, path: Path | str) -> MachineFile:
    if isinstance(document.data, dict) and not document.data.get("hostname"):
        # waitron 2 and 3 take the name of the file where none is written inside.
        document.data["hostname"] = Path(path).stem
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
        early: Has read some of the machines for the first scan, which ends it.
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
        early: Early | None = None,
    ) -> None:
        self.path = path
        self._early = early
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
        after = self._read = self._files(before, found)
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

    def _files(self, before: Read[MachineFile], found: dict[str, Signature]) -> Read[MachineFile]:
        """Return all files, read where they are others than before."""
        early, self._early = self._early, None
        elsewhere: dict[str, tuple[Signature, MachineFile]] = {}
        after: Read[MachineFile] = {}
        # From the last on: who reads them elsewhere has begun with the first.
        for at, (name, signature) in enumerate(reversed(found.items())):
            old = before.get(name)
            if old and old[0] == signature:
                after[name] = old
                continue
            if early is not None and at % _ASKED == 0:
                elsewhere |= early.more()
            there = elsewhere.pop(name, None)
            if there is not None and there[0] == signature:
                after[name] = there
                continue
            path = os.path.join(self.path, name)  # noqa: PTH118 - a third of the time of Path's
            file = read_machine(path, self._shown / printable(name))
            if file.machine is None and old:
                file = replace(file, before=old[1] if old[1].machine else old[1].before)
            if file.machine is not None or os.path.lexists(path):  # else just removed
                after[name] = signature, file
        if early is not None:
            early.close()
        return {name: after[name] for name in found if name in after}


def _unknown(shared: Common) -> Iterator[Problem]:
    """Walk what is wrong with the systems that settings, build types and groups name."""
    groups = (Layer(f"group {name}", document) for name, document in shared.groups.items())
    for layer in (shared.settings, *shared.types.values(), *groups):
        yield from unknown(layer, shared.cookbook)
