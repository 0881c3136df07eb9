"""How much of a streamed image is held at once for a client that may never read it. Pure.

Small pieces cost twice the time of large ones, and a large one that its client does not take
stays. So a client has to take some of the image first, and so many at once have large ones.
"""

from __future__ import annotations

from typing import Final

from pyxie.bounds import IMAGE_AHEAD, IMAGE_LARGE

SMALL: Final = IMAGE_AHEAD.whole
LARGE: Final = 256 << 10
"""As asyncio reads by itself."""
PROVEN: Final = 1 << 20
"""Bytes of an image; the two kernels take less of them for a client that does not read."""
SLOW: Final = 1.0
"""Seconds that a client may take for a piece."""


class Share:
    """Large pieces, for all clients.

    Args:
        most: How many clients may have one at once.
    """

    def __init__(self, most: int = IMAGE_LARGE.whole) -> None:
        self.left = most

    def take(self) -> bool:
        """Take one, if there is one left."""
        if not self.left:
            IMAGE_LARGE.reached()
            return False
        self.left -= 1
        return True

    def give_back(self) -> None:
        """Give one back."""
        self.left += 1


class Pieces:
    """The size of one client's pieces.

    Args:
        share: Of which it takes a large one when it may; to be given back with `close`.
    """

    def __init__(self, share: Share) -> None:
        self._share = share
        self._is_large = False

    def after(self, sent: int, waited: float) -> int:
        """Return how many bytes the next piece may have.

        Args:
            sent: Bytes of the image that were passed on.
            waited: Seconds that the client took for the last piece.
        """
        if sent < PROVEN or waited > SLOW:
            self.close()
        elif not self._is_large:
            self._is_large = self._share.take()
        return LARGE if self._is_large else SMALL

    def close(self) -> None:
        """Give back what was taken of the share."""
        if self._is_large:
            self._is_large = False
            self._share.give_back()
