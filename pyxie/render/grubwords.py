"""Values as words of GRUB's script language. Pure.

Within single quotes nothing means anything but the quote (GRUB manual, "Quoting"). So every value
is in them, whatever it holds: none can end a command, or begin one.
"""

from __future__ import annotations

import re
from typing import Final

_CONTROLS: Final = re.compile(r"[\0-\x1f\x7f]")
"""A zero byte would end the file, and a line end the echo."""


def word(text: str) -> str:
    """Return ``text`` as one word, without control characters."""
    plain = _CONTROLS.sub("", text).replace("'", "'\\''")
    return f"'{plain}'"


def kernel_words(line: str) -> list[str]:
    """Return the words of a kernel's command line, as Linux parts them (lib/cmdline.c).

    Quotes around a word or its value are taken off, for GRUB puts a word with a space in it into
    quotes of its own (grub-core/lib/cmdline.c): ``foo="a b"`` comes to Linux as ``"foo=a b"``,
    which is the same to it. Other quotes, and backslashes, get a backslash put before them there.
    """
    return [_unquoted(each) for each in _WORD.findall(line)]


_WORD: Final = re.compile(r'(?:"[^"]*(?:"|$)|[^"\s])+')


def _unquoted(text: str) -> str:
    name, equals, value = text.partition("=")
    if text.startswith('"'):
        return text[1:].removesuffix('"')
    if value.startswith('"'):
        return name + equals + value[1:].removesuffix('"')
    return text
