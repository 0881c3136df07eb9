"""Whom to answer, with what, and why not. Pure: told everything, does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Final, Literal

from pyxie.architectures import Architecture
from pyxie.config.values import dashed
from pyxie.dhcp.firmware import (
    Ipxe,
    NoArchitecture,
    architecture,
    features,
    ipxe,
)
from pyxie.dhcp.message import (
    UNSPECIFIED,
    DhcpMessage,
    MessageType,
    Op,
)
from pyxie.dhcp.onwards import onwards
from pyxie.dhcp.reply import discovery_of, reply, vendor_of
from pyxie.events.datagrams import Offered, SentOn
from pyxie.loaders.lanes import Chain
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
    what: Offered | SentOn
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
        chains: By which lane a loader comes, by architecture, for the trace.
        goes_on: Where it is not booted, it is told to go on to its next boot device.
        client: Who it is.
        chained: This machine's iPXE was already handed our iPXE in this boot.
    """

    server: IPv4Address
    http_port: int
    loaders: Mapping[int, str]
    client: Recognised
    chained: bool = False
    absent: Mapping[int, str] = field(default_factory=dict)
    chains: Mapping[int, Chain] = field(default_factory=dict)
    goes_on: bool = False


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
    arch = architecture(request.options, request.chaddr)
    if not boots(boot.client):
        return _not_booted(request, port, boot, arch)
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


def _not_booted(
    request: DhcpMessage, port: Port, boot: Boot, arch: Architecture | NoArchitecture
) -> Answer | Silence:
    why = why_not(boot.client)
    if boot.goes_on and isinstance(arch, Architecture):
        found = onwards(request, port, boot.server, _http(boot), arch, why)
        if found is not None:
            return Answer(*found)
    match settled(boot.client):
        case Known():
            return Silence(Reason.NOT_IN_BUILD, why)
        case Contested():
            return Silence(Reason.CONTESTED, why)
        case _:
            return Silence(Reason.UNKNOWN_MACHINE, why)


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
    vendor, chain = vendor_of(request, arch), boot.chains.get(arch.code)
    if vendor == b"HTTPClient":
        url = f"{_http(boot)}/loader/{dashed(mac)}/{loader}"
        message = reply(request, port, boot.server, vendor, url)
        return Answer(message, _offered(url, "HTTP", port, arch, chain=chain))
    name = f"{dashed(mac)}/{loader}"
    message = reply(request, port, boot.server, vendor, name, discovery=discovery_of(arch))
    return Answer(message, _offered(loader, "PXE", port, arch, chain=chain))


def _ipxe(
    request: DhcpMessage, port: Port, boot: Boot, mac: str, arch: Architecture, kind: Ipxe
) -> Answer:
    lacking = ""
    if kind is Ipxe.STOCK:
        lacking = features(request.options.get(175)).lacking(arch.family)
    loader = boot.loaders.get(arch.code)
    # iPXE listens to PXEClient only, also if its firmware is an HTTPClient (ipxe
    # src/net/udp/dhcp.c). Whatever it lacks, it speaks TFTP.
    discovery = discovery_of(arch)
    if lacking and loader is not None and not boot.chained:
        name = f"{dashed(mac)}/{loader}"
        message = reply(request, port, boot.server, b"PXEClient", name, discovery=discovery)
        return Answer(message, _offered(loader, "iPXE", port, arch, lacking), chain=True)
    url = f"{_http(boot)}/ipxe/{dashed(mac)}"
    message = reply(request, port, boot.server, b"PXEClient", url, discovery=discovery)
    return Answer(message, _offered(url, "iPXE", port, arch, lacking, script=True))


def _offered(
    what: str,
    client: str,
    port: Port,
    arch: Architecture,
    lacking: str = "",
    *,
    script: bool = False,
    chain: Chain | None = None,
) -> Offered:
    why_not = chain.why_not.items() if chain is not None else ()
    return Offered(
        what=what,
        script=script,
        client=client,
        lacking=lacking,
        architecture=arch.name,
        port=port,
        lane=str(chain.lane) if chain is not None else "",
        why_not=", ".join(f"{lane}: {why}" for lane, why in why_not),
    )


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
