"""Kernels and initrds by TFTP, for loaders that fetch them so: the same files as over HTTP.

A name is that of HTTP's route: ``boot/HOST/kernel/linux``, ``boot/HOST/initrd/0/initrd.gz``. TFTP
tells a file's size before its first block (RFC 2349), so what another server has is whole in the
image store before the transfer begins; a client that asks again meanwhile waits for the same fetch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from pyxie.bounds import TFTP_FETCHING
from pyxie.builds.definitions import Definitions
from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build, GivenFile
from pyxie.config.settings import Settings
from pyxie.confined import normalise
from pyxie.errors import BusyError, NotServedError, PyxieError
from pyxie.events.event import Recorder
from pyxie.events.kind import Kind
from pyxie.events.kinds import ImageElsewhere, ImageFailed, ImageFetching
from pyxie.images.spec import (
    Local,
    OnMedium,
    Upstream,
    images_of,
    locate,
    source,
    verified_by,
    with_mirrors,
)
from pyxie.images.wanted import Wanted, wanted
from pyxie.imagestore.copies import ImageStore
from pyxie.media.shelf import Shelf
from pyxie.openfile import OpenFile, opened
from pyxie.tftp.source import Found
from pyxie.threads import Pool
from pyxie.urls import shown
from pyxie.verification.faults import VerificationError
from pyxie.verification.ownfiles import OwnFiles
from pyxie.verification.telling import told

_WRONG: Final = "is not what it should be; `pyxie events` says why"
_FAILED: Final = "cannot be fetched; `pyxie events` says why"


class Kernels:
    """Finds what machines in build mode boot.

    Args:
        index: Which machines are.
        definitions: What they are.
        store: Keeps other servers' files.
        own: Checks those of this host.
        media: The ISO images of which some are.
        settings: Those of now.
        pool: Whose threads look into folders of this host.
        recorder: Is told what is fetched.
        given: Is told what a machine was given for its build, once it has it.
    """

    def __init__(
        self,
        index: BuildIndex,
        definitions: Definitions,
        store: ImageStore,
        own: OwnFiles,
        media: Shelf,
        settings: Callable[[], Settings],
        pool: Pool,
        recorder: Recorder,
        given: Callable[[Build, GivenFile], None],
    ) -> None:
        self._index = index
        self._definitions = definitions
        self._store = store
        self._own = own
        self._media = media
        self._settings = settings
        self._pool = pool
        self._recorder = recorder
        self._given = given
        self._waiting: Counter[str] = Counter()

    async def find(self, name: str, peer: str) -> Found | None:
        """Return the file that a name means; None if it is not one of these names.

        Args:
            name: As the client spelt it.
            peer: The client's address.

        Raises:
            NotServedError: There is none, or it cannot be had.
            BusyError: A file system does not answer, or too many wait for other servers.
        """
        match normalise(name).split("/"):
            case ["boot", host, "kernel" | "shim" as of, *rest] if rest:
                at = ""
            case ["boot", host, "initrd" as of, at, *rest] if rest:
                pass
            case _:
                return None
        build = self._index.active(host.lower())
        if build is None:
            raise NotServedError(host, "not in build mode")
        images = images_of(self._definitions.of(build), self._definitions.called(build))
        file = wanted(images, of, at, "/".join(rest), host)
        if not isinstance(file.image, Upstream):
            return await self._found(build, file, peer)
        # Addresses of UDP are forged as one likes, and another server takes its time: what waits
        # for it counts among all transfers, and must leave room for who loads a loader.
        most = TFTP_FETCHING.whole
        if self._waiting.total() >= most or self._waiting[build.host] >= most // 8:
            TFTP_FETCHING.reached()
            raise BusyError(file.part, "others wait for such files already")
        self._waiting[build.host] += 1
        try:
            return await self._found(build, file, peer)
        finally:
            self._waiting[build.host] -= 1
            if not self._waiting[build.host]:
                del self._waiting[build.host]

    async def _found(self, build: Build, file: Wanted, peer: str) -> Found:
        settings, part, digest = self._settings(), file.part, ""
        path: Path | None
        within: Callable[[], OpenFile] | None = None
        match file.image:
            case Local() as local:
                folders = settings.images, settings.image_store.folders
                path = await self._pool.run(locate, local, *folders)
                if local.digest:
                    own = await self._pool.run(opened, path)
                    digest = await self._check(build, local, own, part, peer)
            case OnMedium(medium, name) as there_is:
                path, within = None, self._media.opening(medium, name)
                if there_is.digest:
                    own = await self._media.open(medium, name)
                    digest = await self._check(build, there_is, own, part, peer)
            case Upstream() as upstream:
                url = shown(upstream.url)
                by = verified_by(upstream)
                self._tell(build, ImageFetching(part=part, source=url, verified=by), peer)
                try:
                    there = await self._store.on_disk(with_mirrors(upstream, settings.mirrors))
                except VerificationError as exc:
                    self._tell(build, told(exc, part, url), peer)
                    raise NotServedError(part, _WRONG) from exc
                except PyxieError as exc:
                    why = getattr(exc, "why", "") or str(exc)
                    self._tell(build, ImageFailed(part=part, source=url, why=why), peer)
                    raise NotServedError(part, _FAILED) from exc
                path, digest = there.path, there.digest
                for why in there.passed:
                    self._tell(build, ImageElsewhere(part=part, source=there.at, why=why), peer)
        given = None
        if digest and not file.extra:
            known = GivenFile(part, digest, verified_by(file.image))
            given = partial(self._given, build, known)
        return Found(path=path, open=within, mac=build.mac, what=part, given=given)

    async def _check(
        self, build: Build, image: Local | OnMedium, file: OpenFile, part: str, peer: str
    ) -> str:
        """Check that a file of ours is what it should be, and close it; return its SHA-256.

        Raises:
            NotServedError: It is not.
        """
        try:
            return await self._own.check(file, image.digest, source(image))
        except VerificationError as exc:
            self._tell(build, told(exc, part, source(image)), peer)
            raise NotServedError(part, _WRONG) from exc
        finally:
            file.close()

    def _tell(self, build: Build, what: Kind, peer: str) -> None:
        self._recorder.record(what, mac=build.mac, host=build.host, peer=peer)
