"""Errors of the page as people read them: a screen, or for htmx a notice on the one that is open.

Programs go on getting a line of text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import responses
from types import MappingProxyType
from typing import Final

from aiohttp import web

from pyxie.errors import BusyError
from pyxie.http.page.frame import alone, by_htmx, shown
from pyxie.http.routing import Handler

_HEADS: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "That cannot be done",
        403: "Not allowed",
        404: "Not found",
        405: "Not possible here",
        409: "Not possible now",
        413: "Too much was sent",
        415: "Not a form",
        500: "Something went wrong",
        503: "Too busy, try again",
        507: "It cannot be stored",
    }
)
_BARE: Final[Mapping[int, str]] = MappingProxyType(
    {
        404: "There is nothing at this address; it may be of another version of pyxie.",
        405: "This address is for a form of the page's: go to its screen.",
    }
)
"""What is said where there is nothing but the status."""
_NOTICE: Final = {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML"}
"""Where htmx puts it, whatever it has asked for."""
_KEPT: Final = ("Allow", "Retry-After")


@dataclass(frozen=True, slots=True)
class ErrorView:
    """What is said of an error.

    Attributes:
        status: Of HTTP.
        head: What it comes to.
        lines: What is wrong, and what to do about it.
    """

    status: int
    head: str
    lines: tuple[str, ...]


def error_view(status: int, said: str) -> ErrorView:
    """Return what is shown of an error.

    Args:
        status: Of HTTP.
        said: In the words that programs are given.
    """
    said = said.strip()
    is_bare = said.lower() == responses.get(status, "").lower()
    lines = (_BARE.get(status, said),) if is_bare else tuple(said.splitlines())
    return ErrorView(status, _HEADS.get(status, "Error"), lines)


@web.middleware
async def for_people(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn the text of an error of the page's into HTML, where a browser asks."""
    answer = await handler(request)
    if answer.status < 400 or not isinstance(answer, web.Response) or not _is_shown(request):
        return answer
    if answer.content_type != "text/plain":  # it is told for people already
        return answer
    view = error_view(answer.status, answer.text or "")
    try:
        if by_htmx(request):
            told = await alone(request, "_error.html.j2", {"view": view}, answer.status)
            told.headers.update(_NOTICE)
        else:
            told = await shown(
                request, "error.html.j2", view, title=view.head, screen="", status=answer.status
            )
    except BusyError:  # no thread for it: the text will do
        return answer
    told.headers.update({name: answer.headers[name] for name in _KEPT if name in answer.headers})
    return told


def _is_shown(request: web.Request) -> bool:
    of_the_page = request.path == "/" or request.path.startswith("/page/")
    if not (of_the_page or _is_mistyped(request)):
        return False
    return by_htmx(request) or "text/html" in request.headers.get("Accept", "")


def _is_mistyped(request: web.Request) -> bool:
    """Tell whether there is no such path, as ``/machines``; below others are files and machines."""
    found = request.match_info.http_exception
    return found is not None and found.status == 404 and request.path.count("/") == 1
