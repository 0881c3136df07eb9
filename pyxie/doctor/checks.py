"""The checks: what is looked at, how it is found out, and what judges it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pyxie.client import Client
from pyxie.config.settings import image_store_folder
from pyxie.doctor import (
    bootloaders,
    firewall,
    host,
    hostclock,
    links,
    ports,
    rights,
    sources,
    storage,
)
from pyxie.doctor.footing import Footing
from pyxie.doctor.found import Finding, Severity, shown
from pyxie.doctor.neighbours import lans, refused
from pyxie.doctor.printouts import UnseenError, output
from pyxie.errors import BusyError
from pyxie.loaders.folders import Loaders
from pyxie.loaders.listing import Listed, listed
from pyxie.loaders.signedpairs import packaged
from pyxie.refusals import RefusedError
from pyxie.threads import Pool

_PROGRAM: Final = 5.0
"""Seconds for a program of this host."""
_MOST_TOLD: Final = 20
_LATELY: Final = 7 * 86_400.0
"""Seconds; a loader that was missing before that is not missed."""

Found = Iterable[Finding]


@dataclass(frozen=True, slots=True)
class Check:
    """One of them.

    Attributes:
        name: What is looked at, as people say it.
        look: Finds out and judges. Raises UnseenError if it cannot.
        seconds: That it may take.
        outside: It asks others than this host.
    """

    name: str
    look: Callable[[Footing], Awaitable[Found]]
    seconds: float = 10.0
    outside: bool = False


async def _service(footing: Footing) -> Found:
    unit = None
    if footing.systemd:
        said = await output(
            "systemctl",
            *("show", "pyxie.service", "--no-pager"),
            package="systemd",
            seconds=_PROGRAM,
        )
        unit = rights.unit_of(said)
    return rights.judge(
        rights.Service(
            running=footing.running,
            unit=unit,
            bind=footing.settings.dhcp.bind,
            observes=footing.settings.dhcp.mode == "observe",
            root=footing.root,
            effective=footing.effective,
        )
    )


async def _ports(footing: Footing) -> Found:
    settings = footing.settings
    needed = [ports.Needed("udp", settings.tftp.port, "TFTP")]
    if settings.dhcp.mode in ("answer", "serve"):
        needed.append(ports.Needed("udp", 4011, "PXE"))
    if settings.dhcp.bind and settings.dhcp.mode != "off":
        needed.append(ports.Needed("udp", 67, "DHCP", "dhcp: {bind: false}, which needs none"))
    needed.append(ports.Needed("tcp", settings.http.port, "HTTP", "http: {port: 8091}"))
    return ports.judge(needed, footing.listeners, footing.owners)


async def _links(footing: Footing) -> Found:
    return links.judge(footing.links, footing.settings.limits.tftp_blksize)


async def _firewall(footing: Footing) -> Found:
    text = await output("nft", "-j", "list", "ruleset", package="nftables", seconds=_PROGRAM)
    try:
        rules = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise UnseenError(f"nft prints no JSON that can be read: {exc}") from exc
    iptables = await _iptables(rules, legacy=footing.legacy)
    return firewall.judge(
        firewall.Rules(nft=rules, iptables=iptables, legacy=footing.legacy), footing.served
    )


async def _iptables(rules: Any, *, legacy: bool) -> str:
    """Return the rules that iptables has made, in its own words; empty if nft shows them all."""
    opaque = firewall.is_opaque(rules)
    if not opaque and not legacy:
        return ""
    program = "iptables-legacy-save" if legacy else "iptables-nft-save"
    try:
        return await output(program, "-t", "filter", package="iptables", seconds=_PROGRAM)
    except UnseenError:
        return ""


async def _clock(_: Footing) -> Found:
    return hostclock.judge(time.time(), host.clock_status())


async def _disk(footing: Footing) -> Found:
    settings = footing.settings
    folders = [(storage.STORE, image_store_folder(settings))] if settings.image_store.size else []
    if footing.state is not None:
        folders.insert(0, (storage.STATE, footing.state))
    folders.append((storage.MACHINES, settings.machinepath))
    return storage.judge([await _folder(what, path) for what, path in folders])


async def _folder(what: str, path: Path) -> storage.Folder:
    try:
        # A pool of its own each: what hangs is one file system.
        return await Pool(f"the folder {path}", patience=3.0).run(host.folder, what, path)
    except BusyError:
        why = "does not answer within 3 s: does its file system hang?"
        return storage.Folder(what=what, path=path, why=why)


async def _loaders(footing: Footing) -> Found:
    folder = footing.settings.ipxe
    rows = await Pool("boot loaders", patience=8.0).run(_listed, folder)
    missing = {each.client: each.missing for each in rows if each.missing}
    signed = frozenset(each.client for each in rows if each.signers)
    on, seen = await asyncio.gather(refused(footing), _seen(footing))
    return bootloaders.judge(
        bootloaders.Known(folder=str(folder), missing=missing, signed=signed, seen=seen, refused=on)
    )


def _listed(folder: Path) -> list[Listed]:
    return [*listed(Loaders(lambda: folder, pairs=packaged), folder)]


async def _seen(footing: Footing) -> tuple[str, ...]:
    """Return what the daemon could not answer for want of a loader, a sentence a machine."""
    if footing.daemon is None:
        return ()
    since = str(time.time() - _LATELY)
    answer = await footing.daemon.call(
        "GET", "events", "history", step="silence", since=since, limit="500"
    )
    found = {
        each["mac"]: f"{each['mac']}: {each['text']}"
        for each in answer["events"]
        if each["data"].get("reason") == "no-loader"
    }
    return tuple(found.values())[:_MOST_TOLD]


async def _settings(footing: Footing) -> Found:
    if footing.daemon is None:
        raise UnseenError("no daemon answers; pyxie check looks at the files")
    answer = await footing.daemon.health()
    told = answer.get("problems", ())[:_MOST_TOLD]
    # Loaders and the disk are looked at by themselves.
    problems = [str(each) for each in told if not str(each).startswith("no boot loader")]
    stale = answer.get("not_in_force", ())[:_MOST_TOLD]
    return [
        *(Finding("problem", Severity.LOOK, f"pyxie says: {shown(each)}") for each in problems),
        *(
            Finding("not-in-force", Severity.LOOK, shown(str(each)), ("systemctl restart pyxie",))
            for each in stale
        ),
    ]


async def _images(footing: Footing) -> Found:
    if footing.daemon is None:
        raise UnseenError("no daemon answers, which asks the servers")
    names = sorted(footing.systems)[:_MOST_TOLD]
    answers = await asyncio.gather(*(_recipe(footing.daemon, each) for each in names))
    return sources.judge([each for each in answers if each is not None])


async def _recipe(daemon: Client, name: str) -> sources.Recipe | None:
    try:
        answer = await daemon.call("POST", "recipes", name, "check")
    except RefusedError as exc:
        return sources.Recipe(name, problem=str(exc))
    files = tuple(
        sources.File(each["url"], each["state"], each["why"], each["signature"])
        for each in answer["files"]
    )
    return sources.Recipe(name, files, answer.get("problem") or "")


CHECKS: Final = (
    Check("the service", _service),
    Check("ports", _ports),
    Check("interfaces", _links),
    Check("firewall rules", _firewall),
    Check("boot loaders", _loaders),
    Check("settings and machine files", _settings),
    Check("disk", _disk),
    Check("clock", _clock),
    Check("servers of kernels and initrds", _images, 30.0, outside=True),
    Check("DHCP and boot servers on the LAN", lans, 75.0, outside=True),
)
"""In the order in which what they find is told, where it is equally bad."""


def is_root() -> bool:
    """Tell whether we see what is other users'."""
    return os.geteuid() == 0
