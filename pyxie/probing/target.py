"""Where an answer leads: which file, by which protocol, of whom. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

from pyxie.probing.choice import vendor_options
from pyxie.probing.heard import Heard
from pyxie.probing.questions import Client, Order

_HTTP: Final = ("http://", "https://")
_TFTP: Final = "tftp://"
_SKIPS: Final = 8
_LONGEST: Final = 1024
"""Letters of a name; option 67 may have more, which no firmware takes."""


@dataclass(frozen=True, slots=True)
class ByTftp:
    """A file by TFTP."""

    server: str
    name: str

    def __str__(self) -> str:
        return f"tftp://{self.server}/{self.name.lstrip('/')}"


@dataclass(frozen=True, slots=True)
class ByHttp:
    """A file by HTTP."""

    url: str

    @property
    def port(self) -> int:
        """The server's, as far as the URL can be read."""
        split = urlsplit(self.url)
        usual = 443 if split.scheme.lower() == "https" else 80
        try:
            return split.port or usual
        except ValueError:
            return usual

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class Nowhere:
    """It leads to nothing that such a client can fetch, and why."""

    why: str


Target: TypeAlias = ByTftp | ByHttp | Nowhere


def target(client: Client, heard: Heard) -> Target:
    """Return where the answer that was taken leads such a client.

    Args:
        client: The firmware.
        heard: The offer, or the acknowledgement on port 4011.
    """
    name = heard.file
    if not name:
        return Nowhere(f"the answer of {heard.server} names no boot file")
    if len(name) > _LONGEST:
        return Nowhere(f"the boot file that {heard.server} names is {len(name)} letters long")
    is_url = name.lower().startswith(_HTTP)
    if client.order is Order.HTTP:
        return ByHttp(name) if is_url else Nowhere(f"{name} is no URL, which HTTP Boot needs")
    if is_url:
        if client.order is Order.IPXE:
            return ByHttp(name)
        return Nowhere(f"{name} is a URL, and this firmware fetches by TFTP alone")
    if client.order is Order.IPXE and name.lower().startswith(_TFTP):
        return _by_url(name)
    server = _boot_server(heard)
    if client.order is Order.IPXE and heard.next_server is None:
        return Nowhere(f"{heard.server} names {name}, and no next-server to fetch it from")
    return ByTftp(str(server), name)


def _by_url(url: str) -> Target:
    try:
        split = urlsplit(url)
        host = split.hostname
    except ValueError:
        host = None
    return ByTftp(host, unquote(split.path)) if host else Nowhere(f"{url} names no host")


def _boot_server(heard: Heard) -> IPv4Address:
    """Return the TFTP server as EDK2 does (PxeBcBoot.c, PxeBcDhcp4BootInfo)."""
    inner = vendor_options(heard)
    listed = inner.get(8, b"")
    if inner.get(6, b"\0")[:1] >= b"\x08" and len(listed) >= 7 and listed[2]:
        return IPv4Address(listed[3:7])
    return heard.next_server or heard.server
