"""The REST API of the settings."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from pyxie.http import answers
from pyxie.http.parts import SETTINGS
from pyxie.http.routing import Routes

routes = Routes()


@routes.get("/api/v1/settings", answer=answers.Settings)
async def show(request: web.Request) -> web.Response:
    """Return the settings in force, with secrets masked."""
    settings = request.app[SETTINGS]
    return web.json_response(
        {
            "file": str(settings.file.absolute()),
            "not_in_force": await settings.not_in_force(),
            "settings": masked(settings().model_dump(mode="json")),
        }
    )


_PASSWORD = re.compile(r"(://[^/@\s:]*):[^/@\s]*@")


def masked(value: Any) -> Any:
    """Return plain data without the passwords in its URLs."""
    if isinstance(value, dict):
        return {key: masked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return _PASSWORD.sub(r"\1:***@", value) if isinstance(value, str) else value
