"""Runs the DHCP service alone, for a test to start in a network namespace.

``python -m tests.interop.dhcp_runner '{"bind": false, ...}'``: prints ``ready`` when it
serves, then one JSON line for each event.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys

from pyxie.dhcp.server import DhcpServer
from pyxie.dhcp.standing import Standing
from pyxie.errors import StartError
from pyxie.events.event import Step
from pyxie.metrics import Metrics
from pyxie.net.watch import InterfaceWatch
from pyxie.service import supervise

LOADERS = {0: "undionly.kpxe", 6: "ipxe-i386.efi", 7: "ipxe.efi", 9: "ipxe.efi", 16: "ipxe.efi"}
IN_BUILD = "52:54:00"
"""Every machine whose MAC address begins so is in build mode."""


class PrintingRecorder:
    def record(
        self,
        step: Step,
        text: str,
        *,
        mac: str | None = None,
        host: str | None = None,
        peer: str | None = None,
    ) -> None:
        say({"step": step, "text": text, "mac": mac, "peer": peer})


def say(event: object) -> None:
    print(json.dumps(event), flush=True)


def standing(mac: str, _who: object) -> Standing:
    if mac.startswith(IN_BUILD):
        return Standing("web01", in_build=True)
    return Standing(None, in_build=False, why="not in the registry")


async def main(settings: dict[str, bool | list[str] | float]) -> None:
    names = settings.get("interfaces")
    watch = InterfaceWatch(names if isinstance(names, list) else None)
    server = DhcpServer(
        interfaces=lambda: watch.current,
        standing=standing,
        loaders=lambda: LOADERS,
        http_port=8080,
        recorder=PrintingRecorder(),
        metrics=Metrics(),
        bind=bool(settings.get("bind")),
        limit=100.0,
    )
    await supervise([watch, server], asyncio.Event(), bound=lambda: say("ready"))


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(message)s")
    try:
        asyncio.run(main(json.loads(sys.argv[1])))
    except StartError as error:
        say({"failed": str(error)})
        sys.exit(1)
