"""Stream a file from another server: ranges and lengths pass through, redirects do not."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final, cast

import aiohttp
from aiohttp import hdrs, web
from aiohttp.http_writer import StreamWriter

from pyxie.bounds import IMAGE_AHEAD, IMAGE_FIRST_BYTE, IMAGE_NEXT, IMAGE_SILENCE
from pyxie.clock import steady
from pyxie.errors import PyxieError
from pyxie.images.firstbyte import FirstByte, TooLateError
from pyxie.images.fitting import Asked
from pyxie.images.heldback import HeldBack
from pyxie.images.lately import Lately
from pyxie.images.pieces import Pieces, Share
from pyxie.images.spec import Upstream
from pyxie.outbound.fetcher import Fetcher, WithFetcher
from pyxie.outbound.inflow import Inflow
from pyxie.outbound.mark import VIA, onward
from pyxie.outbound.phrases import phrase
from pyxie.outbound.proxies import DIRECTLY, Proxies
from pyxie.outbound.reach import Reach
from pyxie.outbound.requests import proxy_for, reason
from pyxie.urls import shown

_PASSED_BACK = (
    hdrs.CONTENT_TYPE,
    hdrs.CONTENT_LENGTH,
    hdrs.CONTENT_RANGE,
    hdrs.ACCEPT_RANGES,
    hdrs.ETAG,
    hdrs.LAST_MODIFIED,
)
_PASSED_BACK_OF_NOTHING = (hdrs.CONTENT_RANGE, hdrs.ETAG, hdrs.LAST_MODIFIED)
_PROXY_WANTS_A_PASSWORD = 407
_UNSENT: Final = 4
"""Pieces that the kernel keeps of a client's before it has begun to send them."""
FIRST_BYTE: Final = IMAGE_FIRST_BYTE.most
"""Seconds; there are servers that build an image when it is first asked for."""
SILENCE: Final = IMAGE_SILENCE.most
"""Seconds, half-way through a file."""
Moved = Callable[[int, int | None], None]
"""Called after each piece: how many bytes were sent so far, and of how many, where known."""
Judge = Callable[[str, str, str], Awaitable[object]]
"""Is told the URL that gave all of a file, and its SHA-256 and SHA-512, in hex; raises if they are
wrong."""


class UpstreamError(PyxieError):
    """The other server did not give the file.

    Attributes:
        url: What was asked of it, whole; the sentence shows it without secrets.
        why: What it answered, or what went wrong; without the URL.
    """

    def __init__(self, url: str, why: str) -> None:
        super().__init__(url, why)
        self.url = url
        # What the library says may quote a URL, and so a password or a signature.
        self.why = "cannot be fetched" if "://" in why else why

    def __str__(self) -> str:
        return f"{shown(self.url)}: {self.why}"

    def also(self, others: Iterable[PyxieError]) -> None:
        """Say what other mirrors did, too."""
        self.why = "; ".join((self.why, *map(str, others)))


class RefusedError(UpstreamError):
    """The other server answered, but not with the file.

    Attributes:
        status: Of its answer.
    """

    def __init__(self, url: str, status: int, why: str = "", by: str = "") -> None:
        """Take what is wrong with its answer, and by way of which proxy it came."""
        by = f", by way of the proxy {by}" if by else ""
        super().__init__(url, f"{why or f'answered {phrase(status)}'}{by}")
        self.status = status

    @property
    def is_absence(self) -> bool:
        """Whether it has no such file for us, and will not have it a moment later either."""
        return 400 <= self.status < 500 and self.status != _PROXY_WANTS_A_PASSWORD


class BrokenOffError(UpstreamError, ConnectionError):
    """The other server stopped half-way."""


