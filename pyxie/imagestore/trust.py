"""Is a copy what its file should be: when it is whole, and before one that was kept is served."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from pyxie.bounds import IMAGE_ABSENT, IMAGE_DOUBT
from pyxie.clock import steady
from pyxie.errors import PyxieError
from pyxie.images.lately import Lately
from pyxie.images.spec import Upstream
from pyxie.images.upstream import RefusedError, UpstreamError
from pyxie.imagestore.entry import Entry
from pyxie.outbound.reach import Reach
from pyxie.urls import shown
from pyxie.verification.expected import Expected, Wanted
from pyxie.verification.faults import MismatchError, UnreadError, VerificationError
from pyxie.verification.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Askable:
    """Where a file is to be had.

    Attributes:
        source: The file, at those of its mirrors that are worth asking.
        passed: Why others are not: they lately had no such file, or gave what is wrong.
        nowhere: Why it is not to be had; None if it may be.
    """

    source: Upstream
    passed: tuple[PyxieError, ...] = ()
    nowhere: PyxieError | None = None


class Trust:
    """Judges copies by what is said of their files, and knows which servers are worth asking.

    Args:
        verifier: Knows which digest a file must have.
        lately: What servers did not have, or had wrong.
    """

    def __init__(self, verifier: Verifier, lately: Lately | None = None) -> None:
        self._verifier = verifier
        self._lately = Lately(steady) if lately is None else lately

    async def judge(self, source: Upstream, digest: str, gave: str = "") -> str:
        """Return by what a file with that digest is known to be right; empty if by nothing.

        Args:
            source: The file.
            digest: SHA-256 of what there is, in hex.
            gave: The mirror that gave it, which is not asked again at once if it is wrong.

        Raises:
            MismatchError: It is not what it should be, by a list that was read just now.
            VerificationError: It cannot be told.
        """
        if source.expected is None:
            return ""
        wanted = await self._wanted(source.expected, digest)
        if wanted.sha256 != digest:
            # A mirror may have the newer file, and the first one an older list.
            wanted = await self._elsewhere(source.expected, digest) or wanted
        if wanted.sha256 != digest:
            if gave:
                self._lately.wrong(gave, source.reach, digest)
            raise MismatchError(gave or source.url, wanted.sha256, digest, wanted.by)
        return wanted.by

    async def is_right(self, source: Upstream, entry: Entry, *, asked: bool = False) -> bool:
        """Tell whether a copy is known to be what its file should be: then nobody need be asked.

        Args:
            source: The file.
            entry: Of the copy.
            asked: Its server was asked just now: then any mirror's list will do. Else that of
                the first counts alone, or one mirror that lags behind would keep what is old.
        """
        if source.expected is None:
            return False
        try:
            if asked:
                await self.judge(source, entry.digest)
                return True
            return (await self._wanted(source.expected, entry.digest)).sha256 == entry.digest
        except VerificationError:
            return False

    async def _wanted(self, expected: Expected, digest: str) -> Wanted:
        wanted = await self._verifier.wanted(expected)
        if wanted.sha256 != digest and not expected.sha256:
            # The mirror may have a newer file by now, and a newer list.
            wanted = await self._verifier.wanted(expected, anew=True)
        return wanted

    async def _elsewhere(self, expected: Expected, digest: str) -> Wanted | None:
        """Return what another mirror's list says of a file, if that is this digest."""
        others = expected.listed.elsewhere if expected.listed and not expected.sha256 else ()
        for each in others:
            with suppress(VerificationError):
                wanted = await self._verifier.wanted(replace(expected, listed=each))
                if wanted.sha256 == digest:
                    return wanted
        return None

    def absent(self, refused: RefusedError, reach: Reach) -> None:
        """Note that a server has no such file."""
        self._lately.absent(refused.url, reach, refused.status, refused.why)

    def forget(self, source: Upstream) -> None:
        """Have all of a file's mirrors be asked: somebody wants to know what they have now."""
        for url in source.urls:
            self._lately.forget(url, source.reach)

    async def askable(self, source: Upstream) -> Askable:
        """Return at which of its mirrors a file is to be had."""
        if not self._lately:
            return Askable(source)
        left: list[str] = []
        passed: list[PyxieError] = []
        for url in source.urls:
            why = await self._passed_over(source, url)
            if why is None:
                left.append(url)
            else:
                passed.append(why)
        if not left:
            return Askable(source, nowhere=together(passed))
        asked = replace(source, url=left[0], mirrors=tuple(left[1:]))
        return Askable(asked, tuple(passed))

    async def _passed_over(self, source: Upstream, url: str) -> PyxieError | None:
        """Return why a mirror is not asked, as it lately gave nothing or what is still wrong."""
        absence = self._lately.absence(url, source.reach)
        if absence is not None:
            IMAGE_ABSENT.reached()
            return RefusedError(url, *absence)
        digest = self._lately.digest(url, source.reach)
        if not digest or not source.mirrors:  # there is nobody else to ask, and it may be mended
            return None
        try:
            await self.judge(source, digest)
        except MismatchError as exc:
            if exc.found != digest:  # not of the file, but of a list
                return None
            IMAGE_DOUBT.reached()
            return MismatchError(url, exc.wanted, digest, exc.by)
        except VerificationError:
            return None
        return None

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


def together(errors: Sequence[PyxieError]) -> PyxieError:
    """Return why no mirror gave a file: the first that gave what is wrong, or the first."""
    first = next((each for each in errors if isinstance(each, MismatchError)), errors[0])
    others = [each for each in errors if each is not first]
    if isinstance(first, MismatchError):
        return MismatchError(first.what, first.wanted, first.found, first.by, others)
    if isinstance(first, UpstreamError):
        first.also(others)
    return first


def was_verified(source: Upstream, verified: str) -> bool:
    """Tell whether what a copy was found right by is the list that its file has now."""
    listed = source.expected.listed if source.expected else None
    if listed is None:
        return False
    lists = tuple(shown(each.url) for each in (listed, *listed.elsewhere))
    if not verified.startswith(lists):
        return False
    return not listed.signature or ", signed by " in verified
