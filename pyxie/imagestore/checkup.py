"""Do the servers that recipes name still have their files, and do their signatures hold?

Of a file no more than its first byte is asked for: it is there, or it is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import aiohttp
from aiohttp import hdrs

from pyxie.bounds import RECIPE_FILE, RECIPE_FILES
from pyxie.errors import PyxieError
from pyxie.images.spec import Upstream
from pyxie.imagestore.fetching import head_of
from pyxie.imagestore.named import Named
from pyxie.outbound.fetcher import Fetcher, WithFetcher
from pyxie.outbound.phrases import phrase
from pyxie.outbound.proxies import DIRECTLY, Proxies
from pyxie.outbound.requests import reason
from pyxie.urls import shown
from pyxie.verification.faults import UncheckedError, UnreadError, VerificationError
from pyxie.verification.verifier import Verifier

State: TypeAlias = Literal["answers", "refused", "silent"]
Signature: TypeAlias = Literal["good", "wrong", "unread", "unchecked", "unsigned", "none"]

_FIRST_BYTE: Final = {str(hdrs.RANGE): "bytes=0-0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found of one file.

    Attributes:
        named: The file.
        state: Whether its server has it.
        why: Why not; empty if it has.
        size: In bytes; None where that is not said.
        signature: Whether what says what it is holds.
        by: By what, or why not; empty for ``none``.
    """

    named: Named
    state: State
    why: str = ""
    size: int | None = None
    signature: Signature = "none"
    by: str = ""


class Checkup(WithFetcher):
    """Looks at files, some at a time. A `pyxie.service.Service`.

    Args:
        verifier: Knows what says what they are.
        proxies: By way of which other servers are reached.
        ca: Certificates that are believed beside the host's own.
        seconds: For the first byte of one.
    """

    name = "check of recipes"

    def __init__(
        self,
        verifier: Verifier,
        proxies: Proxies = DIRECTLY,
        *,
        ca: Path | None = None,
        seconds: float = RECIPE_FILE.most,
    ) -> None:
        self._verifier = verifier
        super().__init__(Fetcher(proxies, whose="recipes", ca=ca))
        self._seconds = seconds
        self._turns = asyncio.Semaphore(RECIPE_FILES.whole)

    async def of(self, files: Sequence[Named]) -> list[Found]:
        """Look at files, and return what was found, in their order."""
        return list(await asyncio.gather(*map(self._looked_at, files)))

    async def _looked_at(self, named: Named) -> Found:
        if self._turns.locked():
            RECIPE_FILES.reached()
        async with self._turns:
            state, why, size = await self._asked(named.source)
            signature, by = await self._signed(named.source)
        return Found(named=named, state=state, why=why, size=size, signature=signature, by=by)

    async def _asked(self, source: Upstream) -> tuple[State, str, int | None]:
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._fetcher.get(source.url, source.reach, headers=_FIRST_BYTE) as fetched,
            ):
                answer = fetched.answer
                if answer.status not in (200, 206):
                    return "refused", f"answered {phrase(answer.status)}", None
                return "answers", "", head_of(answer).size
        except TimeoutError:
            RECIPE_FILE.reached()
            return "silent", f"sent nothing within {self._seconds:g} s", None
        except (aiohttp.ClientError, ValueError) as exc:
            why = reason(exc)
        except PyxieError as exc:  # a redirect, or a proxy, say
            why = str(exc)
        return "silent", "cannot be reached" if "://" in why else why, None

    async def _signed(self, source: Upstream) -> tuple[Signature, str]:
        expected = source.expected
        if expected is None:
            return "none", ""
        if expected.signature is not None:
            return "unchecked", "its own signature is checked when all of it is fetched"
        try:
            wanted = await self._verifier.agreed(expected, source.url)
        except UncheckedError as exc:
            return "unchecked", str(exc)
        except UnreadError as exc:
            return "unread", str(exc)
        except VerificationError as exc:
            return "wrong", str(exc)
        listed = expected.listed
        is_signed = listed is not None and bool(listed.signature)
        return "good" if is_signed else "unsigned", wanted.by


def in_json(found: Found) -> dict[str, str | int | None]:
    """Return what was found, as REST tells it."""
    return {
        "arch": found.named.by.rpartition(" ")[2],
        "part": found.named.part,
        "url": shown(found.named.source.url),
        "state": found.state,
        "why": found.why,
        "size": found.size,
        "signature": found.signature,
        "by": found.by,
    }
