"""The proxies that the environment names, read as curl reads them. Pure: told the environment.

By curl(1) "ENVIRONMENT" and its lib/noproxy.c: ``http_proxy`` in lower case only (a web server
makes HTTP_PROXY of a client's header "Proxy:"), ``https_proxy``, ``all_proxy`` and ``no_proxy`` in
either, the lower one first. Two things differ, since nobody can have meant the other: what is on
this host itself never goes to a proxy, and an entry of ``no_proxy`` may end in a port, as Go and
Python take it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from pyxie.errors import Problem, PyxieError

_VARIABLES: Final = {
    "http": ("http_proxy", "all_proxy", "ALL_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
}
"""By the scheme of what is fetched, which variable counts: the first that is set."""
_NO: Final = ("no_proxy", "NO_PROXY")
_PORTS: Final = {"http": 1080, "https": 443}
"""Of a proxy whose URL names none, by its scheme; curl's."""
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?")

Network: TypeAlias = IPv4Network | IPv6Network


class ProxyError(PyxieError):
    """What is wanted would go by way of a proxy that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """One that can be used.

    Attributes:
        variable: Which names it.
        scheme: How it is spoken to itself: ``http`` or ``https``.
        host: Its name or address.
        port: TCP.
        authorization: The header ``Proxy-Authorization`` that it gets; empty for none. Secret.
    """

    variable: str
    scheme: str
    host: str
    port: int
    authorization: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port} ({self.variable})"


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a variable; its value is not quoted, for it may hold a password.

    Attributes:
        variable: Its name.
        sentence: What is wrong, and what would be right.
        fatal: It cannot be a proxy; else it may be one for other programs.
    """

    variable: str
    sentence: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.variable}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class _Exempt:
    """An entry of ``no_proxy``: a domain with all in it, a network, or everything."""

    domain: str = ""
    network: Network | None = None
    port: int | None = None

    def covers(self, host: str, address: IPv4Address | IPv6Address | None, port: int) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            return address is not None and address in self.network
        return self.domain == "*" or host == self.domain or host.endswith(f".{self.domain}")


@dataclass(frozen=True, slots=True)
class Proxies:
    """How to reach what; without arguments everything directly.

    Attributes:
        by_scheme: The proxy for a scheme of URL, or why there is none that can be used.
        exempt: What is reached directly all the same.
        mistakes: What is wrong with the variables.
    """

    by_scheme: Mapping[str, Proxy | Mistake] = field(default_factory=dict)
    exempt: tuple[_Exempt, ...] = ()
    mistakes: tuple[Mistake, ...] = ()

    def way(self, scheme: str, host: str, port: int) -> Proxy | None:
        """Return the proxy by way of which to fetch something; None to fetch it directly.

        Args:
            scheme: Of its URL.
            host: Of its URL, without brackets.
            port: Of its URL, or the scheme's own.

        Raises:
            ProxyError: The proxy for it cannot be used.
        """
        proxy = self.by_scheme.get(scheme)
        if proxy is None:
            return None
        host = host.lower().rstrip(".")
        address = _address(host)
        if _is_own(host, address) or any(e.covers(host, address, port) for e in self.exempt):
            return None
        if isinstance(proxy, Mistake):
            raise ProxyError(str(proxy))
        return proxy

    def __bool__(self) -> bool:
        return bool(self.by_scheme)

    def __str__(self) -> str:
        """Say what goes where, for the log; empty if all goes directly."""
        ways = {scheme: each for scheme, each in self.by_scheme.items() if isinstance(each, Proxy)}
        return ", ".join(f"{scheme} to the proxy {proxy}" for scheme, proxy in ways.items())


DIRECTLY: Final = Proxies()
"""By way of no proxy."""


def proxies_of(environ: Mapping[str, str]) -> Proxies:
    """Return what the environment says; whatever is wrong with it is among the mistakes."""
    by_scheme: dict[str, Proxy | Mistake] = {}
    for scheme, names in _VARIABLES.items():
        variable = _first(names, environ)
        if variable is not None:
            by_scheme[scheme] = _proxy(variable, environ[variable].strip())
    mistakes = [each for each in by_scheme.values() if isinstance(each, Mistake)]
    if _first(("HTTP_PROXY",), environ) and not _first(("http_proxy",), environ):
        what = "is not read, nor by curl, since a web server sets it for its clients"
        mistakes.append(Mistake("HTTP_PROXY", f"{what}; write 'http_proxy'", fatal=False))
    no = _first(_NO, environ)
    entries = re.split(r"[,\s]+", environ[no]) if no else []
    exempt = [_exempt(no or "", entry) for entry in entries if entry]
    mistakes += [each for each in exempt if isinstance(each, Mistake)]
    good = tuple(each for each in exempt if isinstance(each, _Exempt))
    return Proxies(by_scheme, good, tuple(dict.fromkeys(mistakes)))


def problem(mistake: Mistake) -> Problem:
    """Return a mistake as those of files are told."""
    return Problem(Path("environment"), 0, 0, mistake.variable, mistake.sentence)


def _first(names: Iterable[str], environ: Mapping[str, str]) -> str | None:
    """Return the first of these variables that is set; to nothing counts as not."""
    return next((name for name in names if environ.get(name, "").strip()), None)


def _proxy(variable: str, value: str) -> Proxy | Mistake:
    wrong = Mistake(variable, "is not the URL of a proxy, like http://proxy.example:3128")
    if not value.isprintable() or " " in value:
        return wrong
    try:
        parts = urlsplit(value if _SCHEME.match(value) else f"http://{value}")
        port = parts.port
    except ValueError:
        return wrong
    if parts.scheme.startswith("socks"):
        what = "is a SOCKS proxy, and those are not supported; name one of http or https"
        return Mistake(variable, what, fatal=False)
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or port == 0 or not (_HOST.fullmatch(host) or _address(host)):
        return wrong
    return Proxy(variable, parts.scheme, host, port or _PORTS[parts.scheme], _authorization(parts))


def _authorization(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    name, password = unquote_to_bytes(parts.username), unquote_to_bytes(parts.password or "")
    return f"Basic {base64.b64encode(name + b':' + password).decode()}"


_WITH_PORT: Final = re.compile(r"(\[[^]]*\]|[^:]*):([0-9]{1,5})")


def _exempt(variable: str, entry: str) -> _Exempt | Mistake:
    found = _WITH_PORT.fullmatch(entry)
    host, port = (found[1], int(found[2])) if found else (entry, None)
    host = host.strip("[]").lower().rstrip(".")
    if "/" in host or _address(host):
        try:
            return _Exempt(network=ip_network(host, strict=False), port=port)
        except ValueError:
            return Mistake(variable, f"{host[:80]!r} is not a network like 192.0.2.0/24", False)
    return _Exempt(domain=host.removeprefix("*.").removeprefix("."), port=port)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_own(host: str, address: IPv4Address | IPv6Address | None) -> bool:
    """Tell whether it is this host by its own name for itself; to a proxy that is another."""
    if address is not None:
        return address.is_loopback or address.is_unspecified
    return host == "localhost" or host.endswith(".localhost")
