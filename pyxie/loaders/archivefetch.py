"""iPXE's release archive from its server: into memory, for it is small and nothing unless whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import aiohttp

from pyxie.errors import PyxieError
from pyxie.loaders.ipxeboot import MOST_PACKED
from pyxie.outbound.fetcher import Fetcher
from pyxie.outbound.phrases import phrase
from pyxie.outbound.proxies import Proxies
from pyxie.outbound.reach import Reach
from pyxie.outbound.requests import reason
from pyxie.urls import shown

_SILENCE: Final = 30.0
"""Seconds without a byte."""

Moved = Callable[[int, int | None], None]


class ArchiveFetchError(PyxieError):
    """An archive cannot be fetched; the text is one sentence that says why."""


async def fetched(
    url: str, proxies: Proxies, ca: Path | None, moved: Moved, *, silence: float = _SILENCE
) -> bytes:
    """Return what ``url`` leads to.

    Args:
        url: Named by who manages the host.
        proxies: By way of which servers are reached.
        ca: Certificates that are believed beside the host's own.
        moved: Told how many bytes have come, and of how many, if that is known.
        silence: Seconds without a byte that end it.

    Raises:
        ArchiveFetchError: It leads nowhere, or to more than any archive has.
    """
    try:
        async with Fetcher(proxies, whose="loaders", ca=ca) as fetcher:
            return await _whole(fetcher, url, moved, silence)
    except TimeoutError as exc:
        why = f"its server sent nothing for {silence:g} s"
        raise ArchiveFetchError(f"{shown(url)}: {why}; try again") from exc
    except (aiohttp.ClientError, ValueError) as exc:
        hint = "fetch it where there is internet, and name the file"
        raise ArchiveFetchError(f"{shown(url)} cannot be fetched, {reason(exc)}: {hint}") from exc


async def _whole(fetcher: Fetcher, url: str, moved: Moved, silence: float) -> bytes:
    data = bytearray()
    async with asyncio.timeout(silence) as patience:

        def more() -> None:
            patience.reschedule(asyncio.get_running_loop().time() + silence)

        async with fetcher.get(url, Reach.ANYWHERE) as answer:
            if answer.answer.status != 200:
                said = phrase(answer.answer.status)
                raise ArchiveFetchError(f"{shown(url)}: its server answered {said}")
            total = answer.answer.content_length
            if total is not None and total > MOST_PACKED:
                raise _too_large(url)
            async for piece in answer.answer.content.iter_any():
                more()
                data += piece
                if len(data) > MOST_PACKED:
                    raise _too_large(url)
                moved(len(data), total)
    return bytes(data)


def _too_large(url: str) -> ArchiveFetchError:
    most = MOST_PACKED >> 20
    return ArchiveFetchError(f"{shown(url)} is larger than {most} MiB, and no archive of iPXE's")
