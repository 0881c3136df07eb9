"""The REST API of recipes: which there are."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from pyxie.errors import ConfigError
from pyxie.http import imageanswers as answers
from pyxie.http.bodies import large
from pyxie.http.parts import MACHINES
from pyxie.http.routing import Routes
from pyxie.recipes.cookbook import Cookbook, UnknownSystemError

routes = Routes()


@routes.get("/api/v1/recipes", answer=answers.Recipes)
async def listing(request: web.Request) -> web.Response:
    """List the recipes, and who has seen them boot."""
    cookbook = request.app[MACHINES]().shared.cookbook
    names = sorted({*cookbook.names, *cookbook.broken})
    return await large(request, lambda: {"recipes": [_told(cookbook, name) for name in names]})


def _told(cookbook: Cookbook, name: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": name,
        "title": "",
        "docs": "",
        "needs": "",
        "own": name in cookbook.own or name in cookbook.broken,
        "archs": [],
        "problem": "",
    }
    try:
        about = cookbook.about(name)
        for arch in cookbook.archs(name):
            cookbook.said(name, arch)
    except (ConfigError, UnknownSystemError) as exc:
        return {**told, "problem": str(exc)}
    archs = [
        {"arch": arch, "verified": {"date": seen[0], "how": seen[1]} if seen else None}
        for arch, seen in about.verified.items()
    ]
    said = {"title": about.title, "docs": about.docs, "needs": about.needs}
    return {**told, **said, "archs": archs}
