"""Which servers a machine's files name for its kernel and initrds, and which a call does.

A build's call may say where its kernel is. Whoever may build is not thereby one who may have
pyxie read from inner servers, unless the operator's own files name them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from pyxie.config.nodes import Plain
from pyxie.registry.merge import Merged

CALL: Final = "call"
"""The layer of what a call says."""
_KEYS: Final = ("kernel", "initrd", "shim", "grub", "image_url", "checksums")
_URLS: Final = ("url", "signature", "release")
"""Of them, in a mapping."""
_PORTS: Final = {"http": 80, "https": 443}

Mirror = tuple[str, str, int]
"""A server: scheme, host, port."""
Mirrors = frozenset[Mirror | None]
"""Servers; None stands for those whose URL cannot be told apart."""


def mirror(url: str) -> Mirror | None:
    """Return the server that a URL is of; None if that cannot be told, or not for sure."""
    if "\\" in url or not url.isascii() or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]


def urls_in(body: Plain) -> list[tuple[str, str]]:
    """Return the URLs that a call names, each after its key.

    Args:
        body: What it says, a mapping.
    """
    data = body if isinstance(body, Mapping) else {}
    return [(key, url) for key in _KEYS for url in _urls([data.get(key)])]


def called(body: Plain) -> Mirrors:
    """Return the servers that a call names, of what it says."""
    return frozenset(mirror(url) for _, url in urls_in(body))


def filed(merged: Merged) -> Mirrors:
    """Return the servers that the files name of which a machine is made, also what is hidden."""
    now = [
        merged.data.get(key)
        for key in _KEYS
        if (place := merged.places.get((key,))) is not None and place.layer != CALL
    ]
    hidden = [
        each.value
        for each in merged.hidden
        if each.loc and each.loc[0] in _KEYS and each.place.layer != CALL
    ]
    return frozenset(map(mirror, _urls([*now, *hidden]))) - {None}


def _urls(values: Iterable[Plain]) -> Iterator[str]:
    """Walk all that is a URL and not a name below ``image_url`` or in ``images``."""
    for value in values:
        yield from (text for text in _texts(value) if "://" in text)


def _texts(value: Plain) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key in _URLS:
            yield from _texts(value.get(key))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
