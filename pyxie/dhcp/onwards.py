"""What sends a machine that is not in build mode on to its next boot device, at once. Pure.

Firmware goes on by itself where nothing is offered, once it has waited: EDK2 for a minute, by four
DISCOVERs. It goes on sooner where what it was offered comes to nothing.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Literal

from pyxie.architectures import Architecture, Family
from pyxie.config.values import dashed
from pyxie.dhcp.firmware import Ipxe, features, ipxe
from pyxie.dhcp.message import DhcpMessage, Option
from pyxie.dhcp.reply import discovery_of, local_boot, reply, vendor_of
from pyxie.events.datagrams import SentOn
from pyxie.loaders.probes import NOTHING


def onwards(
    request: DhcpMessage,
    port: Literal[67, 4011],
    server: IPv4Address,
    http: str,
    arch: Architecture,
    why: str,
) -> tuple[DhcpMessage, SentOn] | None:
    """Return what to answer, and what that tells; None where no way is known.

    Args:
        request: Of a client with a MAC address.
        port: Where it was received.
        server: Our own address, as the client reaches it.
        http: Our URL, likewise.
        arch: The client's.
        why: It is not booted.
    """
    if arch.family is Family.OTHER:
        return None  # what a Raspberry Pi or a U-Boot makes of it nobody has tried
    mac = dashed(request.mac or "")
    kind = ipxe(request.options.get(Option.USER_CLASS))
    # iPXE listens to PXEClient only, also if its firmware is an HTTPClient.
    vendor = vendor_of(request, arch) if kind is Ipxe.NO else b"PXEClient"
    name, discovery = f"{mac}/{NOTHING}", b""
    if _runs_scripts(request, kind):
        name, discovery = f"{http}/ipxe/{mac}", discovery_of(arch)
    elif vendor == b"HTTPClient":
        name = f"{http}/loader/{mac}/{NOTHING}"
    elif arch.family is Family.BIOS:
        discovery = local_boot()
    client = "iPXE" if kind is not Ipxe.NO else "HTTP" if vendor == b"HTTPClient" else "PXE"
    message = reply(request, port, server, vendor, name, discovery=discovery)
    return message, SentOn(why=why, client=client, architecture=arch.name, port=port)


def _runs_scripts(request: DhcpMessage, kind: Ipxe) -> bool:
    """Tell whether the client is an iPXE that can fetch a script."""
    if kind is Ipxe.STOCK:
        return features(request.options.get(Option.IPXE)).http
    return kind is Ipxe.PIXIECORE
