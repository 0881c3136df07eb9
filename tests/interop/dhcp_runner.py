"""Runs the DHCP service alone, for a test to start in a network namespace.

``python -m tests.interop.dhcp_runner '{"bind": false, ...}'``: prints ``ready`` when it
serves, then one JSON line for each event, and one when it begins to hear what this host sends.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from dataclasses import asdict

from pyxie.clock import steady
from pyxie.dhcp.chain import ChainMemory
from pyxie.dhcp.lookout import Lookout
from pyxie.dhcp.others import Others
from pyxie.dhcp.server import DhcpServer
from pyxie.dhcp.sightings import Sightings
from pyxie.dhcp.tap import Tap
from pyxie.errors import StartError
from pyxie.events.english import sentence
from pyxie.events.kind import Kind
from pyxie.loaders.catalogue import Choice
from pyxie.metrics import Metrics
from pyxie.net.watch import InterfaceWatch
from pyxie.rate import TokenBuckets
from pyxie.recognition.news import News
from pyxie.recognition.recognise import Recognised
from pyxie.service import Unbound, supervise
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


class TellingTap(Tap):
    """Says whether it hears what this host sends, from when it does so."""

    def hear(self, *, outgoing: bool) -> None:
        super().hear(outgoing=outgoing)
        say({"hears": outgoing})


class Telling(Unbound):
    """Says which other servers there are, as soon as that is another than before."""

    name = "telling"

    def __init__(self, others: Others) -> None:
        self._others = others

    async def serve(self) -> None:
        before = None
        while True:
            now = [
                {**asdict(each), "network": str(each.network), "moment": None}
                for each in self._others.servers()
            ]
            if now != before:
                say({"servers": json.loads(json.dumps(now, default=str))})
            before = now
            await asyncio.sleep(0.05)


def say(event: object) -> None:
    print(json.dumps(event), flush=True)


def recognise(mac: str, _identity: object) -> Recognised:
    if mac.startswith(IN_BUILD):
        return WEB01
    return IGNORED


def any_loader(_client: Recognised, _mac: str, *, ipxe: bool, xid: int | None) -> Choice:
    return Choice(LOADERS)


async def main(settings: dict[str, bool | list[str] | float]) -> None:
    names = settings.get("interfaces")
    watch = InterfaceWatch(lambda: names if isinstance(names, list) else None)
    buckets = TokenBuckets(100.0)
    others, recorder, bind = Others(steady), PrintingRecorder(), bool(settings.get("bind"))
    server = DhcpServer(
        interfaces=lambda: watch.current,
        recognise=recognise,
        loaders=any_loader,
        http_port=8080,
        recorder=recorder,
        metrics=Metrics(),
        bind=bind,
        chains=ChainMemory(),
        limit=lambda: buckets,
        news=News(),
        others=others,
        sightings=Sightings(steady),
    )
    lookout = Lookout(
        others, lambda: watch.current, recorder, bind=bind, opener=TellingTap, look=0.2
    )
    await supervise(
        [watch, server, lookout, Telling(others)], asyncio.Event(), bound=lambda: say("ready")
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(message)s")
    try:
        asyncio.run(main(json.loads(sys.argv[1])))
    except StartError as error:
        say({"failed": str(error)})
        sys.exit(1)
