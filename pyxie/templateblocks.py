"""A text taken apart into a template's blocks and what is between them. Pure."""

from __future__ import annotations

import re
from typing import Final

_OPENED: Final = re.compile(r"\{(?=[{%#])")
_CLOSED_BY: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}


def parted(text: str) -> tuple[list[str], list[str]]:
    """Return what is outside of Jinja2's blocks, before, between and behind them; and the blocks.

    Not by one pattern: of a text of ``{{`` alone it would look for the end behind each of them.
    """
    outside: list[str] = []
    blocks: list[str] = []
    endless: set[str] = set()
    at = 0
    for found in _OPENED.finditer(text):
        begin = found.start()
        sign = text[begin : begin + 2]
        if begin < at or sign in endless:
            continue
        closed = text.find(_CLOSED_BY[sign], begin + 2)
        if closed < 0:
            endless.add(sign)
            continue
        outside.append(text[at:begin])
        at = closed + 2
        blocks.append(text[begin:at])
    return [*outside, text[at:]], blocks
