"""The server that images come from, which gives as much of each as the test lets it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from aiohttp import web

from pyxie.images.spec import Upstream
from pyxie.images.upstream import Judge, Moved, UpstreamError
from tests.dialogue.boot import FakeUpstreams

_PIECES = 20


class Mirror(FakeUpstreams):
    """Streams what is in memory, by URL; each piece is told of at once, not once a second.

    A file is held back from a machine, from a share on, until the test lets more of it go.

    Attributes:
        given: Which share of which file each machine has, by hostname and ``kernel`` or
            ``initrd``.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(files)
        self.given: dict[tuple[str, str], float] = {}
        self._lets: dict[tuple[str, str], float] = {}
        self._lacking: set[str] = set()
        self._news = asyncio.Condition()

    async def holds(self, host: str, part: str) -> None:
        """Give a machine nothing of a file that it asks for from now on."""
        self.given.pop((host, part), None)
        await self.lets(host, part, 0)

    async def lets(self, host: str, part: str, share: float) -> None:
        """Give a machine so much of a file, and no more."""
        async with self._news:
            self._lets[host, part] = share
            self._news.notify_all()

    def lacks(self, host: str, *, lacks: bool = True) -> None:
        """Have nothing of what a machine asks for; or have it again."""
        (self._lacking.add if lacks else self._lacking.discard)(host)

    async def stream(
        self,
        source: Upstream,
        request: web.Request,
        moved: Moved = lambda _sent, _total: None,
        waits: Callable[[float], None] = lambda _seconds: None,
        judge: Judge | None = None,
        passed: Callable[[str, UpstreamError], None] = lambda _url, _why: None,
    ) -> web.StreamResponse:
        content = self._files.get(source.url)
        if content is None or request.match_info.get("hostname") in self._lacking:
            raise UpstreamError(source.url, "answered 404 Not Found")
        file = request.match_info.get("hostname", ""), request.path.split("/")[3]
        self.given[file] = 0.0
        answer = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await answer.prepare(request)
        size = -(-len(content) // _PIECES)
        for at in range(0, len(content) if request.method != "HEAD" else 0, size):
            share = min(1.0, (at + size) / len(content))
            async with self._news:
                await self._news.wait_for(lambda: share <= self._lets.get(file, 1.0) + 1e-9)  # noqa: B023
            await answer.write(content[at : at + size])
            moved(min(at + size, len(content)), len(content))
            self.given[file] = share
        await answer.write_eof()
        return answer
