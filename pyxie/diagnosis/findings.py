"""What can be found of a machine that does not boot, as data; in the order of a boot.

`pyxie.diagnosis.sayings` has each in words, and what to try next. To add one: a class here, its
words there, a rule that finds it, a line in the table of tests/diagnosis/test_english.py, and a row
in docs/troubleshooting.md.
"""

from __future__ import annotations

from pyxie.diagnosis.finding import Finding, Standing, finding
from pyxie.diagnosis.situation import Near, Server

# Of pyxie itself


@finding("dhcp-off")
class DhcpOff(Finding):
    """Nothing is offered to anybody: ``dhcp.mode`` is ``off``."""


@finding("observing")
class Observing(Finding):
    """It would be offered something, but ``dhcp.mode`` is ``observe``."""


@finding("no-interface")
class NoInterface(Finding):
    """No interface that is served has an address."""


@finding("disk-full")
class DiskFull(Finding):
    """The state, or what is kept of images, cannot be written.

    Attributes:
        problems: In sentences.
    """

    problems: tuple[str, ...]


@finding("clock-wrong")
class ClockWrong(Finding):
    """This host's clock is wrong.

    Attributes:
        how: ``early``: before this pyxie was made; ``back``: there are events of the future;
            ``certificate``: another server's certificate or list is not valid at this time.
        seconds: By how many at least; 0 where that is not known.
        why: What was said of a certificate or a list.
    """

    how: str
    seconds: float = 0.0
    why: str = ""


# Who it is, and whether it is to boot


@finding("unknown-machine")
class UnknownMachine(Finding):
    """No machine file has this MAC.

    Attributes:
        mac: It.
        seen: It has asked.
        near: Machines with nearly that MAC.
    """

    mac: str
    seen: bool
    near: tuple[Near, ...] = ()


@finding("unknown-served", Standing.WELL)
class UnknownServed(Finding):
    """No machine file has this MAC, and it gets what the settings have for such machines.

    Attributes:
        mac: It.
        policy: What it gets: ``discover``, ``menu``, ``build type``, ``boot API``.
    """

    mac: str
    policy: str


@finding("file-broken")
class FileBroken(Finding):
    """It stands in a file with mistakes, or in two files.

    Attributes:
        problems: With file, line and column.
    """

    problems: tuple[str, ...]


@finding("files-unreadable")
class FilesUnreadable(Finding):
    """A file that may name it cannot be read.

    Attributes:
        problems: With file, line and column.
    """

    problems: tuple[str, ...]


@finding("ambiguous")
class AmbiguousMachine(Finding):
    """It fits what several files say of their machines.

    Attributes:
        host: One of them.
        problems: With file, line and column.
    """

    host: str
    problems: tuple[str, ...]


@finding("contested")
class ContestedMachine(Finding):
    """It fits a machine's file, but another NIC has that machine's build.

    Attributes:
        host: That machine.
        mac: That NIC.
    """

    host: str
    mac: str


@finding("not-in-build-mode", Standing.WELL)
class NotInBuildMode(Finding):
    """It is known, and nobody has begun a build.

    Attributes:
        host: Its name.
        seen: It has asked; since its build was cancelled, if one was.
        cancelled: Its build was cancelled.
    """

    host: str
    seen: bool
    cancelled: bool


@finding("no-system", Standing.WAITING)
class NoSystem(Finding):
    """It is known and in no build, and nothing says what it would boot.

    Attributes:
        host: Its name.
        seen: It has asked.
    """

    host: str
    seen: bool


@finding("build-failed")
class BuildFailed(Finding):
    """Its installer said that it failed.

    Attributes:
        host: Its name.
        reason: In the installer's words.
    """

    host: str
    reason: str


@finding("installed", Standing.WELL)
class Installed(Finding):
    """It is installed.

    Attributes:
        host: Its name.
        asks: How often it has asked the network since.
    """

    host: str
    asks: int


@finding("still-netbooting")
class StillNetbooting(Finding):
    """It is installed, and asks the network again and again.

    Attributes:
        host: Its name.
        asks: How often.
        seconds: Within how many.
    """

    host: str
    asks: int
    seconds: float


# On its way


@finding("waiting", Standing.WAITING)
class Waiting(Finding):
    """All is well so far.

    Attributes:
        step: What is waited for: ``discover``, ``offer``, ``confirmed``, ``loader``, ``ipxe``,
            ``script``, ``image``, ``start``, ``kernel``, ``installer``, ``done``.
        seconds: For how long by now.
        patience: For how long that is nothing to be said of.
    """

    step: str
    seconds: float
    patience: float


@finding("never-seen")
class NeverSeen(Finding):
    """Nothing of it was heard since its build began.

    Attributes:
        macs: What was listened for.
        seconds: Since its build began.
        virtual: What kind of virtual machine its MAC tells of; empty for none.
        others: Other network-boot clients were heard meanwhile.
        interfaces: Where pyxie listens.
    """

    macs: tuple[str, ...]
    seconds: float
    virtual: str
    others: bool
    interfaces: str


@finding("plain-dhcp")
class PlainDhcp(Finding):
    """It asks for an address, but not for a network boot."""


@finding("not-answered")
class Refused(Finding):
    """It is in build mode, and cannot be answered.

    Attributes:
        reason: As the metrics count it.
        detail: In plain words.
    """

    reason: str
    detail: str


@finding("limit-hit")
class LimitHit(Finding):
    """A limit stands in its way.

    Attributes:
        limit: The setting, or what is limited.
        detail: In plain words; may be empty.
    """

    limit: str
    detail: str


@finding("answer-unsent")
class AnswerUnsent(Finding):
    """The network did not take the answer.

    Attributes:
        to: The address it was for.
        error: In the system's words.
    """

    to: str
    error: str


