"""The trees in ``data``: copied to a folder, imported, and read again by pyxie itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyxie.checking import scan
from pyxie.config.build import Group
from pyxie.config.nodes import read
from pyxie.config.settings import Settings, load, load_marked
from pyxie.config.validate import validate
from pyxie.importers.notes import Result, Tree
from pyxie.importers.tree import read_tree, write
from pyxie.registry.folder import read_machine
from pyxie.registry.machine import Machine

DATA = Path(__file__).with_name("data")


@dataclass(frozen=True)
class Imported:
    """An import, written.

    Attributes:
        name: Of the tree.
        old: Where the old files are.
        new: Where the new ones are.
        result: What came out.
    """

    name: str
    old: Path
    new: Path
    result: Result

    @property
    def settings(self) -> Settings:
        return load(self.new / "config.yaml")

    @property
    def machines(self) -> dict[str, Machine]:
        found = {}
        for path in sorted((self.new / "machines").iterdir()):
            file = read_machine(path, path)
            assert file.problems == ()
            assert file.machine is not None
            found[path.stem] = file.machine
        return found

    @property
    def defined(self) -> dict[str, Machine]:
        """The machines with all that they inherit."""
        registry = scan(*load_marked(self.new / "config.yaml"))
        assert registry.problems == ()
        return {
            host: registry.define(machine).machine for host, machine in registry.machines.items()
        }

    @property
    def groups(self) -> dict[str, Group]:
        folder = self.new / "groups"
        return {path.stem: validate(read(path), Group) for path in sorted(folder.iterdir())}

    @property
    def notes(self) -> list[str]:
        return [str(note) for note in self.result.notes]


def imported_tree(name: str, read: Callable[[Tree], Result], folder: Path) -> Imported:
    """Import one of the trees; what it calls /etc/waitron is where it is copied to."""
    old, new = folder / "etc", folder / "new"
    for path in sorted((DATA / name).rglob("*")):
        if path.is_file():
            target = old / path.relative_to(DATA / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path.read_text().replace("/etc/waitron", str(old)))
    tree, _ = read_tree(old)
    result = read(tree)
    write(result, new, force=False)
    return Imported(name, old, new, result)
