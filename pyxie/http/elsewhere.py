"""Files of other servers as answers: from the image store, or streamed past it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from pyxie.bounds import HTTP_AT_HAND
from pyxie.errors import NotServedError, PyxieError
from pyxie.events.kind import Kind
from pyxie.events.kinds import (
    ImageAbsent,
    ImageElsewhere,
    ImageFailed,
    ImageFetching,
    ImageProgress,
    ImageStale,
    ImageUncached,
    ImageWaiting,
)
from pyxie.http.about import About, kind_of
from pyxie.http.edge import admitted, text
from pyxie.http.files import Rest, send
from pyxie.http.parts import IMAGE_STORE, SETTINGS, TRUST, UPSTREAMS
from pyxie.http.progress import paced
from pyxie.http.sending import FileReply
from pyxie.images.firstbyte import FirstByte, TooLateError
from pyxie.images.spec import Upstream, with_mirrors
from pyxie.images.upstream import BrokenOffError, Moved, RefusedError, UpstreamError, reset
from pyxie.imagestore.copies import Copy
from pyxie.imagestore.entry import Head
from pyxie.imagestore.growth import UncachedError
from pyxie.imagestore.policy import Revalidate
from pyxie.imagestore.trust import UNSEEN
from pyxie.outbound.mark import is_fetch
from pyxie.threads import Pool
from pyxie.urls import shown
from pyxie.verification.faults import UncheckedError, UnlistedError, VerificationError
from pyxie.verification.telling import told

_PIECE: Final = 16 << 10
"""Bytes that are read at once of a file whose length is not known yet."""


async def give(
    request: web.Request,
    source: Upstream,
    part: str,
    tell: Callable[[Kind], None],
    *,
    extra: bool = False,
    by_hand: bool = False,
    given: Callable[[str], None] = lambda _digest: None,
    revalidate: Revalidate | None = None,
) -> web.StreamResponse:
    """Answer with a file of another server's.

    Args:
        request: GET or HEAD.
        source: Where it is.
        part: What it is, for events.
        tell: Records an event of the machine that asks.
        extra: It may well not be there: a program asks for it beside itself.
        given: Told its SHA-256, where that is known once it was given.
        by_hand: It is of a boot by hand: what its command serves is gone with it, and no copy of it
            stays.
        revalidate: How often its server is asked about a copy; None as the settings say.

    Raises:
        NotServedError: It is ``extra``, and not there.
        BrokenOffError: Half-way; the client's connection is cut off.
        ConnectionError: The client has left.
    """
    url, source = shown(source.url), with_mirrors(source, request.app[SETTINGS]().mirrors)

    def moved(sent: int, total: int | None) -> None:
        tell(ImageProgress(part=part, sent=sent, total=total))

    def waits(seconds: float) -> None:
        tell(ImageWaiting(part=part, source=url, seconds=seconds))

    held, is_own = request.app[IMAGE_STORE].held(source), by_hand and _is_a_commands(source)
    if "Range" not in request.headers:
        tell(_fetching(source, part, held.size if held else None, is_own=is_own))
    try:
        await request.app[TRUST].knows(source, held)
        try:
            if is_own:
                raise UncachedError("a command's own file", is_meant=True)
            opens = partial(request.app[IMAGE_STORE].open, source, revalidate=revalidate)
            return await _stored(request, source, part, tell, moved, waits, given, opens)
        except UncachedError as exc:
            if not exc.is_meant:
                tell(ImageUncached(part=part, source=url, why=str(exc)))
            return await _streamed(request, source, part, tell, moved, waits, given)
    except VerificationError as exc:
        if extra and isinstance(exc, UnlistedError):
            tell(ImageAbsent(part=part))
            raise NotServedError(part, "is in no list of what its server has") from exc
        return _unverified(request, source, part, exc, tell)
    except UpstreamError as exc:
        return _failed(request, part, exc, tell, extra=extra)


@lru_cache(HTTP_AT_HAND.whole)
def _fetching(
    source: Upstream, part: str, size: int | None, *, is_own: bool = False
) -> ImageFetching:
    by = source.expected.in_words if source.expected else None if is_own else ""
    return ImageFetching(part=part, source=shown(source.url), total=size, verified=by)


def given_at_once(
    app: web.Application,
    source: Upstream,
    part: str,
    tell: Callable[[Kind], None],
    given: Callable[[str], None],
) -> FileReply | None:
    """Return what `give` answers for a machine's build, where the copy is at hand; else None.

    Args:
        app: Has the parts.
        source: Where it is.
        part: As of `give`.
        tell: As of `give`.
        given: As of `give`.
    """
    store = app[IMAGE_STORE]
    source = with_mirrors(source, app[SETTINGS]().mirrors)
    lent = store.ready(source)
    if lent is None:
        return None
    entry = lent.entry

    def begun() -> None:
        tell(_fetching(source, part, entry.size))
        lent.count()

    def ended(whole: bool) -> None:
        lent.give_back()
        if whole:
            given(entry.digest)

    def moved(sent: int, total: int | None) -> None:
        tell(ImageProgress(part=part, sent=sent, total=total))

    about = _about(source, entry.head, entry.size, entry.digest)
    return FileReply(about, lent.file, store.reading.writers, begun, moved, ended)


def _is_a_commands(source: Upstream) -> bool:
    """Tell whether a file is served by the command that boots it by hand, with a password."""
    return urlsplit(source.url).username is not None


async def _stored(
    request: web.Request,
    source: Upstream,
    part: str,
    tell: Callable[[Kind], None],
    moved: Moved,
    waits: Callable[[float], None],
    given: Callable[[str], None],
    opens: Callable[..., AbstractAsyncContextManager[Copy]],
) -> web.StreamResponse:
    store, patience = request.app[IMAGE_STORE], request.app[SETTINGS]().limits.first_byte
    first = FirstByte(patience, lambda: request.transport is None, waits)
    async with AsyncExitStack() as stack:
        opening = opens(waits=not is_fetch(request.headers))
        try:
            copy = await first.of(stack.enter_async_context(opening))
        except TooLateError as exc:
            raise UpstreamError(source.url, str(exc)) from exc
        for why in copy.passed:
            tell(ImageElsewhere(part=part, source=copy.at, why=why))
        if copy.stale:
            tell(ImageStale(part=part, source=shown(source.url), why=copy.stale, age=copy.age))

        async def rest(exc: PyxieError, answer: web.StreamResponse, at: int, end: int) -> None:
            if not isinstance(exc, UncachedError):
                raise exc
            if source.expected is not None:  # of the rest alone nobody could tell
                raise BrokenOffError(source.url, f"broke off: {exc}; it is streamed next time")
            tell(ImageUncached(part=part, source=shown(source.url), why=str(exc)))
            streams, whole = request.app[UPSTREAMS], copy.head
            one = replace(source, url=copy.given_by or source.url)
            async for piece in streams.part(one, at, end, whole.size, whole.validator):
                await answer.write(piece)

        answer = await _copied(request, copy, source, store.reading, moved, rest)
        digest = copy.growth.digest if copy.growth is not None else copy.digest
        if digest and request.method == "GET":
            given(digest)
        return answer


async def _streamed(
    request: web.Request,
    source: Upstream,
    part: str,
    tell: Callable[[Kind], None],
    moved: Moved,
    waits: Callable[[float], None],
    given: Callable[[str], None],
) -> web.StreamResponse:
    right, asked = "", await request.app[TRUST].askable(source)
    if asked.nowhere is not None:
        raise asked.nowhere

    async def judge(gave: str, digest: str, sha512: str) -> None:
        nonlocal right
        if sha512:
            request.app[TRUST].learn(digest, sha512)
        await request.app[TRUST].judge(source, digest, gave)
        right = digest

    if source.expected is not None and source.expected.signature is not None:
        raise UncheckedError(source.url, UNSEEN)

    def passed(other: str, why: PyxieError) -> None:
        tell(ImageElsewhere(part=part, source=shown(other), why=str(why)))

    for each in asked.passed:
        passed(asked.source.url, each)
    judging = judge if source.expected else None
    answer = await request.app[UPSTREAMS].stream(
        asked.source, request, paced(moved), waits, judging, passed
    )
    if right:
        given(right)
    return answer


async def _copied(
    request: web.Request,
    copy: Copy,
    source: Upstream,
    pool: Pool,
    moved: Moved,
    rest: Rest,
) -> web.StreamResponse:
    if copy.head.size is None:
        kind = kind_of(urlsplit(source.url).path, copy.head.content_type)
        return await _unmeasured(request, copy, pool, kind)
    about = _about(source, copy.head, copy.head.size, copy.digest)
    beyond = None if copy.is_whole else copy.beyond
    return await send(request, pool, copy.file, moved, about=about, beyond=beyond, rest=rest)


def _about(source: Upstream, head: Head, size: int, digest: str) -> About:
    """Return what is said of a copy: by its server's word for it, or by what it is."""
    kind = kind_of(urlsplit(source.url).path, head.content_type)
    etag = head.etag or (f'"{digest}"' if digest else "")
    return About(size, kind, etag, _changed(head))


