"""The URL under which a client reaches our HTTP server."""

from __future__ import annotations

import os
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol
from urllib.parse import urlsplit

from pyxie.net.interfaces import Interfaces


class Settings(Protocol):
    """What is asked of the settings."""

    @property
    def baseurl(self) -> str | None:
        """The operator's own, without a trailing slash."""
        ...


class BaseUrl:
    """Gives the URL for a client, when called.

    Args:
        settings: Those of now.
        interfaces: Those of now.
    """

    def __init__(
        self, settings: Callable[[], Settings], interfaces: Callable[[], Interfaces]
    ) -> None:
        self._settings = settings
        self._interfaces = interfaces

    def __call__(self, local: IPv4Address | IPv6Address, port: int) -> str:
        """Return how a client that reached us at ``local`` reaches us.

        Args:
            local: Our end of its connection.
            port: Our HTTP port.
        """
        own = self._settings().baseurl
        if own:
            return own
        address: IPv4Address | IPv6Address = local
        if not is_far(local):
            address = self._interfaces().first() or local
        return at(address, port)


def at(address: IPv4Address | IPv6Address, port: int) -> str:
    """Return the URL of an HTTP server, without a trailing slash."""
    host = f"[{address}]" if address.version == 6 else str(address)
    return f"http://{host}:{port}"


def is_far(local: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address means the same to others as to this host, without a zone."""
    return not (local.is_loopback or (local.version == 6 and local.is_link_local))


def names_of(baseurl: str | None) -> frozenset[str]:
    """Return the names that this host is called by, in lower case.

    Args:
        baseurl: The setting, whose name is one of them; the host's own is, with its domain and
            without.
    """
    own = os.uname().nodename
    names = (own, own.partition(".")[0], urlsplit(baseurl or "").hostname or "")
    return frozenset(name.lower().removesuffix(".") for name in names if name)
