"""The text around OpenPGP: messages that are signed inline, and armour. Pure.

What an inline signature is of is taken out here, and is checked as a detached one: so what is
read afterwards is what was checked, byte for byte, and not what a program made of the message
(RFC 9580 section 7; apt does the same, apt-pkg/contrib/gpgv.cc).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile
from operator import not_
from typing import Final

from pyxie.verification.faults import ListError

_BEGIN: Final = b"-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE: Final = b"-----BEGIN PGP SIGNATURE-----"
_END: Final = b"-----END PGP SIGNATURE-----"
_KEYS: Final = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_KEYS_END: Final = b"-----END PGP PUBLIC KEY BLOCK-----"
_HEADER: Final = re.compile(rb"[A-Za-z][A-Za-z0-9-]*: [^\n]*")


@dataclass(frozen=True, slots=True)
class Signed:
    """A message that was taken apart.

    Attributes:
        text: What was signed, in the form that the signature is of but for the ends of lines,
            which are LF: without dashes' escapes, and blanks at the ends of lines.
        signature: In armour.
    """

    text: bytes
    signature: bytes


def split(data: bytes, where: str) -> Signed:
    """Take a message apart that is signed inline.

    Nothing may stand outside of the one message: whoever read it would take it for signed.

    Args:
        data: Any bytes.
        where: For messages.

    Raises:
        ListError: It is none, or has something beside it.
    """
    lines = [line.rstrip(b" \t\r") for line in data.split(b"\n")]
    at = _first(lines, 0)
    if at == len(lines) or lines[at] != _BEGIN:
        raise ListError(where, at + 1 if at < len(lines) else 0, "is not signed inline")
    at += 1
    while at < len(lines) and lines[at]:
        # Of these there is only "Hash" (RFC 9580 section 7.1); other text would look signed.
        if not lines[at].startswith(b"Hash: "):
            raise ListError(where, at + 1, "has a header that a signed message cannot have")
        at += 1
    begin = at + 1
    try:
        until = lines.index(_SIGNATURE, begin)
        end = lines.index(_END, until)
    except ValueError as exc:
        raise ListError(where, 0, "is cut off: its signature is missing") from exc
    if (stray := _first(lines, end + 1)) < len(lines):
        raise ListError(where, stray + 1, "has text after its signature")
    text = []
    for number, line in enumerate(lines[begin:until], start=begin + 1):
        if line.startswith(b"-") and not line.startswith(b"- "):
            if line != b"-":  # "- " of an empty line, without its blank
                raise ListError(where, number, "has a dash where a signed message has '- '")
            text.append(b"")
        else:
            text.append(line.removeprefix(b"- "))
    return Signed(b"\n".join(text), b"\n".join([*lines[until : end + 1], b""]))


def _first(lines: list[bytes], at: int) -> int:
    """Return where the next line stands that is not empty."""
    while at < len(lines) and not lines[at]:
        at += 1
    return at


def keys(data: bytes, where: str) -> bytes:
    """Return keys as OpenPGP's packets, out of armour if they are in it: gpgv reads no other.

    Args:
        data: A keyring's bytes; any.
        where: For messages.

    Raises:
        ListError: It is in armour that is damaged, or is no keyring.
    """
    blocks = list(_blocks(data.replace(b"\r\n", b"\n").split(b"\n")))
    if not blocks:
        # RFC 9580 section 4.2: each packet begins with this bit; GnuPG's keybox has its own mark.
        if data[:1] >= b"\x80" or data[8:12] == b"KBXf":
            return data
        raise ListError(where, 0, "is no keyring: it has no OpenPGP keys")
    return b"".join(_packets(block, where) for block in blocks)


def _blocks(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Walk what is in armour; one that has no end is none.

    Not by a pattern, which would look for an end behind each beginning anew.
    """
    inside: list[bytes] | None = None
    for line in lines:
        bare = line.rstrip(b" \t")
        if inside is None:
            inside = [] if bare == _KEYS else None
        elif bare == _KEYS_END:
            yield inside
            inside = None
        else:
            inside.append(line.strip())


def _packets(block: list[bytes], where: str) -> bytes:
    packed = dropwhile(_HEADER.fullmatch, dropwhile(not_, block))
    body = b"".join(line for line in packed if not line.startswith(b"="))
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as exc:
        raise ListError(where, 0, "is damaged: its keys are not in base64") from exc
