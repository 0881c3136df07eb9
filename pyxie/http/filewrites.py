"""A machine's file created, changed or deleted for whoever asks, and the snapshot made anew."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from aiohttp import web

from pyxie.http.edge import peer
from pyxie.http.parts import INDEX, MACHINES, POOLS
from pyxie.registry.writer import Accepts, Stored, WriteError

log = logging.getLogger(__name__)


async def created(request: web.Request, host: str, text: str) -> Stored:
    """Write the file of a new machine; raises as `pyxie.registry.writer.Writer.create`."""
    files = request.app[MACHINES]
    async with files.writing:
        registry = await files.refresh()
        stored = await request.app[POOLS].management.run(files.writer.create, host, text, registry)
        await files.refresh()
    log.info("the machine %s was created by %s", stored.file.hostname, peer(request))
    return stored


async def changed(
    request: web.Request, host: str, edit: Callable[[Stored], str], accepts: Accepts
) -> Stored:
    """Write a machine's file as ``edit`` makes it of what it is.

    Args:
        request: Who asks.
        host: Its hostname, or the file's name without ending.
        edit: Makes its text; in a thread.
        accepts: Whether the caller knows the file as it is.

    Raises:
        ConfigError, WriteError: As of `pyxie.registry.writer.Writer.change`.
    """
    files = request.app[MACHINES]
    async with files.writing:
        registry = await files.refresh()
        stored = await request.app[POOLS].management.run(
            files.writer.change, host, edit, registry, accepts
        )
        await files.refresh()
    log.info("the machine %s was changed by %s", stored.file.hostname, peer(request))
    return stored


async def removed(request: web.Request, host: str, accepts: Accepts, *, force: bool) -> None:
    """Delete a machine's file.

    Args:
        request: Who asks.
        host: As of `changed`.
        accepts: Whether the caller knows the file as it is.
        force: In build mode, too; its build goes on.

    Raises:
        HTTPConflict: It is in build mode.
        WriteError: As of `pyxie.registry.writer.Writer.remove`.
    """
    for error in (await all_removed(request, {host: accepts}, force=force)).values():
        raise error


async def all_removed(
    request: web.Request, hosts: Mapping[str, Accepts], *, force: bool = False
) -> dict[str, web.HTTPConflict | WriteError]:
    """Delete the files of several machines; of ten thousand files a look at all takes its time.

    Args:
        request: Who asks.
        hosts: Machines, each with whether the caller knows its file as it is.
        force: As of `removed`.

    Returns:
        Of each whose file was not deleted, why.
    """
    files, refused = request.app[MACHINES], dict[str, web.HTTPConflict | WriteError]()
    async with files.writing:
        registry = await files.refresh()
        for host, accepts in hosts.items():
            name = registry.hostname_of(host)
            if request.app[INDEX].active(name) and not force:
                message = f"{name} is in build mode; cancel that first, or say force=1 (--force)"
                refused[host] = web.HTTPConflict(text=message)
                continue
            try:
                await request.app[POOLS].management.run(
                    files.writer.remove, host, registry, accepts
                )
            except WriteError as exc:
                refused[host] = exc
            else:
                log.info("the machine %s was removed by %s", name, peer(request))
        await files.refresh()
    return refused
