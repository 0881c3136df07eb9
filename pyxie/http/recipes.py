"""The REST API of recipes: which there are, and whether their files still are."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.errors import ConfigError
from pyxie.http import imageanswers as answers
from pyxie.http.bodies import aside, large
from pyxie.http.parts import CHECKUP, MACHINES
from pyxie.http.routing import Routes
from pyxie.imagestore.checkup import in_json
from pyxie.imagestore.named import by_itself, of_recipe
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


@routes.post(
    "/api/v1/recipes/{recipe}/check",
    scope=Scope.BUILD,
    answer=answers.Checked,
    errors=(404, 409),
    audited=False,
)
async def check(request: web.Request) -> web.Response:
    """Ask the servers that a recipe names whether they have its files; check its signatures."""
    name = request.match_info["recipe"]
    shared = request.app[MACHINES]().shared
    try:
        named = await aside(request, lambda: [*of_recipe(shared, name), *by_itself(shared, name)])
    except ConfigError as exc:
        raise web.HTTPConflict(text=str(exc)) from exc
    found = await request.app[CHECKUP].of(named)
    return web.json_response({"recipe": name, "files": [in_json(each) for each in found]})
