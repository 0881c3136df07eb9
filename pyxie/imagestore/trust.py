"""Is a copy what its file should be: when it is whole, and before one that was kept is served."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from pyxie.bounded import note
from pyxie.bounds import IMAGE_ABSENT, IMAGE_DOUBT, VERIFY_FILES
from pyxie.clock import steady
from pyxie.errors import PyxieError
from pyxie.images.lately import Lately
from pyxie.images.spec import Upstream
from pyxie.images.upstream import RefusedError, UpstreamError
from pyxie.imagestore.entry import Entry
from pyxie.openfile import OpenFile
from pyxie.outbound.reach import Reach
from pyxie.urls import shown
from pyxie.verification.expected import Expected, OwnSignature, Wanted
from pyxie.verification.faults import (
    MismatchError,
    SignatureError,
    UncheckedError,
    UnreadError,
    VerificationError,
)
from pyxie.verification.verifier import Verifier

UNSEEN: Final = (
    "has a signature of its own or a SHA-512, for which all of it has to be in the image store"
)
"""Why a file cannot be judged that is streamed past the store."""


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
        self._long: dict[str, str] = {}
        self._signed: dict[tuple[str, OwnSignature], str | SignatureError] = {}
        self._lately = Lately(steady) if lately is None else lately

    async def judge(
        self, source: Upstream, digest: str, gave: str = "", file: OpenFile | None = None
    ) -> str:
        """Return by what a file with that digest is known to be right; empty if by nothing.

        Args:
            source: The file.
            digest: SHA-256 of what there is, in hex.
            gave: The mirror that gave it, which is not asked again at once if it is wrong.
            file: All of it, where it is to be had: for a signature or a SHA-512.

        Raises:
            MismatchError: It is not what it should be, by a list that was read just now.
            SignatureError: Its own signature is not good.
            VerificationError: It cannot be told.
        """
        expected = source.expected
        if expected is None:
            return ""
        if file is not None and await self.must_see(source, digest):
            await self._see(expected, digest, file, gave or source.url)
        try:
            if expected.signature is not None:
                return self._signed_by(expected.signature, digest, gave or source.url)
            wanted = await self._wanted(expected, digest)
            if not self._has(digest, wanted):
                # A mirror may have the newer file, and the first one an older list.
                wanted = await self._elsewhere(expected, digest) or wanted
            if not self._has(digest, wanted):
                found = digest if len(wanted.digest) == len(digest) else self._long.get(digest, "")
                if not found:
                    raise UncheckedError(gave or source.url, UNSEEN)
                raise MismatchError(gave or source.url, wanted.digest, found, wanted.by)
        except (MismatchError, SignatureError) as exc:
            if gave and exc.what == shown(gave):
                self._lately.wrong(gave, source.reach, digest)
            raise
        return wanted.by

    async def must_see(self, source: Upstream, digest: str) -> bool:
        """Tell whether what has that digest has to be looked into, to be judged."""
        expected = source.expected
        if expected is None or expected.sha256:
            return False
        if expected.signature is not None:
            # One that was not good may be the last release's, and be replaced by now.
            return not isinstance(self._signed.get((digest, expected.signature)), str)
        if digest in self._long:
            return False
        try:
            return len((await self._verifier.wanted(expected)).digest) != len(digest)
        except VerificationError:
            return False

    async def _see(self, expected: Expected, digest: str, file: OpenFile, url: str) -> None:
        """Note what must be known of a content; raises VerificationError."""
        known: str | SignatureError
        if expected.signature is None:
            known = await self._verifier.sha512(file, url)
            self.learn(digest, known)
            return
        try:
            known = await self._verifier.signed(expected.signature, file, url)
        except SignatureError as exc:
            known = exc
        if note(self._signed, (digest, expected.signature), known, VERIFY_FILES.whole):
            VERIFY_FILES.reached()

    def learn(self, digest: str, sha512: str) -> None:
        """Note the other digest of a content."""
        if note(self._long, digest, sha512, VERIFY_FILES.whole):
            VERIFY_FILES.reached()

    def _signed_by(self, signature: OwnSignature, digest: str, url: str) -> str:
        known = self._signed.get((digest, signature))
        if known is None:
            raise UncheckedError(url, UNSEEN)
        if isinstance(known, SignatureError):
            raise SignatureError(url, known.why)
        return known

    def _has(self, digest: str, wanted: Wanted) -> bool:
        return wanted.digest in (digest, self._long.get(digest))

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
            if asked or source.expected.signature is not None:
                await self.judge(source, entry.digest)
                return True
            return self._has(entry.digest, await self._wanted(source.expected, entry.digest))
        except VerificationError:
            return False

    async def _wanted(self, expected: Expected, digest: str) -> Wanted:
        wanted = await self._verifier.wanted(expected)
        if not self._has(digest, wanted) and not expected.digest:
            # The mirror may have a newer file by now, and a newer list.
            wanted = await self._verifier.wanted(expected, anew=True)
        return wanted

    async def _elsewhere(self, expected: Expected, digest: str) -> Wanted | None:
        """Return what another mirror's list says of a file, if that is this digest."""
        others = expected.listed.elsewhere if expected.listed and not expected.digest else ()
        for each in others:
            with suppress(VerificationError):
                wanted = await self._verifier.wanted(replace(expected, listed=each))
                if self._has(digest, wanted):
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
            await self.judge(replace(source, url=url), digest)
        except (MismatchError, SignatureError) as exc:
            if exc.what != shown(url):  # but a list
                return None
            IMAGE_DOUBT.reached()
            return exc
        except VerificationError:
            return None
        return None

    async def approve(self, source: Upstream, entry: Entry, file: OpenFile) -> None:
        """Check a copy before it is served, whatever its server has said of it.

        A list that cannot be read now does no harm to what was found right by it before.

        Raises:
            VerificationError: It is not, or cannot be told to be, what it should be.
        """
        try:
            await self.judge(source, entry.digest, file=file)
        except UnreadError:
            if not was_verified(source, entry.verified):
                raise

    async def knows(self, source: Upstream, entry: Entry | None) -> None:
        """Check that it can be told what a file should be, before anything is fetched.

        Raises:
            VerificationError: It cannot.
        """
        if source.expected is None or source.expected.signature is not None:
            return
        try:
            await self._verifier.wanted(source.expected)
        except UnreadError:
            if entry is None or not was_verified(source, entry.verified):
                raise


def together(errors: Sequence[PyxieError]) -> PyxieError:
    """Return why no mirror gave a file: the first that gave what is wrong, or the first."""
    first = next((each for each in errors if isinstance(each, VerificationError)), errors[0])
    others = [each for each in errors if each is not first]
    if isinstance(first, MismatchError):
        return MismatchError(first.what, first.wanted, first.found, first.by, others)
    if isinstance(first, SignatureError):
        return SignatureError(first.what, "; ".join((first.why, *map(str, others))))
    if isinstance(first, UpstreamError):
        first.also(others)
    return first


def was_verified(source: Upstream, verified: str) -> bool:
    """Tell whether what a copy was found right by is the list that its file has now."""
    signature = source.expected.signature if source.expected else None
    if signature is not None:
        return verified.startswith(tuple(map(shown, (signature.url, *signature.elsewhere))))
    listed = source.expected.listed if source.expected else None
    if listed is None:
        return False
    lists = tuple(shown(each.url) for each in (listed, *listed.elsewhere))
    if not verified.startswith(lists):
        return False
    return not listed.signature or ", signed by " in verified
