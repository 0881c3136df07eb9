"""URLs as they may be shown: without secrets. And whose they are."""

from __future__ import annotations

import re
from itertools import chain, zip_longest
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from pyxie.templateblocks import parted

_MADE: Final = "pyxie_"
_DASHES: Final = 4
_TOKEN: Final = re.compile(
    r"(?<!uuid/)(?<!UUID=)(?i:\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)"
    rf"|{_MADE}[A-Za-z0-9_-]{{16,}}"
)
"""What has the shape of a build's token, or of one that `pyxie token create` made; a file system's
UUID is none."""
_NAMES: Final = re.compile(r"\{\{[\w\s.|]*\}\}")
"""A block that holds no text of its own, and so no secret."""
_FIRST_MARK: Final = 0xE000
_MOST_MARKS: Final = 0x1900
"""The private use area; each letter of it stands for a block while a URL is taken apart."""
_MARK: Final = "[\ue000-\uf8ff]"
_SCHEME: Final = re.compile(rf"([\w+.-]|{_MARK})*://")
_AUTHORITY: Final = re.compile(rf"(\[[^]/?]+\]|[^]:/?[\s]+)(:(\d|{_MARK})*)?(/|\?|$)")
_HOST: Final = re.compile(r"(\[[^]]*\]|[^:]*)(:\d*)?")


def masked(text: str) -> str:
    """Return a text without what is shaped like a token, wherever it stands.

    A machine's UUID has the shape of a build's: this is for what clients ask for and for what
    quotes it, not for what machines report.
    """
    if text.count("-") < _DASHES and _MADE not in text:  # as most that is told
        return text
    return _TOKEN.sub("***", text)


def shown(url: str) -> str:
    """Return a URL fit for a log: without a password, and without a signed query."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "a URL"
    return urlunsplit((parts.scheme, host, parts.path, "…" if parts.query else "", ""))


def origin(url: str) -> str:
    """Return scheme and host of a URL (RFC 6454), of any text with ``://``: where it leads to.

    Neither a password nor a token that stands in it is anybody's else to read, and a path may
    hold one, too.
    """
    scheme, _, rest = url.partition("://")
    host = re.split(r"[/?#\s]", rest, maxsplit=1)[0].rpartition("@")[2]
    # As in `shown_template`: a password with a slash in it.
    return f"{scheme}://{host}" if _HOST.fullmatch(host) else "a URL"


def is_below(url: str, base: str) -> bool:
    """Tell whether a URL is one of those that begin with ``base``; of an empty base none is."""
    return bool(base) and url.startswith(f"{base}/")


def shown_template(url: str) -> str:
    """Return the Jinja2 template of a URL as `shown`; any text is taken."""
    outside, blocks = parted(url)
    if re.search(_MARK, url) or len(blocks) > _MOST_MARKS:
        return "a URL"
    # What comes after such a block may be of the query.
    if any("?" in each for each in blocks if not _NAMES.fullmatch(each)):
        return "a URL"
    # A block may hold any of the letters that part a URL.
    marks = [chr(_FIRST_MARK + at) for at in range(len(blocks))]
    marked = "".join(chain(*zip_longest(outside, marks, fillvalue="")))
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
