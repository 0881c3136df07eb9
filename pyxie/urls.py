"""URLs as they may be shown: without secrets."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

_BLOCK: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_NAMES: Final = re.compile(r"\{\{[\w\s.|]*\}\}")
"""A block that holds no text of its own, and so no secret."""
_FIRST_MARK: Final = 0xE000
_MOST_MARKS: Final = 0x1900
"""The private use area; each letter of it stands for a block while a URL is taken apart."""
_MARK: Final = "[\ue000-\uf8ff]"
_SCHEME: Final = re.compile(rf"([\w+.-]|{_MARK})*://")
_AUTHORITY: Final = re.compile(rf"(\[[^]/?]+\]|[^]:/?[\s]+)(:(\d|{_MARK})*)?(/|\?|$)")


def shown(url: str) -> str:
    """Return a URL fit for a log: without a password, and without a signed query."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "a URL"
    return urlunsplit((parts.scheme, host, parts.path, "…" if parts.query else "", ""))


def shown_template(url: str) -> str:
    """Return the Jinja2 template of a URL as `shown`; any text is taken."""
    blocks = _BLOCK.findall(url)
    if re.search(_MARK, url) or len(blocks) > _MOST_MARKS:
        return "a URL"
    # A block may hold any of the letters that part a URL.
    marks = map(chr, range(_FIRST_MARK, _FIRST_MARK + len(blocks)))
    marked = _BLOCK.sub(lambda _: next(marks), url)
    scheme = _SCHEME.match(marked)
    start = scheme[0] if scheme else ""
    rest = shown(f"http://{marked[len(start) :]}").removeprefix("http://")
    # What stands in the port's place and is no number is a password with a slash in it; nor
    # does what `shown` says of no URL at all match.
    if not _AUTHORITY.match(rest):
        return "a URL"
    return re.sub(_MARK, lambda mark: _block(blocks[ord(mark[0]) - _FIRST_MARK]), start + rest)


def _block(block: str) -> str:
    return block if _NAMES.fullmatch(block) else "{{…}}"
