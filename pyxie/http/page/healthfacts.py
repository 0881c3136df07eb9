"""What the screen Health is made of, asked of those who know."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from aiohttp import web

from pyxie.config.settings import Settings, image_store_folder
from pyxie.errors import BusyError
from pyxie.http.page.healthview import (
    Disk,
    Limit,
    Loader,
    Nic,
    Problems,
    Running,
    Server,
    limits,
    nics,
    problems,
    servers,
    services,
)
from pyxie.http.parts import (
    BOUND_WATCH,
    BUILDS,
    IMAGE_STORE,
    INTERFACES,
    LOADERS,
    MACHINES,
    OTHERS,
    POOLS,
    SETTINGS,
    STATE,
)
from pyxie.http.wrong import wrong
from pyxie.loaders.listing import listed
from pyxie.loaders.signers import Signer
from pyxie.threads import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """All of the screen; ``file`` is the settings'."""

    file: str
    problems: Problems
    nics: tuple[Nic, ...]
    services: tuple[Running, ...]
    servers: tuple[Server, ...]
    loaders: tuple[Loader, ...]
    disks: tuple[Disk, ...]
    limits: tuple[Limit, ...]


async def health_facts(app: web.Application, regions: Collection[str] | None = None) -> Screen:
    """Return what there is to be said now.

    Args:
        app: Of whose parts.
        regions: For which parts of the screen, by the ``id`` of their elements: files are looked at
            for those alone. None for all, with a look at the machines' files first.
    """
    settings, now = app[SETTINGS], time.time()
    registry = app[MACHINES]() if regions is not None else await app[MACHINES].refresh()
    found = await wrong(app, registry)
    has_loaders = regions is None or "health-loaders" in regions
    has_disks = regions is None or "health-disks" in regions
    others, watch = app[OTHERS], app[BOUND_WATCH]
    return Screen(
        file=str(settings.file.absolute()),
        problems=problems(
            found.others, (*found.files, *found.media), await settings.not_in_force()
        ),
        nics=_nics(app),
        services=_services(app, settings()),
        servers=servers(((each, others.age(each.moment)) for each in others.servers()), now),
        loaders=await _loaders(app, settings().ipxe) if has_loaders else (),
        disks=await _disks(app[POOLS].disks, places(settings())) if has_disks else (),
        limits=limits(((each.bound, each.last) for each in watch.reached()), now),
    )


def _nics(app: web.Application) -> tuple[Nic, ...]:
    now = app[INTERFACES]()
    present = {each.name: tuple(map(str, each.addresses)) for each in now.all}
    return nics(present, now.names, now.missing, named=bool(app[SETTINGS]().interfaces))


def _services(app: web.Application, settings: Settings) -> tuple[Running, ...]:
    return services(
        settings,
        state=app[STATE].problem or app[BUILDS].problem,
        unsaved=app[BUILDS].unsaved,
        store=app[IMAGE_STORE].problem,
        folder=str(image_store_folder(settings)),
    )


async def _loaders(app: web.Application, folder: Path) -> tuple[Loader, ...]:
    known = app[LOADERS]

    def read() -> tuple[Loader, ...]:
        return tuple(
            Loader(
                client=each.client,
                name=each.name,
                path=str(each.path or ""),
                size=each.size,
                version=each.version,
                signers=tuple(map(signed, each.signers)),
                usual=each.usual,
                missing=each.missing,
            )
            for each in listed(known, folder)
        )

    try:
        return await app[POOLS].loaders.run(read)
    except BusyError as exc:
        return (Loader(client="all", missing=str(exc)),)


def signed(signer: Signer) -> str:
    """Return who signed a loader, and whose key the firmware, or shim, has to have."""
    until = f", until {_day(signer.expires)}" if signer.expires else ""
    return f"{signer.name}, by {signer.ca}{until}"


def _day(day: date) -> str:
    return day.isoformat()


def places(settings: Settings) -> Mapping[str, Path]:
    """Return the folders that may fill up, by what is kept there."""
    found = {"ISO images": settings.isos, "images of yours": settings.images}
    if settings.state.startswith("sqlite"):
        found = {"the state": Path(settings.state.partition(":///")[2]).parent, **found}
    if settings.image_store.size:
        found["files of other servers"] = image_store_folder(settings)
    return found


async def _disks(pool: Pool, folders: Mapping[str, Path]) -> tuple[Disk, ...]:
    """Return what is free on each disk, which is named by all that is kept there."""
    found: dict[object, Disk] = {}
    for what, folder in folders.items():
        try:
            key, free, size = await pool.run(_looked, folder)
        except (OSError, BusyError):
            key, free, size = folder, None, 0
        before = found.get(key)
        said = f"{before.what}, {what}" if before is not None else what
        path = before.path if before is not None else str(folder)
        found[key] = Disk(what=said, path=path, free=free, size=size)
    return tuple(found.values())


def _looked(folder: Path) -> tuple[object, int, int]:
    """Return which disk a folder is on, its free bytes and its size; for threads.

    One that is not there yet is made on the disk of what is above it.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    disk = os.statvfs(folder)
    return folder.stat().st_dev, disk.f_frsize * disk.f_bavail, disk.f_frsize * disk.f_blocks
