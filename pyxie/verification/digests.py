"""Lists of SHA-256 or SHA-512 digests, in all the forms that distributions write them in. Pure.

- as ``sha256sum`` writes and reads them, with its escapes (coreutils: src/digest.c):
  ``<digest>  name``, ``<digest> *name``
- as BSD's ``sha256``, ``sha256sum --tag`` and Fedora's, Rocky's and Alma's ``CHECKSUM``:
  ``SHA256 (name) = <digest>``
- the ``.treeinfo`` of a Fedora, Rocky, Alma or CentOS tree: ``name = sha256:<digest>``
- a digest alone, in a file beside the one that it is of

Other algorithms may stand between them, as may comments; those lines are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pyxie.verification.faults import ListError, UnlistedError

_DIGEST: Final = r"(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{64})"
_GNU: Final = re.compile(rf"(?P<escaped>\\?)(?P<digest>{_DIGEST}) [ *](?P<name>.+)")
_BSD: Final = re.compile(
    rf"(?P<escaped>\\?)SHA(?P<bits>256|512) ?\((?P<name>.+)\) ?= ?(?P<digest>{_DIGEST})"
)
_TREEINFO: Final = re.compile(r"(?P<sort>sha256|sha512|sha1|md5):(?P<digest>[0-9a-fA-F]{32,128})")
"""What is behind the last ``=`` of a line."""
_ALONE: Final = re.compile(_DIGEST)
_OTHERS: Final = re.compile(
    r"(?:SHA(?:1|224|384)|MD5) ?\(.+\) ?= ?[0-9a-fA-F]{32,128}"
    r"|[0-9a-fA-F]{32,128} [ *].+"
)
_LENGTHS: Final = {"sha256": 64, "sha512": 128}
_SHORTEST: Final = 32
"""Characters of a line with a digest, MD5's: a list of a million others is passed over fast."""
_LONGEST: Final = 16_384
"""Characters of a line: of a path of 4096 bytes (Linux' PATH_MAX), escaped, and its digest."""
_ESCAPES: Final = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}


@dataclass(frozen=True, slots=True)
class Digests:
    """What a list says.

    Attributes:
        where: The list, for messages.
        digests: SHA-256, or SHA-512 of what has no other, in small letters, by file name: as
            `plain`, and so below the list's folder. The empty name is a digest that stands alone.
        twice: Names with two digests, and the line of the second.
    """

    where: str
    digests: Mapping[str, str]
    twice: Mapping[str, int]

    def of(self, name: str) -> str:
        """Return the digest of a file.

        Args:
            name: As `plain`; a list of one digest alone is taken for any.

        Raises:
            ListError: The list has two digests for it.
            UnlistedError: It has none.
        """
        if line := self.twice.get(name):
            raise ListError(self.where, line, f"has another digest for {name[:200]!r}, too")
        found = self.digests.get(name)
        if found is None and self.digests.keys() == {""}:
            found = self.digests[""]
        if found is None:
            raise UnlistedError(self.where, f"names no {name[:200]!r}")
        return found


def parse(data: bytes, where: str) -> Digests:
    """Read a list.

    Args:
        data: Any bytes, as a hostile server may send them: whatever a line says, it is read in
            a time that grows with its length alone. Names that are no UTF-8 are names that nobody
            asks for.
        where: For messages.

    Raises:
        ListError: There is no SHA-256 or SHA-512 digest in it.
    """
    found: dict[str, str] = {}
    twice: dict[str, int] = {}
    others = 0
    # Not by `splitlines`, for which a name may hold an end of a line.
    for number, raw in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), start=1):
        line = raw.rstrip("\r")
        if not _SHORTEST <= len(line) <= _LONGEST:
            continue
        entry = _entry(line)
        if entry is None:
            others += bool(_OTHERS.fullmatch(line) or _of_treeinfo(line))
            continue
        name, digest = entry
        if len(digest) < len(found.get(name, "")):
            found[name] = digest  # SHA-256, which is what is reckoned anyway
        elif len(digest) == len(found.setdefault(name, digest)) and found[name] != digest:
            twice.setdefault(name, number)
    if not found:
        why = "has checksums, but no SHA-256 or SHA-512" if others else "has no checksum in it"
        raise ListError(where, 0, f"{why}; name a list of SHA-256, as SHA256SUMS")
    return Digests(where, found, twice)


def _entry(line: str) -> tuple[str, str] | None:
    if _ALONE.fullmatch(line):
        return "", line.lower()
    match = _GNU.fullmatch(line)
    if match is None:
        match = _BSD.fullmatch(line)
        if match is not None and 4 * len(match["digest"]) != int(match["bits"]):
            return None
    if match is None:
        found = _of_treeinfo(line)
        if found is None or len(found[2]) != _LENGTHS.get(found[1]):
            return None
        name = plain(found[0])
        return (name, found[2].lower()) if name else None
    written = match["name"]
    if match["escaped"]:
        written = re.sub(r"\\[\\nr]", lambda each: _ESCAPES[each[0]], written)
    name = plain(written)
    return (name, match["digest"].lower()) if name else None


def _of_treeinfo(line: str) -> tuple[str, str, str] | None:
    """Return name, algorithm and digest of a line of a ``.treeinfo``.

    Not by one pattern for all of it: blanks and "=" in the name would have it try each with each.
    """
    name, parted, value = line.rpartition("=")
    match = _TREEINFO.fullmatch(value.lstrip())
    name = name.rstrip()
    if not parted or match is None or not name or name[0].isspace():
        return None
    return name, match["sort"], match["digest"]


def plain(name: str) -> str:
    """Return a file's path without what says nothing, ``./`` and ``//``.

    Returns:
        Nothing, if it is none below the folder: with ``..``, or from the root on.
    """
    if name.startswith("/"):
        return ""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return "" if ".." in parts else "/".join(parts)
