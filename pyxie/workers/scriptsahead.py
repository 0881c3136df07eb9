"""Boot scripts, made when builds begin: a hall that is switched on waits for none of them.

By which of this host's addresses a machine will come is in its script. It is taken to be the one
by which the last came; before that, the first interface's. Who comes by another has its script made
when it asks, as has who comes before its turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from pyxie.bounds import SCRIPTS_AHEAD
from pyxie.builds.life import Build
from pyxie.errors import BusyError, NotServedError, RenderError
from pyxie.net.address import Address
from pyxie.net.baseurl import at, is_far
from pyxie.registry.machine import Machine
from pyxie.service import WhenAsked
from pyxie.workers.quiet import Quiet

_PATIENCE: Final = 0.25
"""Seconds that one waits for pyxie to be so."""


class Ahead(WhenAsked):
    """A `pyxie.service.Service` that has them made, one after the other.

    Args:
        active: Gives the build that a machine is in build mode for.
        machine_of: Gives what a build's machine is built from.
        make: Makes the script of a build, for a NIC, by the URLs by which installers and iPXE
            reach us, and keeps it; raises as `pyxie.workers.renders.Renders.script_of`.
        base_url: How installers reach us, by an address of ours and its port.
        first: The first interface's address, if it has one.
        port: Of ours, for HTTP.
        quiet: Tells when pyxie is: who begins builds does not wait for what nobody asks for yet.
    """

    name = "scripts"

    def __init__(
        self,
        active: Callable[[str], Build | None],
        machine_of: Callable[[Build], Machine],
        make: Callable[[Build, Machine, str, str, str], Awaitable[object]],
        *,
        base_url: Callable[[Address, int], str],
        first: Callable[[], Address | None],
        port: Callable[[], int],
        quiet: Quiet | None = None,
    ) -> None:
        self._active = active
        self._machine_of = machine_of
        self._make_script = make
        self._base_url = base_url
        self._first = first
        self._port = port
        self._quiet = quiet or Quiet()
        self._waiting: dict[str, str] = {}
        self._some = asyncio.Event()
        self._local: Address | None = None

    def __len__(self) -> int:
        """How many are to be made."""
        return len(self._waiting)

    def came_by(self, local: Address) -> None:
        """Note by which address of ours a machine has come for its script."""
        if local is not self._local and is_far(local):
            self._local = local

    def expect(self, build: Build) -> None:
        """Have the script of a build made that has begun."""
        if len(self._waiting) >= SCRIPTS_AHEAD.whole and build.host not in self._waiting:
            SCRIPTS_AHEAD.reached()
            return
        self._waiting[build.host] = build.token
        self._some.set()

    async def serve(self) -> None:
        """Make them, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                await self._quiet.wait(_PATIENCE)
                host = next(iter(self._waiting))
                await self._make(host, self._waiting.pop(host))

    async def _make(self, host: str, token: str) -> None:
        build, local = self._active(host), self._local or self._first()
        if build is None or build.token != token or local is None:
            return
        machine = self._machine_of(build)
        mac = build.mac or next(iter(machine.macs), None)
        if mac is None:
            return
        port = self._port()
        with suppress(BusyError, NotServedError, RenderError):  # who asks is told
            await self._make_script(
                build, machine, mac, self._base_url(local, port), at(local, port)
            )