def _changed(head: Head) -> int | None:
    if not head.last_modified:
        return None
    try:
        return int(parsedate_to_datetime(head.last_modified).timestamp())
    except (ValueError, OverflowError):
        return None


async def _unmeasured(
    request: web.Request, copy: Copy, pool: Pool, kind: str
) -> web.StreamResponse:
    """Answer with a file that grows, and whose server does not say how far."""
    answer = web.StreamResponse(headers={hdrs.CONTENT_TYPE: kind})
    await answer.prepare(request)
    at = 0
    try:
        while request.method == "GET":
            there = await copy.beyond(at)
            if at >= there:
                break
            while at < there:
                data = await pool.run(copy.file.read, at, min(_PIECE, there - at))
                at += len(data)
                await answer.write(data)
    except PyxieError:
        reset(request)
        raise
    await answer.write_eof()
    return answer


def _failed(
    request: web.Request,
    part: str,
    exc: UpstreamError,
    tell: Callable[[Kind], None],
    *,
    extra: bool,
) -> web.Response:
    if extra and isinstance(exc, RefusedError) and exc.is_absence:
        tell(ImageAbsent(part=part))
        raise NotServedError(part, exc.why) from exc
    tell(ImageFailed(part=part, source=shown(exc.url), why=exc.why))
    if isinstance(exc, BrokenOffError):
        raise exc
    return not_fetched(request, part, exc)


def _unverified(
    request: web.Request,
    source: Upstream,
    part: str,
    exc: VerificationError,
    tell: Callable[[Kind], None],
) -> web.Response:
    """Answer with 502, or raise BrokenOffError where something was sent already."""
    tell(told(exc, part, shown(source.url)))
    if request.transport is None or request.transport.is_closing():
        raise BrokenOffError(source.url, f"is not what it should be: {exc}") from exc
    return not_fetched(request, part, UpstreamError(source.url, f"cannot be verified: {exc}"))


def not_fetched(request: web.Request, part: str, exc: UpstreamError) -> web.Response:
    """Return 502; why, only to whom may read it in the events.

    To all others it would tell what is where behind pyxie, and which ports are open there.
    """
    why = str(exc) if admitted(request) is None else "cannot be fetched; `pyxie events` says why"
    return text(f"{part}: {why}", 502)
