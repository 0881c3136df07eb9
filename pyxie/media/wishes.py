"""Images that were asked for by a URL, on disk until they are there: so that a restart goes on.

For threads: a file system may take its time.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from pyxie.bounds import MEDIA
from pyxie.media.isofolder import is_name

_SUFFIX: Final = ".json"
_LONGEST: Final = 16 << 10
"""Bytes of one; a URL is no longer than a request's head."""


class Wishes:
    """Those of a folder, which is pyxie's own: a URL may hold a password.

    Args:
        folder: Made, when the first is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, url: str) -> None:
        """Note what an image is to be called, and where it is; raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{name}{_SUFFIX}"
        new = path.with_suffix(".new")
        number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(json.dumps({"url": url}))
            file.flush()
            os.fsync(number)
        new.replace(path)

    def drop(self, name: str) -> None:
        """Forget one, if it is there."""
        with suppress(OSError):
            (self._folder / f"{name}{_SUFFIX}").unlink()

    def all(self) -> list[tuple[str, str]]:
        """Return all, by name, as pairs of what each is called and where it is."""
        found: list[tuple[str, str]] = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}"))[: MEDIA.whole]:
            with (
                suppress(OSError, ValueError, TypeError, KeyError, AttributeError),
                path.open("rb") as file,
            ):
                url = json.loads(file.read(_LONGEST))["url"]
                if is_name(path.stem) and url.startswith(("http://", "https://")):
                    found.append((path.stem, url))
        return found
