"""The OpenAPI document, and the page on which it can be read and tried, without the internet.

Both are open to all: they tell what pyxie can do, which its source tells as well, and nothing
of what it does here. Calls made from the page are judged as any others.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from aiohttp import web

from pyxie.confined import find
from pyxie.http.parts import POOLS
from pyxie.http.routing import OPEN, Operation, Routes

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pyxie: REST API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

_START: Final = """\
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
});
"""

_FILES: Final = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing from elsewhere is loaded; Swagger UI writes styles into its elements."""


def routes(operations: Iterable[Operation]) -> Routes:
    """Return the routes of the document and of the page.

    Args:
        operations: All that the document may list.
    """
    made, described = Routes(), tuple(operations)

    @made.get("/api/v1/openapi.json", scope=OPEN)
    async def openapi(request: web.Request) -> web.Response:
        """Give the OpenAPI 3.1 document of this API."""
        body = await request.app[POOLS].management.run(_described, described)
        return web.Response(body=body, content_type="application/json")

    @made.get("/api/v1/docs", scope=OPEN)
    async def page(_request: web.Request) -> web.Response:
        """Give the page on which the document can be read and tried."""
        return _sent(_PAGE.encode(), "text/html")

    read: dict[str, bytes] = {}

    @made.get("/api/v1/docs/{name}", scope=OPEN)
    async def part(request: web.Request) -> web.Response:
        """Give a file of that page."""
        name = request.match_info["name"]
        if name == "start.js":
            return _sent(_START.encode(), "text/javascript")
        if name not in _FILES:
            raise web.HTTPNotFound
        if name not in read:
            read[name] = await request.app[POOLS].pages.run(_read, name)
        return _sent(read[name], _FILES[name])

    return made


def _described(operations: tuple[Operation, ...]) -> bytes:
    from pyxie.http.openapi import document_text  # some megabytes that few ask for

    return document_text(operations)


def _sent(body: bytes, kind: str) -> web.Response:
    headers = {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)


def _read(name: str) -> bytes:
    return find(_folder(), name).read_bytes()


def _folder() -> Path:
    """Return where Swagger UI's files lie; its package is not imported."""
    spec = find_spec("swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise web.HTTPNotFound(text="the Python package 'swagger-ui-py' is not installed")
    return Path(spec.submodule_search_locations[0]) / "static"
