"""Does what a server answered fit what was asked of it? Firmware looks at nothing. Pure.

A kernel that is packed, or a part of one, boots nothing, and what then goes wrong points
nowhere. So an answer is looked at before a byte of it is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from pyxie.outbound.phrases import phrase

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_CONDITIONS: Final = ("If-None-Match", "If-Modified-Since")
_PLAIN: Final = re.compile(r"[\x20-\x7e]{1,512}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a client's request is passed on.

    Attributes:
        headers: To be sent to the other server.
        part: The first and the last byte that are asked for, either may be None; None for all.
    """

    headers: Mapping[str, str]
    part: tuple[int | None, int | None] | None = None

    @classmethod
    def by(cls, headers: Mapping[str, str]) -> Self:
        """Return it of a request's headers.

        Of several ranges, or of units that are no bytes, nothing is passed on: whoever asks for
        those may be given all (RFC 9110 section 14.2).
        """
        passed = {
            name: headers[name] for name in _CONDITIONS if _PLAIN.fullmatch(headers.get(name, ""))
        }
        found = _RANGE.fullmatch(headers.get("Range", ""))
        if not found or not any(found.groups()):
            return cls(passed)
        passed["Range"] = found[0]
        if _PLAIN.fullmatch(headers.get("If-Range", "")):
            passed["If-Range"] = headers["If-Range"]
        first, last = (int(each) if each else None for each in found.groups())
        return cls(passed, (first, last))

    def misfit(self, status: int, headers: Mapping[str, str]) -> str:
        """Return in a sentence why an answer is not the file that was asked for; empty if it is.

        Args:
            status: Of the answer.
            headers: Of the answer.
        """
        match status:
            case 200:
                return _packed(headers)
            case 206:
                return _packed(headers) or self._wrong_part(headers)
            case 304 if any(name in self.headers for name in _CONDITIONS):
                return ""
            case 416 if self.part is not None:
                return ""
            case _:
                return f"answered {phrase(status)}"

    def _wrong_part(self, headers: Mapping[str, str]) -> str:
        if self.part is None:
            return "sent a part of the file (206) though all of it was asked for"
        found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
        if not found:
            return "sent a part of the file (206) without saying which"
        first, last = int(found[1]), int(found[2])
        whole = None if found[3] == "*" else int(found[3])
        length = headers.get("Content-Length", str(last - first + 1))
        if first > last or (whole is not None and last >= whole):
            return "sent a part of the file (206) that cannot be"
        if not self._is_asked(first, last, whole) or length != str(last - first + 1):
            return "sent another part of the file (206) than was asked for"
        return ""

    def _is_asked(self, first: int, last: int, whole: int | None) -> bool:
        wanted_first, wanted_last = self.part or (None, None)
        if wanted_first is None:  # the last so many bytes
            most = wanted_last or 0
            return last - first < most and (whole is None or last == whole - 1)
        return first == wanted_first and (wanted_last is None or last <= wanted_last)


def _packed(headers: Mapping[str, str]) -> str:
    """Return why the bytes are not the file's own, which was asked for ("identity")."""
    coding = headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity"):
        return f"sent the file packed{_named(coding)}, which was not asked for"
    transfer = headers.get("Transfer-Encoding", "").strip().lower()
    if transfer not in ("", "chunked"):
        return "sent the file in a transfer coding that was not asked for"
    kind = headers.get("Content-Type", "").strip().lower()
    if kind.startswith("multipart/byteranges"):
        return "sent several parts of the file at once"
    return ""


def _named(coding: str) -> str:
    return f" by {coding}" if re.fullmatch(r"[a-z0-9_-]{1,16}", coding) else ""
