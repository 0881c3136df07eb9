"""Where a screen's page hears what changes."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from pyxie.http.parts import AUDIENCE

PATH: Final = "/page/stream"
SCREEN: Final = "screen"
SINCE: Final = "since"
"""What of its query says which screen it is, and where its page stands; the rest is a screen's."""


def subscription(request: web.Request, screen: str, **parameters: str) -> str:
    """Return its URL for a page that is about to be made, for `pyxie.http.page.frame.shown`.

    Ask for it before anything is gathered: what changes after this, the page will hear.

    Args:
        request: Who will look.
        screen: A name in `pyxie.http.page.stream.LIVES`.
        parameters: What is shown, in the words of that screen.
    """
    since = str(request.app[AUDIENCE].place)
    return f"{PATH}?{urlencode({SCREEN: screen, **parameters, SINCE: since})}"
