"""All recipes: found by name, and made ready to be laid among the layers of a definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import ValidationError

from pyxie.config.build import MAPS, BuildKeys
from pyxie.config.nodes import Document, Loc, Plain
from pyxie.config.validate import meant, nearest, sentence_of
from pyxie.config.values import AMD64, CPUS
from pyxie.errors import ConfigError, Problem, PyxieError
from pyxie.recipes.filling import FillingError, filled
from pyxie.recipes.recipe import LAID, WHOLE

_LONGEST_CHAIN: Final = 8
"""Recipes of which each extends the next."""

Said: TypeAlias = tuple[str, Plain, Document, Loc]
"""A key of a build, its value, and where that was written."""


class UnknownSystemError(PyxieError):
    """No recipe has that name, or it has nothing for that architecture."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why

    def __str__(self) -> str:
        return self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What there is to say of a recipe to people.

    Attributes:
        name: The system's, as ``os`` has it.
        title, docs: As it is called, and where its makers describe it.
        needs: What the operator has to provide; empty for nothing.
        verified: By the architectures that it is for, when and how it was seen to boot; None if
            nobody has. What it extends counts for nothing there.
    """

    name: str
    title: str
    docs: str
    needs: str
    verified: Mapping[str, tuple[str, str] | None]


@dataclass(frozen=True, slots=True)
class Cookbook:
    """The recipes of one moment.

    Attributes:
        shipped: The files that come with pyxie, by the system's name.
        own: The operator's, which come first.
        broken: Of the operator's, those that cannot be used, and where they say why.
        mirrors: URLs without a slash at the end, by the name of a distribution.
    """

    shipped: Mapping[str, Document] = field(default_factory=dict)
    own: Mapping[str, Document] = field(default_factory=dict)
    broken: Mapping[str, Problem] = field(default_factory=dict)
    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _made: dict[tuple[str, str], tuple[Said, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def names(self) -> list[str]:
        """All systems, sorted."""
        return sorted({*self.shipped, *self.own})

    def check(self, name: str) -> None:
        """Tell whether there is a recipe of that name; raises UnknownSystemError."""
        if name in self.broken:
            at = self.broken[name]
            where = f"{at.file}:{at.line}:{at.column}"
            raise UnknownSystemError(name, f"the recipe of {name!r} has mistakes: {where}")
        if name not in self.own and name not in self.shipped:
            raise UnknownSystemError(name, self._absent(name))

    def _absent(self, name: str) -> str:
        return f"there is no recipe for {name[:80]!r}{meant(name, self.names)}"

    def said(self, name: str, arch: str = AMD64) -> tuple[Said, ...]:
        """Return what a recipe says to a layer, in the order in which it is laid.

        Args:
            name: The system's.
            arch: The machine's architecture.

        Raises:
            UnknownSystemError: There is no such recipe, or none for the architecture.
            ConfigError: The recipe has mistakes.
        """
        found = self._made.get((name, arch))
        if found is None:
            self.check(name)
            found = tuple(self._said(name, arch))
            if len(self._made) < _MOST_MADE:
                self._made[name, arch] = found
        return found

    def by_hand(self, name: str, arch: str = AMD64) -> str | None:
        """Return the command line for somebody at the screen, without templates; None if none is.

        Raises:
            UnknownSystemError: There is no such recipe, or none for the architecture.
            ConfigError: The recipe has mistakes.
        """
        said = self.said(name, arch)  # which checks all of it
        chain = self.chain(name)
        words, named, line = self._words(chain, arch), False, None
        for document, loc, data in _variants(chain, arch):
            if "interactive" in data:
                named, line = True, self._filled(data, "interactive", words, document, loc)
        if not named:
            values = {key: value for key, value, _, _ in said}
            if not self.by_itself(name, arch):
                line = values["cmdline"] or ""
        return None if line is None else str(line)

    def by_itself(self, name: str, arch: str = AMD64) -> bool:
        """Tell whether a system needs nobody at the screen; raises as `said`."""
        values = {key: value for key, value, _, _ in self.said(name, arch)}
        return any(values.get(key) for key in _BY_ITSELF)

    def _said(self, name: str, arch: str) -> Iterator[Said]:
        chain = self.chain(name)
        there = self.archs(name)
        if arch not in there:
            which = " and ".join(there) or "none"
            raise UnknownSystemError(
                name, f"the recipe of {name!r} is for {which}, and 'arch' is {arch}"
            )
        last = chain[-1]
        named = {key for _, _, data in _variants(chain, arch) for key in data if data[key]}
        for key in WHOLE:
            if key not in named or key in MAPS:  # else it is replaced, which has a better place
                yield key, None, last, ()
        words = self._words(chain, arch)
        for document, loc, data in _variants(chain, arch):
            for key in LAID:
                if key in data:
                    yield key, self._filled(data, key, words, document, loc), document, (*loc, key)

    def _filled(
        self,
        data: Mapping[str, Plain],
        key: str,
        words: Mapping[str, str],
        document: Document,
        loc: Loc,
    ) -> Plain:
        try:
            return filled(data[key], words)
        except FillingError as exc:
            why = f"{exc}{_near(exc.word, words)}"
            raise ConfigError([document.problem((*loc, key), why)]) from exc

    def chain(self, name: str) -> list[Document]:
        """Return the recipe of that name, and before it those that it extends.

        Raises:
            ConfigError: One is not there, or extends itself.
        """
        document = self.own.get(name) or self.shipped[name]
        chain = [document]
        while parent := _text_of(document, "extends"):
            is_own = document is self.own.get(name)
            if parent == name and is_own and name in self.shipped:
                found: Document | None = self.shipped[name]
            else:
                found = self.own.get(parent) or self.shipped.get(parent)
            if found is None:
                raise ConfigError([document.problem(("extends",), self._absent(parent))])
            if found in chain or len(chain) >= _LONGEST_CHAIN:
                why = "recipes extend each other without end"
                raise ConfigError([document.problem(("extends",), why)])
            chain.insert(0, found)
            name, document = parent, found
        return chain

    def archs(self, name: str) -> tuple[str, ...]:
        """Return the architectures that a recipe is for; raises as `chain`."""
        for document in reversed(self.chain(name)):
            written = _mapping(document).get("arch")
            if isinstance(written, dict) and written:
                return tuple(written)
        return (AMD64,)

    def about(self, name: str) -> About:
        """Return what there is to say of a recipe; raises as `said`."""
        self.check(name)
        chain = self.chain(name)
        told = {
            key: _text_of(document, key)
            for document in chain
            for key in _TOLD
            if key in _mapping(document)
        }
        own = _mapping(chain[-1])
        variants = own.get("arch")
        verified: dict[str, tuple[str, str] | None] = {}
        for arch in self.archs(name):
            variant = variants.get(arch) if isinstance(variants, dict) else None
            of_arch = variant if isinstance(variant, dict) else {}
            says = of_arch if of_arch.keys() & _VERDICTS else own
            verified[arch] = _verified(says.get("verified"))
        return About(
            name=name,
            title=told.get("title", ""),
            docs=told.get("docs", ""),
            needs=" ".join(told.get("needs", "").split()),
            verified=verified,
        )

    def problems(self) -> list[Problem]:
        """Return what is wrong with the operator's recipes, each of which is a valid file."""
        found: dict[Problem, None] = {}
        for name in self.own:
            try:
                archs = self.archs(name)
            except ConfigError as exc:
                found |= dict.fromkeys(exc.problems)
                continue
            for arch in archs:
                found |= dict.fromkeys(self.misfits(name, arch))
        return list(found)

    def misfits(self, name: str, arch: str) -> list[Problem]:
        """Return what of a recipe cannot be a build's, once its braces are filled."""
        try:
            said = self.said(name, arch)
        except ConfigError as exc:
            return list(exc.problems)
        data: dict[str, Any] = {}
        places: dict[str, tuple[Document, Loc]] = {}
        for key, value, document, loc in said:
            below = data.get(key)
            if key in MAPS and isinstance(value, dict) and isinstance(below, dict):
                data[key] = {**below, **value}
            else:
                data[key] = value
            places[key] = document, loc
        try:
            BuildKeys.model_validate(data)
        except ValidationError as exc:
            return [_misfit(places, error) for error in exc.errors()]
        if data.get("kernel") is None:
            document = self.chain(name)[-1]
            return [document.problem(("title",), f"no 'kernel' is named for {arch}")]
        return []

    def _words(self, chain: list[Document], arch: str) -> dict[str, str]:
        words = {"arch": arch, "cpu": CPUS[arch]}
        for name, urls in self.mirrors.items():
            words |= _parts(f"mirror:{name}", urls[0])
        for document in chain:
            if name := _text_of(document, "mirror"):
                if name not in self.mirrors:
                    hint = meant(name, sorted(self.mirrors))
                    why = f"{name[:80]!r} is not one of 'mirrors'{hint}"
                    raise ConfigError([document.problem(("mirror",), why)])
                words |= _parts("mirror", self.mirrors[name][0])
        for _, _, data in _variants(chain, arch):
            values = data.get("values")
            if isinstance(values, dict):
                words |= {key: str(each or "") for key, each in values.items()}
        return words


