"""What the operator's files may say of what a kernel or initrd is to be: its digest, or a list."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from pyxie.config.validate import Model
from pyxie.config.values import HttpUrl, http_url

INLINE: Final = "inline"
"""A ``signature`` that is inside the list."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_LONG_DIGEST: Final = re.compile(r"[0-9a-f]{128}")
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,99}")
_KEYRING: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


def _sha256(text: str) -> str:
    digest = text.strip().lower()
    if not _DIGEST.fullmatch(digest):
        raise ValueError(
            f"{text[:80]!r} is no SHA-256: 64 hexadecimal digits, as `sha256sum FILE` prints"
        )
    return digest


Sha256 = Annotated[str, AfterValidator(_sha256)]
"""A digest; held in small letters."""


def _sha512(text: str) -> str:
    digest = text.strip().lower()
    if not _LONG_DIGEST.fullmatch(digest):
        raise ValueError(
            f"{text[:80]!r} is no SHA-512: 128 hexadecimal digits, as `sha512sum FILE` prints"
        )
    return digest


def _signature(text: str) -> str:
    if text == INLINE or _FILE.fullmatch(text):
        return text
    try:
        return http_url(text)
    except ValueError as exc:
        why = "is neither a URL, nor a file beside the list, nor 'inline'"
        raise ValueError(f"{text[:200]!r} {why}") from exc


def _beside(text: str) -> str:
    if _FILE.fullmatch(text):
        return text
    try:
        return http_url(text)
    except ValueError as exc:
        raise ValueError(f"{text[:200]!r} is neither a URL, nor a file beside this one") from exc


def _keyring(text: str) -> str:
    if _KEYRING.fullmatch(text) or (text.startswith("/") and text.isprintable()):
        return text
    why = "is neither a keyring's name, as debian-archive, nor a file's whole path"
    raise ValueError(f"{text[:200]!r} {why}")


Keyring = Annotated[str, AfterValidator(_keyring)]


class Known(Model):
    """A file of which is said what it must be, in one of three ways.

    Attributes:
        url: The file, as without that: below ``image_url``, else in ``images``; or a URL.
        sha256: The digest that it must have.
        sha512: The same, where its makers publish that one.
        signature: Where its own OpenPGP signature is: a URL, or a file beside it.
        keyring: Whose signature counts, as of `Checksums`.
    """

    url: Annotated[str, Field(min_length=1)]
    sha256: Sha256 = ""
    sha512: Annotated[str, AfterValidator(_sha512)] = ""
    signature: Annotated[str, AfterValidator(_beside)] = ""
    keyring: Keyring = ""


T = TypeVar("T", bound=str | Known)


def one_way(file: T) -> T:
    """Return a file; raise ValueError unless it is said in one way what it must be."""
    if isinstance(file, Known):
        if sum(map(bool, (file.sha256, file.sha512, file.signature))) > 1:
            raise ValueError("say one of 'sha256', 'sha512' and 'signature'")
        if bool(file.signature) != bool(file.keyring):
            raise ValueError("'signature' and 'keyring' go together")
    return file


class Kernel(Known):
    """A kernel of which is said what it must be."""


def _arm(value: Any) -> str:
    return "known" if isinstance(value, dict | Kernel) else "plain"


KernelFile = Annotated[
    Annotated[str, Tag("plain")] | Annotated[Kernel, Tag("known")],
    Discriminator(_arm),
    AfterValidator(one_way),
]
"""A kernel's file, or that with what it must be."""


def kernel_url(kernel: str | Kernel) -> str:
    """Return what a kernel is fetched from, as it was written."""
    return kernel.url if isinstance(kernel, Kernel) else kernel


class Checksums(Model):
    """A list of digests, for the files of its folder and below.

    Attributes:
        url: The list, as ``…/SHA256SUMS``.
        signature: Its OpenPGP signature: a URL, a file beside the list, or ``inline``; without,
            the list is not signed. With ``release``, that of the release.
        keyring: Whose signature counts: a keyring's name, as ``debian-archive``, or its path.
        release: The ``InRelease`` of a Debian archive, which has the list's own digest.
    """

    url: HttpUrl
    signature: Annotated[str, AfterValidator(_signature)] = ""
    keyring: Keyring = ""
    release: HttpUrl | None = None

    @model_validator(mode="after")
    def _goes_together(self) -> Checksums:
        if not self.keyring and (self.signature or self.release):
            raise ValueError("a signature needs a 'keyring', by which it is checked")
        if self.keyring and not (self.signature or self.release):
            raise ValueError("a 'keyring' needs a 'signature' or a 'release', which it checks")
        return self

    @property
    def signed_by(self) -> str:
        """Where the signature is: a URL, or `INLINE`; empty for none.

        That of a ``Release`` is in Release.gpg, unless it says otherwise.
        """
        signed = self.release or self.url
        written = self.signature
        if not written and self.release:
            name = urlsplit(self.release).path.rpartition("/")[2]
            written = INLINE if name == "InRelease" else f"{name}.gpg"
        return written if written in ("", INLINE) else urljoin(signed, written)
