"""What surrounds every HTTP request: the log, the metrics, the gate, and errors as answers."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from pyxie.access.audit import Entry
from pyxie.access.scope import Scope
from pyxie.builds.builds import InvalidTokenError
from pyxie.config.values import mac as canonical
from pyxie.errors import BusyError, NotServedError, RenderError
from pyxie.events.kinds import ManagementRefused, TokenRefused
from pyxie.http.admission import Admission
from pyxie.http.caller import Caller, Client, caller_of
from pyxie.http.cookies import secret_of
from pyxie.http.crowd import origin
from pyxie.http.gate import Gate, Side, Verdict
from pyxie.http.parts import (
    AUDIT,
    BASE_URL,
    DEFINITIONS,
    GATE,
    INDEX,
    MACHINES,
    METRICS,
    RECOGNISER,
    SESSIONS,
    SETTINGS,
    TOKENS,
    TRACE,
)
from pyxie.http.routing import OPEN, Handler, Routed
from pyxie.http.sending import LEFT, STOPPING
from pyxie.lines import Sort, about
from pyxie.logs import say
from pyxie.net.address import Address, address
from pyxie.net.baseurl import at, is_far
from pyxie.rate import Once
from pyxie.recognition.recognise import AdHoc, Unknown, apart, settled
from pyxie.registry.machine import Machine
from pyxie.store.pools import StoreError
from pyxie.urls import masked as without_tokens

log = logging.getLogger(__name__)
access_log = logging.getLogger("pyxie.access")

ADMISSION: web.AppKey[Admission] = web.AppKey("admission", Admission)
ENTRY: web.RequestKey[Entry] = web.RequestKey("entry", Entry)
"""Under which a request has its `Entry`, if it is one that is audited."""
LET_IN: web.RequestKey[tuple[Gate, Verdict]] = web.RequestKey("let in", tuple)
"""Under which a change has what the gate has said to it, where no secret came with it."""
REFUSED: web.AppKey[Once] = web.AppKey("refused", Once)
ROUTED: web.AppKey[Routed] = web.AppKey("routed", dict)

_AGAIN: Final = "5"
"""Seconds until who was refused for want of a thread may ask again."""
_MAY_FOLLOW = frozenset((400, 404))
"""What a call is refused with that names what config.yaml may have by now."""
_LOOKING = frozenset(("GET", "HEAD"))
"""Methods that change nothing (RFC 9110 section 9.2.1)."""
_STREAM: Final = "text/event-stream"
_QUIET = frozenset(("/health", "/metrics", "/status"))
_LINE: Final = '%s "%s %s" %d, %.3f s'
"""On a request, in the log."""


def peer(request: web.Request) -> Address:
    """Return the client's address."""
    return address(request.remote or "0.0.0.0")


def mac_of(request: web.Request) -> str:
    """Return the MAC address in the URL, in pyxie's spelling.

    Raises:
        HTTPNotFound: It is none.
    """
    try:
        return canonical(request.match_info["mac"])
    except ValueError as exc:
        raise web.HTTPNotFound(text=f"{exc}\n") from exc


def is_unknown(request: web.Request, mac: str) -> bool:
    """Tell whether that NIC is in no machine file, not even in one with mistakes."""
    return isinstance(apart(request.app[RECOGNISER].of(mac)), Unknown)


def is_by_hand(request: web.Request, mac: str) -> bool:
    """Tell whether somebody boots that NIC by hand."""
    return isinstance(settled(request.app[RECOGNISER].of(mac)), AdHoc)


def unknown_machine(request: web.Request, mac: str) -> Machine | None:
    """Return what a machine boots that is booted by hand, or that is unknown.

    None if neither somebody nor the settings say that it boots something.

    Raises:
        ConfigError: The build type names what is not there.
    """
    found = settled(request.app[RECOGNISER].of(mac))
    if isinstance(found, AdHoc):
        return found.boot.machine_of(mac)
    if isinstance(found, Unknown) and found.build_type:
        return request.app[DEFINITIONS].of_unknown(mac, found.build_type)
    return None


