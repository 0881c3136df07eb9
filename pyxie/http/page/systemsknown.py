"""Which systems there are and which files of other servers' they boot; for threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from pyxie.errors import PyxieError
from pyxie.http.page.imagesview import File, System
from pyxie.imagestore.entry import key_of
from pyxie.imagestore.named import of_recipe
from pyxie.registry.define import Common
from pyxie.urls import shown


def systems(shared: Common) -> tuple[System, ...]:
    """Return all, by name and architecture; a broken one says why, once."""
    names = sorted({*shared.cookbook.names, *shared.cookbook.broken})
    return tuple(each for name in names for each in _of(shared, name))


def _of(shared: Common, name: str) -> Iterator[System]:
    cookbook = shared.cookbook
    own = name in cookbook.own or name in cookbook.broken
    try:
        about = cookbook.about(name)
        for arch in cookbook.archs(name):
            cookbook.said(name, arch)
    except PyxieError as exc:
        yield System(name=name, own=own, problem=str(exc))
        return
    for arch, seen in about.verified.items():
        yield System(
            name=name,
            title=about.title,
            docs=about.docs,
            needs=about.needs,
            arch=arch,
            seen=seen,
            own=own,
            files=_files(shared, name, arch),
        )


def _files(shared: Common, name: str, arch: str) -> tuple[File, ...]:
    """Return the files of a system; none where a machine would have to say more."""
    with suppress(PyxieError):
        return tuple(
            File(
                part=each.part,
                url=shown(each.source.url),
                key=key_of(each.source.url, each.source.reach),
            )
            for each in of_recipe(shared, name, arch)
        )
    return ()
