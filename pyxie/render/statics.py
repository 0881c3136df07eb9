"""Files of ours that are fetched beside the templates, of ``/files`` and ``/images``.

A preseed may include one, a script may run one: what is in them is part of what a build does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from pyxie.bounds import WIPING_LENGTH
from pyxie.config.settings import Settings
from pyxie.confined import find
from pyxie.errors import NotServedError
from pyxie.render.uses import note_chance

_LONGEST: Final = WIPING_LENGTH.whole
"""Bytes of a file that is read; what is longer is an image or an archive."""
_MOST: Final = 50
_ALL: Final = 4 * _LONGEST
"""Bytes of all of them."""


def served_folders(settings: Settings) -> dict[str, Path | None]:
    """Return the folders whose files anyone may fetch, by the first part of the address."""
    return {"files": settings.staticspath, "images": settings.images}


def statics(
    texts: Iterable[str], base_url: str, folders: Mapping[str, Path | None]
) -> dict[str, str]:
    """Return the texts that other texts name by URLs of ours, and those that these name.

    Args:
        texts: As a machine is given them.
        base_url: How its installer reaches us.
        folders: As of `served_folders`.
    """
    url = re.compile(rf"{re.escape(base_url)}/({'|'.join(folders)})/([^\s\"'`<>|;&?#()\\]+)")
    found: dict[str, str] = {}
    left, seen = list(texts), set[str]()
    room = _ALL
    while left:
        for folder, name in url.findall(left.pop()):
            address = f"{folder}/{unquote(name)}"
            if address in seen or len(seen) == _MOST or room < 0:
                continue
            seen.add(address)
            note_chance()  # it may be another file the next time, or be there
            text = _read(folders[folder], unquote(name))
            if text is not None:
                room -= len(text)
                found[address] = text
                left.append(text)
    return found


def _read(folder: Path | None, name: str) -> str | None:
    """Return a text; None of what cannot be served, and of what is none."""
    if folder is None:
        return None
    try:
        with find(folder, name).open("rb") as file:
            data = file.read(_LONGEST + 1)
        return None if len(data) > _LONGEST or b"\0" in data else data.decode()
    except (NotServedError, OSError, UnicodeError):
        return None
