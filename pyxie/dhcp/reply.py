"""What an answer looks like on the wire, whatever it tells. Pure.

Its shape follows what firmware was seen to need; every deviation from the RFCs' plain text names
its cause at its place.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Final, Literal

from pyxie.architectures import RASPBERRY, Architecture, Family, Transport
from pyxie.dhcp.message import BROADCAST_FLAG, UNSPECIFIED, DhcpMessage, Op, Option, size


def reply(
    request: DhcpMessage,
    port: Literal[67, 4011],
    server: IPv4Address,
    vendor: bytes,
    name: str,
    *,
    discovery: bytes = b"",
) -> DhcpMessage:
    """Return an OFFER, or on port 4011 an ACK.

    Args:
        request: What it answers.
        port: Where that was received.
        server: Our own address, as the client reaches it.
        vendor: Option 60.
        name: The boot file's, or a URL.
        discovery: Option 43; empty for none.
    """
    asked = request.options
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
    sname = b"" if url else server_text
    # The header's file beside option 67: shim and U-Boot read the header only.
    file = name_bytes if len(name_bytes) < 128 else b""
    most = request.takes
    if size(options) > most:
        # As if it were not said twice. Who reads options reads the header where one is missing.
        if sname:
            del options[Option.TFTP_SERVER_NAME]
        if file:
            del options[Option.BOOTFILE_NAME]
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
        sname=sname,
        file=file,
        options=options,
        most=most,
    )


_TAKE_THIS: Final = b"\x06\x01\x08"
"""PXE discovery control 8: take the boot file from here, look no further."""
_PI: Final = b"Raspberry Pi Boot"


def discovery_of(arch: Architecture) -> bytes:
    """Return option 43 for the answer (PXE 2.1 section 2.4); empty for none.

    Never for UEFI: EDK2 of many years drops the first proxy offer that has it
    (tianocore/edk2#6944), and asks on port 4011 where it is absent.
    """
    if arch.family is Family.BIOS:
        return _TAKE_THIS + b"\xff"
    if arch.code == RASPBERRY:
        # Its boot ROM takes an answer for its own by the name in a menu, of one entry of type
        # 0, with a prompt (raspberrypi/documentation#1686; RPi 4's PXE_OPTION43).
        return _TAKE_THIS + _menu(_PI) + b"\xff"
    return b""


def local_boot() -> bytes:
    """Return option 43 for a BIOS that is to go on to its next boot device.

    A menu of one entry of type 0, local boot, that is taken at once, and no broadcast or multicast
    for other boot servers (PXE 2.1 section 2.4). So dnsmasq's ``--pxe-service=x86PC,…,0`` writes it
    (rfc2131.c, pxe_opts), and iPXE understands it (src/usr/pxemenu.c).
    """
    return b"\x06\x01\x03" + _menu(b"Boot from the next device") + b"\xff"


def _menu(entry: bytes) -> bytes:
    """Return a menu of one entry of type 0, and a prompt that is over at once."""
    menu = b"\x00\x00" + bytes([len(entry)]) + entry
    prompt = b"\x00PXE"
    return b"\x09" + bytes([len(menu)]) + menu + b"\x0a" + bytes([len(prompt)]) + prompt


def vendor_of(request: DhcpMessage, arch: Architecture) -> bytes:
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
