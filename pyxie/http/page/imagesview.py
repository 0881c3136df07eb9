"""What the screen Images shows: systems, what of theirs is kept, and what is on its way. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pyxie.http.page.badges import BAD, BUSY, IDLE, OK
from pyxie.http.page.commandline import command
from pyxie.http.page.spokentimes import Moment, ago
from pyxie.imagestore.entry import Entry
from pyxie.imagestore.policy import taken_by

_SHORT: Final = 12
"""Digits of a key that name an element."""
_UNDER_WAY: Final = ("waiting", "fetching")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of another server's that a system boots.

    Attributes:
        part: ``kernel``, or ``initrd`` with its number.
        url: Where it is, as it may be shown.
        key: Of its copy.
    """

    part: str
    url: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A recipe, for one architecture.

    Attributes:
        name: As ``os`` has it.
        title, docs, needs: As of `pyxie.recipes.cookbook.About`.
        arch: The architecture; empty where the recipe is broken.
        seen: When, and by what, it was seen to boot; None if nobody has.
        own: It is one of the operator's.
        files: Those of other servers.
        problem: Why it cannot be used; empty if it can.
    """

    name: str
    title: str = ""
    docs: str = ""
    needs: str = ""
    arch: str = ""
    seen: tuple[str, str] | None = None
    own: bool = False
    files: tuple[File, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A file on its way into the store, or one that was lately.

    Attributes:
        key: Of its copy.
        url: Where it is, as it may be shown.
        by: What named it; empty where a machine asked for it.
        part: As of `File`.
        state: ``waiting``, ``fetching``, ``fetched`` or ``failed``.
        there: Bytes that have come.
        size: Bytes of all; None while that is not known.
        why: Why it has failed.
    """

    key: str
    url: str
    by: str = ""
    part: str = ""
    state: str = "fetching"
    there: int = 0
    size: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRow:
    """A system in the list, for one architecture.

    Attributes:
        system: It.
        state: Whether its files are on disk.
        look: The class of that state.
        size: Bytes of those that are.
        by: By what those that are there were found right; empty if one was by nothing.
        fetched: When the oldest of them was fetched, and so checked.
        can_fetch: There is something to be fetched.
        fetch: The command that fetches them.
    """

    system: System
    state: str
    look: str
    size: int
    by: tuple[str, ...]
    fetched: Moment | None
    can_fetch: bool
    fetch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemGroup:
    """A system in the list, with all architectures that it is for.

    Attributes:
        name, title: As of `System`.
        docs: What its makers say, if it is a URL that can be gone to; else empty.
        needs: What an operator has to provide, for whichever of them.
        problem: Why it cannot be used; empty if it can.
        rows: One an architecture; at least one.
    """

    name: str
    title: str
    docs: str
    needs: str
    problem: str
    rows: tuple[SystemRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """The list of systems.

    Attributes:
        find: A part of the name or title of those that are shown; empty for all.
        groups: They.
        of: How many there are.
        command: What fetches the files of the first; empty where none has any.
    """

    find: str
    groups: tuple[SystemGroup, ...]
    of: int
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingRow:
    """A file on its way.

    Attributes:
        file: It.
        id: Of its element.
        look: The class of its state.
        percent: How far it is; None where that is not known.
        cancel: The command that ends it; empty where it has ended.
    """

    file: Coming
    id: str
    look: str
    percent: int | None
    cancel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The store as a whole.

    Attributes:
        files: Copies in it.
        size: Bytes that they take.
        most: Bytes that they may take; 0 if none are kept.
        percent: How much of that is taken.
        free: Bytes that are free on its disk; None where that is not known.
        problem: What is wrong with it; empty if nothing is.
    """

    files: int
    size: int
    most: int
    percent: int
    free: int | None
    problem: str


def system_rows(
    systems: Iterable[System],
    kept: Mapping[str, Entry],
    coming: Collection[Coming],
    now: float,
) -> tuple[SystemRow, ...]:
    """Return how each system stands, in their order.

    Args:
        systems: Those that there are.
        kept: Copies, by their keys.
        coming: What is on its way.
        now: Seconds since the epoch.
    """
    under_way = frozenset(each.key for each in coming if each.state in _UNDER_WAY)
    return tuple(_system_row(each, kept, under_way, now) for each in systems)


def systems_found(rows: Iterable[SystemRow], find: str) -> Systems:
    """Return systems, each with its architectures.

    Args:
        rows: As of `system_rows`, in their order.
        find: As of `Systems`, in whatever case.
    """
    groups = [_group(tuple(each)) for _, each in groupby(rows, lambda row: row.system.name)]
    wanted = find.strip().casefold()
    found = tuple(each for each in groups if wanted in f"{each.name}\n{each.title}".casefold())
    first = (row.fetch for each in found for row in each.rows if row.fetch)
    return Systems(find=find.strip(), groups=found, of=len(groups), command=next(first, ""))


def _group(rows: tuple[SystemRow, ...]) -> SystemGroup:
    system = rows[0].system
    return SystemGroup(
        name=system.name,
        title=system.title,
        docs=system.docs if system.docs.startswith(("https://", "http://")) else "",
        needs=system.needs,
        problem=system.problem,
        rows=rows,
    )


def _system_row(
    system: System, kept: Mapping[str, Entry], under_way: Collection[str], now: float
) -> SystemRow:
    keys = dict.fromkeys(each.key for each in system.files)
    there = [kept[key] for key in keys if key in kept]
    state, look = _standing(system, len(keys), len(there), under_way)
    by = dict.fromkeys(each.verified for each in there)
    return SystemRow(
        system=system,
        state=state,
        look=look,
        size=taken_by(there),
        by=tuple(by) if all(by) else (),
        fetched=ago(min(each.fetched for each in there), now) if there else None,
        can_fetch=bool(keys),
        fetch=command("images fetch", system.name, arch=system.arch) if keys else "",
    )


def _standing(
    system: System, files: int, there: int, under_way: Collection[str]
) -> tuple[str, str]:
    if system.problem:
        return "broken", BAD
    if not files:
        return "files of yours", IDLE
    if any(each.key in under_way for each in system.files):
        return "on its way", BUSY
    if there == files:
        return "on disk", OK
    return (f"{there} of {files} files on disk", IDLE) if there else ("not on disk", IDLE)


_LOOKS: Final = {
    "waiting": IDLE,
    "fetching": BUSY,
    "fetched": OK,
    "failed": BAD,
}


def coming_rows(coming: Iterable[Coming]) -> tuple[ComingRow, ...]:
    """Return what is on its way, as it was begun: what moves stays at its place."""
    return tuple(
        ComingRow(
            file=each,
            id=f"coming-{each.key[:_SHORT]}",
            look=_LOOKS[each.state],
            percent=_percent(each.there, each.size),
            cancel=command("images cancel", each.url) if each.state in _UNDER_WAY else "",
        )
        for each in coming
    )


def _percent(there: int, size: int | None) -> int | None:
    return min(100, there * 100 // size) if size else None


def begun_said(system: str, files: int) -> str:
    """Return what is said of a fetch that was just begun: whether it will succeed is not known.

    Args:
        system: Whose, with its architecture.
        files: How many were begun; none of a system of one's own files.
    """
    if not files:
        return f"{system} names no file of another server's: nothing is fetched."
    one = files == 1
    return f"{files} file{'' if one else 's'} of {system} {'is' if one else 'are'} being fetched."


def store_of(kept: Collection[Entry], most: int, free: int | None, problem: str) -> Store:
    """Return how the store stands.

    Args:
        kept: All copies.
        most: Bytes that they may take.
        free: As of `Store`.
        problem: As of `Store`.
    """
    size = taken_by(kept)
    percent = _percent(size, most) or 0
    return Store(files=len(kept), size=size, most=most, percent=percent, free=free, problem=problem)
