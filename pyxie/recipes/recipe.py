"""A recipe: one system, what its installer boots, and where that is."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pyxie.config.build import BuildKeys, Loader, Templates
from pyxie.config.checksums import KernelFile
from pyxie.config.initrd import Initrds
from pyxie.config.validate import Model
from pyxie.config.values import ArchName, Params

VERSION: Final = 1
"""Of the form of recipes. What no older pyxie can read has another."""

WHOLE: Final = (
    *("operatingsystem", "preseed", "finish", "templates", "kernel", "initrd", "shim", "grub"),
    *("image_url", "checksums", "cmdline"),
)
"""Keys of which nothing of a layer beneath counts, whether or not the recipe has them: it says
all that is booted."""


def _version(number: int) -> int:
    if number != VERSION:
        raise ValueError(f"is of form {number} of recipes, and this pyxie reads {VERSION}")
    return number


class Verified(Model):
    """That a recipe was seen to work.

    Attributes:
        date: When.
        how: By what, for people.
    """

    date: date
    how: Annotated[str, Field(min_length=1)]


class WrittenChecksums(Model):
    """A list of digests, whose texts may have braces in them.

    Attributes:
        url: The list, as ``{mirror}/…/SHA256SUMS``.
        signature: Its OpenPGP signature: a URL, a file beside the list, or ``inline``.
        keyring: Whose signature counts: a keyring's name, as ``debian-archive``, or its path.
        release: The ``InRelease`` of a Debian archive, which has the list's own digest.
    """

    url: Annotated[str, Field(min_length=1)]
    signature: str = ""
    keyring: str = ""
    release: str = ""


class Variant(Model):
    """What a recipe says of all machines, or of those of one architecture.

    Attributes:
        operatingsystem: The system's name, for people and templates.
        preseed, finish: The installer's templates, files below ``templatepath``.
        templates: Further templates, by the name that the installer asks for.
        params: Values for those templates, as the versions that belong to the kernel.
        loader: What the firmware loads first, instead of what fits its architecture.
        kernel: What is booted: below ``image_url``, or a URL; else in ``images``. It may be a
            mapping of ``url`` and what it must be: ``sha256``, ``sha512``, or ``signature`` and
            ``keyring``.
        initrd: What is loaded beside it, likewise; one, or a list.
        shim: The system's own signed shim, likewise, for Secure Boot.
        grub: The signed GRUB that it starts.
        image_url: Where they are: as a rule ``{mirror}/…``.
        checksums: A list of digests, for all files of its folder and below.
        cmdline: The kernel's command line, a template.
        interactive: The same where somebody at the screen answers: of `pyxie boot`, which gives
            no preseed and no template.
        bootif: Whether ``BOOTIF=``, the NIC that booted, is added to it.
        wipes: ``false`` for what must not wipe a disk.
        values: What stands in braces in the texts here, by name: ``{release}``.
        verified: When it was seen to boot, and how.
        unverified: ``true`` where nobody has yet.
        needs: What the operator has to provide, in a sentence.
    """

    operatingsystem: str = ""
    preseed: str = ""
    finish: str = ""
    templates: Templates = Field(default_factory=dict)
    params: Params = Field(default_factory=dict)
    loader: Loader = ""
    kernel: KernelFile = ""
    initrd: Initrds = ()
    shim: KernelFile = ""
    grub: KernelFile = ""
    image_url: str = ""
    checksums: WrittenChecksums | None = None
    cmdline: str = ""
    interactive: str = ""
    bootif: bool | None = None
    wipes: bool | None = None
    values: Params = Field(default_factory=dict)
    verified: Verified | None = None
    unverified: bool = False
    needs: str = ""

    @model_validator(mode="after")
    def _says_one(self) -> Variant:
        if self.verified and self.unverified:
            raise ValueError("is either 'verified' or 'unverified'")
        return self


LAID: Final = tuple(key for key in Variant.model_fields if key in BuildKeys.model_fields)
"""Keys of a build that a recipe has a say in, as the layers have them."""


class Recipe(Variant):
    """A file of ``recipes/``: one system.

    Attributes:
        version: Of the form of recipes: 1.
        title: The system, for people.
        extends: Another recipe, of which all counts that this one does not say; its own name
            for the one that comes with pyxie.
        mirror: Which of ``mirrors`` is meant by ``{mirror}``.
        arch: What differs on machines of an architecture; those that stand here can be booted.
        docs: Where the system's makers describe its network boot.
    """

    version: Annotated[int, AfterValidator(_version)]
    title: Annotated[str, Field(min_length=1)]
    extends: str = ""
    mirror: str = ""
    arch: Annotated[
        dict[ArchName, Annotated[Variant, BeforeValidator(lambda value: value or {})]],
        BeforeValidator(lambda value: {} if value in (None, "") else value),
    ] = Field(default_factory=dict)
    docs: str = ""

    @model_validator(mode="after")
    def _is_honest(self) -> Recipe:
        if not self.verified and not self.unverified:
            raise ValueError("say 'verified: {date: …, how: …}', or 'unverified: true'")
        return self
