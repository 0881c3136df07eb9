"""What a call for a build asks for: of which machine, made of what, by whom."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.builds.definitions import BODY
from pyxie.config.nodes import BUILD_BODY, Document, Loc, parse
from pyxie.errors import ConfigError
from pyxie.http.bodies import whole
from pyxie.http.edge import base_url, judged
from pyxie.http.hosts import near, unknown
from pyxie.http.parts import MACHINES
from pyxie.outbound.fetcher import check
from pyxie.outbound.reach import OutOfReachError, Reach, literal
from pyxie.registry.asbuilt import Kept, KeptDefinitions
from pyxie.registry.define import Definition, UnknownTypeError
from pyxie.registry.machine import Machine
from pyxie.registry.mirrors import Mirrors, called, filed, mirror, urls_in
from pyxie.registry.origins import own
from pyxie.registry.registry import Registry
from pyxie.render.context import BuildContext
from pyxie.render.preview import unbegun
from pyxie.urls import shown


@dataclass(frozen=True, slots=True)
class Asked:
    """What a build is to be made of.

    Attributes:
        registry: The machines by which that was said.
        definition: Of its machine.
        written: The paths of what the machine's own file says.
        called: The servers that only the call names, of one who may build and no more.
        believed: Who asks may do all.
        kept: The definition, where the call says nothing of its own, and so may the next.
    """

    registry: Registry
    definition: Definition
    written: frozenset[Loc]
    called: Mirrors
    believed: bool
    kept: Kept | None = None


async def found(request: web.Request, name: str, registry: Registry | None = None) -> Machine:
    """Return the machine of that name, as its file is now, or as ``registry`` has it.

    Raises:
        HTTPBadRequest: Its file is broken.
        HTTPNotFound: There is none.
    """
    registry = registry or await request.app[MACHINES].refresh()
    broken = registry.why_broken(name)
    if broken:
        raise web.HTTPBadRequest(text="\n".join(str(problem) for problem in broken))
    machine = registry.find(name)
    if machine is None:
        raise web.HTTPNotFound(text=unknown(name, await near(request, registry, name)))
    return machine


def defined(
    registry: Registry,
    machine: Machine,
    build_type: str | None,
    body: Document | None,
    *,
    beneath: bool = False,
) -> Definition:
    """Return a machine with all that it inherits, for a call that names a type or says more.

    Raises:
        HTTPBadRequest: What the call says is wrong.
        HTTPNotFound: There is no such build type.
    """
    try:
        return registry.define(machine, build_type, body, beneath=beneath)
    except UnknownTypeError as exc:
        raise web.HTTPNotFound(text=str(exc)) from exc
    except ConfigError as exc:
        raise web.HTTPBadRequest(text=str(exc)) from exc


def trial(request: web.Request) -> BuildContext:
    """Return the context in which what a build would serve is tried before it begins."""
    return unbegun(base_url(request))


async def said_in(request: web.Request) -> str:
    """Return a body that is YAML or JSON, and so UTF-8, whatever its header says.

    Raises:
        HTTPBadRequest: It is not.
        HTTPRequestEntityTooLarge: It is longer than its operation takes.
    """
    try:
        return (await whole(request)).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise web.HTTPBadRequest(text=f"the body is not UTF-8: byte {exc.start}") from exc


def document(text: str) -> Document | None:
    """Return what a call says beside its URL, in YAML or JSON; None for nothing.

    Raises:
        HTTPBadRequest: It is neither.
    """
    if not text.strip():
        return None
    try:
        return parse(text.encode(errors="surrogatepass"), BODY, size=BUILD_BODY)
    except ConfigError as exc:
        raise web.HTTPBadRequest(text=str(exc)) from exc


def asked(
    request: web.Request,
    registry: Registry,
    machine: Machine,
    build_type: str | None,
    said: str,
    *,
    beneath: bool = False,
) -> Asked:
    """Return what a call asks for; for threads.

    Raises:
        HTTPBadRequest: What the call says is wrong.
        HTTPForbidden: It says what its caller may not.
        HTTPNotFound: There is no such build type.
    """
    body = document(said)
    definition = defined(registry, machine, build_type, body, beneath=beneath)
    believed = _is_allowed(request, body, definition)
    named = _called(body, definition, believed)
    return Asked(registry, definition, own(definition.merged), named, believed)


def asked_at_once(
    registry: Registry, machine: Machine, kept: KeptDefinitions, *, believed: bool
) -> Asked | None:
    """Return what a call asks for that names no type and has no body, if that is known already.

    Args:
        registry: The machines of now.
        machine: The one that is to be built.
        kept: What is known.
        believed: Who asks may do all.
    """
    found = kept.find(registry, machine.hostname)
    if found is None:
        return None
    return Asked(registry, found.definition, found.written, frozenset(), believed, found)


def remembered(asked: Asked, kept: KeptDefinitions) -> Asked:
    """Have what such a call asks for known from now on."""
    return replace(asked, kept=kept.put(asked.registry, asked.definition, asked.written))


def _is_allowed(request: web.Request, body: Document | None, definition: Definition) -> bool:
    """Tell whether a call comes from one who may do all; else refuse what not all may say.

    Commands would run on this host, as pyxie's user. URLs would have pyxie read what only pyxie
    can reach; where names lead is judged at each fetch, by `pyxie.outbound.fetcher`.

    Raises:
        HTTPForbidden: The body has commands, or URLs that lead to inner addresses at first sight.
    """
    refusal = judged(request, Scope.ADMIN).refusal
    if refusal is None or body is None:
        return refusal is None
    data = body.data if isinstance(body.data, dict) else {}
    if any(key.endswith("_commands") for key in data):
        raise web.HTTPForbidden(text=f"hooks in the body: {refusal}")
    checksums = data.get("checksums")
    if isinstance(checksums, dict) and str(checksums.get("keyring", "")).startswith("/"):
        raise web.HTTPForbidden(text=f"the path of a keyring in the body: {refusal}")
    known = filed(definition.merged)
    for key, url in urls_in(body.data):
        server = mirror(url)
        address = literal(server[1]) if server and server not in known else None
        if address is not None:
            try:
                check(address, Reach.PUBLIC)
            except OutOfReachError as exc:
                why = f"{shown(url)}: {exc}"
                raise web.HTTPForbidden(text=str(body.problem((key,), why))) from exc
    return False


def _called(body: Document | None, definition: Definition, believed: bool) -> Mirrors:
    """Return the servers that only the call names, of one who may build and no more."""
    return frozenset() if body is None or believed else called(body.data) - filed(definition.merged)
