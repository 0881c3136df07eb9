"""Signing in to the page with a token of the API, and out.

A browser is given a session for it, of which `pyxie.http.gate` hears by its cookie.
"""

from __future__ import annotations

import math
import secrets
import time
from dataclasses import dataclass

from aiohttp import web

from pyxie.access.scope import Scope, key
from pyxie.bounds import SIGN_IN_LENGTH
from pyxie.events.kinds import ManagementRefused
from pyxie.http.bodies import form
from pyxie.http.cookies import clear_cookie, secret_of, set_cookie
from pyxie.http.crowd import origin
from pyxie.http.edge import REFUSED, judged, local, peer
from pyxie.http.gate import NOT_KNOWN, Holder
from pyxie.http.page.frame import shown
from pyxie.http.page.ownpath import SIGN_IN, own_path, path_at, sign_in
from pyxie.http.parts import ATTEMPTS, AUDIT, GATE, SESSIONS, TOKENS, TRACE
from pyxie.http.routing import OPEN, Routes

routes = Routes()

_CHANCE = 32
"""Bytes of a session's secret."""


@dataclass(frozen=True, slots=True)
class SignInView:
    """The form.

    Attributes:
        to: The screen that is shown then.
        mistake: What was wrong with the token.
        strange: Why nobody can sign in under the name that pyxie was called by.
        ended: Whoever asks has been signed in before.
    """

    to: str
    mistake: str = ""
    strange: str = ""
    ended: bool = False


@routes.get(SIGN_IN, scope=OPEN)
async def form_shown(request: web.Request) -> web.Response:
    """Show the form; lead on who has signed in already."""
    to = own_path(request.query["to"]) if "to" in request.query else _came_from(request) or "/"
    if judged(request, Scope.READ).signed_in:
        raise web.HTTPSeeOther(to)
    strange = request.app[GATE]().strange_name(local(request), request.headers) or ""
    ended = secret_of(request.headers) != ""
    answer = await _shown(request, SignInView(to, strange=strange, ended=ended))
    if not (strange or "asked" in request.query or _is_from_here(request)):
        answer.headers["Refresh"] = f"0; url={sign_in(to, asked=True)}"
    return answer


@routes.post(SIGN_IN, scope=OPEN, most=SIGN_IN_LENGTH)
async def sign_in_with(request: web.Request) -> web.Response:
    """Begin a session for who has a token."""
    _of_our_page(request)
    sent = await form(request)
    given, to = sent.get("token", "").strip(), own_path(sent.get("to", ""))
    await request.app[TOKENS].load()
    wait, holder = _looked_up(request, given.encode(errors="surrogateescape"))
    if holder is None:
        mistake = f"{NOT_KNOWN[0].upper()}{NOT_KNOWN[1:]}."
        if wait:
            mistake = f"Too many wrong tokens came from here. Try again in {math.ceil(wait)} s."
        told = await _shown(request, SignInView(to, mistake=mistake), 429 if wait else 422)
        if wait:
            told.headers["Retry-After"] = str(math.ceil(wait))
        return told
    sessions = request.app[SESSIONS]
    sessions.end(secret_of(request.headers))
    secret = secrets.token_urlsafe(_CHANCE)
    sessions.begin(secret, key(given.encode()))
    await _noted(request, holder.who)
    return _led(to, set_cookie(request.headers, secret))


@routes.post("/page/sign-out", scope=OPEN, most=SIGN_IN_LENGTH)
async def sign_out(request: web.Request) -> web.Response:
    """End the session."""
    _of_our_page(request)
    verdict = judged(request, Scope.READ)
    request.app[SESSIONS].end(secret_of(request.headers))
    if verdict.signed_in:
        await _noted(request, verdict.who)
    return _led("/", clear_cookie(request.headers))


def _looked_up(request: web.Request, given: bytes) -> tuple[float, Holder | None]:
    """Return for how long no token is looked at, and whose it is; at one go, or many would be."""
    attempts, now = request.app[ATTEMPTS], time.monotonic()
    gate = request.app[GATE]()
    side = gate.side(peer(request), local(request))
    whose = origin(side, peer(request)).whose
    wait = attempts.wait(whose, side, now)
    holder = gate.holder(given) if not wait else None
    if holder is None:
        attempts.failed(whose, side, now)
        _tell(request, whose, NOT_KNOWN)
    return wait, holder


def _of_our_page(request: web.Request) -> None:
    """Refuse a form that another site's page has a browser send.

    Raises:
        HTTPForbidden: It is one.
    """
    refusal = request.app[GATE]().page(local(request), request.headers)
    if refusal is not None:
        _tell(request, str(peer(request)), refusal)
        raise web.HTTPForbidden(text=refusal)


def _tell(request: web.Request, whose: str, why: str) -> None:
    """Record a refusal; of each address once a minute."""
    if request.app[REFUSED].news((whose, request.method, request.path), time.monotonic()):
        refused = ManagementRefused(method=request.method, path=request.path, why=why)
        request.app[TRACE].record(refused, peer=str(peer(request)))


def _came_from(request: web.Request) -> str | None:
    return path_at(request.headers.get("Host", ""), request.headers.get("Referer", ""))


def _is_from_here(request: web.Request) -> bool:
    """Tell whether a page of ours led here, or the reader, so that the browser sends its cookie.

    Where a link of another site leads here it does not (``SameSite=Strict``), though its reader may
    be signed in. Where that cannot be told, the form asks for itself once more.
    """
    site = request.headers.get("Sec-Fetch-Site")
    return _came_from(request) is not None if site is None else site in ("same-origin", "none")


async def _noted(request: web.Request, who: str) -> None:
    await request.app[AUDIT].note(who, str(peer(request)), request.method, request.path, 303)


def _led(to: str, cookie: str) -> web.Response:
    headers = {"Location": to, "Set-Cookie": cookie, "Cache-Control": "no-store"}
    return web.Response(status=303, headers=headers)


async def _shown(request: web.Request, view: SignInView, status: int = 200) -> web.Response:
    return await shown(
        request, "sign-in.html.j2", view, title="Sign in", screen="sign-in", status=status
    )
