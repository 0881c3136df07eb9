"""Fetches one file into the store, whatever its servers do half-way.

What was broken off goes on where it stopped (RFC 9110 section 14.2): a server is asked for the
rest, if the file is still the one that was begun. One that sends all of it again is held to
what is there, byte by byte. Once somebody has bytes of a file, they are of that one or of none.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import hdrs

from pyxie.bounds import IMAGE_FIRST_BYTE, IMAGE_NEXT, IMAGE_SILENCE, IMAGE_WRITTEN
from pyxie.errors import BusyError, PyxieError
from pyxie.images.fitting import Asked
from pyxie.images.spec import Upstream
from pyxie.images.upstream import BrokenOffError, RefusedError, UpstreamError, in_words
from pyxie.imagestore.entry import Entry, Head
from pyxie.imagestore.growth import Growth, UncachedError
from pyxie.imagestore.ondisk import FULL, Disk, Partial
from pyxie.imagestore.trust import together
from pyxie.openfile import OpenFile
from pyxie.outbound.fetcher import Fetcher
from pyxie.outbound.inflow import Inflow
from pyxie.outbound.proxies import Proxies
from pyxie.outbound.reach import Reach
from pyxie.outbound.requests import proxy_for
from pyxie.threads import Pool
from pyxie.verification.faults import MismatchError, SignatureError, VerificationError

_WAITS: Final = (0.2, 1.0, 3.0)
"""Seconds before another try, each time that none has brought a byte more."""
_TOTAL: Final = re.compile(r"bytes \d{1,18}-\d{1,18}/(\d{1,18})")
_LONGEST: Final = 512
"""Characters of a header that is kept."""


_CHANGED: Final = "was changed while it was fetched"


class _AgainError(BrokenOffError):
    """What a server sends does not fit what is there: all of it is to be asked for."""


class _ChangedError(BrokenOffError):
    """It is not the file any more of which somebody has the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a fetch is done with.

    Attributes:
        disk: Where it is written.
        pool: Whose threads write.
        fetcher: Asks other servers.
        proxies: By way of which it does.
        first_byte: Gives the seconds that a server may take for the first byte.
        silence: The seconds that it may then be silent.
        room: Makes room for so many bytes of a file in all; raises UncachedError.
        judge: Is told source and digest of what is all there, which mirror gave it, and where it
            is, and says by what it is known to be right, or nothing; raises PyxieError if it is
            wrong.
        absent: Is told of a server that has no such file.
    """

    disk: Disk
    pool: Pool
    fetcher: Fetcher
    proxies: Proxies
    first_byte: Callable[[], float]
    silence: float
    room: Callable[[Growth, int], Awaitable[None]]
    judge: Callable[[Upstream, str, str, OpenFile | None], Awaitable[str]]
    absent: Callable[[RefusedError, Reach], None]


class Fetching:
    """One file on its way.

    Args:
        key: Of the file.
        source: Where it is.
        growth: Is told how far it has come.
        means: What it is done with.
        had: The copy that there is; None if there is none.
    """

    def __init__(
        self, key: str, source: Upstream, growth: Growth, means: Means, had: Entry | None
    ) -> None:
        self.verified = ""
        self._key = key
        self._source = source
        self._growth = growth
        self._means = means
        self._had = had
        self._ranges = True
        self._began_by = ""
        self._patience = means.first_byte()

    async def run(self) -> bool:
        """Fetch it; False if it is the same as the copy that there is.

        Raises:
            UpstreamError: No server has given it.
            UncachedError: There is no room for it.
            PyxieError: It is not what it should be.
        """
        means, partial = self._means, None
        try:
            partial = await means.pool.run(means.disk.begun, self._key)
            await means.pool.run(partial.again)
            if not await self._fetched(partial):
                return False
            digest = await means.pool.run(partial.digest)
        except UpstreamError:
            raise
        except (OSError, BusyError) as exc:
            raise UncachedError(f"cannot be kept: {getattr(exc, 'strerror', None) or exc}") from exc
        finally:
            if partial is not None and self._growth.file is None:
                partial.file.close()
        # Who began it is to blame: others go on with what that one says it has. Of what was there
        # before nobody knows who that was; it is gone then, and the next try shows.
        self.verified = await means.judge(self._source, digest, self._began_by, partial.file)
        self._growth.finish(digest)
        return True

    async def _fetched(self, partial: Partial) -> bool:
        """Have all of it; False if there is nothing new."""
        failed: list[PyxieError] = []
        most, urls = self._means.first_byte(), self._source.urls
        attempts = deque(
            [*((url, min(most, IMAGE_NEXT.most)) for url in urls[:-1]), (urls[-1], most)]
        )
        while attempts:
            url, self._patience = attempts.popleft()
            try:
                is_new = await self._all_of(url, partial)
                if not is_new:
                    await self._unchanged(url)
            except (UpstreamError, MismatchError, SignatureError) as exc:
                if isinstance(exc, RefusedError) and exc.is_absence:
                    self._means.absent(exc, self._source.reach)
                if isinstance(exc.__cause__, TimeoutError) and self._patience < most:
                    IMAGE_NEXT.reached()
                    attempts.append((url, most))  # it may be slow, and all there is
                failed.append(exc)
                self._growth.pass_over(exc)
            else:
                return is_new
        raise together(failed)

    async def _unchanged(self, url: str) -> None:
        """Raise MismatchError if a server has nothing new, and that is not what it should be."""
        if self._had is None:
            return
        try:
            await self._means.judge(self._source, self._had.digest, url, None)
        except (MismatchError, SignatureError):
            raise
        except VerificationError:
            pass  # it is looked at again before it is served

    async def _all_of(self, url: str, partial: Partial) -> bool:
        tries = 0
        while True:
            before = partial.size
            try:
                return await self._from(url, partial)
            except _ChangedError:
                raise
            except BrokenOffError as exc:
                if isinstance(exc, _AgainError):
                    self._ranges = False
                    if not self._growth.written:
                        await self._means.pool.run(partial.cut)
                        continue
                tries = 0 if partial.size > before else tries
                if tries == len(_WAITS):
                    raise
                await asyncio.sleep(_WAITS[tries])
                tries += 1

    async def _from(self, url: str, partial: Partial) -> bool:
        """Ask one server once; return False if there is nothing new."""
        means, asked = self._means, Asked.by(self._headers(partial))
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._patience):
                    get = means.fetcher.get(url, self._source.reach, headers=asked.headers)
                    answer = (await stack.enter_async_context(get)).answer
                    self._check(answer, url, asked)
                    if answer.status == 304:
                        return False
                    at = await self._begin(answer, url, partial)
                    content = answer.content
                    content.set_read_chunk_size(IMAGE_WRITTEN.whole)
                    Inflow(answer).at_once(IMAGE_WRITTEN.whole)
                    piece = await content.readany()
            except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
                if isinstance(exc, TimeoutError):
                    IMAGE_FIRST_BYTE.reached()
                raise self._broken(url, exc) from exc
            except (UpstreamError, UncachedError, BusyError):
                raise
            except PyxieError as exc:  # a redirect, or a proxy, say
                raise UpstreamError(url, str(exc)) from exc
            await self._body(answer, url, partial, at, piece)
            return True

    def _headers(self, partial: Partial) -> dict[str, str]:
        known = partial.head.validator if partial.head is not None else ""
        if partial.size and self._ranges and known:
            return {hdrs.RANGE: f"bytes={partial.size}-", hdrs.IF_RANGE: known}
        if partial.size or self._had is None:
            return {}
        return self._had.head.conditions

    def _check(self, answer: aiohttp.ClientResponse, url: str, asked: Asked) -> None:
        """Raise unless it is an answer to what was asked."""
        misfit = asked.misfit(answer.status, answer.headers)
        if asked.part is not None and (answer.status == 416 or (answer.status == 206 and misfit)):
            # What is there does not fit the file that it has, or it cannot count.
            raise _AgainError(url, "does not go on where it stopped")
        if misfit:
            by = proxy_for(self._means.proxies, answer.url)
            raise RefusedError(url, answer.status, misfit, str(by or ""))

    async def _begin(self, answer: aiohttp.ClientResponse, url: str, partial: Partial) -> int:
        """Take what a server says of the file; return from where on it sends it."""
        head, growth, means = head_of(answer), self._growth, self._means
        if answer.status == 206:
            if partial.head is None or not partial.head.is_same(head):
                raise _AgainError(url, "does not go on where it stopped")
            head = partial.head
        elif growth.written:
            if growth.head is not None and growth.head.size != head.size:
                raise _ChangedError(url, _CHANGED)
            return 0
        elif partial.size:  # and nobody has any of it
            await means.pool.run(partial.cut)
        if head.size is None and hdrs.TRANSFER_ENCODING not in answer.headers:
            raise UncachedError("its server does not say where it ends")
        if not growth.written:
            await means.room(growth, head.size or 0)
            if answer.status == 200 and head.validator:
                await means.pool.run(means.disk.note, self._key, head)
            partial.is_of(head)
            if answer.status == 200:
                self._began_by = url
            growth.begin(head, partial.file, url)
        return partial.size

    async def _body(
        self, answer: aiohttp.ClientResponse, url: str, partial: Partial, at: int, piece: bytes
    ) -> None:
        content, growth, means = answer.content, self._growth, self._means
        if partial.size:
            growth.grown(partial.size)
        while piece:
            if len(piece) >= IMAGE_WRITTEN.most:
                IMAGE_WRITTEN.reached()
            old = min(len(piece), max(0, partial.size - at))
            if old and not await means.pool.run(partial.has, piece[:old], at):
                raise _ChangedError(url, _CHANGED)
            at += len(piece)
            if old < len(piece):
                if partial.size + len(piece) > growth.reserved:
                    await means.room(growth, partial.size + len(piece))
                await self._append(partial, piece[old:] if old else piece)
                growth.grown(partial.size)
            try:
                piece = content.read_nowait()
                if not piece and not content.at_eof():
                    async with asyncio.timeout(means.silence):
                        piece = await content.readany()
            except (aiohttp.ClientError, TimeoutError) as exc:
                if isinstance(exc, TimeoutError):
                    IMAGE_SILENCE.reached()
                raise BrokenOffError(url, f"broke off: {in_words(exc)}") from exc
        size = growth.head.size if growth.head is not None else None
        if at < partial.size or (size is not None and partial.size != size):
            raise BrokenOffError(url, "ended its answer before all was sent")

    async def _append(self, partial: Partial, piece: bytes) -> None:
        try:
            await self._means.pool.run(partial.append, piece)
        except OSError as exc:
            if exc.errno in FULL:
                raise UncachedError("the disk is full") from exc
            raise

    def _broken(self, url: str, exc: Exception) -> UpstreamError:
        words = in_words(exc)
        if isinstance(exc, TimeoutError):
            words = f"sent nothing within {self._patience:g} s"
            if self._patience == self._means.first_byte():
                words += ", the most that 'limits.first_byte' allows"
        if not self._growth.written:
            return UpstreamError(url, words)
        return BrokenOffError(url, f"broke off: {words}")


def head_of(answer: aiohttp.ClientResponse) -> Head:
    """Return what an answer says of the whole file; what is no plain text is left out."""

    def said(name: str) -> str:
        value = answer.headers.get(name, "").strip()
        return value if len(value) <= _LONGEST and value.isascii() and value.isprintable() else ""

    size = answer.content_length
    if answer.status == 206:
        found = _TOTAL.fullmatch(answer.headers.get(hdrs.CONTENT_RANGE, "").strip())
        size = int(found[1]) if found else None
    return Head(
        size=size,
        etag=said(hdrs.ETAG),
        last_modified=said(hdrs.LAST_MODIFIED),
        content_type=said(hdrs.CONTENT_TYPE),
    )
