"""The cookie of who is signed in to the page: how it is named, set and read. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_PORT: Final = re.compile(r":([0-9]{1,5})\Z")


def secret_of(headers: Mapping[str, str]) -> str:
    """Return what a browser shows as its session's secret; empty if it shows none, or several.

    A browser has one of each host, path and name. If it sends two, another host of the same domain,
    or another port of the same host, has set one, so that its reader works under a stranger's name
    (RFC 6265 section 8.6).
    """
    name = _name(headers)
    # Of HTTP/2 a proxy may have made several headers (RFC 9113 section 8.2.3).
    sent = ";".join(value for key, value in headers.items() if key.lower() == "cookie")
    pairs = (each.partition("=") for each in sent.split(";"))
    found = [value.strip() for key, _, value in pairs if key.strip() == name]
    return found[0] if len(found) == 1 else ""


def set_cookie(headers: Mapping[str, str], secret: str) -> str:
    """Return the header ``Set-Cookie`` that gives a browser its secret.

    It lasts as long as the browser runs. No script can read it, and no page of another site has it
    sent along.

    Args:
        headers: Of the request to sign in, whose page is at ``https`` where a proxy has TLS.
        secret: Letters that need no quotes.
    """
    return _cookie(headers, secret)


def clear_cookie(headers: Mapping[str, str]) -> str:
    """Return the header ``Set-Cookie`` that has a browser forget it."""
    return f"{_cookie(headers, '')}; Max-Age=0"


def _cookie(headers: Mapping[str, str], value: str) -> str:
    secure = headers.get("Origin", "").lower().startswith("https://")
    made = f"{_name(headers)}={value}; Path=/; HttpOnly; SameSite=Strict"
    return f"{made}; Secure" if secure else made


def _name(headers: Mapping[str, str]) -> str:
    """Return its name, in which the port is: cookies are of a host, whatever the port.

    Of two that are reached as ``localhost``, by tunnels, each would sign its reader out of the
    other.
    """
    port = _PORT.search(headers.get("Host", ""))
    return f"pyxie_{port[1]}" if port else "pyxie"
