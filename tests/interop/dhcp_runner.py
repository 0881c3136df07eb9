"""Runs the DHCP service alone, for a test to start in a network namespace.

``python -m tests.interop.dhcp_runner '{"bind": false, ...}'``: prints ``ready`` when it
serves, then one JSON line for each event.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys

from pyxie.dhcp.chain import ChainMemory
from pyxie.dhcp.server import DhcpServer
from pyxie.errors import StartError
from pyxie.events.english import sentence
from pyxie.events.kind import Kind
from pyxie.loaders.catalogue import Choice
from pyxie.metrics import Metrics
from pyxie.net.watch import InterfaceWatch
from pyxie.rate import TokenBuckets
from pyxie.recognition.news import News
from pyxie.recognition.recognise import Recognised
from pyxie.service import supervise
from tests.recognised import IGNORED
from tests.recognised import IN_BUILD as WEB01

LOADERS = {0: "undionly.kpxe", 6: "ipxe-i386.efi", 7: "ipxe.efi", 9: "ipxe.efi", 16: "ipxe.efi"}
IN_BUILD = "52:54:00"
"""Every machine whose MAC address begins so is in build mode."""


class PrintingRecorder:
    def record(
        self,
        what: Kind,
        *,
        mac: str | None = None,
        host: str | None = None,
        peer: str | None = None,
    ) -> None:
        say({"step": what.step, "text": sentence(what), "mac": mac, "peer": peer})


def say(event: object) -> None:
    print(json.dumps(event), flush=True)


def recognise(mac: str, _identity: object) -> Recognised:
    if mac.startswith(IN_BUILD):
        return WEB01
    return IGNORED


async def main(settings: dict[str, bool | list[str] | float]) -> None:
    names = settings.get("interfaces")
    watch = InterfaceWatch(lambda: names if isinstance(names, list) else None)
    buckets = TokenBuckets(100.0)
    server = DhcpServer(
        interfaces=lambda: watch.current,
        recognise=recognise,
        loaders=lambda _client: Choice(LOADERS),
        http_port=8080,
        recorder=PrintingRecorder(),
        metrics=Metrics(),
        bind=bool(settings.get("bind")),
        chains=ChainMemory(),
        limit=lambda: buckets,
        news=News(),
    )
    await supervise([watch, server], asyncio.Event(), bound=lambda: say("ready"))


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(message)s")
    try:
        asyncio.run(main(json.loads(sys.argv[1])))
    except StartError as error:
        say({"failed": str(error)})
        sys.exit(1)
