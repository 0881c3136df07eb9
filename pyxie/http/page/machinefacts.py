"""What is known of one machine, gathered for its screen; what cannot be had is told, not raised."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pyxie.bounds import STORE_LOOK
from pyxie.builds.life import Build
from pyxie.builds.pages import builds as builds_page
from pyxie.config.nodes import Document
from pyxie.errors import BusyError, ConfigError, NotServedError, Problem, RenderError
from pyxie.http.bodies import aside
from pyxie.http.buildcall import document
from pyxie.http.edge import base_url, printable
from pyxie.http.hosts import near
from pyxie.http.page.buildview import BUILDS_SHOWN
from pyxie.http.parts import HOOKS, INDEX, MACHINES, POOLS, RECORDS, SETTINGS
from pyxie.mending import Mending
from pyxie.registry.define import Definition, UnknownTypeError
from pyxie.registry.machine import Machine
from pyxie.registry.registry import Registry
from pyxie.registry.veil import secrets_in
from pyxie.registry.writer import NotThereError, Stored, WriteError
from pyxie.render.context import BuildContext
from pyxie.render.preview import TOKEN
from pyxie.store.pools import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A machine.

    Attributes:
        host: Its hostname, or that of its file.
        registry: The snapshot that it is of.
        machine: As its file says, or said when it was last valid; None where it never was.
        build: The newest; None if there was none.
        stored: Its file; None if it has none, or it cannot be read.
        unread: Why it cannot be read; empty if it can.
        problems: What is wrong with it.
    """

    host: str
    registry: Registry
    machine: Machine | None
    build: Build | None
    stored: Stored | None
    unread: str
    problems: tuple[Problem, ...]

    @property
    def active(self) -> Build | None:
        """The build that it is in build mode for."""
        return self.build if self.build is not None and self.build.active else None


async def facts(app: web.Application, name: str) -> Facts | None:
    """Return what is known of a machine; None if neither a file nor a build is of that name.

    Args:
        app: With all parts.
        name: Its hostname, or that of its file without ending.
    """
    files = app[MACHINES]
    unread, stored = "", None
    try:
        registry = await files.refresh()
        stored = await app[POOLS].management.run(files.writer.read, name, registry)
    except NotThereError:
        registry = files()
    except (WriteError, BusyError) as exc:
        registry, unread = files(), str(exc)
    machine = registry.find(name)
    host = machine.hostname if machine is not None else name.lower()
    if machine is None and stored is not None and stored.file.hostname:
        host = stored.file.hostname
    build = app[INDEX].of(host)
    problems = tuple(dict.fromkeys((*registry.why_broken(name), *registry.why_broken(host))))
    if machine is None and stored is None and build is None and not problems:
        return None
    return Facts(
        host=host,
        registry=registry,
        machine=machine,
        build=build,
        stored=stored,
        unread=unread,
        problems=problems,
    )


async def asked(request: web.Request) -> Facts:
    """Return what is known of the machine that the URL names.

    Raises:
        HTTPNotFound: Neither a file nor a build is of that name.
    """
    name = request.match_info["hostname"]
    found = await facts(request.app, name)
    if found is None:
        names = await near(request, request.app[MACHINES](), name)
        hint = f"\nDid you mean {' or '.join(names)}?" if names else ""
        raise web.HTTPNotFound(text=f"No machine file and no build is of {printable(name)}.{hint}")
    return found


async def defined(
    app: web.Application, of: Facts, build_type: str = ""
) -> tuple[Definition | None, str]:
    """Return a machine with all that it inherits, or why there is none.

    Args:
        app: With all parts.
        of: The machine.
        build_type: As this one would have it; empty for the build that it is in, else its own.
    """
    if of.machine is None:
        return None, ""
    return await app[POOLS].management.run(_defined, of, of.machine, build_type)


def _defined(of: Facts, machine: Machine, build_type: str) -> tuple[Definition | None, str]:
    active, body, beneath = of.active, None, False
    try:
        if active is not None and not build_type:
            build_type, beneath = active.build_type, active.beneath
            body = document(active.body)
        found = of.registry.define(machine, build_type or None, body, beneath=beneath)
    except (ConfigError, UnknownTypeError) as exc:
        return None, str(exc)
    except web.HTTPException as exc:
        return None, exc.text or exc.reason
    return found, ""


def secrets_of(of: Facts, definition: Definition | None) -> frozenset[str]:
    """Return what is not to be shown of a machine, wherever it stands."""
    document_of = of.stored.file.document if of.stored is not None else None
    found = secrets_in(document_of.data) if document_of is not None else frozenset()
    return found | secrets_in(definition.merged.data) if definition is not None else found


def text_of(stored: Stored) -> str:
    """Return a machine's file as text: of one that is no UTF-8, as Latin-1, which old ones are."""
    return stored.raw.decode("utf-8-sig" if is_utf8(stored) else "latin-1")


def is_utf8(stored: Stored) -> bool:
    """Tell whether a machine's file is UTF-8, as YAML files are to be."""
    try:
        stored.raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def trial(request: web.Request, of: Definition) -> BuildContext:
    """Return what templates see of a build that is looked at, and has no token."""
    mac = next(iter(of.machine.macs), "")
    return BuildContext(base_url=base_url(request), token=TOKEN, mac=mac, build_type=of.build_type)


async def mended(
    request: web.Request,
    definition: Definition,
    own: Document,
    faults: Sequence[NotServedError | RenderError],
) -> list[Problem]:
    """Return faults of what a machine is given, each with the place where it is to be mended.

    Args:
        request: Who asks.
        definition: The machine.
        own: Its file.
        faults: As they were found.
    """
    where = Mending(request.app[SETTINGS](), definition, own)
    return await aside(request, lambda: [where.problem(fault) for fault in faults])


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store has of a machine.

    Attributes:
        builds: The newest, as of `pyxie.builds.pages.builds`.
        history: As of `pyxie.builds.builds.Builds.history`.
        hooks: As of `pyxie.hooks.runner.Hooks.history`.
        log: The end of the installer's log that came when the newest build failed.
        problem: Why not all of it is here; empty if it is.
    """

    builds: list[Build]
    history: list[dict[str, Any]]
    hooks: list[dict[str, Any]]
    log: str
    problem: str


async def kept(app: web.Application, of: Facts) -> Kept:
    """Return what the store has of a machine; of one that does not answer, what is in memory."""
    newest = [of.build] if of.build is not None else []
    try:
        async with asyncio.timeout(STORE_LOOK.most):
            found = await builds_page(app[RECORDS], host=of.host, limit=BUILDS_SHOWN)
            history = await app[RECORDS].history(of.host)
            hooks = await app[HOOKS].history(of.host)
            log = await app[RECORDS].log_of(newest[0].number) if newest else ""
    except (StoreError, TimeoutError) as exc:
        return Kept(newest, [], [], "", unreadable(exc))
    if newest and found and found[0].number == newest[0].number:
        found[0] = newest[0]  # what counts in memory may not be stored yet
    return Kept(found or newest, history, hooks, log, "")


def unreadable(exc: StoreError | TimeoutError) -> str:
    """Say that the store does not tell what was asked."""
    if isinstance(exc, StoreError):
        return f"the state cannot be read: {exc}"
    STORE_LOOK.reached()
    return f"the state cannot be read: it did not answer within {STORE_LOOK.whole} s"
