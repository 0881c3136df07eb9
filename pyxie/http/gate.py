"""Who has management access: the host itself, the networks in ``api.allow``, bearers of a token.

A browser bears one by the session that it got for it (`pyxie.access.sessions`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address

from pyxie.access.scope import Scope, Token, key
from pyxie.config.settings import Api
from pyxie.http.cookies import secret_of
from pyxie.net.address import Address, address
from pyxie.outbound.mark import is_fetch

_FORWARDED = frozenset(
    ("forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip",
     "cf-connecting-ip", "fastly-client-ip", "x-original-forwarded-for", "x-proxyuser-ip")
)  # fmt: skip
"""What tells that a proxy has passed the request on; all that begin with ``x-forwarded``, too."""
_LOCALHOST = "localhost"
_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:/?#@\s]+))(?::[0-9]{0,5})?")
"""RFC 9110, section 7.2: a name or an address, and a port."""
_SHOWN = 100
"""Letters of what a client sent that it is told."""
_OF_ONE_COMMAND = (
    "no daemon runs here but that of a `pyxie boot`, which that command alone manages: end it first"
)
_MADE = "`pyxie token create NAME` makes on pyxie's host"
_FETCHED = "what a pyxie fetches for a machine manages nothing"
_OURS = frozenset(("same-origin", "none"))
"""What ``Sec-Fetch-Site`` is of pages of ours, and of what somebody has typed."""
NOT_KNOWN = "the token is none that pyxie knows, or has expired or is revoked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request.

    Attributes:
        refusal: Why it is refused, in one line; None if it is admitted.
        who: By what it is known: ``token ci``, ``this host``.
        scope: All that it may do; None for nothing.
        signed_in: Whether it is known by a session.
    """

    refusal: str | None
    who: str
    scope: Scope | None = None
    signed_in: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a token.

    Attributes:
        who: By what they are known: ``token ci``.
        scope: What they may do.
    """

    who: str
    scope: Scope


class Side(Enum):
    """Whose a connection is, by its addresses: each side has a bound of its own."""

    HOST = "this host"
    ALLOWED = "api.allow"
    OTHERS = "others"


class Gate:
    """Decides on one management request; told all it needs, does no I/O.

    Args:
        api: The setting.
        is_own: Whether an address is one of this host's.
        find: Finds a token of `pyxie token create` by its `key`.
        names: What this host is called by, beside ``localhost``; in lower case.
        session: Finds the `key` of a session's token by the session's secret.
        by_address: Whether this host, and the networks that are allowed, need no token.
    """

    def __init__(
        self,
        api: Api,
        is_own: Callable[[IPv4Address], bool],
        find: Callable[[str], Token | None] = lambda _key: None,
        names: Collection[str] = (),
        session: Callable[[str], str | None] = lambda _secret: None,
        *,
        by_address: bool = True,
    ) -> None:
        self._names = frozenset((_LOCALHOST, *names, *(name.lower() for name in api.names)))
        self._find = find
        self._session = session
        self._allow = api.allow
        self._in_settings = {key(token.get_secret_value().encode()) for token in api.tokens}
        self._is_own = is_own
        self._by_address = by_address

    def side(self, peer: Address, local: Address) -> Side:
        """Tell whose a connection is, before anything is asked on it.

        Args:
            peer: The client's address.
            local: Our end of its connection.
        """
        if self._is_ours(peer, local):
            return Side.HOST
        if any(peer in network for network in self._allow):
            return Side.ALLOWED
        return Side.OTHERS

    def judge(
        self,
        peer: Address,
        local: Address,
        headers: Mapping[str, str],
        needed: Scope = Scope.ADMIN,
        *,
        version: tuple[int, int] = (1, 1),
        changes: bool = True,
    ) -> Verdict:
        """Decide on a request.

        Args:
            peer: The client's address.
            local: Our end of its connection.
            headers: The request's; looked up in lower-case-insensitive manner.
            needed: What it takes, of a token with a scope; addresses may do all.
            version: Of HTTP.
            changes: Whether it asks for a change, not only to look.
        """
        if is_fetch(headers):
            return Verdict(_FETCHED, "a fetch")
        authorization = headers.get("Authorization", "")
        given = _secret(authorization)
        holder = self.holder(given) if given else None
        if given and _basic(authorization) and self._is_led(local, headers, changes=changes):
            # A browser sends it along by itself, whoever's page has it send the request.
            return Verdict(_of_a_page(headers), "a page")
        if holder is not None:
            return _within(holder, needed)
        secret = "" if given else secret_of(headers)
        token = self._session(secret) if secret else None
        holder = self.of_key(token) if token is not None else None
        if holder is not None:
            refusal = self._forged(local, headers, changes=changes)
            verdict = _within(holder, needed, signed_in=True)
            return verdict if refusal is None else Verdict(refusal, holder.who, signed_in=True)
        refusal = self._refusal(peer, local, headers, version, changes=changes)
        if refusal and given:
            refusal = f"{NOT_KNOWN}; {refusal}"
        elif refusal and secret:
            refusal = f"the session has ended, or its token has; {refusal}"
        who = "this host" if self._is_ours(peer, local) else "a network of api.allow"
        return Verdict(refusal, who, None if refusal else Scope.ADMIN)

    def holder(self, secret: bytes) -> Holder | None:
        """Return whose a token is; None if it is none, or has expired or is revoked."""
        return self.of_key(key(secret))

    def of_key(self, hashed: str) -> Holder | None:
        """Return whose the token with that `key` is; None as of `holder`."""
        token = self._find(hashed)
        if token is not None:
            return Holder(f"token {token.name}", token.scope)
        return Holder("a token of api.tokens", Scope.ADMIN) if hashed in self._in_settings else None

    def page(self, local: Address, headers: Mapping[str, str]) -> str | None:
        """Return why a browser's change does not come of a page of ours; None if it does.

        So is signing in one: whoever has others sign in with a token of theirs sees what those do.

        Args:
            local: Our end of its connection.
            headers: The request's.
        """
        return _FETCHED if is_fetch(headers) else self._forged(local, headers, changes=True)

    def _forged(self, local: Address, headers: Mapping[str, str], *, changes: bool) -> str | None:
        """Return why what bears a cookie may not be what its browser's reader wants."""
        strange = self.strange_name(local, headers)
        if strange is not None:
            return strange
        if changes and not ("Origin" in headers or "Sec-Fetch-Site" in headers):
            return "a browser says which page a change comes of, and this one does not"
        if not self._is_led(local, headers, changes=changes):
            return None
        origin, host = (headers.get(each, "?")[:_SHOWN] for each in ("Origin", "Host"))
        return (
            f"this comes of a page at {origin}, and of none of pyxie's at {host}; "
            "a proxy in between has to pass on 'Host' as it came"
        )

    def _refusal(
        self,
        peer: Address,
        local: Address,
        headers: Mapping[str, str],
        version: tuple[int, int],
        *,
        changes: bool,
    ) -> str | None:
        if self._is_led(local, headers, changes=changes):
            return _of_a_page(headers)
        if not self._by_address:
            return _OF_ONE_COMMAND
        here = self._is_ours(peer, local)
        # Anybody may be behind a proxy on this host, whose address `api.allow` may have. nginx
        # passes requests on by HTTP/1.0 where nothing else is set, and adds no header then.
        if here and (version < (1, 1) or any(map(_tells_of_a_proxy, headers))):
            return f"forwarded requests need a token, as {_MADE}"
        if here or any(peer in network for network in self._allow):
            return self.strange_name(local, headers)
        # A token is one caller's, has a scope and can be revoked; a network is all who are in it.
        return (
            f"{peer} may not manage pyxie without a token, as {_MADE}; "
            "or all of its network may, by 'api.allow' in config.yaml"
        )

    def _is_ours(self, address: Address, local: Address) -> bool:
        own = isinstance(address, IPv4Address) and self._is_own(address)
        return own or address.is_loopback or address == local

    def strange_name(self, local: Address, headers: Mapping[str, str]) -> str | None:
        """Return why the name that pyxie is called by is not believed to be its own; None if it is.

        Whoever owns a name can let it lead here, and a page of that name then reads all that its
        reader may (DNS rebinding). Programs without a browser, which send none, are let in.
        """
        called = headers.get("Host")
        if called is None or self._is_called(called, local):
            return None
        return (
            f"{called[:_SHOWN]!a} is no name of this host's: call it by an address of its own, "
            "give a token, or put the name into 'api.names' in config.yaml"
        )

    def _is_called(self, host: str, local: Address) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found["v6"] or found["name"]
        try:
            return self._is_ours(address(name), local)
        except ValueError:
            return name.lower().removesuffix(".") in self._names

    def _is_led(self, local: Address, headers: Mapping[str, str], *, changes: bool) -> bool:
        """Tell a browser that was led here by a page of somebody else's, not by one of ours.

        What it says in ``Sec-Fetch-Site`` no page can forge, but it says so only to ``https`` and
        to itself (Fetch Metadata, section 3). Who follows a link from elsewhere, to look, is none.
        """
        site = headers.get("Sec-Fetch-Site", "none").lower()
        if site not in _OURS and (changes or not _follows_a_link(headers)):
            return True
        origin = headers.get("Origin")
        if origin is None:
            return False
        host = headers.get("Host", "")
        ours = self._is_called(host, local)
        return not ours or origin.lower() not in (
            f"http://{host.lower()}",
            f"https://{host.lower()}",
        )


