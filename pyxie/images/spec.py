"""Which kernel and initrds a machine boots, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from pyxie.config.checksums import Checksums, Kernel, Known
from pyxie.config.initrd import Initrd
from pyxie.confined import find, normalise
from pyxie.errors import NotServedError
from pyxie.media.asrecipe import MEDIUM, without_cpio
from pyxie.media.isofolder import is_there
from pyxie.outbound.reach import Reach
from pyxie.registry.machine import Machine
from pyxie.registry.mirrors import Mirrors, mirror
from pyxie.urls import is_below, shown
from pyxie.verification.expected import Expected, Listed, OwnSignature, expected, expected_at

_FILE: Final = "file://"
_LONGEST: Final = 255
"""Characters of the path of a file beside another."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A file that is streamed from another server.

    Attributes:
        url: Where it is.
        reach: Where that may lead, by who named it.
        mirrors: URLs of the same file elsewhere, asked in their order when that fails.
        expected: What it is to be; None if nobody says.
    """

    url: str
    reach: Reach = Reach.ANYWHERE
    mirrors: tuple[str, ...] = ()
    expected: Expected | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """All places where it is, in their order."""
        return self.url, *self.mirrors


@dataclass(frozen=True, slots=True)
class Local:
    """A file of this host's.

    Attributes:
        name: Its path below the folder ``images``; empty if it is elsewhere.
        digest: The one that it must have, SHA-256 or SHA-512; empty if nobody says.
        path: As it is written, from the root on: it may be in a folder that the settings name.
    """

    name: str
    digest: str = ""
    path: str = ""

    @property
    def written(self) -> str:
        """What is said of it."""
        return self.name or self.path


@dataclass(frozen=True, slots=True)
class OnMedium:
    """A file of an ISO image in the folder ``isos``.

    Attributes:
        medium: The image's name.
        name: The file's path on it.
        digest: As of `Local`.
    """

    medium: str
    name: str
    digest: str = ""


Image = Upstream | Local | OnMedium


@dataclass(frozen=True, slots=True)
class Images:
    """All files of one boot."""

    kernel: Image
    initrds: tuple[Image, ...]
    names: tuple[str, ...] = ()
    """Of the initrds, as they are written; empty where none is."""
    shim: Image | None = None
    grub: Image | None = None

    @property
    def parts(self) -> list[tuple[str, Image]]:
        """Each file, with what it is of the boot: ``kernel``, or ``initrd`` with its number."""
        initrds = ((f"initrd {at}", image) for at, image in enumerate(self.initrds))
        signed = ((part, image) for part, image in self._signed if image is not None)
        return [("kernel", self.kernel), *initrds, *signed]

    @property
    def _signed(self) -> list[tuple[str, Image | None]]:
        return [("shim", self.shim), ("grub", self.grub)]

    @property
    def named_initrds(self) -> list[tuple[str, str]]:
        """Of each initrd the name that is written, and the file's own."""
        names = self.names or ("",) * len(self.initrds)
        own = map(served_name, self.initrds)
        return list(zip(names, own, strict=True))


def images_of(machine: Machine, called: Mirrors = frozenset()) -> Images:
    """Return what ``machine``, with all that it inherits, boots.

    Args:
        machine: With all that it inherits.
        called: Servers that only the call of one names who may build and no more.

    Raises:
        NotServedError: No kernel is named anywhere.
    """
    if not machine.kernel:
        why = (
            "not named: write 'os: debian-12', or another system's name, into the machine's file;"
            " or set 'kernel' there or in config.yaml"
        )
        raise NotServedError("kernel", why)
    kernel = machine.kernel if isinstance(machine.kernel, Kernel) else Kernel(url=machine.kernel)
    written = [
        each if isinstance(each, Initrd) else Initrd(url=each) for each in machine.initrd if each
    ]
    names = tuple(each.name for each in written)
    listed = _listed(machine.checksums, called) if machine.checksums else None

    def image(file: Kernel | Initrd, listed: Listed | None = listed) -> Image:
        url = "" if file.url.startswith((MEDIUM, _FILE)) else _url(machine.image_url, file.url)
        if url:
            signature = _signature(file, url, called) if file.signature else None
            known = expected(url, file.sha256, listed, sha512=file.sha512, signature=signature)
            return Upstream(url, _reach(called, url), expected=known)
        digest = file.sha256 or file.sha512
        if file.signature:
            why = (
                "has a 'signature', which only a file of another server can have: say its 'sha256'"
            )
            raise NotServedError(file.url, why)
        if file.url.startswith(MEDIUM):
            medium, _, path = file.url.removeprefix(MEDIUM).partition("/")
            return OnMedium(medium, path, digest)
        if file.url.startswith(_FILE):
            return Local("", digest, unquote(file.url.removeprefix(_FILE)))
        return Local(file.url.lstrip("/"), digest, file.url if file.url.startswith("/") else "")

    def signed(written: str | Kernel) -> Image | None:
        # Firmware checks its signature, and that of what it starts; few lists name them.
        file = written if isinstance(written, Kernel) else Kernel(url=written) if written else None
        return image(file, None) if file else None

    return Images(
        image(kernel),
        tuple(map(image, written)),
        names if any(names) else (),
        signed(machine.shim),
        signed(machine.grub),
    )


def _url(base: str | None, name: str) -> str:
    """Return where a file is; empty for one of ours."""
    if name.startswith(("http://", "https://")):
        return name
    # waitron 1 puts the two together as they are, waitron 3 with one slash between.
    return f"{base.rstrip('/')}/{name.lstrip('/')}" if base else ""


def _listed(checksums: Checksums, called: Mirrors) -> Listed:
    release, signature = checksums.release or "", checksums.signed_by
    return Listed(
        url=checksums.url,
        signature=signature,
        keyring=checksums.keyring,
        release=release,
        reach=_reach(called, checksums.url, signature, release),
    )


