"""Finds out which digest a file must have, by lists that are fetched and signatures that hold."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar, TypeVarTuple, Unpack

from pyxie.bounded import note
from pyxie.bounds import (
    VERIFY_HELD,
    VERIFY_KEPT,
    VERIFY_LIST,
    VERIFY_READS,
    VERIFY_SIGNATURE,
)
from pyxie.clock import steady
from pyxie.config.checksums import INLINE
from pyxie.errors import BusyError
from pyxie.openfile import OpenFile
from pyxie.outbound.reach import Reach
from pyxie.service import WhenAsked, end_all
from pyxie.threads import Pool
from pyxie.urls import shown
from pyxie.verification import digests, release
from pyxie.verification.digests import Digests
from pyxie.verification.expected import Expected, Listed, OwnSignature, Wanted, last, name_in
from pyxie.verification.faults import (
    MismatchError,
    UncheckedError,
    UnlistedError,
    UnreadError,
    VerificationError,
)
from pyxie.verification.keyrings import read as read_keyring
from pyxie.verification.lists import Reader
from pyxie.verification.openpgp import Signed, split
from pyxie.verification.ownfiles import digest_of
from pyxie.verification.signature import check, program

log = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_FRESH: Final = 60.0
"""Seconds that a list counts as it was read; a rack that boots asks once."""
_FAILED: Final = 5.0
"""Seconds that it is not asked for again where it could not be had, or is doubted."""
_PATIENCE: Final = 30.0
_OWN: Final = "'sha256'"


@dataclass(frozen=True, slots=True)
class _List:
    """A list that holds.

    Attributes:
        digests: What it says.
        by: Its name, and who signed it.
        size: Bytes of it.
    """

    digests: Digests
    by: str
    size: int


class Verifier(WhenAsked):
    """Tells which digest a file must have.

    Args:
        reader: Gives other servers' small files; it is entered and left with this.
        folder: The operator's keyrings, as of now.
        checker: Returns the program that checks signatures; raises UncheckedError.
        clock: Seconds since the epoch.
        steady: Seconds, by a clock that is never set.
    """

    name = "verification"

    def __init__(
        self,
        reader: Reader,
        folder: Callable[[], Path],
        *,
        checker: Callable[[], str] = program,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = steady,
    ) -> None:
        self._reader = reader
        self._folder = folder
        self._checker = checker
        self._clock = clock
        self._steady = steady
        self._pool = Pool("signatures", most=2, patience=_PATIENCE)
        self._asked: dict[Listed, tuple[float, asyncio.Task[_List]]] = {}
        self._reading: dict[asyncio.Task[_List], Reach] = {}

    async def __aenter__(self) -> Self:
        await self._reader.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await end_all(self._reading)
        await self._reader.__aexit__(kind, error, traceback)

    async def wanted(self, expected: Expected, *, anew: bool = False) -> Wanted:
        """Return the digest that a file must have.

        What is written beside it counts; else what the list says.

        Args:
            expected: What is known of the file.
            anew: The list may have changed since: it is read again.

        Raises:
            VerificationError: The list says none, or does not hold, or is not to be had.
        """
        if expected.digest or expected.listed is None:
            by = "'sha512'" if expected.sha512 else _OWN
            return Wanted(expected.digest, expected.written or by)
        return await self._listed(expected.listed, expected.name, anew=anew)

    async def agreed(self, expected: Expected, url: str) -> Wanted:
        """Return the digest as `wanted` does, if all that says one says the same.

        Where the digest is written, a list that says none, or does not hold, contradicts nobody.

        Args:
            expected: What is known of the file.
            url: Of the file, for messages.

        Raises:
            MismatchError: What is written is not what the list says.
            VerificationError: As of `wanted`.
        """
        if not expected.sha256 or expected.listed is None:
            return await self.wanted(expected)
        try:
            found = await self._listed(expected.listed, expected.name, anew=False)
        except VerificationError:
            return Wanted(expected.sha256, _OWN)
        if len(found.digest) != len(expected.sha256):
            return Wanted(expected.sha256, _OWN)
        if found.digest != expected.sha256:
            raise MismatchError(url, expected.sha256, found.digest, f"{_OWN}, against {found.by}")
        return Wanted(expected.sha256, f"{_OWN} and {found.by}")

    async def signed(self, signature: OwnSignature, file: OpenFile, url: str) -> str:
        """Check a file's own signature; return by what it is known to be right.

        Args:
            signature: Where it is; at the first mirror that gives it.
            file: All of it.
            url: Of the file, for messages.

        Raises:
            SignatureError: It is not good.
            VerificationError: It cannot be checked.
        """
        first: VerificationError | None = None
        for each in (signature.url, *signature.elsewhere):
            try:
                data = await self._reader.read(each, signature.reach, VERIFY_SIGNATURE)
                key = await self._run(self._key_of, signature.keyring, file, data, url)
            except VerificationError as exc:
                first = first or exc
            else:
                return f"{shown(each)}, signed by {key}"
        assert first is not None  # noqa: S101 - there is one at least
        raise first

    async def ready(self, signature: OwnSignature) -> None:
        """Check that there is all with which a file's own signature is checked, but the file.

        Raises:
            VerificationError: The signature is at no mirror, or keyring or program are missing.
        """
        first: VerificationError | None = None
        for each in (signature.url, *signature.elsewhere):
            try:
                await self._reader.read(each, signature.reach, VERIFY_SIGNATURE)
                break
            except VerificationError as exc:
                first = first or exc
        else:
            assert first is not None  # noqa: S101 - there is one at least
            raise first
        await self._run(self._tools, signature.keyring)

    def _tools(self, keyring: str) -> tuple[bytes, str]:
        return read_keyring(keyring, self._folder()), self._checker()

    def _key_of(self, keyring: str, file: OpenFile, signature: bytes, url: str) -> str:
        keys, checker = self._tools(keyring)
        return check(checker, keys, file, signature, url).keys[0]

    async def sha512(self, file: OpenFile, url: str) -> str:
        """Return a file's SHA-512, in hex; raises UncheckedError."""
        try:
            return await self._run(digest_of, file, "SHA-512")
        except OSError as exc:
            raise UncheckedError(url, f"cannot be read: {exc.strerror or exc}") from exc

    async def _listed(self, listed: Listed, name: str, *, anew: bool) -> Wanted:
        """Return what a list says of a file, at the first mirror where it holds and names it.

        Raises:
            VerificationError: There is none; why not at the first.
        """
        first: VerificationError | None = None
        for each in (listed, *listed.elsewhere):
            try:
                found = await self._at(each, anew=anew, alone=not listed.elsewhere)
                return Wanted(found.digests.of(name), found.by)
            except VerificationError as exc:
                first = first or exc
        assert first is not None  # noqa: S101 - there is one at least
        raise first

    async def _at(self, listed: Listed, *, anew: bool, alone: bool) -> _List:
        """Return a list of one mirror; who asks for one that is just being read waits for that."""
        now = self._steady()
        at, task = self._asked.get(listed, (now, None))
        # Where another mirror has it, nobody waits for the one that is down each time.
        lasts = _FAILED if anew or (alone and _has_failed(task)) else _FRESH
        if task is None or (task.done() and now - at >= lasts):
            task = self._begin(listed, alone=alone)
            if note(self._asked, listed, (now, task), VERIFY_KEPT.whole):
                VERIFY_KEPT.reached()
        # Who waits may leave; the others still want it.
        return await asyncio.shield(task)

    def _begin(self, listed: Listed, *, alone: bool) -> asyncio.Task[_List]:
        """Begin to read a list; whoever wants it may leave meanwhile, and come with another.

        Raises:
            UnreadError: So many are being read. Who may build and no more takes half at most.
        """
        most, reach = VERIFY_READS.whole, listed.reach
        by_builders = sum(each is Reach.PUBLIC for each in self._reading.values())
        if len(self._reading) >= most or (reach is Reach.PUBLIC and by_builders >= most // 2):
            VERIFY_READS.reached()
            raise UnreadError(listed.url, "cannot be read now: too many lists are being read")
        task = asyncio.get_running_loop().create_task(self._told(listed, alone=alone))
        self._reading[task] = reach
        task.add_done_callback(self._read)
        return task

    def _read(self, task: asyncio.Task[_List]) -> None:
        """Forget the oldest lists that are too much beside the one that was read."""
        del self._reading[task]
        held = 0
        for listed, (_, each) in reversed([*self._asked.items()]):
            if each.done() and not each.cancelled() and each.exception() is None:
                held += each.result().size
                if held > VERIFY_HELD.whole and each is not task:
                    VERIFY_HELD.reached()
                    del self._asked[listed]

    async def _told(self, listed: Listed, *, alone: bool) -> _List:
        try:
            return await self._fetched(listed)
        except VerificationError as exc:
            if not alone:
                log.warning("checksums: %s; another mirror's counts", exc)
            raise

    async def _fetched(self, listed: Listed) -> _List:
        url = listed.release or listed.url
        data = await self._reader.read(url, listed.reach, VERIFY_LIST)
        signature = b""
        if listed.signature and listed.signature != INLINE:
            signature = await self._reader.read(listed.signature, listed.reach, VERIFY_SIGNATURE)
        text, by = await self._run(self._signed, listed, url, data, signature)
        if not listed.release:
            return _List(await self._run(digests.parse, text, url), by, len(text))
        of_release = await self._run(release.parse, text, url, self._clock())
        name = name_in(url, listed.url)
        if not name:
            raise UnlistedError(url, f"is not above the list {last(listed.url)}")
        wanted = of_release.of(name)
        data = await self._reader.read(listed.url, listed.reach, VERIFY_LIST)
        found = await self._run(_digest, data)
        if found != wanted:
            raise MismatchError(listed.url, wanted, found, by)
        parsed = await self._run(digests.parse, data, listed.url)
        return _List(parsed, f"{shown(listed.url)} by {by}", len(data))

    def _signed(self, listed: Listed, url: str, data: bytes, signature: bytes) -> tuple[bytes, str]:
        """Return what of a file is signed, and its name with who signed it; in a thread."""
        name = last(url) if listed.release else shown(url)
        if not listed.signature:
            return data, f"{name}, which is not signed"
        parts = split(data, url) if listed.signature == INLINE else Signed(data, signature)
        keyring = read_keyring(listed.keyring, self._folder())
        good = check(self._checker(), keyring, parts.text, parts.signature, url)
        return parts.text, f"{name}, signed by {good.keys[0]}"

    async def _run(self, work: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
        try:
            return await self._pool.run(work, *args)
        except BusyError as exc:
            raise UncheckedError("checksums", f"cannot be checked: {exc.why}") from exc


def _has_failed(task: asyncio.Task[_List] | None) -> bool:
    if task is None or not task.done():
        return False
    return task.cancelled() or task.exception() is not None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
