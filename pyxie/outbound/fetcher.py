"""Fetches from other servers: each redirect is judged anew, by the address that is connected to.

A name that was looked up twice may lead to two places, so the judgement is at the socket that
is to be connected, after the last look-up. Only what the operator named shares connections;
all else has its own, for a connection that one may use is not for the other.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from aiohttp import hdrs
from yarl import URL

from pyxie.bounds import FETCH_CONNECT, FETCH_REDIRECTS, IMAGE_AHEAD
from pyxie.errors import PyxieError, StartError
from pyxie.net.address import Address, address
from pyxie.outbound.certificates import Certificates
from pyxie.outbound.inflow import read_at_once
from pyxie.outbound.mark import VIA, onward
from pyxie.outbound.proxies import DIRECTLY, Proxies
from pyxie.outbound.reach import OutOfReachError, Reach, Zone, literal, zone_of
from pyxie.outbound.requests import proxy_for, request_class
from pyxie.outbound.resolver import Resolver
from pyxie.service import WhenAsked

_MOVED: Final = frozenset((301, 302, 303, 307, 308))


class RedirectError(PyxieError):
    """A server's redirect cannot be followed; the text says why."""


class _Reply(aiohttp.ClientResponse):
    """An answer that knows whom it came from: the address and port that were connected to."""

    peer: tuple[Address, int] | None = None

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Note the address while there is a connection: it ends with a short answer."""
        name = connection.transport and connection.transport.get_extra_info("peername")
        read_at_once(connection.transport, IMAGE_AHEAD.whole)
        self.peer = _place(name) if name else None
        return await super().start(connection)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, after all redirects.

    Attributes:
        answer: Its head; the body is to be read.
        zone: Where the server is; by way of a proxy, which alone knows, as if it were public.
        server: The address and port that were connected to; None by way of a proxy.
    """

    answer: aiohttp.ClientResponse
    zone: Zone
    server: tuple[Address, int] | None


def session(
    proxies: Proxies,
    resolver: Resolver,
    *,
    connector: aiohttp.BaseConnector | None = None,
    timeout: aiohttp.ClientTimeout,
    headers: Mapping[str, str] | None = None,
) -> aiohttp.ClientSession:
    """Return a session for requests to other servers: the only way to get one.

    What it sends bears pyxie's mark, asks for bytes as they are, keeps no cookies, and unpacks
    nothing: what is small packed may be large unpacked.
    """
    return aiohttp.ClientSession(
        timeout=timeout,
        headers={hdrs.ACCEPT_ENCODING: "identity", VIA: onward({}), **(headers or {})},
        auto_decompress=False,
        connector=connector or aiohttp.TCPConnector(resolver=resolver),
        cookie_jar=aiohttp.DummyCookieJar(),
        request_class=request_class(proxies),
        response_class=_Reply,
        read_bufsize=IMAGE_AHEAD.whole,
    )


