"""Who has management access: the host itself, the networks in ``api.allow``, bearers of a token."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from pyxie.access.scope import Scope, Token
from pyxie.config.settings import Api

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""What tells that a proxy has passed the request on."""
_MADE = "`pyxie token create NAME` makes on pyxie's host"


@lru_cache(4096)
def address(text: str) -> IPv4Address | IPv6Address:
    """Return a socket's address; one that came over a dual-stack socket as IPv4."""
    found = ip_address(text.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request.

    Attributes:
        refusal: Why it is refused, in one line; None if it is admitted.
        who: By what it is known: ``token ci``, ``this host``.
    """

    refusal: str | None
    who: str


class Gate:
    """Decides on one management request; told all it needs, does no I/O.

    Args:
        api: The setting.
        is_own: Whether an address is one of this host's.
        find: Finds a token of `pyxie token create` by its secret.
    """

    def __init__(
        self,
        api: Api,
        is_own: Callable[[IPv4Address], bool],
        find: Callable[[bytes], Token | None] = lambda _secret: None,
    ) -> None:
        self._find = find
        self._allow = api.allow
        self._tokens = [token.get_secret_value().encode() for token in api.tokens]
        self._is_own = is_own

    def judge(
        self,
        peer: IPv4Address | IPv6Address,
        local: IPv4Address | IPv6Address,
        headers: Mapping[str, str],
        needed: Scope = Scope.ADMIN,
    ) -> Verdict:
        """Decide on a request.

        Args:
            peer: The client's address.
            local: Our end of its connection.
            headers: The request's; looked up in lower-case-insensitive manner.
            needed: What it takes, of a token with a scope; addresses may do all.
        """
        given = _secret(headers.get("Authorization", ""))
        token = self._find(given) if given else None
        if token is not None:
            if token.scope.covers(needed):
                return Verdict(None, f"token {token.name}")
            why = f"the token {token.name!r} has the scope {token.scope}; this needs {needed}"
            return Verdict(why, f"token {token.name}")
        if given and self._is_in_settings(given):
            return Verdict(None, "a token of api.tokens")
        refusal = self._refusal(peer, local, headers)
        if refusal and given:
            refusal = f"the token is none that pyxie knows, or has expired or is revoked; {refusal}"
        return Verdict(refusal, "this host" if peer.is_loopback else "a network of api.allow")

    def _refusal(
        self,
        peer: IPv4Address | IPv6Address,
        local: IPv4Address | IPv6Address,
        headers: Mapping[str, str],
    ) -> str | None:
        if _from_a_page(headers):
            return f"a page from {headers.get('Origin')} may not manage pyxie without a token"
        if any(peer in network for network in self._allow):
            return None
        here = peer.is_loopback or peer == local
        here = here or (isinstance(peer, IPv4Address) and self._is_own(peer))
        if here and not any(name in headers for name in _FORWARDED):
            return None
        if here:
            # Anybody may be behind a proxy on this host.
            return f"forwarded requests need a token, as {_MADE}"
        # A token is one caller's, has a scope and can be revoked; a network is all who are in it.
        return (
            f"{peer} may not manage pyxie without a token, as {_MADE}; "
            "or all of its network may, by 'api.allow' in config.yaml"
        )

    def _is_in_settings(self, given: bytes) -> bool:
        # All are compared, so that the time does not tell which one was nearly right.
        matches = [hmac.compare_digest(given, token) for token in self._tokens]
        return any(matches)


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


def _from_a_page(headers: Mapping[str, str]) -> bool:
    """Tell a browser that was led here by a page of somebody else's.

    A page that came from this very address is ours. One that came from the same name is
    not known to be: whoever owns a name can let it lead here (DNS rebinding).
    """
    origin = headers.get("Origin")
    if origin is None:
        return False
    try:
        page = urlsplit(origin)
        if page.hostname != "localhost":
            ip_address(page.hostname or "")
    except ValueError:
        return True
    return page.netloc != headers.get("Host", "")
