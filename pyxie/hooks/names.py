"""The names that the templates of hooks see."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any, Final, Protocol

from pyxie.builds.life import Build
from pyxie.config.settings import Settings
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext, build_context, template_names

_LOOPBACK: Final = IPv4Address("127.0.0.1")


class Definitions(Protocol):
    """What is asked of `pyxie.builds.definitions.Definitions`."""

    def of(self, build: Build) -> Machine:
        """Return a build's machine."""
        ...


class HookNames:
    """Gives a hook's names, when called.

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

    def __call__(self, build: Build | None, mac: str | None) -> dict[str, Any]:
        """Return a hook's names: of a build, or of an unknown machine's NIC."""
        settings = self._settings()
        base = self._base_url(_LOOPBACK, settings.http.port)
        if build is not None:
            machine = self._definitions.of(build)
            return template_names(machine, settings, build_context(build, machine, base, mac))
        unknown = Machine(hostname="unknown", params=settings.params)
        names = template_names(
            unknown, settings, BuildContext(base_url=base, token="", mac=mac or "")
        )
        return {**names, "Hostname": mac, "hostname": mac}
