"""The servers of the LANs: as they answer us, and as the daemon has overheard them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any, Final

from pyxie.doctor import lan
from pyxie.doctor.footing import Footing
from pyxie.doctor.found import Finding, Severity
from pyxie.doctor.printouts import UnseenError
from pyxie.doctor.traffic import Served
from pyxie.loaders.signedpairs import packaged
from pyxie.probing.discover import ProbeError, servers
from pyxie.probing.heard import Heard
from pyxie.probing.questions import Firmware
from pyxie.refusals import RefusedError
from pyxie.threads import Pool

_ASKED: Final = (Firmware.BIOS, Firmware.UEFI_X64)
"""As what the LAN is asked: servers may answer the one otherwise than the other."""
_OURS: Final = re.compile(
    r"(http://[^/]+/(ipxe|loader)/)?[0-9a-f]{2}(-[0-9a-f]{2}){5}(/.*)?"
).fullmatch
"""The boot files that pyxie names, in which the client's MAC stands."""
_MOST_LANS: Final = 8
_MOST_MACHINES: Final = 20
_BUILDING: Final = ("pending", "installing", "stale")


async def lans(footing: Footing) -> list[Finding]:
    """Return what of the LANs' servers is in the way.

    Raises:
        UnseenError: A LAN cannot be asked.
    """
    on, overheard, signed = await asyncio.gather(
        refused(footing), _overheard(footing), Pool("signed loaders").run(packaged)
    )
    wanted = bool(signed) and footing.settings.secure_boot != "never"
    served = footing.served[:_MOST_LANS]
    heard = await asyncio.gather(
        *(_lan(footing, each, overheard) for each in served), return_exceptions=True
    )
    found: list[Finding] = []
    for each, answer in zip(served, heard, strict=True):
        if isinstance(answer, lan.Lan):
            alone = len(served) == 1
            known = replace(answer, signed=wanted, refused=bool(on), named=each.named or alone)
            found += lan.judge(known)
        elif len(served) == 1 or not isinstance(answer, UnseenError):
            raise answer
        else:
            what = f"{each.interface} could not be asked who answers machines there: {answer}"
            found.append(Finding("lan-unasked", Severity.LOOK, what))
    return found


async def _overheard(footing: Footing) -> list[Any]:
    """Return the servers that the daemon has heard of: they need not answer who only asks."""
    if footing.daemon is None:
        return []
    with suppress(RefusedError):
        answer = await footing.daemon.call("GET", "dhcp", "servers")
        return list(answer["servers"])
    return []


async def _lan(footing: Footing, served: Served, overheard: Iterable[Any]) -> lan.Lan:
    own = frozenset(each.ip for link in footing.links.all for each in link.addresses)
    told = tuple(_told(each) for each in overheard if each["interface"] == served.interface)
    try:
        heard = await asyncio.gather(
            *(servers(served.interface, None, firmware, footing.wait) for firmware in _ASKED)
        )
    except ProbeError as exc:
        if not told:
            raise UnseenError(str(exc)) from exc
        heard = [[] for _ in _ASKED]
    here = next(
        (
            owner.name
            for each in footing.listeners
            if (each.protocol, each.port) == ("udp", 67)
            and (owner := footing.owners.get(each.inode)) is not None
        ),
        "",
    )
    return lan.Lan(
        interface=served.interface,
        address=served.address,
        network=served.network,
        http_port=served.http,
        answers=footing.settings.dhcp.mode != "off",
        servers=(
            *(
                _server(each, firmware, own)
                for firmware, answers in zip(_ASKED, heard, strict=True)
                for each in answers
            ),
            *told,
        ),
        here=here,
        own=own,
    )


def _told(server: Any) -> lan.Server:
    options = server["options"]
    siaddr = IPv4Address(server["siaddr"])
    return lan.Server(
        address=IPv4Address(server["server"]),
        lease=server["addresses"],
        next_server=None if siaddr.is_unspecified else siaddr,
        file=options["67"] or server["file"],
        vendor=options["60"],
        tftp_server=options["66"],
    )


def _server(heard: Heard, firmware: Firmware, own: Iterable[object]) -> lan.Server:
    file = heard.file
    ours = heard.server in own and heard.lease is None and _OURS(file) is not None
    return lan.Server(
        address=heard.server,
        firmware=firmware,
        lease=heard.lease is not None,
        next_server=heard.next_server,
        file=file,
        vendor=heard.vendor,
        tftp_server=heard.tftp_server,
        ours=ours,
    )


async def refused(footing: Footing) -> tuple[str, ...]:
    """Return the machines in build mode whose Secure Boot is known to be on."""
    if footing.daemon is None or footing.settings.secure_boot == "never":
        return ()
    answer = await footing.daemon.call("GET", "machines")
    building = [
        each["hostname"]
        for each in answer["machines"]
        if each["build"] is not None and each["build"]["state"] in _BUILDING
    ]
    machines = await asyncio.gather(
        *(footing.daemon.call("GET", "machines", each) for each in building[:_MOST_MACHINES])
    )
    return tuple(
        each["hostname"]
        for each in machines
        if any(known["state"] == "on" for known in each.get("secure_boot") or ())
    )
