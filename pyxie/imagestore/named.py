"""What may be fetched ahead, or asked about: what a recipe or a machine names, and nothing else.

Whoever may call for it names a system, a machine, or a URL that one of them has. So nobody has
pyxie fetch a URL of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyxie.builds.definitions import Definitions
from pyxie.builds.life import Build
from pyxie.config.nodes import Document, Plain
from pyxie.config.validate import nearest
from pyxie.errors import ConfigError, NotServedError, PyxieError
from pyxie.images.spec import Upstream, images_of
from pyxie.registry.define import Common, define
from pyxie.registry.machine import Machine
from pyxie.registry.mirrors import Mirrors
from pyxie.registry.registry import Registry
from pyxie.urls import shown

_NOBODY: Final = "images"
_CALL: Final = Path("images")
"""How messages name who asks."""
_FETCHED: Final = re.compile(r"https?://[^{}]+/[^/{}]+[.-][^/{}]+")
"""A URL of a file: the last part of a repository's is a plain word, as ``main``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A file of another server's, and what names it.

    Attributes:
        by: A system with its architecture, as ``debian-12 amd64``; or a hostname.
        part: ``kernel``, or ``initrd`` with its number; of what is fetched by the command line the
            key there.
        source: Where it is, and what it is to be.
    """

    by: str
    part: str
    source: Upstream


class Names:
    """Finds what a word means, among the definitions of one moment; for threads.

    Args:
        registry: The machines, and what they share.
        builds: Those in force.
        definitions: What their machines are.
    """

    def __init__(
        self, registry: Registry, builds: Sequence[Build], definitions: Definitions
    ) -> None:
        self._registry = registry
        self._builds = {each.host: each for each in builds}
        self._definitions = definitions

    def of(self, word: str, arch: str = "") -> list[Named]:
        """Return the files that a word means, each once.

        Args:
            word: The name of a system, a machine, or a URL that one of them has.
            arch: Of a system, which one; empty for all that it is for.

        Raises:
            NotServedError: Nothing is called so, or nothing that is names it.
            ConfigError: The recipe, or what the machine inherits, has mistakes.
        """
        cookbook = self._registry.shared.cookbook
        if "://" in word:
            return self._at(word)
        if word in cookbook.names or word in cookbook.broken:
            return list(of_recipe(self._registry.shared, word, arch))
        machine = self._registry.find(word)
        if machine is None:
            near = nearest(word, cookbook.names) or next(iter(self._registry.near(word)), None)
            hint = f"; did you mean {near!r}?" if near else ""
            raise NotServedError(repr(word[:80]), f"is no system and no machine{hint}")
        return list(self._of_machine(machine))

    def _of_machine(self, machine: Machine) -> Iterator[Named]:
        """Walk what a machine in build mode boots, else what it would by its file."""
        build = self._builds.get(machine.hostname)
        if build is not None:
            of_build = self._definitions.of(build)
            yield from _of(machine.hostname, of_build, self._definitions.called(build))
        else:
            yield from _of(machine.hostname, self._registry.define(machine).machine)

    def _at(self, url: str) -> list[Named]:
        for each in self._all():
            if url in (each.source.url, shown(each.source.url)):
                return [each]
        raise NotServedError(shown(url), "is named by no recipe and by no machine")

    def _all(self) -> Iterator[Named]:
        """Walk all that there is; what has mistakes names nothing."""
        shared = self._registry.shared
        for name in shared.cookbook.names:
            with suppress(PyxieError):
                yield from of_recipe(shared, name)
        for machine in self._registry.machines.values():
            with suppress(PyxieError):
                yield from self._of_machine(machine)


def of_recipe(shared: Common, name: str, arch: str = "") -> Iterator[Named]:
    """Walk the files of other servers' that a recipe names.

    Args:
        shared: The settings, and the recipes.
        name: The system's.
        arch: Which one; empty for all that it is for.

    Raises:
        NotServedError: There is no such recipe, or none for that architecture.
        ConfigError: It has mistakes.
    """
    cookbook = shared.cookbook
    try:
        cookbook.check(name)
        archs = cookbook.archs(name)
        for each in [arch] if arch else archs:
            cookbook.said(name, each)
    except ConfigError:
        raise
    except PyxieError as exc:
        raise NotServedError(name, str(exc)) from exc
    for each in [arch] if arch else archs:
        own: dict[str, Plain] = {"hostname": _NOBODY, "os": name, "arch": each}
        yield from _of(f"{name} {each}", define(shared, Document(_CALL, own, None)).machine)


def by_itself(shared: Common, name: str) -> Iterator[Named]:
    """Walk the files that a recipe's system fetches by itself, by its command line.

    An installer's image is taken away by the next point release, and nobody but the machine would
    notice. Folders are not asked for: not each server shows them. Nor is what a template makes.

    Args:
        shared: As of `of_recipe`, which has looked whether the recipe is sound.
        name: Likewise.
    """
    for arch in shared.cookbook.archs(name):
        for word in (shared.cookbook.by_hand(name, arch) or "").split():
            key, _, url = word.partition("=")
            if _FETCHED.fullmatch(url):
                yield Named(by=f"{name} {arch}", part=key, source=Upstream(url))


def _of(by: str, machine: Machine, called: Mirrors = frozenset()) -> Iterator[Named]:
    for part, image in images_of(machine, called).parts:
        if isinstance(image, Upstream):
            yield Named(by=by, part=part, source=image)
