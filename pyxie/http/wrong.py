"""What is wrong with pyxie, its settings and its files: for `/health`, and for who looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from pyxie.errors import Problem
from pyxie.http.parts import (
    BUILDS,
    IMAGE_STORE,
    LOADERS,
    MEDIA_LACKING,
    RENDERING,
    SETTINGS,
    STATE,
)
from pyxie.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Wrong:
    """All of it.

    Attributes:
        files: Mistakes in settings, machine files, groups and recipes.
        media: ISO images that are named and cannot be booted.
        others: In sentences.
    """

    files: tuple[Problem, ...]
    media: tuple[Problem, ...]
    others: tuple[str, ...]


async def wrong(app: web.Application, registry: Registry) -> Wrong:
    """Return what is wrong now.

    Args:
        app: Of whose parts.
        registry: The machines of now.
    """
    return Wrong(
        files=(*app[SETTINGS].problems, *registry.problems),
        media=tuple(await app[MEDIA_LACKING].problems()),
        others=(
            *app[LOADERS].missing(),
            *filter(None, [app[STATE].problem, app[BUILDS].problem, app[IMAGE_STORE].problem]),
            *app[RENDERING].problems,
        ),
    )