def local(request: web.Request) -> Address:
    """Return our end of the client's connection."""
    return caller_of(request.transport).local


def base_url(request: web.Request) -> str:
    """Return how this client reaches us, without a trailing slash."""
    return base_url_for(request.app, caller_of(request.transport))


def base_url_for(app: web.Application, caller: Caller) -> str:
    """Return how a client reaches us, without a trailing slash."""
    port = app[SETTINGS]().http.port if caller.port is None else caller.port
    return app[BASE_URL](caller.local, port)


def here(request: web.Request) -> str:
    """Return our URL by the address that this client used, which needs no DNS."""
    return here_for(request.app, caller_of(request.transport))


def here_for(app: web.Application, caller: Caller) -> str:
    """Return our URL by the address that a client used."""
    if caller.port is not None and is_far(caller.local):
        return at(caller.local, caller.port)
    return base_url_for(app, caller)


def admitted(request: web.Request) -> str | None:
    """Return None if the client may look at everything, else why not."""
    return judged(request, Scope.READ).refusal


def judged(request: web.Request, needed: Scope) -> Verdict:
    """Return what the gate says to a request that takes ``needed``."""
    version = request.version.major, request.version.minor
    return request.app[GATE]().judge(
        peer(request),
        local(request),
        request.headers,
        needed,
        version=version,
        changes=request.method not in _LOOKING,
    )


def sees_secrets(request: web.Request) -> bool:
    """Tell whether a caller may see what a machine's file keeps from others: who may write it."""
    return judged(request, Scope.ADMIN).refusal is None


def scope_of(request: web.Request) -> Scope | None:
    """Return what a token needs for the route, as it is declared; `OPEN` if it needs none."""
    operation = request.app[ROUTED].get(request.match_info.route)
    # A route that nothing declares is none of ours, and not open.
    return Scope.ADMIN if operation is None else operation.scope


def may_do_all(request: web.Request) -> bool:
    """Tell whether whoever asks for a change may do all.

    Of one that has shown no secret it is known by whatever takes least, for as long as the gate is
    the same: a secret may be revoked while a body is on its way.
    """
    gate, verdict = request.get(LET_IN, (None, None))
    if verdict is None or gate is not request.app[GATE]():
        verdict = judged(request, Scope.ADMIN)
    return verdict.refusal is None


PLAIN: Final = "text/plain; charset=utf-8"
JSON_TEXT: Final = "application/json; charset=utf-8"


def text(body: str, status: int = 200) -> web.Response:
    """Return plain text, as waitron's handlers do: an error ends in a line end."""
    if status >= 400 and not body.endswith("\n"):
        body += "\n"
    return web.Response(
        text=printable(body), status=status, content_type="text/plain", charset="utf-8"
    )


def printable(text: str) -> str:
    """Return a text that can be sent: what a client sent, and we quote, may be none.

    Then it holds lone surrogates, which UTF-8 has no bytes for.
    """
    return text.encode(errors="backslashreplace").decode()


class AlreadyError(web.HTTPConflict):
    """What is asked for is so already, which a program may take for well."""


ALREADY: Final = "already"
"""The ``code`` of such a problem, to be told from other conflicts."""


