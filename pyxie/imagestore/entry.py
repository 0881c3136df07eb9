"""What is known of a copy: where it came from, and what its server said of it. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from pyxie.outbound.reach import Reach

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST: Final = 4096
"""Characters of a text; a header's line is no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a server says of a file.

    Attributes:
        size: In bytes; None if it does not say.
        etag: As it is written; empty if there is none.
        last_modified: The same.
        content_type: The same.
    """

    size: int | None = None
    etag: str = ""
    last_modified: str = ""
    content_type: str = ""

    @property
    def validator(self) -> str:
        """What If-Range may say (RFC 9110 section 13.1.5); empty if nothing will do."""
        return self.etag if self.etag.startswith('"') else self.last_modified

    @property
    def conditions(self) -> dict[str, str]:
        """Headers by which a server answers 304 if it has nothing new."""
        told = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in told.items() if value}

    def is_same(self, other: Head) -> bool:
        """Tell whether another answer is of the same file, as far as both of them say."""
        mine = (self.size, self.etag, self.last_modified)
        theirs = (other.size, other.etag, other.last_modified)
        return all(a == b for a, b in zip(mine, theirs, strict=True) if a and b)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A copy.

    Attributes:
        key: Of what was asked for; see `key_of`.
        url: Where it came from, as it may be shown: without a password or a query.
        digest: SHA-256 of all of it, in hex.
        size: Bytes.
        etag: As of `Head`.
        last_modified: As of `Head`.
        content_type: As of `Head`.
        fetched: When, seconds since the epoch.
        checked: When its server was last asked about it.
        used: When it was last asked for.
        pinned: It is kept until somebody says otherwise.
        verified: By what its content is known to be right; empty if it is not.
    """

    key: str
    url: str
    digest: str
    size: int
    etag: str = ""
    last_modified: str = ""
    content_type: str = ""
    fetched: float = 0.0
    checked: float = 0.0
    used: float = 0.0
    pinned: bool = False
    verified: str = ""

    @property
    def head(self) -> Head:
        """What its server said of it."""
        return Head(
            size=self.size,
            etag=self.etag,
            last_modified=self.last_modified,
            content_type=self.content_type,
        )

    def text(self) -> str:
        """Return it as it is written to disk."""
        return json.dumps({"version": 1, **asdict(self)}, indent=1) + "\n"


def key_of(url: str, reach: Reach) -> str:
    """Return the key of what is asked for.

    Who may not reach a place gets no copy of what lies there either: so the reach is part of it.
    """
    return hashlib.sha256(f"{reach.name} {url}".encode("utf-8", "surrogatepass")).hexdigest()


def parsed(text: str) -> Entry | None:
    """Return the entry that `Entry.text` has made, None of any other text."""
    data = _mapping(text)
    if data.pop("version", None) != 1:
        return None
    known = {each.name: each.type for each in fields(Entry)}
    if not {"key", "url", "digest", "size"} <= data.keys() <= known.keys():
        return None
    if not all(_fits(str(known[name]), value) for name, value in data.items()):
        return None
    if not _DIGEST.fullmatch(data["digest"]) or not _DIGEST.fullmatch(data["key"]):
        return None
    return Entry(**data)


def parsed_head(text: str) -> tuple[Head, str] | None:
    """Return what `head_text` has made, None of any other text."""
    data = _mapping(text)
    boot = data.pop("boot", None)
    known = {each.name: each.type for each in fields(Head)}
    if not isinstance(boot, str) or data.keys() != known.keys():
        return None
    if not all(_fits(str(known[name]), value) for name, value in data.items()):
        return None
    return Head(**data), boot


def head_text(head: Head, boot: str) -> str:
    """Return what is written beside a copy that is not whole yet.

    Args:
        head: Of the file.
        boot: Names the time since this host was started: what it had not written to its disk
            by then is lost, and a part with a hole is worth nothing.
    """
    return json.dumps({"boot": boot, **asdict(head)})


def _mapping(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return dict(data) if isinstance(data, Mapping) else {}


def _fits(kind: str, value: object) -> bool:
    match kind:
        case "str":
            return isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()
        case "bool":
            return isinstance(value, bool)
        case "int | None" if value is None:
            return True
        case "int" | "int | None":
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case _:
            return isinstance(value, int | float) and 0 <= value < 1e12
