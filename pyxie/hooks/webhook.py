"""One webhook: a POST with JSON."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Final

import aiohttp
from aiohttp import hdrs
from yarl import URL

from pyxie.bounds import HOOK_KILL, HOOK_OUTPUT, HOOK_SECONDS
from pyxie.hooks.process import Outcome
from pyxie.outbound.certificates import Certificates
from pyxie.outbound.fetcher import session
from pyxie.outbound.proxies import DIRECTLY, Proxies, ProxyError
from pyxie.outbound.requests import reason
from pyxie.outbound.resolver import Resolver

_RESOLVER: Final = Resolver("webhooks")


async def call(
    url: str, body: dict[str, Any], seconds: float, proxies: Proxies = DIRECTLY
) -> Outcome:
    """POST ``body`` to ``url``; any answer below 300 is good. Redirects are not followed.

    Args:
        url: May hold secrets, of which the outcome's result has none.
        body: What is sent, as JSON.
        seconds: For all of it.
        proxies: By way of which it is sent.
    """
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with (
            asyncio.timeout(seconds + HOOK_KILL.most),  # for the end of the connection, too
            session(proxies, _RESOLVER, timeout=timeout) as calling,
            calling.post(
                url, json=body, allow_redirects=False, ssl=await _trust(url, proxies)
            ) as answer,
        ):
            output = (await answer.content.read(HOOK_OUTPUT.whole)).decode(errors="replace")
            if answer.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
                output = "(packed, which was not asked for)"
            return Outcome(answer.status < 300, f"HTTP {answer.status}", output)
    except TimeoutError:
        HOOK_SECONDS.reached()
        return Outcome(ok=False, result=f"no answer within {seconds:g} s")
    except (aiohttp.ClientError, ValueError, OSError, ProxyError) as exc:
        why = str(exc) if isinstance(exc, ProxyError) else reason(exc)
        return Outcome(ok=False, result=f"cannot be called: {why}")


async def _trust(url: str, proxies: Proxies) -> ssl.SSLContext | bool:
    """Return by what other servers are known; where it is plain HTTP, nobody looks at it."""
    return await Certificates().read() if proxies or URL(url).scheme == "https" else True
