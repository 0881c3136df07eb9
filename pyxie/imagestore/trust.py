"""Is a copy what its file should be: when it is whole, and before one that was kept is served."""

from __future__ import annotations

from pyxie.images.spec import Upstream
from pyxie.imagestore.entry import Entry
from pyxie.urls import shown
from pyxie.verification.faults import MismatchError, UnreadError, VerificationError
from pyxie.verification.verifier import Verifier


class Trust:
    """Judges copies by what is said of their files.

    Args:
        verifier: Knows which digest a file must have.
    """

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    async def judge(self, source: Upstream, digest: str) -> str:
        """Return by what a file with that digest is known to be right; empty if by nothing.

        Raises:
            MismatchError: It is not what it should be, by a list that was read just now.
            VerificationError: It cannot be told.
        """
        expected = source.expected
        if expected is None:
            return ""
        wanted = await self._verifier.wanted(expected)
        if wanted.sha256 != digest and not expected.sha256:
            # The mirror may have a newer file by now, and a newer list.
            wanted = await self._verifier.wanted(expected, anew=True)
        if wanted.sha256 != digest:
            raise MismatchError(source.url, wanted.sha256, digest, wanted.by)
        return wanted.by

    async def is_right(self, source: Upstream, entry: Entry) -> bool:
        """Tell whether a copy is known to be what its file should be: then nobody need be asked."""
        if source.expected is None:
            return False
        try:
            await self.judge(source, entry.digest)
        except VerificationError:
            return False
        return True

    async def approve(self, source: Upstream, entry: Entry) -> None:
        """Check a copy before it is served, whatever its server has said of it.

        A list that cannot be read now does no harm to what was found right by it before.

        Raises:
            VerificationError: It is not, or cannot be told to be, what it should be.
        """
        try:
            await self.judge(source, entry.digest)
        except UnreadError:
            if not was_verified(source, entry.verified):
                raise

    async def knows(self, source: Upstream, entry: Entry | None) -> None:
        """Check that it can be told what a file should be, before anything is fetched.

        Raises:
            VerificationError: It cannot.
        """
        if source.expected is None:
            return
        try:
            await self._verifier.wanted(source.expected)
        except UnreadError:
            if entry is None or not was_verified(source, entry.verified):
                raise


def was_verified(source: Upstream, verified: str) -> bool:
    """Tell whether what a copy was found right by is the list that its file has now."""
    listed = source.expected.listed if source.expected else None
    if listed is None or not verified.startswith(shown(listed.url)):
        return False
    return not listed.signature or ", signed by " in verified
