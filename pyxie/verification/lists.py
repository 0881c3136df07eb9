"""Small files of other servers', read whole: lists of digests, and their signatures."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol

import aiohttp
from aiohttp import hdrs

from pyxie.bounds import VERIFY_FETCH, Bound
from pyxie.errors import PyxieError
from pyxie.outbound.fetcher import Fetcher, WithFetcher
from pyxie.outbound.phrases import phrase
from pyxie.outbound.proxies import DIRECTLY, Proxies
from pyxie.outbound.reach import Reach
from pyxie.outbound.requests import reason
from pyxie.verification.faults import UnreadError


class Reader(Protocol):
    """Reads other servers' small files; to be entered before."""

    async def __aenter__(self) -> object: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None: ...

    async def read(self, url: str, reach: Reach, most: Bound) -> bytes:
        """Return a file.

        Args:
            url: Where it is.
            reach: Where that may lead.
            most: Bytes that it may have.

        Raises:
            UnreadError: It is not to be had.
        """
        ...


_PIECE: Final = 65_536


class Lists(WithFetcher):
    """Reads them. A `Reader`.

    Args:
        proxies: By way of which other servers are reached.
        seconds: For one file.
        ca: Certificates that are believed beside the host's own.
    """

    def __init__(
        self,
        proxies: Proxies = DIRECTLY,
        *,
        seconds: float = VERIFY_FETCH.most,
        ca: Path | None = None,
    ) -> None:
        super().__init__(Fetcher(proxies, whose="checksums", ca=ca))
        self._seconds = seconds

    async def read(self, url: str, reach: Reach, most: Bound) -> bytes:
        """Return a file, as of `Reader`."""
        try:
            async with asyncio.timeout(self._seconds), self._fetcher.get(url, reach) as fetched:
                return await _body(fetched.answer, url, most)
        except UnreadError:
            raise
        except TimeoutError as exc:
            VERIFY_FETCH.reached()
            raise UnreadError(url, f"was not sent within {self._seconds:g} s") from exc
        except PyxieError as exc:  # a redirect, or a proxy, say
            raise UnreadError(url, f"cannot be fetched: {exc}") from exc
        except (aiohttp.ClientError, ValueError) as exc:
            raise UnreadError(url, f"cannot be fetched: {reason(exc)}") from exc


async def _body(answer: aiohttp.ClientResponse, url: str, most: Bound) -> bytes:
    if answer.status != 200:
        raise UnreadError(url, f"cannot be fetched: answered {phrase(answer.status)}")
    if answer.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise UnreadError(url, "was sent packed, which was not asked for")
    found = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE):
        found += piece
        if len(found) > most.whole:
            most.reached()
            raise UnreadError(url, f"is larger than {most.whole:,} bytes")
    return bytes(found)
