"""The screen Now: each boot that is under way, why it stands still, and what ended last."""

from __future__ import annotations

from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pyxie.http.page.frame import shown
from pyxie.http.page.nowfacts import now_facts
from pyxie.http.page.nowlive import NowLive
from pyxie.http.page.subscription import subscription

_MOST_PAGES: Final = 10_000


class Asked(BaseModel):
    """Which part of it is asked for.

    Attributes:
        page: Of the boots, from 1.
        stuck: Of those that stand still alone.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    page: Annotated[int, Field(ge=1, le=_MOST_PAGES)] = 1
    stuck: bool = False


def asked_of(request: web.Request) -> Asked:
    """Return what is asked for; what nobody can have meant counts as not said."""
    try:
        return Asked.model_validate(dict(request.query))
    except ValidationError:
        return Asked()


async def now(request: web.Request) -> web.Response:
    """Show it; for `pyxie.http.front`, which knows who asks."""
    asked = asked_of(request)
    said = {"page": str(asked.page), "stuck": str(int(asked.stuck))}
    live = subscription(request, "now", **said)
    view = await now_facts(request.app, asked.page, stuck=asked.stuck)
    return await shown(request, "now.html.j2", view, title="Now", screen="now", live=live)


def now_live(request: web.Request) -> NowLive:
    """Return what changes on it, for `pyxie.http.page.stream`."""
    asked = asked_of(request)
    return NowLive(request.app, asked.page, stuck=asked.stuck)
