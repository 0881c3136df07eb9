"""aiohttp's requests, each going the way that its own URL has to."""

from __future__ import annotations

import os
import re
import ssl
from typing import Protocol

import aiohttp
from aiohttp import hdrs

from pyxie.outbound.phrases import phrase
from pyxie.outbound.proxies import Proxies, Proxy


class Url(Protocol):
    """What aiohttp takes a URL for."""

    @property
    def scheme(self) -> str:
        """In lower case."""
        ...

    @property
    def raw_host(self) -> str | None:
        """In ASCII, without brackets."""
        ...

    @property
    def port(self) -> int | None:
        """As it is written, or the scheme's own."""
        ...


def request_class(proxies: Proxies) -> type[aiohttp.ClientRequest]:
    """Return the class of requests for an `aiohttp.ClientSession`.

    A session makes one for each redirect too, and so each is asked about by itself: aiohttp
    has one proxy for all of them, or else takes urllib's rules and ~/.netrc (``trust_env``).
    Making one raises ProxyError where the proxy that it needs cannot be used.
    """
    if not proxies:
        return aiohttp.ClientRequest

    class Request(aiohttp.ClientRequest):
        def update_proxy(self, *_: object) -> None:
            proxy = proxy_for(proxies, self.url)
            if proxy is None:
                super().update_proxy(None, None, None)
                return
            # Not in the proxy's URL, which errors quote.
            secret = {hdrs.PROXY_AUTHORIZATION: proxy.authorization} if proxy.authorization else {}
            if not self.is_ssl():
                self.headers.update(secret)
            url = type(self.url).build(scheme=proxy.scheme, host=proxy.host, port=proxy.port)
            super().update_proxy(url, None, secret or None)

    return Request


def proxy_for(proxies: Proxies, url: Url) -> Proxy | None:
    """Return the proxy by way of which ``url`` is fetched, if any; raises ProxyError."""
    return proxies.way(url.scheme, url.raw_host or "", url.port or 0)


def reason(exc: BaseException) -> str:
    """Return in people's words why another server was not reached, or what it did wrong.

    Never in the server's own: aiohttp quotes what was sent, and that may be anything. Its text
    also has "ssl:default" of plain HTTP, and asyncio's the addresses that were tried.
    """
    fault = proxys_fault(exc)
    if fault:
        return fault
    match exc:
        case aiohttp.ClientConnectorCertificateError(certificate_error=inner):
            return f"its certificate is not valid: {_line(getattr(inner, 'verify_message', ''))}"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            inner = getattr(exc, "os_error", exc)
            return f"TLS fails: {_line(getattr(inner, 'reason', None) or type(inner).__name__)}"
        case aiohttp.ClientConnectorDNSError():
            return f"no address is known of the host {exc.host}"
        case aiohttp.ClientConnectorError():
            return _system(exc.os_error)
        case aiohttp.ClientOSError() if exc.errno:
            return os.strerror(exc.errno)
        case aiohttp.ServerDisconnectedError():
            return "closed the connection before it answered"
        case aiohttp.ClientPayloadError():
            return "ended its answer before all was sent"
        case aiohttp.NonHttpUrlClientError():
            return "its URL is not one of http or https"
        case aiohttp.ClientResponseError():
            return "does not speak HTTP"
        case ValueError():
            return "its URL is malformed"
        case _:
            return type(exc).__name__


def _line(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text[:160])


def _system(exc: OSError) -> str:
    if exc.errno and exc.errno > 0:
        return os.strerror(exc.errno)
    # Of several addresses each has failed; asyncio joins their texts: "[Errno 111] …, [Errno …".
    number = re.search(r"\[Errno (\d+)\]", str(exc))
    return os.strerror(int(number[1])) if number else exc.strerror or str(exc)


def proxys_fault(exc: BaseException) -> str | None:
    """Return what a proxy did wrong, if it was one: aiohttp's words would name the target."""
    match exc:
        case aiohttp.ClientHttpProxyError():
            return f"the proxy answered {phrase(exc.status)}"
        case aiohttp.ClientProxyConnectionError():
            # Its own text is asyncio's, which has the address and not the reason.
            number = exc.os_error.errno or 0
            why = os.strerror(number) if number > 0 else exc.os_error.strerror
            return f"the proxy {exc.host}:{exc.port} cannot be reached: {why}"
        case _:
            return None
