"""What a build's kernel and initrds are to be, looked at before it begins.

What is known to be wrong by then refuses it; what cannot be known yet is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from aiohttp import web

from pyxie.bounds import VERIFY_BEGIN
from pyxie.config.nodes import Loc
from pyxie.errors import NotServedError, Problem
from pyxie.http.files import opened
from pyxie.http.mediafiles import medium_file
from pyxie.http.parts import IMAGE_STORE, OWN_FILES, POOLS, SETTINGS, VERIFIER
from pyxie.images.spec import (
    Image,
    Images,
    Local,
    OnMedium,
    Upstream,
    images_of,
    locate,
    source,
    with_mirrors,
)
from pyxie.images.upstream import UpstreamError
from pyxie.imagestore.growth import UncachedError
from pyxie.registry.asbuilt import Kept
from pyxie.registry.define import Definition
from pyxie.registry.mirrors import Mirrors
from pyxie.verification.faults import MismatchError, UnreadError, VerificationError

LATER: Final = "when the machine asks for it, it is tried again"


class UnverifiedError(NotServedError):
    """A kernel or an initrd is not what it should be; its text has the place and both digests."""

    def __init__(self, part: str, problem: Problem) -> None:
        super().__init__(part, problem.sentence)
        self.problem = problem

    def __str__(self) -> str:
        return str(self.problem)


async def verified(
    request: web.Request, definition: Definition, called: Mirrors, kept: Kept | None = None
) -> tuple[str, ...]:
    """Check what can be checked of a build's files before it begins.

    Args:
        request: Who asks.
        definition: What is built.
        called: Servers that only the call names, of one who may build and no more.
        kept: The definition, where it is kept.

    Returns:
        What could not be checked yet, a sentence each.

    Raises:
        UnverifiedError: One is known to be wrong.
    """
    said: dict[str, None] = {}
    if kept is not None and not kept.expects(lambda: _expects(definition)):
        return ()
    images = images_of(definition.machine, called)
    for part, at, image in _parts(images, request.app[SETTINGS]().mirrors):
        if not _is_to_be(image):
            continue
        try:
            async with asyncio.timeout(VERIFY_BEGIN.most):
                await _checked(request, image)
        except UnreadError as exc:
            said[str(_placed(definition, at, image, exc, f"{exc}; {LATER}"))] = None
        except VerificationError as exc:
            raise UnverifiedError(part, _placed(definition, at, image, exc, str(exc))) from exc
        except TimeoutError:
            VERIFY_BEGIN.reached()
            said[f"{part}: is not verified within {VERIFY_BEGIN.most:g} s; {LATER}"] = None
    return tuple(said)


def _expects(definition: Definition) -> bool:
    return any(_is_to_be(image) for _, image in images_of(definition.machine).parts)


def _is_to_be(image: Image) -> bool:
    """Tell whether anything says what a file is to be."""
    return image.expected is not None if isinstance(image, Upstream) else bool(image.digest)


async def _checked(request: web.Request, image: Image) -> None:
    match image:
        case Upstream():
            if image.expected is not None:
                verifier, signature, wanted = request.app[VERIFIER], image.expected.signature, ""
                if signature is not None:
                    await verifier.ready(signature)
                else:
                    wanted = (await verifier.agreed(image.expected, image.url)).digest
                await _compared(request, image, wanted)
        case Local() if image.digest:
            settings, pool = request.app[SETTINGS](), request.app[POOLS].images
            folders = settings.images, settings.image_store.folders
            async with opened(pool, locate, image, *folders) as file:
                await request.app[OWN_FILES].check(file, image.digest, image.written)
        case OnMedium() if image.digest:
            async with medium_file(request, image.medium, image.name) as file:
                await request.app[OWN_FILES].check(file, image.digest, source(image))
        case _:
            pass


async def _compared(request: web.Request, image: Upstream, digest: str) -> None:
    """Refuse a file of which the store has a copy that is wrong, if its server has nothing else.

    Raises:
        VerificationError: It is.
    """
    store = request.app[IMAGE_STORE]
    held = store.held(image)
    if held is not None and held.digest != digest:
        with suppress(UpstreamError, UncachedError):  # nobody knows yet
            async with store.whole(image):
                pass


def _parts(
    images: Images, mirrors: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Loc, Image]]:
    locs: list[Loc] = [("kernel",), *(("initrd", at) for at in range(len(images.initrds)))]
    locs += [(part,) for part, _ in images.parts[len(locs) :]]
    for (part, image), loc in zip(images.parts, locs, strict=True):
        yield part, loc, with_mirrors(image, mirrors) if isinstance(image, Upstream) else image


def _placed(
    definition: Definition, at: Loc, image: Image, exc: VerificationError, sentence: str
) -> Problem:
    """Return what is wrong with the place where it is to be mended.

    That is the digest that is written, or else the list by which the file is checked.
    """
    own = isinstance(exc, MismatchError) and exc.wanted == _written(image)
    loc = (*at, _key(image)) if own or not isinstance(image, Upstream) else ("checksums", "url")
    if isinstance(image, Upstream) and image.expected and image.expected.signature:
        loc = (*at, "signature")
    place = definition.merged.place(loc)
    if place is None:  # no file says it
        return Problem(Path(definition.machine.hostname), 0, 0, "", sentence)
    return place.problem(sentence)


def _key(image: Image) -> str:
    return "sha512" if len(_written(image)) == 128 else "sha256"


def _written(image: Image) -> str:
    """Return the digest that is written beside a file; empty for none."""
    if isinstance(image, Upstream):
        return image.expected.digest if image.expected else ""
    return image.digest