def problem(
    status: int,
    title: str,
    detail: str,
    problems: Sequence[str] | None = None,
    *,
    code: str | None = None,
) -> web.Response:
    """Return problem JSON, RFC 9457; ``problems`` and ``code`` are members of our own."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if problems is not None:
        body["problems"] = problems
    if code is not None:
        body["code"] = code
    return web.Response(
        text=json.dumps(body), status=status, content_type="application/problem+json"
    )


def fault(
    request: web.Request, status: int, detail: str, *, code: str | None = None
) -> web.Response:
    """Return an error in the manner of the route that was asked."""
    if request.path.startswith("/api/"):
        return problem(status, _TITLES.get(status, "Error"), detail, code=code)
    return text(detail, status)


async def explained(request: web.Request, refusal: str) -> str:
    """Return a refusal with what of config.yaml is not in force, from which it may follow."""
    return "\n".join((refusal, *await request.app[SETTINGS].not_in_force()))


_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    428: "Precondition Required",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    507: "Insufficient Storage",
}


@web.middleware
async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count and log the request; tokens in its path are masked."""
    transport = request.transport
    request.app[ADMISSION].begun(request)
    started = time.perf_counter()
    status = LEFT
    try:
        response = await handler(request)
    except asyncio.CancelledError:
        status = STOPPING
        raise
    else:
        status = response.status
        return response
    finally:
        request.app[ADMISSION].answered(transport)
        took = time.perf_counter() - started
        route = _route(request)
        method = request.method if request.method in _METHODS else "other"
        request.app[METRICS].count_http(route, method, status, took)
        level = logging.DEBUG if route in _QUIET or "Range" in request.headers else logging.INFO
        if access_log.isEnabledFor(level):
            access_log.log(
                level,
                _LINE,
                *(request.remote, method, masked(request), status, took),
                extra=_about(request, status),
            )


def note_at_once(route: str, path: str, client: Client, seconds: float, status: int = 200) -> None:
    """Log a GET that was answered at once, as `record` does."""
    level = logging.DEBUG if route in _QUIET else logging.INFO
    said = client.caller.remote, "GET", without_tokens(path), status, seconds
    say(access_log, level, _sort(status), client.whose, _LINE, *said)


def _about(request: web.Request, status: int) -> dict[str, object]:
    """Tell what the line on a request is about, and whom it counts for."""
    if status < 400 and scope_of(request) is not OPEN:
        return about(None)  # by who may manage
    return about(_sort(status), _whose(request))


def _sort(status: int) -> Sort:
    return Sort.REQUESTS if status < 400 or status == LEFT else Sort.REFUSALS


def _whose(request: web.Request) -> str:
    return origin(Side.OTHERS, peer(request)).whose


_METHODS = frozenset(("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"))


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    if resource is None:
        return "none"
    operation = request.app[ROUTED].get(request.match_info.route)
    if operation is not None and operation.lenient:
        return operation.path
    return resource.canonical


def masked(request: web.Request) -> str:
    """Return the request's path with the token in it, if any, made unreadable."""
    path = request.path
    token = request.match_info.get("token")
    if token:
        path = path.replace(token, "***")
    elif _route(request) == "none":
        path = "/".join("***" if len(part) >= 32 else part for part in path.split("/"))
    path = without_tokens(path)
    shown = "".join(c if c.isprintable() and c.isascii() else ascii(c)[1:-1] for c in path[:300])
    return shown[:300]


