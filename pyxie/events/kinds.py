"""Kinds of events, but those of DHCP and TFTP. `pyxie.events.english` says each in a sentence.

To add one: a class here, a sentence there, a test (docs/architecture.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from pyxie.events.kind import Kind, Step, kind


@kind("http.sent", Step.LOADER)
class LoaderOverHttp(Kind):
    """A boot loader is being sent to UEFI HTTP Boot.

    Attributes:
        name: Of the file.
    """

    name: str


@kind("http.progress", Step.LOADER, passing=True)
class LoaderProgress(Kind):
    """A boot loader is on its way over HTTP.

    Attributes:
        name: Of the file.
        sent: Bytes.
        total: Bytes of the answer.
    """

    name: str
    sent: int
    total: int | None


@kind("script.sent", Step.SCRIPT)
class ScriptSent(Kind):
    """A machine in build mode fetched its iPXE script."""


@kind("grub.sent", Step.SCRIPT)
class GrubConfigured(Kind):
    """A machine's signed GRUB fetched what it goes on by.

    Attributes:
        secure_boot: It is on.
    """

    secure_boot: bool


@kind("secureboot.learnt", Step.SCRIPT)
class SecureBootLearnt(Kind):
    """What is known of a machine's Secure Boot has changed.

    Attributes:
        state: ``on``, ``off``, or ``unknown`` where ``off`` is doubted.
        by: What of the machine's has told it: ``GRUB`` or ``iPXE``.
    """

    state: str
    by: str


@kind("script.menu", Step.SCRIPT)
class MenuShown(Kind):
    """An unknown machine shows the menu."""


@kind("script.unknown", Step.SCRIPT)
class UnknownBooted(Kind):
    """An unknown machine fetched the script of a build type.

    Attributes:
        build_type: Its name.
    """

    build_type: str


@kind("script.adhoc", Step.SCRIPT)
class AdHocScriptSent(Kind):
    """A machine fetched the script of `pyxie boot`."""


@kind("script.bootapi", Step.SCRIPT)
class BootApiScriptSent(Kind):
    """An unknown machine fetched the script of the boot API's answer."""


@kind("script.refused", Step.SILENCE)
class ScriptRefused(Kind):
    """A machine asked for a script, and gets none.

    Attributes:
        machine: Its hostname, or its MAC.
        why: In plain words that follow "is".
    """

    machine: str
    why: str


@kind("script.onwards", Step.SCRIPT)
class ScriptSentOn(Kind):
    """A machine that is not in build mode has a script that goes on to its next boot device.

    Attributes:
        why: It is not booted.
    """

    why: str


@kind("script.failed", Step.TROUBLE)
class ScriptFailed(Kind):
    """A script could not be rendered.

    Attributes:
        why: In plain words, with the place.
    """

    why: str


@kind("bootapi.silent", Step.TROUBLE)
class BootApiSilent(Kind):
    """There is no script, since the boot API does not answer.

    Attributes:
        why: What it does instead: ``answers 503``.
    """

    why: str


@kind("image.fetching", Step.IMAGE)
class ImageFetching(Kind):
    """A machine fetches a kernel or an initrd.

    Attributes:
        part: ``kernel``, or ``initrd`` with its number; or the name of a file beside one of
            them, as of `ImageAbsent`.
        total: Its size in bytes; None where it is not known yet.
        source: The URL that it is of; None for a file of the folder ``images``.
        verified: By what it will be known to be right, in a few words; empty for nothing, and
            None for what is the operator's own.
    """

    part: str
    total: int | None = None
    source: str | None = None
    verified: str | None = None


@kind("image.progress", Step.IMAGE, passing=True)
class ImageProgress(Kind):
    """A kernel or an initrd is on its way.

    Attributes:
        part: As of `ImageFetching`.
        sent: Bytes.
        total: Bytes of the answer; None where the other server does not say.
    """

    part: str
    sent: int
    total: int | None


