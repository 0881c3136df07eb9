"""A waitron's folder of templates, and the templates that stand in its YAML files."""

from __future__ import annotations

import posixpath
import re

from pyxie.config.nodes import Loc
from pyxie.importers.languages.pongo2.converter import convert
from pyxie.importers.notes import Result, Tree
from pyxie.importers.yamlfile import YamlFile

_INCLUDES = re.compile(r"""\{%-?\s*(?:include|extends|import|ssi)\s([^%]*)%\}""")
_QUOTED = re.compile(r"\"([^\"]+)\"|'([^']+)'")


class TemplateFolder:
    """Converts templates, and keeps in mind which of them were used as what.

    Args:
        tree: All files.
        folder: Where the templates are among them; None if they are not.
        root: What waitron's settings call that folder.
    """

    def __init__(self, tree: Tree, folder: str | None, root: str) -> None:
        self._root = root.rstrip("/")
        self._roots = [each for each in (self._root, folder or "") if each]
        self._files = {
            path.removeprefix(f"{folder}/"): text
            for path, text in tree.items()
            if folder is not None and path.startswith(f"{folder}/")
        }
        self._folder = folder
        self._served: set[str] = set()
        self._ran: set[str] = set()

    def named(self, path: str) -> str:
        """Return a template's name below its folder."""
        for root in self._roots:
            if path.startswith(f"{root}/"):
                return path.removeprefix(f"{root}/")
        return path

    def serve(self, path: str) -> str:
        """Return the name of a template that installers get: waitron used it as a format."""
        name = self.named(path)
        self._mark(name, self._served)
        return name

    def included(self, path: str) -> str | None:
        """Return the text of a template that a hook includes."""
        name = self.named(path)
        self._mark(name, self._ran)
        return self._files.get(name)

    def inline(self, source: YamlFile, loc: Loc, text: str) -> str:
        """Convert a template in a YAML file, that is no format to waitron."""
        converted = convert(text, source.file, printf=False, roots=self._roots)
        for note in converted.notes:
            place = f"line {note.line} of it: " if note.line > 1 else ""
            source.add_note(loc, place + note.sentence)
        return converted.text

    def write(self, result: Result) -> None:
        """Convert all files."""
        for name, text in self._files.items():
            printf = name in self._served or name not in self._ran
            made = convert(text, f"{self._folder}/{name}", printf=printf, roots=self._roots)
            result.files[f"templates/{name}"] = made.text
            result.add_notes(made.notes)

    def _mark(self, name: str, seen: set[str]) -> None:
        """Mark a template and all those that it includes by name."""
        waiting = [name]
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self._files:
                continue
            seen.add(name)
            for arguments in _INCLUDES.findall(self._files[name]):
                for one, other in _QUOTED.findall(arguments):
                    path = self.named(one or other)
                    beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
                    waiting += [path, beside]