def _within(holder: Holder, needed: Scope, *, signed_in: bool = False) -> Verdict:
    refusal = None
    if not holder.scope.covers(needed):
        name = holder.who.removeprefix("token ")
        refusal = f"the token {name!r} has the scope {holder.scope}; this needs {needed}"
    return Verdict(refusal, holder.who, holder.scope, signed_in)


def _follows_a_link(headers: Mapping[str, str]) -> bool:
    # Not into a frame, or a picture.
    return headers.get("Sec-Fetch-Dest", "").lower() == "document"


def _secret(authorization: str) -> bytes:
    """Return what a header shows as a token, or as the password of basic auth."""
    scheme, _, credentials = authorization.partition(" ")
    # aiohttp hands on bytes that are no UTF-8 as lone surrogates.
    given = credentials.strip().encode(errors="surrogateescape")
    if scheme.lower() == "bearer":
        return given
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(given, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


def _basic(authorization: str) -> bool:
    return authorization[:6].lower() == "basic "


def _tells_of_a_proxy(header: str) -> bool:
    name = header.lower()
    return name in _FORWARDED or name.startswith("x-forwarded")


def _of_a_page(headers: Mapping[str, str]) -> str:
    origin = headers.get("Origin", "another site")[:_SHOWN]
    return f"a page from {origin} may not manage pyxie without a token"
