"""What pyxie tells the service manager: sd_notify(3), and the watchdog's pings."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Mapping

from pyxie.service import Unbound

log = logging.getLogger(__name__)

_PATIENCE = 1.0


def by_hand(*, environ: Mapping[str, str] = os.environ) -> int | None:
    """Return the number of this process if no service manager runs it, as from a shell; or None."""
    return None if environ.get("NOTIFY_SOCKET") else os.getpid()


def ready(status: str = "", *, environ: Mapping[str, str] = os.environ) -> None:
    """Say that all is bound and served, after the start or after a reload."""
    _notify("READY=1", *_status(status), environ=environ)


def reloading(status: str = "", *, environ: Mapping[str, str] = os.environ) -> None:
    """Say that a reload has begun; `ready` ends it, whatever came of it."""
    # Type=notify-reload (systemd 253) wants the time, to tell this reload from the last.
    moment = f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}"
    _notify("RELOADING=1", moment, *_status(status), environ=environ)


def stopping(status: str = "", *, environ: Mapping[str, str] = os.environ) -> None:
    """Say that the end has begun."""
    _notify("STOPPING=1", *_status(status), environ=environ)


def status(text: str, *, environ: Mapping[str, str] = os.environ) -> None:
    """Set the line that ``systemctl status pyxie`` shows."""
    _notify(*_status(text), environ=environ)


class Watchdog(Unbound):
    """The service that pings the service manager from the event loop.

    A loop that is stuck sends nothing, and ``WatchdogSec=`` ends it. Without a watchdog
    this waits forever, as every service does.
    """

    name = "watchdog"

    def __init__(self, *, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self.interval = _interval(environ)
        """Seconds from ping to ping; None where nobody waits for one."""

    async def serve(self) -> None:
        """Ping until cancelled; go on while the others are winding down."""
        if self.interval is None:
            await asyncio.Event().wait()
            return
        while True:
            _notify("WATCHDOG=1", environ=self._environ)
            await asyncio.sleep(self.interval)


def _interval(environ: Mapping[str, str]) -> float | None:
    limit = environ.get("WATCHDOG_USEC", "")
    # Meant for another process that left us its environment: sd_watchdog_enabled(3).
    for_us = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    if not for_us or not limit.isdecimal() or int(limit) == 0:
        return None
    # sd_watchdog_enabled(3) asks for a half; a third forgives one late ping.
    return int(limit) / 1e6 / 3


def _status(text: str) -> tuple[str, ...]:
    # A line break would begin another assignment.
    return (f"STATUS={' '.join(text.splitlines())}",) if text else ()


def _notify(*assignments: str, environ: Mapping[str, str]) -> None:
    address = environ.get("NOTIFY_SOCKET", "")
    if not address or not assignments:
        return
    # unix(7): an abstract name begins with a zero byte, spelt @ in the environment.
    peer = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            # A service manager that has stopped reading must not stop the loop for long.
            sender.settimeout(_PATIENCE)
            sender.sendto("\n".join(assignments).encode(errors="replace"), peer)
    except OSError as exc:
        log.warning("the service manager at %s was not told %s: %s", address, assignments[0], exc)
