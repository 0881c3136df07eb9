"""What the machines of builds are built from: made when their files change, then looked up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from pyxie.bounded import note
from pyxie.builds.life import HOOKS_AFTER, Build, State
from pyxie.config.build import Hook
from pyxie.config.nodes import LARGE, Document, Plain, parse
from pyxie.config.values import dashed
from pyxie.errors import ConfigError
from pyxie.registry.define import Common, UnknownTypeError, define
from pyxie.registry.machine import Machine
from pyxie.registry.mirrors import Mirrors, called, filed
from pyxie.registry.registry import Registry

BODY: Final = Path("body")
"""How messages name what the call that builds a machine says."""
_MOST_KEPT: Final = 20_000
_MOST_UNKNOWN: Final = 256


@dataclass(frozen=True, slots=True)
class _Made:
    """A machine, and what it was made of; the same objects mean that nothing has changed.

    Attributes:
        owners: Whose its NICs were: a MAC may not be another machine's.
        called: The servers for its kernel and initrds that only a call names, of one who may
            build and no more.
        stored: The snapshot in which it had to be taken as it was when its build began.
    """

    token: str
    shared: Common
    document: Document | None
    machine: Machine
    owners: tuple[str | None, ...]
    called: Mirrors
    stored: Registry | None


class Definitions:
    """Gives each build its machine; safe to be used by several threads.

    Args:
        machines: The snapshot of now.
    """

    def __init__(self, machines: Callable[[], Registry]) -> None:
        self._machines = machines
        self._noting = Lock()
        self._made: dict[str, _Made] = {}
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
        document, shared = registry.documents.get(build.host), registry.shared
        made = self._made.get(build.host)
        if (
            made is not None
            and made.document is document
            and made.shared is shared
            and made.token == build.token
            and (made.stored is None or made.stored is registry)
            and made.owners == _owners(made.machine, registry)
        ):
            return made
        machine, called_, is_stored = _machine(build, registry)
        made = _Made(
            build.token,
            shared,
            document,
            machine,
            _owners(machine, registry),
            called_,
            registry if is_stored else None,
        )
        with self._noting:
            note(self._made, build.host, made, _MOST_KEPT)
        return made

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
        name = dashed(mac)
        data: dict[str, Plain] = {"hostname": name, "network": [{"macaddress": mac}]}
        machine = define(shared, Document(Path("unknown"), data, None), build_type).machine
        with self._noting:
            note(self._unknown, key, (shared, machine), _MOST_UNKNOWN)
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


def _machine(build: Build, registry: Registry) -> tuple[Machine, Mirrors, bool]:
    """Return a build's machine, the servers that only its call names, and whether it is stored.

    Then it is as it was when the build began.
    """
    machine = registry.machines.get(build.host)
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
