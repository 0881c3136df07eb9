"""What goes between the daemon and a worker: whole messages, whose lengths are told first. Pure.

To the worker goes a job, pickled. What comes back may be made by a template that has broken out of
Jinja2, so it is JSON and a text: data that is checked, and that runs nothing when it is read.
"""

from __future__ import annotations

import struct
from typing import Final

from pyxie.errors import PyxieError

HEAD: Final = struct.Struct(">II")
"""The lengths of the two parts in bytes: of plain data, and of a text."""
READY: Final = b"\n"
"""What a worker says first, once it has set its limits."""
MOST_PLAIN: Final = 4 << 20
MOST_TEXT: Final = 64 << 20
"""A text of `pyxie.render.strict`, whose letters have four bytes each."""


class FrameError(PyxieError):
    """A worker sent what is no answer: it is to be ended."""


def packed(plain: bytes, text: str = "") -> bytes:
    """Return a message.

    Args:
        plain: JSON, or a pickled job.
        text: May hold lone surrogates, for a template can.
    """
    letters = text.encode(errors="surrogatepass")
    return b"".join((HEAD.pack(len(plain), len(letters)), plain, letters))


def lengths(head: bytes) -> tuple[int, int]:
    """Return how long the parts are that follow.

    Raises:
        FrameError: They are longer than any is.
    """
    plain, text = HEAD.unpack(head)
    if plain > MOST_PLAIN or text > MOST_TEXT:
        raise FrameError(f"announced {plain} and {text} bytes")
    return plain, text


def letters_of(text: bytes) -> str:
    """Return a text.

    Raises:
        FrameError: It is none.
    """
    try:
        return text.decode(errors="surrogatepass")
    except UnicodeDecodeError as exc:
        raise FrameError(f"byte {exc.start} of its text is not UTF-8") from exc
