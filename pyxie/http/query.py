"""The query of a list: what is wanted of it, and which page."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, TypeVar

from aiohttp import web
from pydantic import Field, ValidationError

from pyxie.config.validate import Model, all_told

LARGEST_PAGE = 1000

Text = Annotated[str, Field(max_length=253)]
Limit = Annotated[int, Field(ge=1, le=LARGEST_PAGE)]
Before = Annotated[int, Field(ge=1, lt=1 << 63)]
Seconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class Newest(Model):
    """A page of a list that begins with the newest.

    Attributes:
        limit: How many at most, up to 1000.
        before: ``next`` of the previous page: continue there.
    """

    limit: Limit = 100
    before: Before | None = None

    def following(self, page: list[dict[str, Any]]) -> int | None:
        """Return ``next``: the number of the last entry of a page that is full."""
        return int(page[-1]["id"]) if len(page) == self.limit else None


Q = TypeVar("Q", bound=Model)


def query(request: web.Request, model: type[Q]) -> Q:
    """Return the request's query as a ``model``.

    Raises:
        HTTPBadRequest: It does not fit; names the parameter.
    """
    twice = [
        name for name, times in Counter(k for k, _ in request.query.items()).items() if times > 1
    ]
    if twice:
        raise web.HTTPBadRequest(text=f"{min(twice)}: stands twice")
    fields = model.model_fields
    for name, value in request.query.items():
        if not value and name in fields and fields[name].default != "":
            raise web.HTTPBadRequest(text=f"{name}: is empty")
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as exc:
        message = all_told(model, exc, "parameter")
        raise web.HTTPBadRequest(text="\n".join(message)) from exc
