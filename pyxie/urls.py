"""URLs as they may be shown: without secrets."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def shown(url: str) -> str:
    """Return a URL fit for a log: without a password, and without a signed query."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "a URL"
    return urlunsplit((parts.scheme, host, parts.path, "…" if parts.query else "", ""))