_BY_ITSELF: Final = ("preseed", "finish", "templates")
"""Keys of what needs nobody at the screen."""
_TOLD: Final = ("title", "docs", "needs")
_VERDICTS: Final = frozenset(("verified", "unverified"))
_MOST_MADE: Final = 1000
"""Recipes, by architecture, that are kept ready; of more each is made when it is asked for."""


def _parts(word: str, url: str) -> dict[str, str]:
    """Return a mirror as a whole, and its host and path, as Debian's installer wants them."""
    parts = urlsplit(url)
    return {
        word: url,
        f"{word}.host": parts.netloc,
        f"{word}.path": parts.path or "/",
        f"{word}.scheme": parts.scheme,
    }


def _variants(chain: list[Document], arch: str) -> Iterator[tuple[Document, Loc, dict[str, Plain]]]:
    """Walk what counts for an architecture, the most general first."""
    for document in chain:
        data = _mapping(document)
        yield document, (), data
        archs = data.get("arch")
        variant = archs.get(arch) if isinstance(archs, dict) else None
        if isinstance(variant, dict):
            yield document, ("arch", arch), variant


def _verified(value: Plain) -> tuple[str, str] | None:
    if not isinstance(value, dict):
        return None
    return str(value.get("date")), " ".join(str(value.get("how")).split())


def _mapping(document: Document) -> dict[str, Plain]:
    return document.data if isinstance(document.data, dict) else {}


def _text_of(document: Document, key: str) -> str:
    value = _mapping(document).get(key)
    return value if isinstance(value, str) else ""


def _near(word: str, words: Mapping[str, str]) -> str:
    near = nearest(word, sorted(words)) if word else None
    return f"; did you mean {{{near}}}?" if near else ""


def _misfit(places: Mapping[str, tuple[Document, Loc]], error: Any) -> Problem:
    key, *rest = error["loc"]
    document, loc = places[key]
    at = (step for step in rest if isinstance(step, int))  # not pydantic's arms of a union
    return document.problem((*loc, *at), sentence_of(error))