def _signature(file: Known, url: str, called: Mirrors) -> OwnSignature:
    at = urljoin(url, file.signature)
    return OwnSignature(url=at, keyring=file.keyring, reach=_reach(called, url, at))


def _reach(called: Mirrors, *urls: str) -> Reach:
    # One that cannot be told is in there, too.
    is_called = called and any(mirror(url) in called for url in urls if "://" in url)
    return Reach.PUBLIC if is_called else Reach.ANYWHERE


def served_name(image: Image) -> str:
    """Return the name that ``image`` is served under: the last part of its path."""
    match image:
        case Upstream(url):
            path = urlsplit(url).path
        case Local():
            path = image.written
        case OnMedium():
            path = image.name
    return path.rpartition("/")[2] or "file"


def described(machine: Machine) -> list[dict[str, str | None]]:
    """Return of each file what it is, where it is from, and by what it is verified, as REST tells.

    Raises:
        NotServedError: No kernel is named anywhere.
    """
    return [
        {"part": part, "source": source(image), "verified": verified_by(image, part) or None}
        for part, image in images_of(machine).parts
    ]


def source(image: Image) -> str:
    """Return where an image is from, as it may be shown."""
    match image:
        case Upstream():
            return shown(image.url)
        case OnMedium():
            return f"{MEDIUM}{image.medium}/{image.name}"
        case Local():
            return image.written


_BY_FIRMWARE: Final = MappingProxyType(dict.fromkeys(("shim", "grub"), "Secure Boot alone"))


def verified_by(image: Image, part: str = "") -> str:
    """Return by what an image is verified, in a few words; empty if by nothing.

    Args:
        image: Where it is.
        part: What it is of the boot.
    """
    if isinstance(image, Upstream):
        found = image.expected.in_words if image.expected else ""
    elif image.digest:
        found = "its 'sha512'" if len(image.digest) == 128 else "its 'sha256'"
    else:
        found = ""
    return found or _BY_FIRMWARE.get(part, "")


def beside(image: Image, name: str) -> tuple[str, Image]:
    """Return what a program that came from ``image`` means by ``name``.

    That is a file in the same folder or in one below it, never above: the folder of
    ``images``, or of the URL, whose query is of the one file only.

    Args:
        image: What the machine was given.
        name: As it asks, decoded; backslashes count as slashes, as Windows writes them.

    Returns:
        The name in its plain spelling, and where the file is.

    Raises:
        OutsideError: The name leads out of the folder.
        NotServedError: It is none.
    """
    plain = normalise(name)
    if not plain or len(plain) > _LONGEST or not plain.isprintable():
        raise NotServedError(repr(name[:80]), "is no file's name")
    if isinstance(image, Local):
        name, path = _beside(image.name, plain), _beside(image.path, plain)
        return plain, Local(name, path=path)
    if not isinstance(image, Upstream):
        return plain, replace(image, name=_beside(image.name, plain), digest="")
    parts = urlsplit(image.url)
    path = f"{parts.path.rpartition('/')[0]}/{quote(plain)}"
    url = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    listed = image.expected.listed if image.expected else None
    return plain, Upstream(url, image.reach, expected=expected(url, "", listed))


def with_mirrors(source: Upstream, mirrors: Mapping[str, Sequence[str]]) -> Upstream:
    """Return a file with where else it is.

    Args:
        source: The file; one that somebody has named who may only build stays as it is, and one
            of which is said already where else it is.
        mirrors: URLs of the same tree, by the name of a distribution, in their order.
    """
    if source.reach is not Reach.ANYWHERE or source.mirrors:
        return source
    for urls in mirrors.values():
        for url in urls:
            if is_below(source.url, url):
                rest = source.url.removeprefix(url)
                others = tuple(f"{each}{rest}" for each in urls if each != url)
                listed = source.expected and expected_at(source.expected, url, urls)
                return replace(source, mirrors=others, expected=listed)
    return source


def _beside(path: str, name: str) -> str:
    folder, slash, own = path.rpartition("/")
    return f"{folder}{slash}{name}" if own else ""


def locate(image: Local, folder: Path, others: Sequence[Path] = ()) -> Path:
    """Return where a file of this host's is; for threads.

    Args:
        image: What is written.
        folder: The folder ``images``.
        others: Folders of which files may be named by their whole path.

    Raises:
        OutsideError: It leads out of its folder.
        NotServedError: There is none, or it is in no folder that is served.
    """
    for other in others:
        if image.path and PurePosixPath(image.path).is_relative_to(other):
            return find(other, str(PurePosixPath(image.path).relative_to(other)))
    if not image.name:
        raise NotServedError(image.path, "is below none of 'image_store.folders'")
    return find(folder, image.name)


def check_ours(images: Images, folder: Path, isos: Path, others: Sequence[Path] = ()) -> None:
    """Check that all files that we serve ourselves are there, and the media of which some are.

    Whether a medium has the file is known to who has read it.

    Args:
        images: What is booted.
        folder: The folder ``images``.
        isos: The folder of ISO images.
        others: Folders of which files may be named by their whole path.

    Raises:
        NotServedError: One is not.
    """
    for _, image in images.parts:
        if isinstance(image, Local):
            locate(image, folder, others)
        elif isinstance(image, OnMedium) and not _has(isos, name := without_cpio(image.medium)):
            why = f"there is no {name}.iso in {isos}; put it there by `pyxie images import`"
            raise NotServedError(source(image), why)


def _has(isos: Path, medium: str) -> bool:
    try:
        return is_there(isos, medium)
    except OSError as exc:
        raise NotServedError(str(isos), f"cannot be read: {exc.strerror}") from exc
