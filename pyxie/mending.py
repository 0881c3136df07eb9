"""Where a fault of what a machine is given is to be mended: file, line and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pyxie.config.nodes import Document, Loc, Plain
from pyxie.config.settings import Settings
from pyxie.errors import NotServedError, Problem, RenderError
from pyxie.registry.define import Definition
from pyxie.registry.merge import Place
from pyxie.rehearsal import where_written


@dataclass(frozen=True, slots=True)
class Mending:
    """Finds the place where a machine's fault is to be mended; asks the disk, so in a thread.

    Attributes:
        settings: Where templates are.
        definition: The machine, with all that it inherits.
        own: Its file.
    """

    settings: Settings
    definition: Definition
    own: Document

    def problem(self, fault: NotServedError | RenderError) -> Problem:
        """Return the fault as a problem of the file that it is in."""
        if isinstance(fault, NotServedError):
            return self._named(fault.what, fault.why)
        if written := where_written(self.definition, fault):
            return written.problem(f"{fault.problem}{self._whose(written)}")
        for folder in (self.settings.templatepath, self.settings.ipxe):
            template = folder / fault.template
            if fault.line and template.is_file():
                sentence = f"{fault.problem}, for {self.definition.machine.hostname}"
                return Problem(shown(template), fault.line, 1, "", sentence)
        within = f"line {fault.line} of it: " if fault.line > 1 else ""
        return self._named(fault.template, f"{within}{fault.problem}")

    def _named(self, what: str, sentence: str) -> Problem:
        loc = _loc_of(self.definition.merged.data, what)
        place = self.definition.merged.place(loc) if loc else None
        if place is None:
            return self.own.problem((), f"{what}: {sentence}")
        quoted = sentence if what in str(place.loc[-1 if len(loc) == 1 else 0]) else ""
        quoted = quoted or f"{what!r}: {sentence}"
        return place.problem(quoted + self._whose(place))

    def _whose(self, place: Place) -> str:
        """Return whose fault it is, where the file does not say that."""
        host = self.definition.machine.hostname
        return "" if place.document is self.own else f", for {host}"


def _loc_of(data: Mapping[str, Plain], what: str) -> Loc:
    if data.get(what):
        return (what,)
    for key, value in data.items():
        if value == what:
            return (key,)
        if isinstance(value, list):
            for at, each in enumerate(value):
                if each == what:
                    return (key, at)
                if isinstance(each, dict) and each.get("url") == what:
                    return (key, at, "url")
        if isinstance(value, dict) and what in value.values():
            return (key, next(name for name, each in value.items() if each == what))
    return ()


def shown(path: Path) -> Path:
    """Return a path as short as it can be told from here."""
    here = Path.cwd()
    # Below "/" all is, and etc/pyxie would be taken for a path from elsewhere.
    if here == Path(here.anchor) or not path.is_relative_to(here):
        return path
    return path.relative_to(here)
