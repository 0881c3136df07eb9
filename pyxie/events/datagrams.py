"""Kinds of events of DHCP and TFTP. `pyxie.events.english` says each in a sentence."""

from __future__ import annotations

from pyxie.events.kind import Kind, Step, kind


@kind("dhcp.offer", Step.OFFER)
class Offered(Kind):
    """A network-boot client was offered something to fetch.

    Attributes:
        what: The boot loader's file name, or a URL.
        script: It is the URL of an iPXE script, not a boot loader.
        client: ``PXE``, ``HTTP`` or ``iPXE``.
        lacking: What the client's iPXE lacks to boot a kernel over HTTP.
        architecture: In plain words.
        port: Where it was asked: 67, or 4011.
        observed: It only would have been told: ``dhcp.mode`` is ``observe``.
        late: Seconds that it waited for an answer, where that was not known at once.
        lane: By which chain of loaders, as of `pyxie.loaders.lanes`; empty where there is but one.
        why_not: Why by none that Secure Boot would take, likewise.
    """

    what: str
    script: bool
    client: str
    lacking: str
    architecture: str
    port: int
    observed: bool = False
    late: float = 0.0
    lane: str = ""
    why_not: str = ""


@kind("dhcp.onwards", Step.OFFER)
class SentOn(Kind):
    """A client that is not booted was told to go on to its next boot device: ``when_idle``.

    Attributes:
        why: It is not booted.
        client: ``PXE``, ``HTTP`` or ``iPXE``.
        architecture: In plain words.
        port: Where it was asked: 67, or 4011.
        observed: It only would have been told: ``dhcp.mode`` is ``observe``.
        late: Seconds that it waited for an answer, where that was not known at once.
    """

    why: str
    client: str
    architecture: str
    port: int
    observed: bool = False
    late: float = 0.0


@kind("dhcp.silence", Step.SILENCE)
class NotAnswered(Kind):
    """A network-boot client was not answered.

    Attributes:
        reason: As the metrics count it.
        detail: The same in plain words, with what it is about.
    """

    reason: str
    detail: str


@kind("dhcp.unsent", Step.TROUBLE)
class AnswerNotSent(Kind):
    """The network did not take the answer.

    Attributes:
        to: The address it was for.
        error: In the system's words.
    """

    to: str
    error: str


@kind("dhcp.elsewhere", Step.OFFER)
class TookElsewhere(Kind):
    """A machine took the offer of another DHCP server, which has something to boot of its own.

    What firmware goes by then differs; a text that is empty was not in that offer.

    Attributes:
        server: As it calls itself (option 54).
        siaddr: The header's next server; 0.0.0.0 for none.
        file: The header's boot file.
        vendor_class: Option 60.
        tftp_server: Option 66.
        bootfile: Option 67.
    """

    server: str
    siaddr: str
    file: str
    vendor_class: str
    tftp_server: str
    bootfile: str


@kind("dhcp.rival", Step.OFFER)
class RivalOffered(Kind):
    """Another PXE server, that gives no address, offered a machine something to boot.

    Attributes:
        server: As it calls itself (option 54).
        siaddr: The header's next server; 0.0.0.0 for none.
        file: The boot file, of the header or option 67; empty for none.
        vendor_class: Option 60.
    """

    server: str
    siaddr: str
    file: str
    vendor_class: str


@kind("tftp.sent", Step.LOADER)
class SentOverTftp(Kind):
    """A client has a whole file, as a rule its boot loader.

    Attributes:
        name: Of the file.
        size: In bytes.
        seconds: From request to last acknowledgement.
        resent: How often blocks were sent again.
        confirmed: The last block was acknowledged.
    """

    name: str
    size: int
    seconds: float
    resent: int = 0
    confirmed: bool = True


@kind("tftp.progress", Step.LOADER, passing=True)
class TftpProgress(Kind):
    """A transfer that takes longer is on its way.

    Attributes:
        name: Of the file.
        received: Bytes that the client has acknowledged.
        total: Bytes of the file.
    """

    name: str
    received: int
    total: int


@kind("tftp.aborted", Step.TROUBLE)
class AbortedByClient(Kind):
    """The client ended a transfer.

    Attributes:
        name: Of the file.
        received: Bytes that it has acknowledged.
        total: Bytes of the file.
        message: The client's.
        error: TFTP's code.
        network: The last error of the network's, if there was one.
    """

    name: str
    received: int
    total: int
    message: str
    error: int
    network: str = ""


@kind("tftp.broken", Step.TROUBLE)
class BrokenOff(Kind):
    """We had to end a transfer.

    Attributes:
        name: Of the file.
        received: Bytes that the client has acknowledged.
        total: Bytes of the file.
        why: In plain words.
        network: The last error of the network's, if there was one.
    """

    name: str
    received: int
    total: int
    why: str
    network: str = ""


@kind("tftp.timeout", Step.TROUBLE)
class TimedOutOverTftp(Kind):
    """The client of a transfer fell silent.

    Attributes:
        name: Of the file.
        received: Bytes that it has acknowledged.
        total: Bytes of the file.
        block: Which was next; 0 if it has not even acknowledged the options.
        blksize: Bytes of a block, as agreed.
        network: The last error of the network's, if there was one.
    """

    name: str
    received: int
    total: int
    block: int
    blksize: int
    network: str = ""


@kind("tftp.missing", Step.SILENCE)
class MissingOverTftp(Kind):
    """A file was asked for that there is not: loaders look for several.

    Attributes:
        name: As it was asked for.
        why: As the client was told.
    """

    name: str
    why: str


@kind("tftp.refused", Step.TROUBLE)
class RefusedOverTftp(Kind):
    """A request was refused.

    Attributes:
        name: Of the file that was asked for.
        why: As the client was told.
        error: TFTP's code.
    """

    name: str
    why: str
    error: int