@web.middleware
async def spaced(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Have errors wait whose client makes too many of them."""
    response = await handler(request)
    if response.status >= 400 and (waits := request.app[ADMISSION].refused(request)):
        await asyncio.sleep(waits)
    return response


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what handlers raise into answers; the one place that catches everything."""
    try:
        return await handler(request)
    except web.HTTPException as exc:
        if exc.status < 400:
            raise
        # A route that is not there holds it, and it by its frames the request, which holds the
        # route: of a flood each request would stay until Python looks for such rings.
        return await _refused(request, exc.with_traceback(None))
    except InvalidTokenError:
        note_wrong_token(request)
        return fault(request, 401, "Invalid Token")
    except NotServedError as exc:
        return fault(request, 404, str(exc))
    except RenderError as exc:
        return fault(request, 500, str(exc))
    except BusyError as exc:
        return _busy(request, exc)
    except StoreError as exc:
        return fault(request, 500, f"the state cannot be read: {exc}")
    except (ConnectionError, TimeoutError, web.RequestPayloadError):  # chunks that are none, say
        return _hung_up(request)
    except Exception:
        log.exception("a bug, while answering %s %s", request.method, masked(request))
        if request.writer.output_size:
            return _hung_up(request)  # in the middle of an answer another cannot begin
        return fault(request, 500, "a bug in pyxie; its log has the details")


def note_wrong_token(request: web.Request) -> None:
    """Tell of a machine for which somebody came with a token that is not valid; once a minute."""
    name, mac = request.match_info.get("hostname", ""), request.match_info.get("mac", "")
    machine = request.app[MACHINES]().find(name)
    host = machine.hostname if machine is not None else name.lower()
    if mac:
        host = request.app[RECOGNISER].host_of(mac_of(request)) or ""
    if request.app[INDEX].of(host) is None:
        return
    if request.app[REFUSED].news((host, _route(request)), time.monotonic()):
        refused = TokenRefused(path=masked(request))
        request.app[TRACE].record(refused, host=host, peer=str(peer(request)))


def _busy(request: web.Request, exc: BusyError) -> web.Response:
    """Ask to come again in a moment, as programs do by themselves; iPXE does, too."""
    answer = fault(request, 503, str(exc))
    answer.headers["Retry-After"] = _AGAIN
    return answer


async def _refused(request: web.Request, exc: web.HTTPException) -> web.Response:
    usual = exc.text == f"{exc.status}: {exc.reason}"
    detail = exc.reason if usual else exc.text or exc.reason
    if exc.status in _MAY_FOLLOW and not usual and scope_of(request) is not OPEN:
        detail = await explained(request, detail)
    code = ALREADY if isinstance(exc, AlreadyError) else None
    answer = fault(request, exc.status, detail, code=code)
    if "Allow" in exc.headers:
        answer.headers["Allow"] = exc.headers["Allow"]
    return answer


def _hung_up(request: web.Request) -> web.Response:
    """Close the connection, whose other end is gone, or must know that this went wrong.

    To raise would make aiohttp log a traceback.
    """
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=LEFT)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what is not open to callers without management access."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        # RFC 9110 section 8.4: nothing is unpacked, for it may be a bomb.
        why = "the body is packed (Content-Encoding): send it as it is"
        raise web.HTTPUnsupportedMediaType(text=why)
    if "Authorization" in request.headers:
        await request.app[TOKENS].load()
    if "Cookie" in request.headers and request.headers.get("Accept") != _STREAM:
        # A page that was left open asks for its stream by itself: nobody is there for that.
        request.app[SESSIONS].use(secret_of(request.headers))
    scope = scope_of(request)
    if request.match_info.http_exception is None and scope is not OPEN:
        verdict = judged(request, scope)
        if verdict.refusal is not None:
            refused = ManagementRefused(
                method=request.method, path=masked(request), why=verdict.refusal
            )
            # A stranger has as many paths as it likes; what it asks for once is told once.
            asked = (_whose(request), request.method, _route(request))
            if request.app[REFUSED].news(asked, time.monotonic()):
                request.app[TRACE].record(refused, peer=str(peer(request)))
            # Whoever it is: not which keys were changed.
            said = await request.app[SETTINGS].not_in_force(keys=False)
            return fault(request, 403, "\n".join((verdict.refusal, *said)))
        if request.method not in _LOOKING and _is_audited(request):
            return await _audited(request, handler, verdict)
    return await handler(request)


def _is_audited(request: web.Request) -> bool:
    operation = request.app[ROUTED].get(request.match_info.route)
    return operation is None or operation.audited


async def _audited(request: web.Request, handler: Handler, verdict: Verdict) -> web.StreamResponse:
    """Answer a change, and note who made it."""
    audit, status = request.app[AUDIT], 500
    at, path = str(peer(request)), masked(request)
    entry = request[ENTRY] = Entry(verdict.who, at, request.method, path)
    if not ("Authorization" in request.headers or "Cookie" in request.headers):
        request[LET_IN] = request.app[GATE](), verdict
    try:
        answer = await handler(request)
        status = answer.status
    except web.HTTPException as exc:
        status = exc.status
        raise
    finally:
        await audit.close(entry, status)
    return answer
