"""What servers answered: each answer once, and none that is not to who asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from pyxie.bounds import PROBE_ANSWERS, PROBE_BROKEN
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage, MessageType, Op, Option, address, parse
from pyxie.errors import WireError
from pyxie.probing.ethernet import unframe

_PASSES: Final = (51, 58, 59)
"""Options that count down, and differ from one answer of a server to its next."""
_XID: Final = slice(4, 8)


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer of a server.

    Attributes:
        message: The whole of it.
        source: The address that it came from.
        source_port: From which port.
        link: The sender's MAC: the server's own, or that of the relay or router before it.
        after: Seconds after it was asked.
    """

    message: DhcpMessage
    source: IPv4Address
    source_port: int
    link: str
    after: float

    @property
    def server(self) -> IPv4Address:
        """Who it says it is: option 54, else where it came from."""
        value = self.message.options.get(Option.SERVER_ID, b"")
        return address(value) if len(value) == 4 else self.source

    @property
    def lease(self) -> IPv4Address | None:
        """The address that it offers; None of a proxy, which offers none."""
        return self.message.yiaddr if self.message.yiaddr != UNSPECIFIED else None

    @property
    def next_server(self) -> IPv4Address | None:
        """The header's ``siaddr``; None if it is 0.0.0.0."""
        return self.message.siaddr if self.message.siaddr != UNSPECIFIED else None

    @property
    def file(self) -> str:
        """The boot file: option 67, else the header's; empty if there is none."""
        value = self.message.options.get(Option.BOOTFILE_NAME, b"") or self.message.file
        return readable(value)

    @property
    def vendor(self) -> str:
        """Option 60; empty if there is none."""
        return readable(self.message.options.get(Option.VENDOR_CLASS, b""))

    @property
    def tftp_server(self) -> str:
        """Option 66; empty if there is none."""
        return readable(self.message.options.get(Option.TFTP_SERVER_NAME, b""))

    @property
    def options(self) -> Mapping[int, bytes]:
        """All options."""
        return self.message.options


@dataclass(frozen=True, slots=True)
class Broken:
    """An answer that is none, and why not.

    Attributes:
        source: Where it came from.
        why: In a sentence.
    """

    source: IPv4Address
    why: str


class Answers:
    """Gathers what is heard after one question.

    Args:
        asked: The question.
        kinds: The types of message that answer it.
    """

    def __init__(self, asked: DhcpMessage, *kinds: MessageType) -> None:
        self.asked = asked
        self._xid = asked.xid.to_bytes(4)
        self._kinds = kinds
        self._seen = set[object]()
        self.heard: list[Heard] = []
        self.broken: list[Broken] = []

    def take(self, frame: bytes, after: float) -> None:
        """Look at a frame; whatever it is, it does no more than not to count.

        Args:
            frame: From `FILTER`.
            after: Seconds since the question.
        """
        try:
            (data, source, source_port), link = unframe(frame)
        except WireError:
            return  # nobody's
        self.read(data, address(source), source_port, link.hex(":"), after)

    def read(
        self, data: bytes, source: IPv4Address, source_port: int, link: str, after: float
    ) -> None:
        """Look at a datagram, as `take` at a frame.

        Args:
            data: UDP's.
            source: Where it came from.
            source_port: From which port.
            link: From whose MAC; empty where that was not told.
            after: Seconds since the question.
        """
        if data[_XID] != self._xid:
            return  # another client's
        try:
            message = parse(data)
        except WireError as error:
            self._note(Broken(source, f"its answer is no whole DHCP message: {error}"))
            return
        if message.op is not Op.REPLY or message.type not in self._kinds:
            return
        if message.chaddr != self.asked.chaddr:
            wrong = message.mac or message.chaddr.hex(":") or "nobody"
            self._note(Broken(source, f"its answer is to {wrong}, which did not ask"))
            return
        self._keep(Heard(message, source, source_port, link, after))

    def _keep(self, heard: Heard) -> None:
        message = heard.message
        lasting = frozenset((k, v) for k, v in message.options.items() if k not in _PASSES)
        key = (heard.source, message.yiaddr, message.siaddr, message.file, lasting)
        if key in self._seen:
            return  # it answered each of two questions
        if len(self.heard) >= PROBE_ANSWERS.whole:
            PROBE_ANSWERS.reached()
            return
        self._seen.add(key)
        self.heard.append(heard)

    def _note(self, broken: Broken) -> None:
        if broken in self.broken:
            return
        if len(self.broken) >= PROBE_BROKEN.whole:
            PROBE_BROKEN.reached()
            return
        self.broken.append(broken)


def readable(value: bytes) -> str:
    """Return a text of the network's; what a terminal would act upon is spelt out."""
    read = value.rstrip(b"\0").decode("latin-1")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in read)
