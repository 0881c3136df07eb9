"""A server that answers as it is told, byte by byte: truth, lies, and half of either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pyxie.imagestore.copies import ImageStore
from tests.support import eventually

ETAG = '"one"'


@dataclass
class Asked:
    """A request.

    Attributes:
        store: Whose it is, if the test says so.
    """

    path: str
    headers: dict[str, str]
    store: ImageStore | None = None

    @property
    def start(self) -> int:
        """The first byte that is asked for."""
        found = self.headers.get("range", "bytes=0-")
        return int(found.removeprefix("bytes=").partition("-")[0])

    async def written(self, size: int) -> None:
        """Wait until the store has so many bytes of the file: a broken connection's are lost."""
        store = self.store
        assert store is not None, "the test says whose requests these are"
        await eventually(lambda: any(each.written >= size for each in store.fetching()))


Answer = Callable[[Asked, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@dataclass
class Liar:
    """Where it is, and what it was asked.

    Attributes:
        store: Which asks it; what is cut off, is when that has written it.
    """

    answers: list[Answer]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    store: ImageStore | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            asked = Asked(head[0].split(" ")[1], headers, self.store)
            at = min(len(self.asked), len(self.answers) - 1)
            self.asked.append(asked)
            await self.answers[at](asked, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def liar(*answers: Answer) -> AsyncIterator[Liar]:
    """Serve: the first request is given the first answer, and the last has all that follow."""
    there = Liar(list(answers))
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0)
    there.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield there
    finally:
        server.close()


def head(status: str, **headers: object) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


def says(status: str, body: bytes = b"", **headers: object) -> Answer:
    """Answer with these bytes, whatever was asked."""

    async def answer(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, **{"Content_Length": len(body), **headers}) + body)
        await writer.drain()

    return answer


def whole(body: bytes, *, etag: str = ETAG, cut: int | None = None) -> Answer:
    """Give a file, or the rest of it to who has the same; with ``cut``, no more bytes than that."""

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        start = asked.start if asked.headers.get("if-range", etag) == etag else 0
        told: dict[str, object] = {"Content_Length": len(body) - start, "ETag": etag}
        if start:
            told["Content_Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        writer.write(head("206 Partial Content" if start else "200 OK", **told))
        await writer.drain()
        rest = body[start:] if cut is None else body[start : start + cut]
        for at in range(0, len(rest), 65536):
            writer.write(rest[at : at + 65536])
            await writer.drain()
        if cut is not None:
            await asked.written(start + len(rest))

    return answer
