"""Runs dnsmasq where nobody else gives addresses: ``dhcp.mode: serve``."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pyxie.bounds import DHCP_SERVERS
from pyxie.config.dhcpmode import Dhcp, ends
from pyxie.dhcp.others import HOUR, Others
from pyxie.errors import BusyError, StartError
from pyxie.leasing import plan as planned
from pyxie.leasing.keeper import Keeper, account
from pyxie.leasing.leases import Lease, parse
from pyxie.leasing.plan import Plan
from pyxie.net.interfaces import Interfaces
from pyxie.rate import Once
from pyxie.service import end_all
from pyxie.threads import Pool

log = logging.getLogger(__name__)

_PATH: Final = os.pathsep.join((os.defpath, "/usr/sbin", "/sbin", "/usr/local/sbin"))
_LOOK: Final = 2.0
"""Seconds between two looks whether another server gives addresses, too."""
_MOST: Final = 4 << 20
"""Bytes of the file of leases that are read."""

Ask = Callable[[str], Awaitable[Iterable[tuple[IPv4Address, str]]]]
"""Asks for an address on an interface; returns which servers offer one, with their MACs."""


def programs(path: str = _PATH) -> str:
    """Return where dnsmasq is.

    Args:
        path: The folders to look in.

    Raises:
        StartError: It is missing, or what starts it is.
    """
    if shutil.which("setpriv", path=path) is None:
        raise StartError(
            "dhcp.mode is serve, and the program setpriv is missing: install the package util-linux"
        )
    found = shutil.which("dnsmasq", path=path)
    if found is None:
        raise StartError(
            "dhcp.mode is serve, and the program dnsmasq is missing: install the package"
            " dnsmasq-base (Debian, Ubuntu) or dnsmasq (Fedora, EL, SUSE, Arch, Alpine)"
        )
    return found


class AddressServer:
    """Serves addresses; a service.

    Args:
        dhcp: The settings of the start.
        leases: The file of who has which address.
        user: Whom the daemon becomes.
        interfaces: The present ones.
        others: Which other servers were overheard.
        ask: Looks for some before the start.
        programs: Finds dnsmasq.
        look: Seconds between two looks at the others.
    """

    name = "addresses"

    def __init__(
        self,
        dhcp: Dhcp,
        leases: Path,
        user: str | None,
        interfaces: Callable[[], Interfaces],
        others: Others,
        ask: Ask,
        *,
        programs: Callable[[], str] = programs,
        look: float = _LOOK,
    ) -> None:
        self._dhcp = dhcp
        self._leases = leases
        self._user = user
        self._interfaces = interfaces
        self._others = others
        self._ask = ask
        self._programs = programs
        self._look = look
        self._keeper: Keeper | None = None
        self._plan: Plan | None = None
        self._once = Once(HOUR, capacity=DHCP_SERVERS.whole)

    async def __aenter__(self) -> Self:
        dnsmasq = self._programs()
        self._plan = plan = self._planned()
        for server, mac in await self._ask(plan.interface):
            raise StartError(
                f"dhcp.mode is serve, and the DHCP server {server} ({mac}) gives addresses on"
                f" {plan.interface} already: switch that one off there, or set dhcp: {{mode:"
                " answer} to boot machines beside it"
            )
        by_itself = account() if os.geteuid() == 0 and self._user is None else None
        command = (dnsmasq, *planned.arguments(plan, str(self._leases), by_itself))
        self._keeper = Keeper(
            command, self._user if os.geteuid() == 0 else None, self._hear, planned.is_ready
        )
        try:
            await self._keeper.start()
        except (OSError, KeyError) as exc:
            raise StartError(f"dhcp.mode serve: the DHCP server cannot be started: {exc}") from exc
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._keeper is not None:
            await self._keeper.end()

    async def serve(self) -> None:
        """Keep it running until cancelled.

        Raises:
            StartError: It cannot run, at the first try.
        """
        assert self._keeper is not None, "serve() is for after entering"  # noqa: S101
        watching = asyncio.create_task(self._watch())
        try:
            await self._keep(self._keeper)
        finally:
            await end_all([watching])

    async def drain(self) -> None:
        """Nothing is ever in hand."""

    async def _keep(self, keeper: Keeper) -> None:
        wait, was_ready = 0.0, False
        while True:
            began = time.monotonic()
            served = await keeper.run()
            was_ready = was_ready or served
            why = planned.cause(keeper.last)
            if not was_ready:
                raise StartError(f"dhcp.mode is serve, and no address can be given: {why}")
            wait = planned.wait(wait, time.monotonic() - began)
            log.error(
                "the DHCP server ended, and is started again in %g s; leases go on: %s", wait, why
            )
            await asyncio.sleep(wait)
            if not keeper.is_alive:
                try:
                    await keeper.start()
                except OSError as exc:
                    log.error("the DHCP server cannot be started: %s", exc)  # noqa: TRY400

    async def _watch(self) -> None:
        """Say it where another server gives addresses, too, though none did at the start."""
        while True:
            await asyncio.sleep(self._look)
            for each in self._others.servers():
                own = each.here or self._interfaces().is_own(each.server)
                near = self._plan is not None and each.interface == self._plan.interface
                if each.addresses and near and not own and self._once.news(each.server, 0.0):
                    log.error(
                        "DHCP: %s gives addresses on %s, beside pyxie's own server: machines may"
                        " get either's, and the same one twice; switch one of them off",
                        each.server,
                        each.interface,
                    )

    def _planned(self) -> Plan:
        assert self._dhcp.range is not None, "the settings have one"  # noqa: S101
        first, last = ends(self._dhcp.range)
        plan = planned.where(
            first, last, {each.name: each.addresses for each in self._interfaces().serving}
        )
        gateway = self._dhcp.gateway
        return replace(
            plan,
            gateway=IPv4Address(gateway) if gateway is not None else None,
            nameservers=tuple(map(IPv4Address, self._dhcp.nameservers)),
            lease_time=self._dhcp.lease_time,
        )

    def _hear(self, line: str) -> None:
        if planned.is_ready(line):
            assert self._plan is not None, "it was started"  # noqa: S101
            log.info(
                "DHCP: giving the addresses %s to %s on %s",
                *(self._plan.first, self._plan.last, self._plan.interface),
            )
        else:
            level = logging.DEBUG if planned.is_routine(line) else logging.INFO
            log.log(level, "DHCP server: %s", line)


class Leases:
    """Reads who has which address.

    Args:
        file: Which dnsmasq writes, by the settings of now.
    """

    def __init__(self, file: Callable[[], Path]) -> None:
        self._file = file
        self._pool = Pool("leases")

    async def all(self) -> list[Lease]:
        """Return them, by address.

        Raises:
            BusyError: The file system does not answer, or the file cannot be read.
        """
        return await self._pool.run(_read, self._file())


def _read(of: Path) -> list[Lease]:
    try:
        with of.open(encoding="ascii", errors="replace") as file:
            return parse(file.read(_MOST))
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise BusyError(f"the file of leases {of}", str(exc.strerror)) from exc
