"""What happened, in English: a sentence for each kind of event. People read them.

Programs read the data; so a sentence may become a better one at any time.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Final

from pyxie.events import datagrams, kinds
from pyxie.events.kind import Kind


@singledispatch
def sentence(what: Kind) -> str:
    """Say what happened: some words about the machine, which is named before them.

    A peer's words may be in it: it may be long, and not fit for a terminal.
    """
    raise NotImplementedError(what.code)  # a test finds the kinds that have none


def amount(size: int) -> str:
    """Write a number of bytes for people: ``700 bytes``, ``66 kB``, ``41.3 MB``, ``4.7 GB``."""
    if size < 1000:
        return f"{size} byte{'' if size == 1 else 's'}"
    if size < 999_500:
        return f"{size / 1000:.0f} kB"
    if size < 999_950_000:
        return f"{size / 1e6:.1f} MB"
    return f"{size / 1e9:.1f} GB"


@sentence.register
def _(what: datagrams.Offered) -> str:
    verb = "offered" if what.port == 67 else "confirmed on port 4011"
    if what.client == "HTTP":
        to = "an HTTP boot client"
    elif what.client == "PXE":
        to = "a PXE client"
    elif what.script:
        to = (
            f"iPXE without {what.lacking}, for which there is no better loader"
            if what.lacking
            else "iPXE"
        )
    else:
        to = f"an iPXE without {what.lacking}"
    before = "observing only, else would have " if what.observed else ""
    after = f", {what.late:.1f} s after it asked" if what.late >= 0.05 else ""
    lane = _LANES.get(what.lane, "")
    return f"{before}{verb}: {what.what} for {to} ({what.architecture}){lane}{after}"


_LANES: Final = {
    "grub": ", which goes on to a signed GRUB",
    "signed-ipxe": ", which goes on to a signed iPXE",
    "own": ", which goes on to its system's own GRUB",
}


@sentence.register
def _(what: datagrams.SentOn) -> str:
    before = "observing only, else would have been " if what.observed else ""
    on = " on port 4011" if what.port == 4011 else ""
    after = f", {what.late:.1f} s after it asked" if what.late >= 0.05 else ""
    return (
        f"{before}sent on to its next boot device{on}: {what.why}"
        f" ({what.client}, {what.architecture}){after}"
    )


@sentence.register
def _(what: datagrams.NotAnswered) -> str:
    return f"not answered: {what.detail}"


@sentence.register
def _(what: datagrams.AnswerNotSent) -> str:
    return f"the answer could not be sent to {what.to}: {what.error}"


@sentence.register
def _(what: datagrams.TookElsewhere) -> str:
    said = [f"option 60 {what.vendor_class!r}"] if what.vendor_class else []
    said += [f"option 66 {what.tftp_server!r}"] if what.tftp_server else []
    said += [f"option 67 {what.bootfile!r}"] if what.bootfile else []
    said += [f"boot file {what.file!r}"] if what.file else []
    said += [f"next-server {what.siaddr}"] if what.siaddr != "0.0.0.0" else []
    return (
        f"took the address of the DHCP server {what.server}, which has something to boot of its"
        f" own: {', '.join(said)}"
    )


@sentence.register
def _(what: datagrams.RivalOffered) -> str:
    what_of = f" to fetch {what.file!r} of {what.siaddr}" if what.file else ""
    return f"another PXE server, {what.server}, offered it{what_of or ' to boot'}, too"


@sentence.register
def _(what: datagrams.SentOverTftp) -> str:
    text = f"sent {what.name}, {amount(what.size)}, over TFTP in {what.seconds:.1f} s"
    if what.resent:
        text += f", with {what.resent} resendings" if what.resent > 1 else ", with 1 resending"
    return text if what.confirmed else f"{text}; the last block was not acknowledged"


@sentence.register
def _(what: datagrams.TftpProgress) -> str:
    return f"{what.name} over TFTP: {amount(what.received)} of {amount(what.total)}"


@sentence.register
def _(what: datagrams.AbortedByClient) -> str:
    code = f" (error {what.error})" if what.error else ""
    so_far = _so_far(what.received, what.total)
    text = f"{what.name} over TFTP: the client broke off {so_far}: {what.message}{code}"
    return text + _network(what.network)


@sentence.register
def _(what: datagrams.BrokenOff) -> str:
    so_far = _so_far(what.received, what.total)
    text = f"{what.name} over TFTP was broken off {so_far}: {what.why}"
    return text + _network(what.network)


@sentence.register
def _(what: datagrams.TimedOutOverTftp) -> str:
    if what.block == 0:
        text = f"{what.name} over TFTP: the client did not acknowledge its options"
    else:
        so_far = _so_far(what.received, what.total)
        text = f"{what.name} over TFTP: the client fell silent {so_far}"
    if what.block == 1 and what.blksize > 512:
        text += (
            f"; if it took its options but no block, then blocks of {what.blksize} bytes"
            " are too long for the network on the way"
        )
    return text + _network(what.network)


def _so_far(received: int, total: int) -> str:
    return f"after {amount(received)} of {amount(total)}"


def _network(error: str) -> str:
    return f"; the network's last error was: {error}" if error else ""


@sentence.register
def _(what: datagrams.MissingOverTftp) -> str:
    return f"TFTP: {what.name}: {what.why}"


@sentence.register
def _(what: datagrams.RefusedOverTftp) -> str:
    return f"TFTP: {what.name}: {what.why}"


@sentence.register
def _(what: kinds.LoaderOverHttp) -> str:
    return f"sent {what.name} over HTTP"


@sentence.register
def _(what: kinds.LoaderProgress) -> str:
    return f"{what.name} over HTTP: {_of(what.sent, what.total)}"


@sentence.register
def _(_: kinds.ScriptSent) -> str:
    return "fetched its iPXE script"


@sentence.register
def _(what: kinds.GrubConfigured) -> str:
    state = "on" if what.secure_boot else "off"
    return f"fetched what its GRUB goes on by: Secure Boot is {state}, and it loads the kernel"


@sentence.register
def _(what: kinds.SecureBootLearnt) -> str:
    if what.state == "unknown":
        return "its firmware asks again after it was handed an iPXE: is its Secure Boot on by now?"
    return f"its Secure Boot is {what.state}, says its {what.by}"


@sentence.register
def _(_: kinds.MenuShown) -> str:
    return "is unknown, and shows the menu"


@sentence.register
def _(what: kinds.UnknownBooted) -> str:
    return f"is unknown, and gets the build type {what.build_type}"


@sentence.register
def _(_: kinds.AdHocScriptSent) -> str:
    return "fetched the iPXE script of `pyxie boot`"


@sentence.register
def _(_: kinds.BootApiScriptSent) -> str:
    return "fetched the iPXE script that the boot API has for it"


@sentence.register
def _(what: kinds.ScriptRefused) -> str:
    return f"no script: {what.machine} is {what.why}"


@sentence.register
def _(what: kinds.ScriptSentOn) -> str:
    return f"fetched a script that goes on to its next boot device: {what.why}"


@sentence.register
def _(what: kinds.ScriptFailed) -> str:
    return f"no script: {what.why}"


@sentence.register
def _(what: kinds.BootApiSilent) -> str:
    return f"no script: the boot API {what.why}"


@sentence.register
def _(what: kinds.ImageFetching) -> str:
    how = "" if what.verified is None else ", not verified"
    if what.verified:
        how = f", verified by {what.verified}"
    if what.total is None:
        return f"fetching {what.part}, streamed from {what.source}{how}"
    kept = f", kept of {what.source}" if what.source is not None else ""
    return f"fetching {what.part}, {what.total / 1e6:.1f} MB{kept}{how}"


@sentence.register
def _(what: kinds.ImageMismatch) -> str:
    return (
        f"{what.part} is not given: the {'SHA-512' if len(what.found) == 128 else 'SHA-256'} of "
        f"{what.source} is {what.found}, "
        f"and should be {what.wanted} by {what.by}"
    ) + (f"; {what.also}" if what.also else "")


@sentence.register
def _(what: kinds.ImageElsewhere) -> str:
    return f"{what.part} comes from {what.source}, for {what.why}"


@sentence.register
def _(what: kinds.ImageProgress) -> str:
    return f"{what.part}: {_of(what.sent, what.total)}"


def _of(sent: int, total: int | None) -> str:
    return amount(sent) if total is None else f"{amount(sent)} of {amount(total)}"


@sentence.register
def _(what: kinds.ImageFailed) -> str:
    return f"{what.part}: {what.source}: {what.why}"


@sentence.register
def _(what: kinds.ImageWaiting) -> str:
    return (
        f"{what.part}: waiting for the first byte from {what.source}, "
        f"for up to {what.seconds:g} s in all"
    )


@sentence.register
def _(what: kinds.ImageStale) -> str:
    return f"{what.part}: a copy of {_ago(what.age)} is served: {what.source}: {what.why}"


def _ago(seconds: float) -> str:
    """Write how long ago something was, roughly."""
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        count = round(seconds / length)
        if count >= 1:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


@sentence.register
def _(what: kinds.ImageUncached) -> str:
    return f"{what.part}: {what.source} is not kept, but streamed: {what.why}"


@sentence.register
def _(what: kinds.ImageAbsent) -> str:
    return f"asks for {what.part}, which is not there"


@sentence.register
def _(what: kinds.StoreProgress) -> str:
    return f"to be kept: {what.source}: {_of(what.there, what.total)}"


@sentence.register
def _(what: kinds.StoreFetched) -> str:
    by = f"verified by {what.verified}" if what.verified else "not verified"
    return f"is kept: {what.source}, {amount(what.size)}, {by}"


@sentence.register
def _(what: kinds.StoreFailed) -> str:
    return f"is not kept: {what.source}: {what.why}"


@sentence.register
def _(what: kinds.Booting) -> str:
    return f"leaves {what.loader} for its kernel"


@sentence.register
def _(what: kinds.TemplateFetched) -> str:
    return f"fetched {what.name}"


@sentence.register
def _(what: kinds.AnswerRefused) -> str:
    return f"no answer file: {what.why}"


@sentence.register
def _(what: kinds.TemplateFailed) -> str:
    return f"template {what.name}: {what.why}"


@sentence.register
def _(what: kinds.TokenRefused) -> str:
    return f"{what.path}: the token is not valid"


@sentence.register
def _(what: kinds.Diagnosed) -> str:
    return f"stands still: {what.found}" + (f" Try next: {what.try_next}" if what.try_next else "")


@sentence.register
def _(what: kinds.BuildChanged) -> str:
    match what.state:
        case "pending":
            return "build mode is on, again" if what.again else "build mode is on"
        case "stale":
            return f"stale: {what.cause}"
        case "installed":
            return "installed; pyxie is silent to it from here on"
        case "failed":
            said = f": {what.reason}" if what.reason else ""
            return f"failed{said}; pyxie is silent to it from here on"
        case state:
            return state


@sentence.register
def _(what: kinds.BuildAdvised) -> str:
    return f"advice: {what.advice}"


@sentence.register
def _(what: kinds.BuildWipes) -> str:
    onto = what.disks or "a disk, which one cannot be told,"
    return f"will be installed by {what.by}: all data on {onto} is lost"


@sentence.register
def _(what: kinds.BuildUnclear) -> str:
    return f"may lose data: whether {what.by} wipes a disk cannot be told, for {what.why}"


@sentence.register
def _(_what: kinds.BuildSpares) -> str:
    return "keeps its data: neither a template nor the command line wipes a disk"


@sentence.register
def _(what: kinds.BuildRefused) -> str:
    return f"build refused: {what.why}"


@sentence.register
def _(what: kinds.Discovered) -> str:
    return "is unknown: " + ", ".join(f"{name} {said}" for name, said in what.reported.items())


@sentence.register
def _(what: kinds.BootApiBoots) -> str:
    boot = what.kernel or "an iPXE script of its own"
    return f"is unknown, and the boot API has it boot {boot}"


@sentence.register
def _(what: kinds.BootApiMalformed) -> str:
    return f"the boot API answers what cannot be booted: {what.problem}"


@sentence.register
def _(what: kinds.HookDone) -> str:
    return f"{what.point} hook {what.hook!r}: {what.result}"


@sentence.register
def _(what: kinds.HookFailed) -> str:
    return f"{what.point} hook {what.hook!r}: {what.result}"


@sentence.register
def _(what: kinds.ManagementRefused) -> str:
    return f"refused {what.method} {what.path}: {what.why}"
