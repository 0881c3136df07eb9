"""What the templates of hooks see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Final, Protocol

from pyxie.builds.life import Build
from pyxie.config.settings import Settings
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext, build_context

_LOOPBACK: Final = IPv4Address("127.0.0.1")


class Definitions(Protocol):
    """What is asked of `pyxie.builds.definitions.Definitions`."""

    def of(self, build: Build) -> Machine:
        """Return a build's machine."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What the templates of a hook see.

    Attributes:
        machine: With all that it inherits.
        context: Of its build, or of the NIC of an unknown machine.
        more: Names beside those of all templates.
    """

    machine: Machine
    context: BuildContext
    more: Mapping[str, Any]


class HookNames:
    """Gives what a hook's templates see, when called.

    All that it asks is of now: it is called on the event loop, where nothing changes meanwhile.

    Args:
        definitions: Of the builds.
        settings: Those of now.
        base_url: How clients reach us.
    """

    def __init__(
        self,
        definitions: Definitions,
        settings: Callable[[], Settings],
        base_url: Callable[[IPv4Address, int], str],
    ) -> None:
        self._definitions = definitions
        self._settings = settings
        self._base_url = base_url

    def __call__(self, build: Build | None, mac: str | None) -> Seen:
        """Return what a hook sees: of a build, or of an unknown machine's NIC."""
        settings = self._settings()
        base = self._base_url(_LOOPBACK, settings.http.port)
        if build is not None:
            machine = self._definitions.of(build)
            return Seen(machine, build_context(build, machine, base, mac), {})
        unknown = Machine(hostname="unknown", params=settings.params)
        context = BuildContext(base_url=base, token="", mac=mac or "")
        return Seen(unknown, context, {"Hostname": mac, "hostname": mac})