class Fetcher:
    """Asks other servers; to be entered before.

    Args:
        proxies: By way of which they are reached.
        headers: Of each request.
        redirects: How many are followed; mirror networks need one or two.
        whose: What is fetched, which looks up names by threads of its own.
        ca: A file with certificates that are believed beside the host's own.
    """

    def __init__(
        self,
        proxies: Proxies = DIRECTLY,
        *,
        headers: Mapping[str, str] | None = None,
        redirects: int = FETCH_REDIRECTS.whole,
        whose: str = "images",
        ca: Path | None = None,
    ) -> None:
        self._proxies = proxies
        self._headers = headers
        self._redirects = redirects
        self._resolver = Resolver(whose)
        self._ca = ca
        self._certificates = Certificates(ca)
        self._pool: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        if self._ca is not None:
            try:
                await self._certificates.read()
            except OSError as exc:
                why = exc.strerror if exc.errno and exc.strerror else "holds no certificate in PEM"
                raise StartError(f"image_store.ca: {self._ca}: {why}") from exc
        # Clients are bounded already.
        self._pool = self._session()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    def _session(self, **how: Any) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, resolver=self._resolver, **how)
        # A whole image may take long, to connect not.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=FETCH_CONNECT.most)
        return session(
            self._proxies,
            self._resolver,
            connector=connector,
            timeout=timeout,
            headers=self._headers,
        )

    async def _trust(self) -> ssl.SSLContext:
        try:
            return await self._certificates.read()
        except OSError as exc:
            raise aiohttp.ClientOSError(exc.errno, exc.strerror) from exc

    @asynccontextmanager
    async def get(
        self,
        url: str,
        reach: Reach,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Fetched]:
        """Give the answer to a request, after all redirects.

        Args:
            url: What is asked for.
            reach: Where it may lead, by who named it.
            method: ``GET`` or ``HEAD``.
            headers: Of each request.

        Raises:
            OutOfReachError: It leads where it may not.
            RedirectError: A redirect leads nowhere, or in circles.
            ProxyError: It would go by way of a proxy that cannot be used.
            aiohttp.ClientError, ValueError: It cannot be fetched, or is no URL.
        """
        assert self._pool is not None, "not entered"  # noqa: S101
        where, judge = URL(url), _Judge(reach)
        for _ in range(self._redirects + 1):
            async with self._hop(where, judge, method, headers) as fetched:
                moved = _moved(fetched.answer, where)
                if moved is None:
                    yield fetched
                    return
                judge = _Judge(judge.reach.after(fetched.zone), fetched.server)
            where = moved
        FETCH_REDIRECTS.reached()
        raise RedirectError("redirects in circles, or too often")

    @asynccontextmanager
    async def _hop(
        self, url: URL, judge: _Judge, method: str, headers: Mapping[str, str] | None
    ) -> AsyncIterator[Fetched]:
        by_proxy = proxy_for(self._proxies, url) is not None
        named = literal(url.raw_host or "")
        if by_proxy and named is not None:
            check(named, judge.reach)
        assert self._pool is not None, "not entered"  # noqa: S101
        pool = self._pool
        trust = await self._trust() if by_proxy or url.scheme == "https" else True
        if not by_proxy and judge.reach is not Reach.ANYWHERE:
            pool = self._session(force_close=True, socket_factory=judge.socket)
        try:
            async with pool.request(
                method, url, headers=headers, allow_redirects=False, ssl=trust
            ) as reply:
                server = reply.peer if isinstance(reply, _Reply) and not by_proxy else None
                at = server[0] if server else named
                zone = zone_of(at, is_of_this_host) if at else Zone.PUBLIC
                yield Fetched(reply, zone, server)
        except aiohttp.ConnectionTimeoutError:
            FETCH_CONNECT.reached()
            raise
        except aiohttp.ClientConnectorError as exc:
            if judge.refused is not None:
                raise judge.refused from exc
            raise
        finally:
            if pool is not self._pool:
                await pool.close()


class _Judge:
    """Makes the sockets of one request, and none to where it may not lead.

    Args:
        reach: Where it may lead.
        again: The address and port that has redirected here; it may redirect to itself.
    """

    def __init__(self, reach: Reach, again: tuple[Address, int] | None = None) -> None:
        self.reach = reach
        self.refused: OutOfReachError | None = None
        self._again = again

    def socket(self, info: Any) -> socket.socket:
        """Return a socket for one of the addresses that a name has, as aiohttp asks for it."""
        family, kind, protocol, _, name = info
        place = _place(name)
        if place != self._again:
            try:
                check(place[0], self.reach)
            except OutOfReachError as exc:
                self.refused = exc
                # aiohttp goes on to the next address, if there is one.
                raise OSError(errno.EACCES, str(exc)) from exc
        return socket.socket(family, kind, protocol)


def check(address: Address, reach: Reach) -> None:
    """Check that what has ``reach`` may lead to ``address``.

    Raises:
        OutOfReachError: It may not.
    """
    zone = zone_of(address, is_of_this_host)
    if not reach.allows(zone):
        raise OutOfReachError(address, zone)


def is_of_this_host(address: Address) -> bool:
    """Tell whether the kernel would deliver to itself; sends nothing.

    The source of what goes to an own address is that address. It is so on all interfaces, also
    those that pyxie does not serve.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return _place(probe.getsockname())[0] == address
    except OSError:
        return False


def _place(name: tuple[Any, ...]) -> tuple[Address, int]:
    return address(str(name[0])), int(name[1])


def _moved(reply: aiohttp.ClientResponse, where: URL) -> URL | None:
    """Return where an answer sends us to, a URL; None if it is an answer.

    Raises:
        RedirectError: It cannot be followed.
    """
    location = reply.headers.get(hdrs.LOCATION)
    if reply.status not in _MOVED or not location:
        return None
    try:
        moved = where.join(URL(location))
        is_http = moved.scheme in ("http", "https") and moved.raw_host
    except ValueError:
        is_http = False
    if not is_http:
        raise RedirectError("redirects to what is no URL of HTTP")
    same = moved.origin() == where.origin()
    if same and where.raw_user is not None and moved.raw_user is None:
        moved = moved.with_user(where.user).with_password(where.password)
    return moved


class WithFetcher(WhenAsked):
    """A service that asks other servers when it is asked itself.

    Args:
        fetcher: Asks them; it is open for as long as this is.
    """

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def __aenter__(self) -> Self:
        await self._fetcher.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._fetcher.__aexit__(kind, error, traceback)
