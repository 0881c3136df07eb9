"""Whom to answer, with what, and why not. Pure: told everything, does nothing.

The shape of an answer follows what firmware was seen to need; every deviation from the
RFCs' plain text names its cause at its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Final, Literal

from pyxie.architectures import RASPBERRY, Architecture, Family, Transport
from pyxie.dhcp.firmware import (
    Ipxe,
    NoArchitecture,
    architecture,
    features,
    ipxe,
)
from pyxie.dhcp.message import (
    BROADCAST_FLAG,
    UNSPECIFIED,
    DhcpMessage,
    MessageType,
    Op,
    Option,
)
from pyxie.events.datagrams import Offered
from pyxie.recognition.recognise import Contested, Known, Recognised, boots, settled, why_not

Port = Literal[67, 4011]
"""Where a request was received: as a DHCP server, or as a PXE boot server."""

LIMITED_BROADCAST: Final = IPv4Address("255.255.255.255")


class Reason(StrEnum):
    """Why a datagram is not answered; the values label metrics."""

    NOT_A_REQUEST = "not-a-request"
    NOT_A_DISCOVER = "not-a-discover"
    NOT_A_BOOT_REQUEST = "not-a-boot-request"
    NOT_NETBOOT = "not-netboot"
    NOT_ETHERNET = "not-ethernet"
    UNKNOWN_MACHINE = "unknown-machine"
    NOT_IN_BUILD = "not-in-build"
    CONTESTED = "contested"
    NO_ARCHITECTURE = "no-architecture"
    MALFORMED_ARCHITECTURE = "malformed-architecture"
    UNKNOWN_ARCHITECTURE = "unknown-architecture"
    NO_LOADER = "no-loader"
    BAD_RELAY = "bad-relay"
    NO_ADDRESS = "no-address"
    OTHER_INTERFACE = "other-interface"
    LIMITED = "limited"
    CROWDED = "crowded"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer, for a reason; ``detail`` says it in plain words."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send.

    Attributes:
        message: The reply.
        what: What it tells the client, for the trace.
        chain: It hands an iPXE the better iPXE: to be remembered, see
            `pyxie.dhcp.chain.ChainMemory`.
    """

    message: DhcpMessage
    what: Offered
    chain: bool = False


@dataclass(frozen=True, slots=True)
class Boot:
    """What pyxie has for the machine that asks.

    Attributes:
        server: Our own address, as that machine reaches it.
        http_port: Where our HTTP server listens.
        loaders: The boot loader's file name, by client architecture; no entry where none
            was found.
        absent: The one that ``loader`` names, by architecture, where there is no such file.
        client: Who it is.
        chained: This machine's iPXE was already handed our iPXE in this boot.
    """

    server: IPv4Address
    http_port: int
    loaders: Mapping[int, str]
    client: Recognised
    chained: bool = False
    absent: Mapping[int, str] = field(default_factory=dict)


def decide(request: DhcpMessage, port: Port, boot: Boot) -> Answer | Silence:
    """Answer a network-boot client in build mode, or say why not.

    On port 67 a DISCOVER gets an OFFER; a REQUEST there belongs to the LAN's DHCP server
    and is never acknowledged. On port 4011 a REQUEST gets an ACK, whatever the
    architecture: BIOS ROMs come there too (danderson/netboot#132, Intel PXE-2.0 build
    071). An INFORM or a DISCOVER that comes there is acknowledged as well, as pixiecore
    did for years: who sends to that port asks for the boot file and nothing else.
    """
    refused = _not_asked(request, port)
    if refused is not None:
        return refused
    mac = request.mac
    if mac is None:
        return Silence(Reason.NOT_ETHERNET, _no_mac(request))
    if not boots(boot.client):
        return Silence(_not_booted(boot.client), why_not(boot.client))
    arch = architecture(request.options, request.chaddr)
    if isinstance(arch, NoArchitecture):
        return Silence(Reason(arch.fault), arch.detail)
    kind = ipxe(request.options.get(77))
    if kind is Ipxe.NO:
        return _firmware(request, port, boot, mac, arch)
    return _ipxe(request, port, boot, mac, arch, kind)


def _no_mac(request: DhcpMessage) -> str:
    size, kind = len(request.chaddr), request.htype
    if kind != INFINIBAND:
        return f"a hardware address of {size} bytes, not six"
    # RFC 4390 section 2.1: hlen is 0, and the client identifier tells who it is, by its
    # end (xcat2/xcat-core#5971). iPXE puts the GUID into chaddr (src/net/udp/dhcp.c).
    told = request.chaddr if size == _GUID else request.options.get(61, b"")[-_GUID:]
    guid = f", GUID {told.hex(':')}" if len(told) == _GUID else ""
    return (
        f"an InfiniBand port (hardware type {kind}{guid}), by which pyxie boots no machine:"
        " let it boot by an Ethernet port"
    )


INFINIBAND: Final = 32
"""``htype`` (IANA's "Hardware Types")."""
_GUID: Final = 8


