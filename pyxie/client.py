"""The command line's side of the REST API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import aiohttp

from pyxie.outbound.requests import reason
from pyxie.refusals import RefusedError, UnreachableError

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, and was no error.

    Attributes:
        body: As it was sent.
        etag: With its quotes; None if there was none.
    """

    body: bytes
    etag: str | None


@dataclass(frozen=True, slots=True)
class Client:
    """Calls one daemon.

    Attributes:
        url: Of the daemon, without a trailing slash.
        token: Of ``api.tokens``; none is needed on the daemon's own host.
        patience: Seconds that it may be silent.
    """

    url: str
    token: str | None = None
    patience: float = 60.0

    async def call(self, method: str, *path: str, body: Any = None, **where: str | None) -> Any:
        """Return the answer's JSON.

        Args:
            method: HTTP's.
            path: Below ``/api/v1``.
            body: Sent as JSON.
            where: The query; what is None is left out.

        Raises:
            RefusedError: The answer is an error.
            UnreachableError: There is no answer.
        """
        params = {key: value for key, value in where.items() if value is not None}
        raw = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"} if raw else _NONE
        return self.data(await self.send(method, *path, body=raw, params=params, headers=headers))

    async def health(self) -> Any:
        """Return what ``/health`` answers; raises as `call`."""
        async with self._request("GET", "health", base="") as got:
            try:
                return self.data(Reply(await got.read(), None))
            except (aiohttp.ClientError, TimeoutError) as exc:
                raise UnreachableError(f"pyxie at {self.url} broke off ({_why(exc)})") from exc

    def data(self, reply: Reply) -> Any:
        """Return an answer's JSON; None of an empty one."""
        try:
            return json.loads(reply.body) if reply.body else None
        except ValueError as exc:
            raise UnreachableError(f"what answers at {self.url} is no pyxie ({exc})") from exc

    async def send(
        self,
        method: str,
        *path: str,
        body: bytes | AsyncIterable[bytes] | None = None,
        params: dict[str, str] | None = None,
        headers: Mapping[str, str] = _NONE,
    ) -> Reply:
        """Return the answer as it came; raises as `call`."""
        async with self._request(method, *path, params=params, body=body, headers=headers) as got:
            try:
                return Reply(await got.read(), got.headers.get("ETag"))
            except (aiohttp.ClientError, TimeoutError) as exc:
                raise UnreachableError(f"pyxie at {self.url} broke off ({_why(exc)})") from exc

    async def events(
        self, *, follow: bool, progress: bool = False, **where: str | None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield events as they come; raises as `call`."""
        params = {key: value for key, value in where.items() if value is not None}
        if follow:
            params["follow"] = "1"
        if progress:
            params["progress"] = "1"
        async with self._request("GET", "events", params=params) as answer:
            try:
                async for line in answer.content:
                    if line.strip():
                        yield json.loads(line)
            except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
                why = str(exc) or "it has fallen silent"
                raise UnreachableError(f"pyxie at {self.url} has gone: {why}") from exc
        if follow:
            raise UnreachableError(f"pyxie at {self.url} has stopped")

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        *path: str,
        params: dict[str, str] | None = None,
        body: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] = _NONE,
        base: str = "api/v1",
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {**headers, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=self.patience)
        parts = (base, *(quote(part, safe="") for part in path))
        url = "/".join((self.url, *filter(None, parts)))
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            try:
                answer = await session.request(method, url, params=params, data=body)
            except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
                raise UnreachableError(
                    f"no pyxie answers at {self.url} ({_why(exc)}); "
                    "is the daemon running? Until it is restarted it keeps the address that it "
                    "had, which is given with --url"
                ) from exc
            async with answer:
                if answer.status >= 400 and answer.content_type == "text/html":
                    answered = f"{answer.status} {answer.reason}"
                    raise UnreachableError(f"what answers at {self.url} is no pyxie ({answered})")
                if answer.status >= 400:
                    raise _refused(answer.status, await _text(answer))
                yield answer


def _why(exc: Exception) -> str:
    return reason(exc) if str(exc) else "time is up"


async def _text(answer: aiohttp.ClientResponse) -> str:
    try:
        return await answer.text(errors="replace")
    except (aiohttp.ClientError, TimeoutError):
        return f"answered {answer.status}, and broke off"


def _refused(status: int, body: str) -> RefusedError:
    try:
        answered = json.loads(body)
        problems = tuple(map(str, answered.get("problems", ())))
        return RefusedError(status, str(answered["detail"]), problems, answered.get("code"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return RefusedError(status, body.strip())
