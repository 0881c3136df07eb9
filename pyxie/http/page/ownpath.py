"""Where who has signed in goes on: to a screen of this page, whatever a link says. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

SIGN_IN: Final = "/page/sign-in"
_SCREEN: Final = re.compile(r"/(?:page/[A-Za-z0-9._~%-]+(?:/[A-Za-z0-9._~%-]+)*)?(?:\?[!-~]*)?")
"""Neither ``//elsewhere`` nor ``/\\elsewhere``, which browsers take for another host's."""
_NO_SCREEN: Final = re.compile(r"/page/(?:sign-in|sign-out|stream|assets)\b")
_LONGEST: Final = 2000


def own_path(said: str) -> str:
    """Return the path of a screen, with its query, if that is what ``said`` is; else ``/``."""
    is_screen = len(said) <= _LONGEST and _SCREEN.fullmatch(said) and not _NO_SCREEN.match(said)
    return said if is_screen else "/"


def path_at(host: str, url: str) -> str | None:
    """Return the path of a screen, as `own_path`, of a URL of this host's; None of another's.

    Args:
        host: As the header ``Host`` has it.
        url: As ``Referer`` has it.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if not host or parts.netloc != host:
        return None
    return own_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def sign_in(to: str, *, asked: bool = False) -> str:
    """Return the path at which one signs in.

    Args:
        to: Where to go on then.
        asked: The browser comes from there already, and not by a link of another site.
    """
    query = [f"to={quote(own_path(to), safe='/')}"] if own_path(to) != "/" else []
    query += ["asked=1"] if asked else []
    return f"{SIGN_IN}?{'&'.join(query)}" if query else SIGN_IN