def _not_booted(client: Recognised) -> Reason:
    match settled(client):
        case Known():
            return Reason.NOT_IN_BUILD
        case Contested():
            return Reason.CONTESTED
        case _:
            return Reason.UNKNOWN_MACHINE


def is_netboot(request: DhcpMessage) -> bool:
    """Tell whether the client says that it boots from the network.

    By option 60, or by option 93 alone: some vendors' ROMs put another name in 60
    (dnsmasq's --dhcp-pxe-vendor), and the Raspberry Pi's REQUEST has none. An installed
    system or an installer sends neither.
    """
    options = request.options
    return 93 in options or options.get(60, b"").startswith((b"PXEClient", b"HTTPClient"))


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an answer goes.

    Attributes:
        address: May be 255.255.255.255.
        port: UDP.
        routed: Any interface may lead there, not only the one the request came in on.
    """

    address: IPv4Address
    port: int
    routed: bool = False


def destination(
    request: DhcpMessage, port: Port, source: IPv4Address, source_port: int
) -> Destination | Silence:
    """Tell where the answer to ``request`` goes (RFC 2131 section 4.1).

    Args:
        request: What was asked.
        port: Where it was received.
        source: The datagram's source address.
        source_port: The datagram's source port.
    """
    if port == 4011 and is_unicast(source) and source_port:
        return Destination(source, source_port)
    giaddr, ciaddr = request.giaddr, request.ciaddr
    if port == 67 and _given(giaddr):
        if not is_unicast(giaddr):
            # Anyone may write anything here; do not be made to send to all.
            return Silence(Reason.BAD_RELAY, f"{giaddr} is no relay agent's address")
        return Destination(giaddr, 67, routed=True)
    # The address must be the one it speaks from: a forged ciaddr gets nothing sent.
    if _given(ciaddr) and ciaddr == source and is_unicast(ciaddr):
        return Destination(ciaddr, 68)
    return Destination(LIMITED_BROADCAST, 68)


def is_unicast(address: IPv4Address) -> bool:
    """Tell whether one host elsewhere can have this address."""
    first = int(address) >> 24
    return 0 < first < 224 and first != 127


def _given(address: IPv4Address) -> bool:
    return address is not UNSPECIFIED and address != UNSPECIFIED  # parse() gives the former


def _not_asked(request: DhcpMessage, port: Port) -> Silence | None:
    if request.op is not Op.REQUEST:
        return Silence(Reason.NOT_A_REQUEST, "a server's reply")
    kind = request.type
    if port == 67 and kind != MessageType.DISCOVER:
        return Silence(Reason.NOT_A_DISCOVER, f"{_name(kind)}, not a DISCOVER")
    if port == 4011 and kind not in BOOT_REQUESTS:
        return Silence(Reason.NOT_A_BOOT_REQUEST, f"{_name(kind)}, not a REQUEST")
    if not is_netboot(request):
        return Silence(
            Reason.NOT_NETBOOT,
            "not a network-boot client: no option 93, and option 60 begins with neither"
            " PXEClient nor HTTPClient",
        )
    return None


BOOT_REQUESTS: Final = (MessageType.REQUEST, MessageType.INFORM, MessageType.DISCOVER)
_NAMES: Final = {int(kind): f"DHCP{kind.name}" for kind in MessageType}


def _name(kind: int | None) -> str:
    return "BOOTP" if kind is None else _NAMES.get(kind, f"message type {kind}")


def _firmware(
    request: DhcpMessage, port: Port, boot: Boot, mac: str, arch: Architecture
) -> Answer | Silence:
    loader = boot.loaders.get(arch.code)
    if loader is None:
        return Silence(Reason.NO_LOADER, _no_loader(arch, boot.absent.get(arch.code)))
    vendor = _vendor(request, arch)
    if vendor == b"HTTPClient":
        url = f"{_http(boot)}/loader/{_dashed(mac)}/{loader}"
        message = _reply(request, port, boot, vendor, url)
        return Answer(message, _offered(url, "HTTP", port, arch))
    name = f"{_dashed(mac)}/{loader}"
    message = _reply(request, port, boot, vendor, name, discovery=_discovery(arch))
    return Answer(message, _offered(loader, "PXE", port, arch))


def _ipxe(
    request: DhcpMessage, port: Port, boot: Boot, mac: str, arch: Architecture, kind: Ipxe
) -> Answer:
    lacking = ""
    if kind is Ipxe.STOCK:
        lacking = features(request.options.get(175)).lacking(arch.family)
    loader = boot.loaders.get(arch.code)
    # iPXE listens to PXEClient only, also if its firmware is an HTTPClient (ipxe
    # src/net/udp/dhcp.c). Whatever it lacks, it speaks TFTP.
    discovery = _discovery(arch)
    if lacking and loader is not None and not boot.chained:
        name = f"{_dashed(mac)}/{loader}"
        message = _reply(request, port, boot, b"PXEClient", name, discovery=discovery)
        return Answer(message, _offered(loader, "iPXE", port, arch, lacking), chain=True)
    url = f"{_http(boot)}/ipxe/{_dashed(mac)}"
    message = _reply(request, port, boot, b"PXEClient", url, discovery=discovery)
    return Answer(message, _offered(url, "iPXE", port, arch, lacking, script=True))


def _offered(
    what: str,
    client: str,
    port: Port,
    arch: Architecture,
    lacking: str = "",
    *,
    script: bool = False,
) -> Offered:
    return Offered(
        what=what,
        script=script,
        client=client,
        lacking=lacking,
        architecture=arch.name,
        port=port,
    )


def _reply(
    request: DhcpMessage,
    port: Port,
    boot: Boot,
    vendor: bytes,
    name: str,
    *,
    discovery: bytes = b"",
) -> DhcpMessage:
    server, asked = boot.server, request.options
    server_text, name_bytes = str(server).encode(), name.encode()
    offer = port == 67
    options: dict[int, bytes] = {
        Option.MESSAGE_TYPE: b"\x02" if offer else b"\x05",
        Option.SERVER_ID: server.packed,
        Option.VENDOR_CLASS: vendor,
        # Ended by a zero byte, which RFC 2132 section 2 bids receivers to trim: some
        # ROMs run on into what follows (dnsmasq rfc2131.c do_options), and EDK2 writes
        # the zero itself, over the next option's code (HttpBootDhcp4.c).
        Option.TFTP_SERVER_NAME: server_text + b"\0",
        Option.BOOTFILE_NAME: name_bytes + b"\0",
    }
    if discovery:
        options[Option.VENDOR_SPECIFIC] = discovery
    if 97 in asked:  # RFC 4578 section 2.3; ROMs without one exist (netboot#21)
        options[Option.CLIENT_UUID] = asked[97]
    if 82 in asked:  # RFC 3046 section 2.2
        options[Option.RELAY_AGENT] = asked[82]
    url = name.startswith("http:")
    return DhcpMessage(
        op=Op.REPLY,
        xid=request.xid,
        chaddr=request.chaddr,
        htype=request.htype,
        # A client without an address hears broadcasts only, and a relay agent asked to
        # unicast would do so to yiaddr, which is 0 here (RFC 1542 section 5.4).
        flags=request.flags | BROADCAST_FLAG if offer else request.flags,
        # RFC 2131 table 3: an OFFER's is 0, an ACK's the client's.
        ciaddr=UNSPECIFIED if offer else request.ciaddr,
        siaddr=server,
        giaddr=request.giaddr,
        sname=b"" if url else server_text,
        # The header's file beside option 67: shim and U-Boot read the header only.
        file=name_bytes if len(name_bytes) < 128 else b"",
        options=options,
    )


_TAKE_THIS: Final = b"\x06\x01\x08"
"""PXE discovery control 8: take the boot file from here, look no further."""
_PI: Final = b"Raspberry Pi Boot"


def _discovery(arch: Architecture) -> bytes:
    """Return option 43 for the answer (PXE 2.1 section 2.4); empty for none.

    Never for UEFI: EDK2 of many years drops the first proxy offer that has it
    (tianocore/edk2#6944), and asks on port 4011 where it is absent.
    """
    if arch.family is Family.BIOS:
        return _TAKE_THIS + b"\xff"
    if arch.code == RASPBERRY:
        # Its boot ROM takes an answer for its own by the name in a menu, of one entry of type
        # 0, with a prompt (raspberrypi/documentation#1686; RPi 4's PXE_OPTION43).
        menu = b"\x00\x00" + bytes([len(_PI)]) + _PI
        prompt = b"\x00PXE"
        parts = (b"\x09" + bytes([len(menu)]) + menu, b"\x0a" + bytes([len(prompt)]) + prompt)
        return _TAKE_THIS + b"".join(parts) + b"\xff"
    return b""


def _vendor(request: DhcpMessage, arch: Architecture) -> bytes:
    """Return option 60 for the answer: without it, clients do not take it for theirs."""
    asked = request.options.get(60, b"")
    if asked.startswith(b"HTTPClient"):
        return b"HTTPClient"
    if asked.startswith(b"PXEClient"):
        return b"PXEClient"
    # Vendors with a name of their own expect it back (dnsmasq rfc2131.c pxe_misc).
    own, marked, _ = asked.partition(b":Arch:")
    if own and marked:
        return own
    return b"HTTPClient" if arch.transport is Transport.HTTP else b"PXEClient"


def _no_loader(arch: Architecture, absent: str | None) -> str:
    what = f"no boot loader for {arch.name} (client architecture {arch.code:#04x})"
    if absent is not None:
        return f"{what}: there is no {absent}, which 'loader' names"
    if not arch.loaders:
        return what
    first, others = arch.loaders[:_SAID], len(arch.loaders) - _SAID
    more = f" and {others} other names" if others else ""
    return f"{what}: looked for {', '.join(first)}{more}"


_SAID: Final = 4
"""Names of loaders that a sentence has; ipxe/README.md has them all."""


def _http(boot: Boot) -> str:
    return f"http://{boot.server}:{boot.http_port}"


def _dashed(mac: str) -> str:
    return mac.replace(":", "-")
