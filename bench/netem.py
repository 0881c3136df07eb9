"""TFTP over a bad cable: pyxie beside dnsmasq, tftpd-hpa and atftpd, under the same losses.

    python -m bench --only netem [--rounds 2]
    python -m bench --only "netem lock-step, 1 % lost, 0.2 ms" …

Held only when it is named: it takes half an hour. The cable is `bench/cable.c`, a process that does
what netem does, as many kernels have none. It takes of the processors as the servers do, and so is
the limit where it loses nothing; where it loses, waiting is. Nobody has to ask where anybody is,
which would be lost too, and waited for. Who is asked for windows and knows none, as dnsmasq 2.90
and tftpd-hpa 5.2, goes on in lock-step.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from bench.blocks import BLKSIZE, FILE, PEERS, SIZE, WINDOW
from bench.contest import OURS, Contest, Run, Taken, at_least
from bench.lab import Lab, lab
from tests.interop.netns import Host
from tests.lab.impaired import Cable, plugged
from tests.lab.rack import address_of

CLIENTS: Final = 16
SECONDS: Final = 6.0
"""And as long as 100 blocks take in lock-step: a run of a few says little."""
CLIENTS_MAC: Final = "02:00:00:00:00:01"
CABLES: Final = {
    "sound, 0.2 ms": Cable(delay=0.0002),
    "1 % lost, 0.2 ms": Cable(delay=0.0002, lost=0.01),
    "5 % lost, 0.2 ms": Cable(delay=0.0002, lost=0.05),
    "10 % lost, 0.2 ms": Cable(delay=0.0002, lost=0.10),
    "1 % doubled, 1 % out of turn, 1 ms": Cable(delay=0.001, doubled=0.01, hasty=0.01),
    "5 % doubled, 5 % out of turn, 1 ms": Cable(delay=0.001, doubled=0.05, hasty=0.05),
    "10 % doubled, 10 % out of turn, 1 ms": Cable(delay=0.001, doubled=0.10, hasty=0.10),
    "1 % of each, 10 ms": Cable(delay=0.01, lost=0.01, doubled=0.01, hasty=0.01),
    "1 % of each, 100 ms": Cable(delay=0.1, lost=0.01, doubled=0.01, hasty=0.01),
    "sound, 100 ms": Cable(delay=0.1),
}
"""Delays are one way."""


class Way:
    """The clients' cable, which is another in each contest."""

    def __init__(self, ground: Lab, stack: ExitStack) -> None:
        self._ground = ground
        self._laid = stack.enter_context(ExitStack())
        self._cable: Cable | None = None
        self._program = str(ground.compiled("cable"))
        ground.clients.ip("link del eth0")
        for host in ground.hosts.values():
            for at in range(CLIENTS):
                _acquaint(host, address_of(at), CLIENTS_MAC)

    def lay(self, cable: Cable) -> None:
        """Have it be this one."""
        if cable == self._cable:
            return
        self._laid.close()
        clients, switch = self._ground.clients, self._ground.switch
        ends = (clients, "eth0"), (switch, "cable")
        self._laid.enter_context(plugged(cable, *ends, [self._program]))
        switch.ip("link set cable master br0 up")
        clients.ip(f"link set eth0 address {CLIENTS_MAC}")
        for at in range(CLIENTS):
            clients.ip(f"addr add {address_of(at)}/16 dev eth0")
        clients.ip("link set eth0 up")
        for name, host in self._ground.hosts.items():
            mac = host.ip("-br link show eth0").split()[2]
            _acquaint(clients, self._ground.addresses[name], mac)
        self._cable = cable


def _acquaint(host: Host, address: str, mac: str) -> None:
    """Have one know another: the kernel has room for 1,024 neighbours that it asks for, of all."""
    host.ip(f"neigh replace {address} lladdr {mac} dev eth0 nud permanent")


@contextmanager
def side(ground: Lab, way: Way, cable: Cable, name: str, window: int) -> Iterator[Run]:
    with ExitStack() as stack:
        if name == OURS:
            site = stack.enter_context(ground.pyxie(name))
            (site.folder / "ipxe" / FILE).write_bytes((ground.folder / "www" / FILE).read_bytes())
            assert site.process is not None
            pid = site.process.pid
        else:
            place, root = ground.place(name), ground.folder / "www"
            pid = stack.enter_context(PEERS[name](ground.hosts[name], place, root))

        def run() -> Taken:
            way.lay(cable)
            program, file = str(ground.folder / "blocks"), str(ground.folder / "www" / FILE)
            seconds = max(SECONDS, 100 * 2 * cable.delay)
            clients = (file, "0", str(CLIENTS), str(BLKSIZE), str(window), str(seconds))
            asked = (ground.addresses[name], FILE, *clients)
            return ground.load([pid], "bytes", 1e6, program, *asked)

        yield run


@contextmanager
def contests() -> Iterator[Sequence[Contest]]:
    with lab([OURS, *PEERS], 0) as ground, ExitStack() as stack:
        way = Way(ground, stack)
        ground.compiled("blocks")
        root: Path = ground.folder / "www"
        root.mkdir()
        (root / FILE).write_bytes(os.urandom(SIZE))
        yield [
            Contest(
                name=f"netem {how}, {what}",
                work=f"TFTP {how}, {CLIENTS} clients, 850 kB, {what}",
                unit="MB/s",
                wanted=[at_least(1.0, *PEERS)],
                sides={
                    name: partial(side, ground, way, cable, name, window) for name in (OURS, *PEERS)
                },
            )
            for what, cable in CABLES.items()
            for how, window in (("lock-step", 1), (f"window {WINDOW}", WINDOW))
        ]