@kind("image.failed", Step.TROUBLE)
class ImageFailed(Kind):
    """A kernel or an initrd could not be fetched.

    Attributes:
        part: As of `ImageFetching`.
        source: A file of ours, or a URL.
        why: In plain words.
    """

    part: str
    source: str
    why: str


@kind("image.mismatch", Step.TROUBLE)
class ImageMismatch(Kind):
    """A kernel or an initrd is not what it should be: it was not given, or not to its end.

    Attributes:
        part: As of `ImageFetching`.
        source: A file of ours, or the URL, also of a list, that is wrong.
        wanted: The SHA-256 that it should have, or its SHA-512, of 128 digits.
        found: The one that it has.
        by: Where ``wanted`` is from.
        also: What other mirrors gave, in plain words; empty if they were not asked.
    """

    part: str
    source: str
    wanted: str
    found: str
    by: str
    also: str = ""


@kind("image.elsewhere", Step.IMAGE)
class ImageElsewhere(Kind):
    """A kernel or an initrd comes from another mirror than the first.

    Attributes:
        part: As of `ImageFetching`.
        source: Its URL at the mirror that gives it.
        why: Why one before that does not, in plain words, with its URL.
    """

    part: str
    source: str
    why: str


@kind("image.waiting", Step.IMAGE)
class ImageWaiting(Kind):
    """Another server takes its time for the first byte of a file: it may have to build it.

    Attributes:
        part: As of `ImageFetching`.
        source: Its URL.
        seconds: How long it may take.
    """

    part: str
    source: str
    seconds: float


@kind("image.stale", Step.IMAGE)
class ImageStale(Kind):
    """A copy of an image is served, though its server cannot be asked whether it is the newest.

    Attributes:
        part: As of `ImageFetching`.
        source: Its URL.
        why: In plain words.
        age: Seconds since its server was asked last.
    """

    part: str
    source: str
    why: str
    age: float


@kind("image.uncached", Step.IMAGE)
class ImageUncached(Kind):
    """An image is streamed past the image store, which cannot keep it.

    Attributes:
        part: As of `ImageFetching`.
        source: Its URL.
        why: In plain words.
    """

    part: str
    source: str
    why: str


@kind("image.absent", Step.IMAGE)
class ImageAbsent(Kind):
    """A program asked for a file beside itself that is not there; many can do without.

    Attributes:
        part: The file's name, and what it would be beside: ``boot.cfg beside kernel``.
    """

    part: str


@kind("store.progress", Step.IMAGE, passing=True)
class StoreProgress(Kind):
    """A file is on its way into the image store, by `pyxie images fetch`.

    Attributes:
        source: Its URL.
        there: Bytes that are there.
        total: Bytes of all; None where its server does not say.
    """

    source: str
    there: int
    total: int | None


@kind("store.fetched", Step.IMAGE, repeats=False)
class StoreFetched(Kind):
    """A file was fetched into the image store, or is there still as its server has it.

    Attributes:
        source: Its URL.
        size: Bytes.
        verified: By what it is known to be right; empty if by nothing.
    """

    source: str
    size: int
    verified: str


@kind("store.failed", Step.TROUBLE, repeats=False)
class StoreFailed(Kind):
    """A file could not be fetched into the image store.

    Attributes:
        source: Its URL.
        why: In plain words.
    """

    source: str
    why: str


@kind("boot.kernel", Step.BOOTING, repeats=False)
class Booting(Kind):
    """Kernel and initrds are loaded, and the loader starts them.

    Attributes:
        loader: What loaded them.
    """

    loader: str = "iPXE"


@kind("template.sent", Step.TEMPLATE, repeats=False)
class TemplateFetched(Kind):
    """The installer fetched a template.

    Attributes:
        name: As it was asked for.
    """

    name: str


@kind("answer.refused", Step.TROUBLE)
class AnswerRefused(Kind):
    """Proxmox VE's installer asked for its answer file, and gets none.

    Attributes:
        why: In plain words.
    """

    why: str


