"""The keys of which a build is made: settings, build types, groups and machines all have them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from pyxie.bounds import HOOK_SECONDS
from pyxie.config.checksums import Checksums, KernelFile
from pyxie.config.initrd import Initrds
from pyxie.config.validate import Model
from pyxie.config.values import (
    AMD64,
    ArchName,
    HttpUrl,
    Params,
    SecureBootWish,
    listed,
    loader_name,
)
from pyxie.config.words import architectures


class Hook(Model):
    """A command or webhook at a point of a build's life.

    Attributes:
        command: The program and its arguments, each a template, run without a shell; one
            text is split into words first.
        url: A webhook instead of a command: it is sent a POST with JSON. A template.
        shell: Run ``command``, one text, by ``/bin/sh -c``.
        timeout_seconds: Seconds after which it is killed with all its children.
        errors_fatal: Its failure refuses the build, if it runs before one; else the hooks
            after it are skipped.
        should_log: Keep its output in the build's log.
    """

    command: str | tuple[str, ...] = ""
    url: str = ""
    shell: bool = False
    timeout_seconds: Annotated[int, Field(ge=0, le=HOOK_SECONDS.whole)] = 5
    errors_fatal: bool = False
    should_log: bool = True

    @model_validator(mode="after")
    def _is_one(self) -> Hook:
        if bool(self.command) == bool(self.url):
            raise ValueError("a hook has either a 'command' or a 'url'")
        if self.shell and not isinstance(self.command, str):
            raise ValueError("with 'shell', the command is one text")
        return self


def _templates(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if inner}
    return value


def _loader(value: Any) -> Any:
    """Check a loader's name, or one for each of some architectures.

    Here rather than by a type for each of the two, of which pydantic would report both.
    """
    if isinstance(value, str):
        return loader_name(value)
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        raise ValueError("must be a file's name, or a mapping of architectures to names")
    meant: dict[frozenset[int], str] = {}
    for word, name in value.items():
        loader_name(name)
        same = meant.setdefault(architectures(word), word)
        if same != word:
            raise ValueError(f"{same!r} and {word!r} are the same architecture; keep one")
    return value


MAPS: Final = frozenset(("params", "templates"))
"""Keys whose maps are merged key by key; anything else of a later layer replaces."""

Hooks = tuple[Hook, ...]
Templates = Annotated[dict[str, str], BeforeValidator(_templates)]
Loader = Annotated[str | dict[str, str], BeforeValidator(_loader)]


class BuildKeys(Model):
    """What each layer may say of a build; see `pyxie.registry.merge`.

    Attributes:
        os: A system by the name of its recipe, ``debian-12``: all that is booted to install it.
        arch: Of the machine's processor, ``amd64`` or ``arm64``: for which the recipe is asked.
        operatingsystem: A note, for people and templates.
        preseed, finish: The installer's templates, files below ``templatepath``.
        templates: Further templates, by the name that the installer asks for.
        params: The operator's own values.
        loader: What the firmware loads first, instead of what fits its architecture: a file's
            name, or one for each of some architectures.
        secure_boot: Whether firmware is handed a signed shim and GRUB first: ``auto`` where that is
            of use and known to work, ``always``, or ``never``.
        kernel: What is booted: a file's name, below ``image_url``, else in ``images``; or a
            mapping of ``url`` and what it must be: ``sha256``, ``sha512``, or ``signature`` and
            ``keyring``.
        initrd: What is loaded beside it, likewise; one, or a list. Each may be a mapping of
            ``url``, the same and ``name``, by which a program finds it.
        shim: The system's own shim, likewise: signed, and under Secure Boot the one that trusts
            this kernel. iPXE loads it where it cannot load the kernel without.
        grub: The GRUB that this shim starts, likewise.
        checksums: A list of digests, for all files of its folder and below.
        image_url: Where kernel and initrd are streamed from.
        cmdline: The kernel's command line, a template; null for none.
        bootif: Whether ``BOOTIF=``, the NIC that booted, is added to the command line; by
            default for Linux kernels.
        prebuild_commands: Hooks before a build begins.
        postbuild_commands: Hooks when a build is installed.
        cancelbuild_commands: Hooks when a build is cancelled.
        failedbuild_commands: Hooks when a build has failed.
        stalebuild_commands: Hooks when a build becomes stale; they run only where
            ``stale_build_threshold_secs`` is written, too.
        pxeevent_commands: Hooks when the machine has fetched its boot script.
        unknownbuild_commands: Hooks when an unknown machine is seen; of settings only.
        stale_build_threshold_secs: Seconds after which a build is stale, by default two hours;
            0 for never.
        wipes: ``false`` refuses to begin or go on with what wipes a disk, as a rescue must not;
            ``true`` takes back what a layer beneath said.
        tags, description: Notes, for people and templates.
    """

    os: str = ""
    arch: ArchName = AMD64
    operatingsystem: str = ""
    preseed: str = ""
    finish: str = ""
    templates: Templates = Field(default_factory=dict)
    params: Params = Field(default_factory=dict)
    loader: Loader = ""
    secure_boot: SecureBootWish | None = None
    cmdline: str = ""
    kernel: KernelFile = ""
    initrd: Initrds = ()
    shim: KernelFile = ""
    grub: KernelFile = ""
    bootif: bool | None = None
    image_url: HttpUrl | None = None
    checksums: Checksums | None = None
    prebuild_commands: Hooks = ()
    postbuild_commands: Hooks = ()
    cancelbuild_commands: Hooks = ()
    failedbuild_commands: Hooks = ()
    stalebuild_commands: Hooks = ()
    pxeevent_commands: Hooks = ()
    unknownbuild_commands: Hooks = ()
    stale_build_threshold_secs: Annotated[int, Field(ge=0)] | None = None
    wipes: bool | None = None
    tags: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    description: str = ""


class BuildType(BuildKeys):
    """One of ``build_types`` in the settings: install, rescue, memtest, anything."""


WhenIdle = Literal["silent", "local"]
"""What a machine hears that is not in build mode: nothing, so that its firmware goes on when it has
waited for long enough; or that it is to go on to its next boot device at once."""


class Group(BuildKeys):
    """A file of ``grouppath``: what the machines of a domain, or of a name, share.

    Attributes:
        build_type: One of ``build_types``, for machines that name none.
        when_idle: What machines hear that are not in build mode: nothing, or ``local``, that they
            are to go on to their next boot device.
    """

    build_type: str = ""
    when_idle: WhenIdle | None = None
