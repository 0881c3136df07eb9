"""Keeps the snapshot of the interfaces fresh while they come, go and change."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Final, Self

from pyxie.net.interfaces import Interfaces, read

log = logging.getLogger(__name__)

# linux/rtnetlink.h; the socket module does not name them.
_RTMGRP_LINK: Final = 0x01
_RTMGRP_IPV4_IFADDR: Final = 0x10


class InterfaceWatch:
    """A service whose `current` always tells the interfaces.

    The kernel's netlink notices serve as a doorbell only: what changed is asked for
    afresh, so that a lost or unknown notice does no harm.
    """

    name = "interfaces"

    def __init__(
        self,
        names: Callable[[], Collection[str] | None] = lambda: None,
        *,
        settle: float = 0.1,
        poll: float = 15.0,
        reader: Callable[[Collection[str] | None], Interfaces] = read,
    ) -> None:
        """Watch the interfaces of these ``names``, all but loopback if there are none.

        Args:
            names: From the settings of now.
            settle: Seconds to wait after a notice, since changes come in bursts.
            poll: Seconds between two looks where netlink is not to be had.
            reader: Asks the kernel.
        """
        self._names = names
        self._settle = settle
        self._poll = poll
        self._read = reader
        self._doorbell: socket.socket | None = None
        self._rung = asyncio.Event()
        self.current = Interfaces((), names())
        """The newest snapshot; replaced whole."""

    async def __aenter__(self) -> Self:
        # Subscribed first and read then, so that no change falls between the two.
        self._doorbell = _subscribe()
        if self._doorbell is None:
            log.info("no netlink here; looking at the interfaces every %g s", self._poll)
        else:
            asyncio.get_running_loop().add_reader(self._doorbell, self._ring, self._doorbell)
        self.current = self._read(self._names())
        log.info("serving %s", self.current)
        self._warn_of_missing(())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._doorbell is not None:
            asyncio.get_running_loop().remove_reader(self._doorbell)
            self._doorbell.close()
            self._doorbell = None

    async def serve(self) -> None:
        """Refresh `current` at each notice, until cancelled."""
        while True:
            if self._doorbell is None:
                await asyncio.sleep(self._poll)
            else:
                await self._rung.wait()
                await asyncio.sleep(self._settle)
                self._rung.clear()
            self.refresh()

    async def drain(self) -> None:
        """Nothing is ever in hand."""

    def refresh(self) -> None:
        """Ask the kernel now; a change is logged once."""
        try:
            fresh = self._read(self._names())
        except OSError as error:
            log.warning("the interfaces cannot be read, keeping what is known: %s", error)
            return
        if fresh == self.current:
            return
        before, self.current = self.current, fresh
        if str(before) != str(fresh):
            log.info("the interfaces changed; serving %s", fresh)
        self._warn_of_missing(before.missing)

    def _warn_of_missing(self, known: Collection[str]) -> None:
        for name in self.current.missing:
            if name not in known:
                log.warning("interface %s of the configuration is not there (yet)", name)

    def _ring(self, doorbell: socket.socket) -> None:
        try:
            while doorbell.recv(8192):
                pass
        except BlockingIOError:
            pass
        except OSError as error:
            # ENOBUFS: notices were lost, which is a notice as well (netlink(7)).
            log.debug("netlink: %s", error)
        self._rung.set()


def _subscribe() -> socket.socket | None:
    try:
        doorbell = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
        )
    except (OSError, AttributeError):  # forbidden by a sandbox; not Linux
        return None
    try:
        doorbell.bind((0, _RTMGRP_LINK | _RTMGRP_IPV4_IFADDR))
    except OSError:
        doorbell.close()
        return None
    return doorbell
