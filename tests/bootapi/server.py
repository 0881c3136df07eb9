"""An API server of pixiecore's, with the faults that one may have."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Reply = Callable[[web.Request], web.StreamResponse] | dict[str, Any] | bytes | int
"""What it answers: JSON, a body, a status, or what a function makes of the request."""


@dataclass
class ApiServer:
    """Where it is, what it says by MAC address, and what it was asked.

    Attributes:
        says: By MAC address, or by the name of a file.
        otherwise: What it says of all others.
        may: Cleared, to have it keep all who ask waiting.
    """

    says: dict[str, Reply] = field(default_factory=dict)
    otherwise: Reply = 404
    url: str = ""
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    may: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        self.asked.append(request.path)
        self.headers.append(dict(request.headers))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.may.wait()
        finally:
            self.at_once -= 1
        match self.says.get(name, self.otherwise):
            case int(status):
                return web.Response(status=status, text="no")
            case bytes(body):
                return web.Response(body=body)
            case dict(said):
                return web.Response(text=json.dumps(said))
            case make:
                return make(request)


@asynccontextmanager
async def api_server(**says: Reply) -> AsyncIterator[ApiServer]:
    """Serve on a free port; ``otherwise`` is what is said of machines not named."""
    there = ApiServer(otherwise=says.pop("otherwise", 404))
    there.says.update(says)
    there.may.set()
    app = web.Application()
    app.router.add_route("*", "/{name:.*}", there.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        there.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield there
    finally:
        there.may.set()
        await runner.cleanup()
