"""Files of the folder ``images`` that were opened a moment ago: who asks next needs no thread.

That such a file is the one that is meant, and is as it was, the kernel tells:
docs/decisions/0086-a-loader-that-is-known-is-sent-at-once.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from aiohttp import web

from pyxie.bounds import HTTP_AT_HAND
from pyxie.confined import OutsideError, find, normalise
from pyxie.images.spec import Local, locate
from pyxie.lingering import Lingering
from pyxie.loaders.knownplaces import Given, KnownPlaces
from pyxie.openfile import OpenFile
from pyxie.render.uses import state_by


class OwnAtHand:
    """Those files, each open until nobody has asked for a second or two.

    Args:
        places: Where names lead.
    """

    def __init__(self, places: KnownPlaces | None = None) -> None:
        self._places = places or KnownPlaces()
        self._open = Lingering[Path, OpenFile](OpenFile.close)

    def __len__(self) -> int:
        """How many are kept open."""
        return len(self._open)

    def get(self, image: Local, folder: Path) -> OpenFile | None:
        """Return a file that stays open until it is closed; None where a thread has to look.

        Args:
            image: What is written.
            folder: The folder ``images``.
        """
        name = _plain(image)
        place = self._places.ready(name, Given(folder, ()), after_mac=False) if name else None
        if place is None or (file := self._open.get(place.path)) is None:
            return None
        if state_by(file.about) != place.state:
            return None
        self._open.use(place.path)
        try:
            return file.shared()
        except OSError:  # it was closed
            return None

    def locate(self, image: Local, folder: Path, others: Sequence[Path]) -> Path:
        """Return where a file is, and learn that; in a thread; as of `pyxie.images.spec.locate`."""
        path = locate(image, folder, others)
        if name := _plain(image):
            self._places.learn(name, Given(folder, ()), path, partial(find, folder))
        return path

    def keep(self, image: Local, file: OpenFile) -> None:
        """Keep a file open that was just opened."""
        if not _plain(image):
            return
        try:
            again = file.again()
        except OSError:
            return
        HTTP_AT_HAND.reached(self._open.keep(file.path, again, HTTP_AT_HAND.whole))

    def clear(self) -> None:
        """Close all."""
        self._open.clear()


@lru_cache(HTTP_AT_HAND.whole)
def _plain(image: Local) -> str:
    """Return the name of a file below the folder; empty for one that may be elsewhere."""
    if image.path or not image.name:
        return ""
    try:
        return normalise(image.name)
    except OutsideError:
        return ""


AT_HAND: web.AppKey[OwnAtHand] = web.AppKey("at_hand", OwnAtHand)