@kind("template.failed", Step.TROUBLE)
class TemplateFailed(Kind):
    """A template could not be rendered.

    Attributes:
        name: As it was asked for.
        why: In plain words, with the place.
    """

    name: str
    why: str


@kind("token.refused", Step.TROUBLE)
class TokenRefused(Kind):
    """Something asked for a machine's files, or ended its build, with a token that is not valid.

    Attributes:
        path: What was called, the token masked.
    """

    path: str


@kind("diagnosis.stuck", Step.TROUBLE, repeats=False)
class Diagnosed(Kind):
    """A machine in build mode has come to stand still.

    Attributes:
        diagnosis: The code of what was found, as of `pyxie why`.
        found: That in plain words.
        try_next: What to try first; empty for nothing.
    """

    diagnosis: str
    found: str
    try_next: str


@kind("build.changed", Step.BUILD, repeats=False)
class BuildChanged(Kind):
    """A build has a new state.

    Attributes:
        build: Its number.
        state: Of the life of a build.
        cause: As in the machine's history.
        reason: Of a failure, in the installer's words.
        again: The machine was in build mode already.
    """

    build: int
    state: str
    cause: str
    reason: str = ""
    again: bool = False


@kind("build.wipes", Step.BUILD)
class BuildWipes(Kind):
    """A build begins that wipes disks.

    Attributes:
        by: The templates, or ``the command line``.
        disks: In words, ``/dev/sda and /dev/sdb``; empty where it cannot be told which.
    """

    by: str
    disks: str


@kind("build.unclear", Step.BUILD)
class BuildUnclear(Kind):
    """A build begins of which it cannot be told whether it wipes a disk.

    Attributes:
        by: The template, or ``the command line``.
        why: In plain words, to go on after "for".
    """

    by: str
    why: str


@kind("build.spares", Step.BUILD)
class BuildSpares(Kind):
    """A build begins that serves nothing which wipes a disk."""


@kind("build.advice", Step.TROUBLE)
class BuildAdvised(Kind):
    """A build began that will hardly do what is wanted.

    Attributes:
        advice: What comes of it and what to do, with the place.
    """

    advice: str


@kind("build.refused", Step.TROUBLE)
class BuildRefused(Kind):
    """A build did not begin.

    Attributes:
        why: In plain words.
    """

    why: str


@kind("machine.discovered", Step.DISCOVERED)
class Discovered(Kind):
    """An unknown machine reported what it is.

    Attributes:
        reported: What it said of itself, by name.
    """

    reported: Mapping[str, str]


@kind("bootapi.boot", Step.ASKED)
class BootApiBoots(Kind):
    """The boot API has something to boot for an unknown machine.

    Attributes:
        kernel: Its URL, without secrets; None where there is a whole iPXE script.
    """

    kernel: str | None


@kind("bootapi.malformed", Step.TROUBLE)
class BootApiMalformed(Kind):
    """The boot API's answer is invalid.

    Attributes:
        problem: What is wrong with it.
    """

    problem: str


@kind("hook.done", Step.HOOK, repeats=False)
class HookDone(Kind):
    """A hook ran, and succeeded.

    Attributes:
        point: Of a build's life: ``prebuild`` …
        hook: As its file has it; of a webhook the URL without its secrets.
        result: In plain words.
    """

    point: str
    hook: str
    result: str


@kind("hook.failed", Step.TROUBLE, repeats=False)
class HookFailed(Kind):
    """A hook could not be run, or failed.

    Attributes:
        point: Of a build's life: ``prebuild`` …
        hook: As its file has it; of a webhook the URL without its secrets.
        result: In plain words.
    """

    point: str
    hook: str
    result: str


@kind("api.refused", Step.TROUBLE)
class ManagementRefused(Kind):
    """A call was refused: no management access, or too small a scope.

    Attributes:
        method: HTTP's.
        path: What was called, tokens masked.
        why: In plain words, with the setting that decides.
    """

    method: str
    path: str
    why: str
