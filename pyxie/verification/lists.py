"""Small files of other servers', read whole: lists of digests, and their signatures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp import hdrs

from pyxie.bounds import VERIFY_FETCH, Bound
from pyxie.errors import PyxieError
from pyxie.outbound.fetcher import Fetcher
from pyxie.outbound.phrases import phrase
from pyxie.outbound.proxies import DIRECTLY, Proxies
from pyxie.outbound.reach import Reach
from pyxie.outbound.requests import reason
from pyxie.verification.faults import UncheckedError

Read = Callable[[str, Reach, Bound], Awaitable[bytes]]
"""Returns a file of another server's: its URL, where that may lead, how many bytes it may have.
Raises UncheckedError where it is not to be had."""
_PIECE: Final = 65_536


class Lists:
    """Reads them; a service that opens connections as they are needed.

    Args:
        proxies: By way of which other servers are reached.
        seconds: For one file.
    """

    name = "lists of checksums"

    def __init__(self, proxies: Proxies = DIRECTLY, *, seconds: float = VERIFY_FETCH.most) -> None:
        self._fetcher = Fetcher(proxies, whose="checksums")
        self._seconds = seconds

    async def __aenter__(self) -> Self:
        await self._fetcher.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._fetcher.__aexit__(kind, error, traceback)

    async def serve(self) -> None:
        """Wait to be cancelled: files are read as they are asked for."""
        await asyncio.Event().wait()

    async def drain(self) -> None:
        """Nothing is in hand that somebody else does not wait for."""

    async def read(self, url: str, reach: Reach, most: Bound) -> bytes:
        """Return a file, as of `Read`."""
        try:
            async with asyncio.timeout(self._seconds), self._fetcher.get(url, reach) as fetched:
                return await _body(fetched.answer, url, most)
        except UncheckedError:
            raise
        except TimeoutError as exc:
            VERIFY_FETCH.reached()
            raise UncheckedError(url, f"was not sent within {self._seconds:g} s") from exc
        except PyxieError as exc:  # a redirect, or a proxy, say
            raise UncheckedError(url, f"cannot be fetched: {exc}") from exc
        except (aiohttp.ClientError, ValueError) as exc:
            raise UncheckedError(url, f"cannot be fetched: {reason(exc)}") from exc


async def _body(answer: aiohttp.ClientResponse, url: str, most: Bound) -> bytes:
    if answer.status != 200:
        raise UncheckedError(url, f"cannot be fetched: answered {phrase(answer.status)}")
    if answer.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise UncheckedError(url, "was sent packed, which was not asked for")
    found = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE):
        found += piece
        if len(found) > most.whole:
            most.reached()
            raise UncheckedError(url, f"is larger than {most.whole:,} bytes")
    return bytes(found)
