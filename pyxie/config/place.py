"""The way to a value in a file, and how it is written."""

from __future__ import annotations

from typing import Final, TypeAlias

Loc: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys and indices from the root."""
SHOWN: Final = 80
"""Characters of a key or value that a message quotes at most."""


def spell(loc: Loc) -> str:
    """Return ``loc`` as an operator writes it: ``network[0].macaddress``."""
    text = ""
    for step in loc:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        plain = step.isprintable() and " " not in step and step
        key = step[:SHOWN] if plain else repr(step[:SHOWN])
        text += f".{key}" if text else key
    return text
