"""A server of somebody else's on the same host, whose pages lead browsers to pyxie."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class OtherPlace:
    """It is at any name that ends in ``.example``, and at loopback.

    Attributes:
        port: Where it listens.
        pages: What it gives, by path.
    """

    port: int = 0
    pages: dict[str, str] = field(default_factory=dict)

    @property
    def elsewhere(self) -> str:
        """Its URL as another site."""
        return f"http://evil.example:{self.port}"

    @property
    def next_door(self) -> str:
        """Its URL as the same site, on another port: cookies know no ports."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def other_place(**pages: str) -> AsyncIterator[OtherPlace]:
    """Serve pages, by the names of their paths."""
    place = OtherPlace(pages=pages)

    async def give(request: web.Request) -> web.Response:
        text = place.pages.get(request.path.strip("/"))
        if text is None:
            raise web.HTTPNotFound
        return web.Response(
            text=f"<!DOCTYPE html><title>x</title><link rel=icon href=data:,>{text}",
            content_type="text/html",
        )

    app = web.Application()
    app.router.add_get("/{path:.*}", give)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        place.port = runner.addresses[0][1]
        yield place
    finally:
        await runner.cleanup()
