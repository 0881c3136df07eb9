"""What another server tells a client: which packets are that, and what they say. Pure.

A proxyDHCP cannot ask the LAN's DHCP server what it tells whom, but it can listen: servers answer
by broadcast whoever asks them to, as EDK2 does always (`Dhcp4Io.c`), and PXE ROMs as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from pyxie.dhcp.bpf import (
    BYTE_AT,
    HALF_AT,
    IF_BIT,
    IF_EQUAL,
    LOAD_BYTE,
    LOAD_HALF,
    LOAD_HEADER,
    LOAD_WORD,
    PACKET_TYPE,
    PROTOCOL,
    RETURN,
    VLAN_TAG,
    WHOLE,
    WORD_AT,
    Instruction,
    compiled,
)
from pyxie.dhcp.message import COOKIE, UNSPECIFIED, DhcpMessage, MessageType, Op, Option

Network = int | IPv4Address
"""Where a client is: the number of our interface, or the address of its relay agent."""

_LONGEST: Final = 128
"""Letters of a text that are kept; the header's file has as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another server, by its latest reply.

    Attributes:
        server: As it calls itself (option 54); else where the reply came from.
        source: Where it came from.
        network: Where the client is.
        interface: The name of the one that it was heard on.
        here: It was sent by this host.
        kind: ``OFFER`` or ``ACK``.
        mac: The client that it was for; None if that has no Ethernet address.
        xid: The transaction's number.
        addresses: It gives the client an address; one that does not is a PXE server.
        siaddr: The next server to boot from, as the header has it; 0.0.0.0 if it names none.
        file: The header's boot file.
        vendor_class: Option 60.
        tftp_server: Option 66.
        bootfile: Option 67.
        vendor_options: Option 43, in hexadecimal.
        moment: When it was heard, seconds, by a clock that is never set.
    """

    server: IPv4Address
    source: IPv4Address
    network: Network
    interface: str
    here: bool
    kind: str
    mac: str | None
    xid: int
    addresses: bool
    siaddr: IPv4Address
    file: str = ""
    vendor_class: str = ""
    tftp_server: str = ""
    bootfile: str = ""
    vendor_options: str = ""
    moment: float = 0.0

    @property
    def is_pxe(self) -> bool:
        """It says that it is a PXE or HTTP Boot server, by option 60."""
        return self.vendor_class.startswith(("PXEClient", "HTTPClient"))

    @property
    def boots(self) -> bool:
        """It has something to boot of its own, by what firmware goes by.

        ``siaddr`` alone is not that: dnsmasq and many routers put themselves there whatever
        they serve, nor is option 66, which IP telephones go by, without a file.
        """
        return bool(self.is_pxe or self.file or self.bootfile)


def read(
    message: DhcpMessage,
    *,
    source: IPv4Address,
    interface: int,
    name: str,
    here: bool,
    moment: float,
) -> Other | None:
    """Return what a server's reply tells; None if it offers nothing: a NAK, or no DHCP.

    Args:
        message: As it was overheard.
        source: Where it came from.
        interface: The number of the one that it was heard on.
        name: That one's name.
        here: It was sent by this host.
        moment: When, seconds, by a clock that is never set.
    """
    kind = _KINDS.get(message.type or 0)
    if message.op is not Op.REPLY or kind is None:
        return None
    options = message.options
    named = options.get(Option.SERVER_ID, b"")
    return Other(
        server=IPv4Address(named) if len(named) == 4 else source,
        source=source,
        network=message.giaddr if message.giaddr != UNSPECIFIED else interface,
        interface=name,
        here=here,
        kind=kind,
        mac=message.mac,
        xid=message.xid,
        addresses=message.yiaddr != UNSPECIFIED,
        siaddr=message.siaddr,
        file=_text(message.file),
        vendor_class=_text(options.get(Option.VENDOR_CLASS, b"")),
        tftp_server=_text(options.get(Option.TFTP_SERVER_NAME, b"")),
        bootfile=_text(options.get(Option.BOOTFILE_NAME, b"")),
        vendor_options=options.get(Option.VENDOR_SPECIFIC, b"")[: _LONGEST // 2].hex(),
        moment=moment,
    )


_KINDS: Final = {int(each): each.name for each in (MessageType.OFFER, MessageType.ACK)}


def _text(value: bytes) -> str:
    told = value.partition(b"\0")[0].decode("ascii", "replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in told)[:_LONGEST]


_IPV4: Final = 0x0800
_UDP: Final = 17
_FRAGMENT: Final = 0x3FFF
"""Of IP's header: more of them follow, or where this one belongs."""
_OUTGOING: Final = 4
"""PACKET_OUTGOING, linux/if_packet.h."""
_UDP_HEADER: Final = 8


def program() -> bytes:
    """Return what has the kernel pass servers' replies to a packet socket, without their frames.

    Passed is UDP to port 68, or to 67 for relay agents, that is a reply with DHCP's cookie. Of
    what this host sends only replies that give an address: our own never do, and no other proxy
    can be on this host, where we have port 4011.
    """
    wanted = [
        *_only(WORD_AT, PROTOCOL, _IPV4),
        # The frame of a VLAN is seen on its trunk first, and then where it belongs.
        *_only(WORD_AT, VLAN_TAG, 0),
        *_only(BYTE_AT, 9, _UDP),
        Instruction(HALF_AT, k=6),
        Instruction(IF_BIT, true=_DROP, k=_FRAGMENT),
        Instruction(LOAD_HEADER),
        Instruction(LOAD_HALF, k=2),
        Instruction(IF_EQUAL, true=1, k=68),
        Instruction(IF_EQUAL, false=_DROP, k=67),
        *_only(LOAD_BYTE, _UDP_HEADER, Op.REPLY),
        *_only(LOAD_WORD, _UDP_HEADER + 236, int.from_bytes(COOKIE)),
        Instruction(WORD_AT, k=PACKET_TYPE),
        Instruction(IF_EQUAL, false=2, k=_OUTGOING),
        Instruction(LOAD_WORD, k=_UDP_HEADER + 16),
        Instruction(IF_EQUAL, true=_DROP, k=0),
        Instruction(RETURN, k=WHOLE),
        Instruction(RETURN),
    ]
    last = len(wanted) - 1
    return compiled(
        Instruction(
            each.code,
            last - at - 1 if each.true == _DROP else each.true,
            last - at - 1 if each.false == _DROP else each.false,
            each.k,
        )
        for at, each in enumerate(wanted)
    )


_DROP: Final = -1
"""A jump to the end, wherever that is."""


def _only(load: int, at: int, value: int) -> tuple[Instruction, Instruction]:
    return Instruction(load, k=at), Instruction(IF_EQUAL, false=_DROP, k=value)
