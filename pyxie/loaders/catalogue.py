"""Which boot loaders there are, and what clients of each architecture are handed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Final

from pyxie.architectures import ARCHITECTURES
from pyxie.config.validate import nearest
from pyxie.config.words import architectures
from pyxie.loaders.lanes import PAIRS, Chain, Facts, Pair, chain
from pyxie.loaders.shims import second_stage

_MOST_KEPT: Final = 1000

_SIGNED: Final = sorted({*PAIRS, *(code for code, row in ARCHITECTURES.items() if row.shims)})
"""Architectures for which there may be a signed loader."""

Wanted = str | Mapping[str, str]
"""The key ``loader``: a name, or one for each of some architectures; empty for the usual."""


@dataclass(frozen=True, slots=True)
class Loader:
    """A file that firmware may load.

    Attributes:
        name: Its name in its folder, perhaps in a folder there.
        codes: Option 93's codes of the clients that can run it.
    """

    name: str
    codes: frozenset[int]


@dataclass(frozen=True, slots=True)
class Choice:
    """What one client may be handed.

    Attributes:
        by_architecture: The loader's name, by option 93's code; no entry where there is none.
        absent: The name that ``loader`` gives for it, where there is no such file.
        named: The architectures for which ``loader`` gives a name.
        chains: By which lane, and why by no better one, of those that have more than one.
    """

    by_architecture: Mapping[int, str]
    absent: Mapping[int, str] = field(default_factory=dict)
    named: frozenset[int] = frozenset()
    chains: Mapping[int, Chain] = field(default_factory=dict)


class Catalogue:
    """What lies in the folders at one moment.

    Args:
        own: What is in the operator's folder.
        distribution: What distributions' packages have brought.

    Attributes:
        plain: By option 93's code, the loader that is there without a shim.
        signed_ipxe: The same of shims that start a signed iPXE; these come first.
        signed: The same of shims that start a signed GRUB.
        usual: What clients are handed where nothing else is wanted.
    """

    def __init__(self, own: Iterable[Loader], distribution: Iterable[Loader]) -> None:
        mine = {loader.name.lower(): loader for loader in own}
        theirs = {loader.name.lower(): loader for loader in distribution}
        self._all = {**theirs, **mine}
        self.plain: Mapping[int, str] = MappingProxyType(dict(_plain(mine, theirs)))
        self.signed_ipxe: Mapping[int, str] = MappingProxyType(dict(_signed_ipxe(mine)))
        self.signed: Mapping[int, str] = MappingProxyType(
            {code: pair.shim for code, pair in PAIRS.items() if _has_pair(pair, code, mine, theirs)}
        )
        self.usual: Mapping[int, str] = MappingProxyType({**self.plain, **self.signed_ipxe})
        self._choices: dict[object, Choice] = {}
        self._by_lanes: dict[object, Choice] = {}

    def fitting(self, code: int) -> list[str]:
        """Return what clients of an architecture can run, by name.

        Only what is called as their loaders are, or as programs of UEFI are: to a BIOS any file
        might be one.
        """
        row = ARCHITECTURES[code]
        known = {name.lower() for name in (*row.loaders, *row.shims)}
        return sorted(
            each.name
            for lower, each in self._all.items()
            if code in each.codes and (lower in known or lower.endswith(".efi"))
        )

    def choice(self, wanted: Wanted) -> Choice:
        """Return what a client is handed whose ``loader`` is ``wanted``, without any shim."""
        return _kept(self._choices, _key(wanted), partial(self._made, wanted))

    def by_lanes(self, wanted: Wanted, facts: Facts, own: str, own_codes: frozenset[int]) -> Choice:
        """Return what firmware is handed, by the best lane of each architecture.

        Each DISCOVER asks; machines that are alike in these have one answer.

        Args:
            wanted: The key ``loader``.
            facts: Of its machine; what is of one architecture is filled in here.
            own: The shim of the machine's own system.
            own_codes: The architectures that this is for.
        """
        key = _key(wanted), facts, own, own_codes
        return _kept(self._by_lanes, key, partial(self._laned, wanted, facts, own, own_codes))

    def _laned(self, wanted: Wanted, facts: Facts, own: str, own_codes: frozenset[int]) -> Choice:
        usual = self.choice(wanted)
        by_architecture, chains = dict(usual.by_architecture), dict[int, Chain]()
        for code in _SIGNED:
            found = chains[code] = chain(
                replace(
                    facts,
                    code=code,
                    usual=usual.by_architecture.get(code),
                    named=code in usual.named,
                    signed=self.signed.get(code),
                    signed_ipxe=self.signed_ipxe.get(code),
                    own=own if code in own_codes else None,
                )
            )
            by_architecture.pop(code, None)
            if found.loader is not None:
                by_architecture[code] = found.loader
        laned = MappingProxyType(by_architecture)
        return replace(usual, by_architecture=laned, chains=MappingProxyType(chains))

    def faults(self, wanted: Wanted, folder: object) -> Iterator[str]:
        """Yield a sentence for each name in ``wanted`` that cannot be handed out.

        Args:
            wanted: The key ``loader``, which is valid.
            folder: Where the operator's loaders are, in words.
        """
        for word, name in _parts(wanted):
            loader = self._all.get(name.lower())
            if loader is None:
                names = {_stem(each.name): each.name for each in self._all.values()}
                near = names.get(nearest(_stem(name), list(names)) or "")
                hint = f"; did you mean {near!r}?" if near else ""
                yield f"there is no boot loader {name!r} in {folder}{hint}"
            elif word and not architectures(word) & loader.codes:
                yield f"{name!r} is for {_words(loader.codes)}, not for {word}"

    def _made(self, wanted: Wanted) -> Choice:
        found, absent = dict(self.plain), dict[int, str]()
        named = frozenset[int]()
        for word, name in _parts(wanted):
            codes = architectures(word) if word else frozenset(ARCHITECTURES)
            loader = self._all.get(name.lower())
            named |= codes if loader is None else codes & loader.codes
            if loader is None:
                absent |= dict.fromkeys(codes, name)
                for code in codes:
                    found.pop(code, None)
            else:
                fitting = codes & loader.codes
                found |= dict.fromkeys(fitting, loader.name)
                for code in fitting:
                    absent.pop(code, None)
        return Choice(MappingProxyType(found), MappingProxyType(absent), named)


def _key(wanted: Wanted) -> object:
    return wanted if isinstance(wanted, str) else tuple(wanted.items())


def _kept(kept: dict[object, Choice], key: object, make: Callable[[], Choice]) -> Choice:
    known = kept.get(key)
    if known is None:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        known = kept[key] = make()
    return known


def _has_pair(
    pair: Pair, code: int, mine: Mapping[str, Loader], theirs: Mapping[str, Loader]
) -> bool:
    # An own one of the two with the other of a package would hardly bear one signature.
    folder = mine if pair.shim in mine or pair.grub in mine else theirs
    there = [folder[name] for name in (pair.shim, pair.grub) if name in folder]
    return len(there) == 2 and all(code in each.codes for each in there)


def _plain(mine: Mapping[str, Loader], theirs: Mapping[str, Loader]) -> Iterator[tuple[int, str]]:
    """Yield the best by architecture; the operator's come first."""
    for code, row in ARCHITECTURES.items():
        for folder in (mine, theirs):
            name = next((each for each in row.loaders if _fits(folder, each, code)), None)
            if name is not None:
                yield code, name
                break


def _signed_ipxe(mine: Mapping[str, Loader]) -> Iterator[tuple[int, str]]:
    """Yield the best shim by architecture; without what it starts it is none."""
    for code, row in ARCHITECTURES.items():
        for name in row.shims:
            if _fits(mine, name, code) and _fits(mine, second_stage(name), code):
                yield code, name
                break


def _fits(folder: Mapping[str, Loader], name: str, code: int) -> bool:
    return name.lower() in folder and code in folder[name.lower()].codes


def _parts(wanted: Wanted) -> list[tuple[str, str]]:
    """Return words for architectures and names, the most general first: later ones win."""
    if isinstance(wanted, str):
        return [("", wanted)] if wanted else []
    return sorted(wanted.items(), key=lambda part: -len(architectures(part[0])))


def _stem(name: str) -> str:
    """Return a name without the ending that all loaders share, which makes any two alike."""
    return name.lower().rpartition(".")[0] or name.lower()


def _words(codes: frozenset[int]) -> str:
    names = dict.fromkeys(ARCHITECTURES[code].machine for code in sorted(codes))
    families = {ARCHITECTURES[code].family for code in codes}
    return " and ".join(names) if len(names) == 1 else " and ".join(sorted(families))
