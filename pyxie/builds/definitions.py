"""What the machines of builds are built from: made when their files change, then looked up.

A machine that asks for what it boots waits for this, and so does whoever asks in its name: nothing
is parsed, merged or validated then. It is done in threads, when a build begins, before other
files come into force, and at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias

from pyxie.bounded import note
from pyxie.bounds import DEFINITIONS, DEFINITIONS_BEGINNING, DEFINITIONS_UNKNOWN
from pyxie.builds.life import HOOKS_AFTER, Build, State
from pyxie.config.build import Hook
from pyxie.config.nodes import LARGE, Document, Plain, parse
from pyxie.config.values import dashed
from pyxie.errors import ConfigError, Problem, PyxieError
from pyxie.registry.define import Common, UnknownTypeError, define
from pyxie.registry.machine import Machine
from pyxie.registry.mirrors import Mirrors, called, filed
from pyxie.registry.nic import Nic
from pyxie.registry.registry import Registry

BODY: Final = Path("body")
"""How messages name what the call that builds a machine says."""
_NOBODY: Final = "02:00:00:00:00:00"

Take: TypeAlias = Callable[[], None]
"""Puts in force what was made."""
_OfType: TypeAlias = "Machine | tuple[Problem, ...]"
"""What an unknown machine boots by a build type, but for its name; or what is wrong with that."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A machine, and what it was made of; the same objects mean that nothing has changed.

    Attributes:
        owners: Whose its NICs were: a MAC may not be another machine's.
        called: The servers for its kernel and initrds that only a call names, of one who may
            build and no more.
        is_stored: It had to be taken as it was when its build began.
        registry: The snapshot for which all this was looked at last.
    """

    token: str
    shared: Common
    document: Document | None
    machine: Machine
    owners: tuple[str | None, ...]
    called: Mirrors
    is_stored: bool
    registry: Registry


class Definitions:
    """Gives each build its machine; safe to be used by several threads.

    Args:
        machines: The snapshot of now.
        active: The builds that machines are in build mode for.
    """

    def __init__(
        self, machines: Callable[[], Registry], active: Callable[[], Collection[Build]] = tuple
    ) -> None:
        self._machines = machines
        self._active = active
        self._noting = Lock()
        self._made: dict[str, _Made] = {}
        self._beginning: dict[str, _Made] = {}
        self._of_types: tuple[Common | None, Mapping[str, _OfType]] = (None, {})
        self._unknown: dict[tuple[str, str], tuple[Common, Machine]] = {}

    def of(self, build: Build) -> Machine:
        """Return a build's machine as its files say now, or as it was when it began.

        waitron reads them at every request, so an edit counts from then on; a file that
        was broken or removed since must not end a running installation.
        """
        return self._made_of(build).machine

    def called(self, build: Build) -> Mirrors:
        """Return the servers that only its call names, where the caller may not name any."""
        return self._made_of(build).called

    def _made_of(self, build: Build) -> _Made:
        registry = self._machines()
        made = self._made.get(build.host)
        if made is not None and made.registry is registry and made.token == build.token:
            return made
        if made is None or made.token != build.token:
            made = self._beginning.pop(build.token, None)
        made = _anew(made, build, registry)
        self._note(build, made)
        return made

    def _note(self, build: Build, made: _Made) -> None:
        with self._noting:
            if len(self._made) >= DEFINITIONS.whole and build.host not in self._made:
                DEFINITIONS.reached()
            note(self._made, build.host, made, DEFINITIONS.whole)

    def known(self, build: Build, registry: Registry, machine: Machine, called: Mirrors) -> bool:
        """Keep the machine of a build that is about to begin, if it was made by the files of now.

        Args:
            build: As it was planned.
            registry: By which its machine was made.
            machine: It.
            called: The servers that only its call names, of one who may build and no more.
        """
        if registry is not self._machines():
            return False
        document, shared = registry.documents.get(build.host), registry.shared
        owners = _owners(machine, registry)
        made = _Made(build.token, shared, document, machine, owners, called, False, registry)
        self._keep(build, made)
        return True

    def take(self, build: Build) -> None:
        """Have the machine of a build that has begun looked up, if it was kept until now.

        Else it would be made again of who comes after many others that begin.
        """
        made = self._beginning.pop(build.token, None)
        if made is not None:
            self._note(build, made)

    def keep(self, build: Build) -> None:
        """Make the machine of a build that is about to begin; in a thread."""
        self._keep(build, _anew(None, build, self._machines()))

    def _keep(self, build: Build, made: _Made) -> None:
        with self._noting:
            if len(self._beginning) >= DEFINITIONS_BEGINNING.whole:
                DEFINITIONS_BEGINNING.reached()
            note(self._beginning, build.token, made, DEFINITIONS_BEGINNING.whole)

    def preparing(self) -> Callable[[Registry], Take]:
        """Return what makes, in a thread, all that strangers may ask for by another snapshot."""
        builds = tuple(self._active())

        def prepare(registry: Registry) -> Take:
            made = {}
            for each in builds:
                # Whoever asks for it is told; nobody else is to suffer from it.
                with suppress(ValueError, PyxieError):
                    made[each.host] = _anew(self._made.get(each.host), each, registry)
            types = {name: _of_type(registry.shared, name) for name in registry.shared.types}

            def take() -> None:
                self._take(made)
                self._of_types = registry.shared, types

            return take

        return prepare

    def _take(self, made: Mapping[str, _Made]) -> None:
        """Have what was prepared looked up, and forget the machines of builds that have ended."""
        with self._noting:
            old, self._made = self._made, {}
            for build in self._active():
                for each in (made.get(build.host), old.get(build.host)):
                    if each is not None and each.token == build.token:
                        self._made[build.host] = each
                        break

    def of_unknown(self, mac: str, build_type: str) -> Machine:
        """Return what an unknown machine boots.

        Args:
            mac: Its NIC; spelt with dashes it is its hostname.
            build_type: One of ``build_types``.

        Raises:
            ConfigError: The type names what is not there.
        """
        shared = self._machines().shared
        key = mac, build_type
        made = self._unknown.get(key)
        if made is not None and made[0] is shared:
            return made[1]
        of, types = self._of_types
        found = types.get(build_type) if of is shared else None
        if found is None:
            found = _of_type(shared, build_type)
        if not isinstance(found, Machine):
            raise ConfigError(found)
        names = {"hostname": dashed(mac), "network": (Nic(macaddress=mac),)}
        machine = found.model_copy(update=names)
        with self._noting:
            if len(self._unknown) >= DEFINITIONS_UNKNOWN.whole and key not in self._unknown:
                DEFINITIONS_UNKNOWN.reached()
            note(self._unknown, key, (shared, machine), DEFINITIONS_UNKNOWN.whole)
        return machine

    def hooks_after(self, build: Build) -> tuple[Hook, ...]:
        """Return the hooks that are to run now that a build has come into its state.

        Those of a stale one only where it is written when that is: waitron ran none without,
        and what they do may be to switch a machine off and on.
        """
        hooks: tuple[Hook, ...] = ()
        if build.state in HOOKS_AFTER:
            machine = self.of(build)
            if build.state is not State.STALE or machine.stale_build_threshold_secs is not None:
                hooks = getattr(machine, f"{HOOKS_AFTER[build.state]}_commands")
        return hooks


def _anew(made: _Made | None, build: Build, registry: Registry) -> _Made:
    """Return what was made of a build, if nothing of it has changed, else make it."""
    document, shared = registry.documents.get(build.host), registry.shared
    if (
        made is not None
        and made.token == build.token
        and made.document is document
        and made.shared is shared
        and (not made.is_stored or made.registry is registry)
        and made.owners == _owners(made.machine, registry)
    ):
        return replace(made, registry=registry)
    machine, of_call, is_stored = _machine(build, registry)
    owners = _owners(machine, registry)
    return _Made(build.token, shared, document, machine, owners, of_call, is_stored, registry)


def _machine(build: Build, registry: Registry) -> tuple[Machine, Mirrors, bool]:
    """Return a build's machine, the servers that only its call names, and whether it is stored.

    Then it is as it was when the build began.
    """
    machine = registry.machines.get(build.host)
    # An earlier version has stored larger ones than are taken today.
    body = parse(build.body.encode(), BODY, size=LARGE) if build.body else None
    named = called(body.data) if body is not None and not build.believed else frozenset()
    if machine is not None:
        with suppress(ConfigError, UnknownTypeError):
            build_type = build.build_type or None
            found = registry.define(machine, build_type, body, beneath=build.beneath)
            return found.machine, named and named - filed(found.merged), False
    return Machine.model_validate_json(build.definition), named, True


def _owners(machine: Machine, registry: Registry) -> tuple[str | None, ...]:
    found = (registry.by_mac.get(mac) for mac in machine.macs)
    return tuple(each.hostname if each else None for each in found)


def _of_type(shared: Common, build_type: str) -> _OfType:
    data: dict[str, Plain] = {
        "hostname": dashed(_NOBODY),
        "network": [{"macaddress": _NOBODY}],
    }
    try:
        return define(shared, Document(Path("unknown"), data, None), build_type).machine
    except ConfigError as exc:
        return exc.problems
