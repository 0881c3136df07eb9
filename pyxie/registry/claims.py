"""What one machine alone may have: its hostname, the MACs of its NICs, its UUID."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from pyxie.config.nodes import Document, Loc
from pyxie.config.values import mac
from pyxie.errors import Problem
from pyxie.registry.machine import hostname
from pyxie.registry.match import machine_uuid

Claim: TypeAlias = tuple[str, str]
"""The kind, ``hostname``, ``MAC`` or ``UUID``, and the value."""
Place: TypeAlias = tuple[Document, Loc]


def claims_of(document: Document | None) -> tuple[tuple[Claim, Loc], ...]:
    """Return what a file lays claim to, whatever else is wrong in it."""
    data = document.data if document else None
    return tuple(_walk(data)) if isinstance(data, dict) else ()


def _walk(data: Mapping[str, object]) -> Iterator[tuple[Claim, Loc]]:
    name, network = data.get("hostname"), data.get("network")
    if isinstance(name, str):
        with suppress(ValueError):
            yield ("hostname", hostname(name)), ("hostname",)
    for at, nic in enumerate(network if isinstance(network, list) else ()):
        written = nic.get("macaddress") if isinstance(nic, dict) else None
        if isinstance(written, str):
            with suppress(ValueError):
                yield ("MAC", mac(written)), ("network", at, "macaddress")
    match = data.get("match")
    uuids = match.get("uuid") if isinstance(match, dict) else None
    for at, written in enumerate(uuids if isinstance(uuids, list) else [uuids]):
        if isinstance(written, str):
            with suppress(ValueError):
                loc = ("match", "uuid", at) if isinstance(uuids, list) else ("match", "uuid")
                yield ("UUID", machine_uuid(written)), loc


def clashes(claims: Mapping[Claim, tuple[Place, ...]]) -> dict[Path, list[Problem]]:
    """Find what stands twice, and name both places."""
    found: dict[Path, list[Problem]] = {}
    for claim, places in claims.items():
        if len(places) < 2:
            continue
        for at, place in enumerate(places):
            other = places[1] if at == 0 else places[0]
            found.setdefault(place[0].file, []).append(twin(claim, place, other))
    return found


def twin(claim: Claim, place: Place, other: Place) -> Problem:
    """Return the problem with a claim at ``place``, that ``other`` has it too."""
    (document, loc), (theirs, there) = place, other
    where = theirs.problem(there, "")
    sentence = f"the {' '.join(claim)} is also at {where.file}:{where.line}:{where.column}"
    return document.problem(loc, sentence)


def together(
    files: Iterable[tuple[Document | None, tuple[tuple[Claim, Loc], ...]]],
) -> dict[Claim, tuple[Place, ...]]:
    """Return where each claim stands, of all ``files`` with what each lays claim to."""
    found: dict[Claim, tuple[Place, ...]] = {}
    for document, claims in files:
        if document is not None:
            for claim, loc in claims:
                found[claim] = (*found.get(claim, ()), (document, loc))
    return found