@finding("other-offer")
class OtherOffer(Finding):
    """The firmware took another server's offer.

    Attributes:
        server: Whose, and what it offers.
    """

    server: Server


@finding("two-servers")
class TwoServers(Finding):
    """Others on the LAN send boot information too.

    Attributes:
        servers: They.
    """

    servers: tuple[Server, ...]


@finding("answer-lost")
class AnswerLost(Finding):
    """It asks again though it was answered.

    Attributes:
        times: How often the same request was answered.
        seconds: Within how many.
        leases: Some server on the LAN hands out addresses.
    """

    times: int
    seconds: float
    leases: bool


@finding("port-4011")
class Port4011(Finding):
    """UEFI took the offer, or its address, and never asked on port 4011."""


@finding("offer-unused")
class OfferUnused(Finding):
    """It was offered a loader and did not fetch it.

    Attributes:
        what: The loader.
        client: ``PXE``, ``HTTP`` or ``iPXE``.
        port: HTTP's.
    """

    what: str
    client: str
    port: int


@finding("tftp-unreached")
class TftpUnreached(Finding):
    """It asked on port 4011, and then for no file."""


@finding("loader-missing")
class LoaderMissing(Finding):
    """It asked for a boot loader that is not there.

    Attributes:
        name: As it was asked for.
        why: As it was told.
    """

    name: str
    why: str


@finding("loader-broken-off")
class LoaderBrokenOff(Finding):
    """The transfer of the loader did not come to its end.

    Attributes:
        name: Of the file.
        received: Bytes.
        total: Bytes.
        blksize: Of a block that is too long for the way, perhaps; 0 if that is no cause.
        why: What the network, or the client, said; may be empty.
    """

    name: str
    received: int
    total: int
    blksize: int
    why: str


@finding("loader-silent")
class LoaderSilent(Finding):
    """It has its boot loader, and nothing came after.

    Attributes:
        name: Of the file.
        architecture: In plain words; empty where that is not known.
        uefi: Its firmware is UEFI.
        secure_boot: ``on``, ``off`` or ``unknown``.
        why_not: Why it is not handed a signed chain of loaders, as of `pyxie.loaders.lanes.WhyNot`;
            empty if it is, or if that is not known.
        rounds: How often.
    """

    name: str
    architecture: str
    uefi: bool
    secure_boot: str
    why_not: str
    rounds: int

    @property
    def grub(self) -> bool:
        """It is a GRUB, which asks the DHCP server's next server for its configuration."""
        return self.name.lower().startswith("grub")


@finding("ipxe-without-http")
class IpxeWithoutHttp(Finding):
    """The iPXE that came back lacks what the script needs.

    Attributes:
        lacking: What.
        loader: What it was offered; empty for nothing better.
    """

    lacking: str
    loader: str


@finding("script-unreached")
class ScriptUnreached(Finding):
    """iPXE was offered its script, and did not fetch it.

    Attributes:
        url: Of the script.
        rounds: How often.
    """

    url: str
    rounds: int


@finding("script-refused")
class ScriptWasRefused(Finding):
    """It asked for its script, and gets none.

    Attributes:
        why: In plain words, with the place.
    """

    why: str


@finding("images-unasked")
class ImagesUnasked(Finding):
    """It has its script, and fetches no kernel."""


@finding("image-failed")
class ImageNotFetched(Finding):
    """A kernel or an initrd cannot be had.

    Attributes:
        part: Which.
        source: A file of ours, or a URL.
        why: In plain words.
        times: How often.
    """

    part: str
    source: str
    why: str
    times: int


@finding("image-wrong")
class ImageWrong(Finding):
    """A kernel or an initrd is not what it should be.

    Attributes:
        part: Which.
        source: A file of ours, or a URL.
        by: Where it is said what it should be.
    """

    part: str
    source: str
    by: str


@finding("image-stalled")
class ImageStalled(Finding):
    """A kernel or an initrd does not come on.

    Attributes:
        part: Which.
        source: Where it comes from.
        seconds: For how long.
    """

    part: str
    source: str
    seconds: float


@finding("kernel-unstarted")
class KernelUnstarted(Finding):
    """Kernel and initrds are fetched, and the kernel is not started.

    Attributes:
        secure_boot: ``on``, ``off`` or ``unknown``.
    """

    secure_boot: str


@finding("installer-silent")
class InstallerSilent(Finding):
    """The kernel was started, and the installer fetches nothing.

    Attributes:
        base_url: Where it is told to fetch it.
        rounds: How often.
    """

    base_url: str
    rounds: int


@finding("token-wrong")
class TokenWrong(Finding):
    """Somebody, as a rule its installer, came with a token that is not valid.

    Attributes:
        path: What was asked for.
        peer: From where.
    """

    path: str
    peer: str


@finding("template-failed")
class TemplateNotGiven(Finding):
    """A file for the installer could not be made.

    Attributes:
        name: As it was asked for.
        why: In plain words, with the place.
    """

    name: str
    why: str


@finding("installer-slow")
class InstallerSlow(Finding):
    """The installer takes longer than it should.

    Attributes:
        name: What it fetched last; empty for nothing.
        seconds: Since the kernel was started.
        longest: What builds of this system took at most; 0 where none is known.
        builds: How many are known.
    """

    name: str
    seconds: float
    longest: float
    builds: int


@finding("loop")
class Loop(Finding):
    """It comes as far as that again and again.

    Attributes:
        stage: ``confirmed``, ``script``, ``images``, ``kernel`` or ``installer``.
        rounds: How often.
        seconds: Within how many.
    """

    stage: str
    rounds: int
    seconds: float