class Upstreams(WithFetcher):
    """One pool of connections to all servers that ``image_url`` names.

    A `pyxie.service.Service`.

    Args:
        proxies: By way of which they are reached.
        first_byte: Gives the seconds that a server may take for the first byte of a file.
        silence: The seconds that it may then be silent.
        ca: Certificates that are believed beside the host's own.
        lately: Is told which files servers do not have.
    """

    name = "upstreams"

    def __init__(
        self,
        proxies: Proxies = DIRECTLY,
        *,
        first_byte: Callable[[], float] = lambda: FIRST_BYTE,
        silence: float = SILENCE,
        ca: Path | None = None,
        lately: Lately | None = None,
    ) -> None:
        self._lately = Lately(steady) if lately is None else lately
        self._proxies = proxies
        self._first_byte = first_byte
        self._silence = silence
        super().__init__(Fetcher(proxies, ca=ca))
        self._large = Share()

    async def stream(
        self,
        source: Upstream,
        request: web.Request,
        moved: Moved = lambda _sent, _total: None,
        waits: Callable[[float], None] = lambda _seconds: None,
        judge: Judge | None = None,
        passed: Callable[[str, UpstreamError], None] = lambda _url, _why: None,
    ) -> web.StreamResponse:
        """Answer ``request`` with a file of another server's; what is returned is sent already.

        Its mirrors are asked in their order, until one begins to give it.

        Args:
            source: What is asked of which server.
            request: What is answered.
            moved: Called with how far it has come.
            waits: Called once if the first byte takes its time, with the seconds that it may take.
            judge: Asked before the last piece; then all is sent, whatever part is asked for.
            passed: Called with the mirror that is asked, after one that does not give it.

        Raises:
            UpstreamError: Nothing was answered yet; the caller does that.
            PyxieError: The judge's; the client's connection is cut off.
            BrokenOffError: The other server broke off; so is the client's connection, or
                it would take the part for the whole.
            ConnectionError: The client has left.
        """
        # Of a part nobody could tell whether it is right.
        asked = Asked.by({} if judge else request.headers)
        failed: list[UpstreamError] = []
        for url in source.urls:
            if failed:
                passed(url, failed[-1])
            most = self._first_byte()
            if url != source.urls[-1]:
                most = min(most, IMAGE_NEXT.most)
            first = FirstByte(most, lambda: request.transport is None, waits)
            long = source.expected is not None and not source.expected.sha256
            held = HeldBack(partial(judge, url) if judge else None, long=long)
            async with AsyncExitStack() as stack:
                try:
                    answer = await self._answer(stack, url, source.reach, request, asked, first)
                except UpstreamError as exc:
                    failed.append(exc)
                    continue
                return await self._pass_on(answer, url, request, moved, first, held)
        failed[0].also(failed[1:])
        raise failed[0]

    async def _answer(
        self,
        stack: AsyncExitStack,
        url: str,
        reach: Reach,
        request: web.Request,
        asked: Asked,
        first: FirstByte,
    ) -> aiohttp.ClientResponse:
        """Return one server's answer, as long as ``stack`` is not left; raises UpstreamError."""
        try:
            passed = {**asked.headers, VIA: onward(request.headers)}
            fetched = self._fetcher.get(url, reach, method=request.method, headers=passed)
            answer = (await first.of(stack.enter_async_context(fetched))).answer
        except (TooLateError, PyxieError) as exc:  # a redirect, or a proxy, say
            raise UpstreamError(url, str(exc)) from exc
        except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
            raise UpstreamError(url, in_words(exc)) from exc
        if misfit := asked.misfit(answer.status, answer.headers):
            by = proxy_for(self._proxies, answer.url)
            refused = RefusedError(url, answer.status, misfit, str(by or ""))
            if refused.is_absence:
                self._lately.absent(url, reach, refused.status, refused.why)
            raise refused
        return answer

    async def part(
        self, source: Upstream, start: int, end: int, size: int | None, validator: str
    ) -> AsyncIterator[bytes]:
        """Give bytes of a file of which somebody has those before already.

        Args:
            source: Where it is.
            start: The first byte.
            end: The one after the last.
            size: Of all of it.
            validator: What names it, as If-Range takes it.

        Raises:
            BrokenOffError: They cannot be had, or it is not the same file any more.
        """
        url = source.url
        wanted: dict[str, str] = {hdrs.RANGE: f"bytes={start}-{end - 1}"}
        if not validator:
            raise BrokenOffError(url, "broke off, and does not say what file it has")
        asked = Asked.by(wanted | {hdrs.IF_RANGE: validator})
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._silence):
                    fetched = self._fetcher.get(url, source.reach, headers=asked.headers)
                    answer = (await stack.enter_async_context(fetched)).answer
                of = f"bytes {start}-{end - 1}/{size}"
                said = answer.headers.get(hdrs.CONTENT_RANGE, "").strip()
                if asked.misfit(answer.status, answer.headers) or said != of:
                    raise BrokenOffError(url, "broke off, and does not go on where it stopped")
                while start < end:
                    async with asyncio.timeout(self._silence):
                        piece = await answer.content.readany()
                    if not piece:
                        raise BrokenOffError(url, "ended its answer before all was sent")
                    start += len(piece)
                    yield piece
        except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
            raise BrokenOffError(url, f"broke off: {in_words(exc)}") from exc
        except UpstreamError:
            raise
        except PyxieError as exc:
            raise BrokenOffError(url, str(exc)) from exc

    async def _pass_on(
        self,
        answer: aiohttp.ClientResponse,
        url: str,
        request: web.Request,
        moved: Moved,
        first: FirstByte,
        held: HeldBack,
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status)
        for name in _PASSED_BACK if answer.status in (200, 206) else _PASSED_BACK_OF_NOTHING:
            if name in answer.headers:
                response.headers[name] = answer.headers[name]
        if answer.status == 416:
            response.headers[hdrs.CONTENT_LENGTH] = "0"
        await response.prepare(request)
        if request.method != "HEAD" and answer.status in (200, 206):
            with closing(Pieces(self._large)) as pieces:
                await self._body(answer, url, request, pieces, moved, first, held)
        await response.write_eof()
        return response

    async def _body(
        self,
        answer: aiohttp.ClientResponse,
        url: str,
        request: web.Request,
        pieces: Pieces,
        moved: Moved,
        first: FirstByte,
        held: HeldBack,
    ) -> None:
        content, inflow = answer.content, Inflow(answer)
        sent, waited, size = 0, 0.0, 0
        while True:
            if size != (size := pieces.after(sent, waited)):
                inflow.at_once(size)
                content.set_read_chunk_size(size)  # or it would pause after each
                _keep(request, unsent=_UNSENT * size)
            try:
                if sent:
                    piece = content.read_nowait()
                    if not piece and not content.at_eof():
                        async with asyncio.timeout(self._silence):
                            piece = await content.readany()
                else:  # it may have said at once that the file is there, and build it now
                    piece = await first.of(content.readany())
            except (aiohttp.ClientError, TimeoutError, TooLateError) as exc:
                if isinstance(exc, TimeoutError):
                    IMAGE_SILENCE.reached()
                reset(request)
                raise BrokenOffError(url, f"broke off: {in_words(exc)}") from exc
            if not piece:
                break
            sent += len(piece)
            # By the response it would wait by itself now and then.
            await cast("StreamWriter", request.writer).write(held.after(piece), drain=False)
            del piece  # what the kernel did not take of it is with the transport
            waited = await _taken(request, inflow)
            moved(sent, answer.content_length)
        try:
            last = await held.end()
        except PyxieError:
            reset(request)
            raise
        await cast("StreamWriter", request.writer).write(last, drain=False)


async def _taken(request: web.Request, inflow: Inflow) -> float:
    """Wait until the kernel has taken all of a client's; return the seconds."""
    if request.transport is None or not request.transport.get_write_buffer_size():
        return 0.0
    IMAGE_AHEAD.reached()
    clock = asyncio.get_running_loop().time
    began = clock()
    inflow.stop()
    await request.writer.drain()
    inflow.go()
    return clock() - began


def _keep(request: web.Request, *, unsent: int) -> None:
    """Keep what waits for a slow client small, in pyxie and in the kernel.

    A client that does not read at all would have a megabyte here, and four more there.
    """
    if request.transport is None:
        return
    request.transport.set_write_buffer_limits(high=0)
    sock = request.transport.get_extra_info("socket")
    if sock is not None:
        # What is on its way is not counted, so a far client is as fast as before: tcp(7).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, unsent)


def reset(request: web.Request) -> None:
    """Cut the client's connection off, with RST: an ordinary end may look like success."""
    if request.transport is None:
        return
    sock = request.transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


def in_words(exc: BaseException) -> str:
    """Return in people's words what went wrong with another server."""
    if isinstance(exc, (TimeoutError, asyncio.TimeoutError)):
        return "does not answer"
    return reason(exc)
