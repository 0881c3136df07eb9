"""What a shim fetches next, and from where. Pure: told the time.

A shim finds its second stage by the name that it was loaded by: ``X-shim.efi`` starts ``X.efi`` of
the same folder, also where the processor follows, as in ``X-shimx64.efi`` (ipxe/shim: shim.c,
automatic_next_path). Where the firmware keeps no name for it, it asks for its usual second stage in
the root (ipxe/ipxe#1684, rhboot/shim#524), where another file of that name may lie.
"""

from __future__ import annotations

import re
from typing import Final

from pyxie.bounded import note
from pyxie.bounds import SHIMS

_SHIM: Final = re.compile(r"(?:(?P<stem>.*)-)?shim[a-z0-9]{0,4}\.efi", re.IGNORECASE | re.DOTALL)
_USUAL: Final = "ipxe.efi"
"""What iPXE's own shim starts where it knows no name of its own."""


def is_shim(name: str) -> bool:
    """Tell by its name whether a loader is a shim."""
    return _SHIM.fullmatch(name.rpartition("/")[2]) is not None


def second_stage(shim: str) -> str:
    """Return what a shim starts that is called so; empty if its name does not tell."""
    folder, slash, name = shim.rpartition("/")
    found = _SHIM.fullmatch(name)
    stem = found["stem"] if found else None
    return f"{folder}{slash}{stem}.efi" if stem else ""


class ShimMemory:
    """Remembers for a while who was given which shim.

    Args:
        window: Seconds within which it fetches what it starts.
        capacity: How many clients; who was given one the longest ago is forgotten first.
    """

    def __init__(self, window: float = 120.0, *, capacity: int = SHIMS.whole) -> None:
        self._window = window
        self._capacity = capacity
        self._given: dict[str, tuple[str, str | None, float]] = {}

    def give(self, client: str, shim: str, mac: str | None, now: float) -> None:
        """Note that a client, by its address, is given a shim of that name."""
        if note(self._given, client, (shim, mac, now), self._capacity):
            SHIMS.reached()

    def meant(self, client: str, asked: str, now: float) -> tuple[list[str], str | None]:
        """Return what a client may mean by a name in the root, the likeliest first, and its MAC.

        None if it was given no shim, or one of the root itself.
        """
        shim, mac, at = self._given.get(client, ("", None, now))
        folder, slash, _ = shim.rpartition("/")
        if now - at >= self._window or not slash:
            return [], None
        own = second_stage(shim)
        beside = f"{folder}/{asked}"
        return ([own, beside] if own and asked.lower() == _USUAL else [beside]), mac

    def __len__(self) -> int:
        return len(self._given)
