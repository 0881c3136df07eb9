"""Who may manage: the host itself, the networks in ``api.allow``, bearers of a token."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from pyxie.config.settings import Api

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""What tells that a proxy has passed the request on."""


def address(text: str) -> IPv4Address | IPv6Address:
    """Return a socket's address; one that came over a dual-stack socket as IPv4."""
    found = ip_address(text.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found


class Gate:
    """Decides on one management request; told all it needs, does no I/O.

    Args:
        api: The setting.
        is_own: Whether an address is one of this host's.
    """

    def __init__(self, api: Api, is_own: Callable[[IPv4Address], bool]) -> None:
        self._allow = api.allow
        self._tokens = [token.get_secret_value().encode() for token in api.tokens]
        self._is_own = is_own

    def refusal(
        self,
        peer: IPv4Address | IPv6Address,
        local: IPv4Address | IPv6Address,
        headers: Mapping[str, str],
    ) -> str | None:
        """Return why the request is refused, in one line; None if it is admitted.

        Args:
            peer: The client's address.
            local: Our end of its connection.
            headers: The request's; looked up in lower-case-insensitive manner.
        """
        if self._bears_token(headers.get("Authorization", "")):
            return None
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
            return "forwarded requests need a token: see 'api.tokens' in config.yaml"
        return f"{peer} may not manage pyxie: add its network to 'api.allow' in config.yaml"

    def _bears_token(self, authorization: str) -> bool:
        scheme, _, credentials = authorization.partition(" ")
        # aiohttp hands on bytes that are no UTF-8 as lone surrogates.
        given = credentials.strip().encode(errors="surrogateescape")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).partition(b":")[2]
            except (binascii.Error, ValueError):
                return False
        elif scheme.lower() != "bearer":
            return False
        # All are compared, so that the time does not tell which one was nearly right.
        matches = [hmac.compare_digest(given, token) for token in self._tokens]
        return any(matches)


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
