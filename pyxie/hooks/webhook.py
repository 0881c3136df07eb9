"""One webhook: a POST with JSON."""

from __future__ import annotations

from typing import Any

import aiohttp

from pyxie.hooks.process import MOST_OUTPUT, Outcome
from pyxie.outbound.proxies import DIRECTLY, Proxies, ProxyError
from pyxie.outbound.requests import proxys_fault, reason, request_class


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
            aiohttp.ClientSession(timeout=timeout, request_class=request_class(proxies)) as session,
            session.post(url, json=body, allow_redirects=False) as answer,
        ):
            output = (await answer.content.read(MOST_OUTPUT)).decode(errors="replace")
            return Outcome(answer.status < 300, f"HTTP {answer.status}", output)
    except TimeoutError:
        return Outcome(ok=False, result=f"no answer within {seconds:g} s")
    except (aiohttp.ClientError, ValueError, OSError, ProxyError) as exc:
        return Outcome(ok=False, result=f"cannot be called: {_why(exc)}")


def _why(exc: Exception) -> str:
    """Return what went wrong; aiohttp's own text may quote the URL, with password and query."""
    fault = proxys_fault(exc)
    if fault:
        return fault
    if isinstance(exc, aiohttp.ClientResponseError):
        return f"no answer of HTTP: {exc.message}"
    if isinstance(exc, aiohttp.NonHttpUrlClientError):
        return "its URL is not one of http or https"
    if isinstance(exc, ValueError) and not isinstance(exc, OSError):  # some errors of TLS are both
        return "its URL is malformed"
    return reason(exc)
