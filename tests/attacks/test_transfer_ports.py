"""Strangers' datagrams by the ten thousand, to a port that a client's TFTP transfer goes by.

A port serves hundreds of clients (docs/decisions/0076-a-port-serves-hundreds-of-transfers.md), and
whoever sees one datagram of theirs knows it. What is not said by a client of its own is a stray.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from pyxie.tftp.packet import ReadRequest, read_request
from tests.attacks.test_deluge import count
from tests.interop.netns import need
from tests.lab.besieged import SERVER, Besieged, besieged
from tests.lab.flood import AT_A_PORT
from tests.tftp.rom import Rom

CLIENT = "10.99.0.2"
RATE = 50_000
LEAST = 5_000
"""Datagrams a second that are a flood on a host which does much else."""
SIZE = 4_000_000
PATIENCE = 1.0
"""Seconds until a client says again what it said, as firmware does."""
SECONDS = 40
GROWTH = 30
"""MB that pyxie may take more than before."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    need("ip")
    folder = tmp_path_factory.mktemp("trespassed")
    with besieged(folder, 1) as site:
        (folder / "ipxe/loader").write_bytes(bytes(range(250)) * (SIZE // 250))
        yield site


class Transfer:
    """A client's, which begins before the flood."""

    def __init__(self, site: Besieged, window: int) -> None:
        self._rom = Rom()
        self._sock = site.client.socket(socket.SOCK_DGRAM)
        self._sock.bind((CLIENT, 0))
        options = {"blksize": "1468", "windowsize": str(window)}
        asked = read_request(ReadRequest("loader", "octet", options))
        self._sock.sendto(asked, (SERVER, 69))
        self._sock.settimeout(10)
        agreed, self.to = self._sock.recvfrom(2000)
        self._said = self._rom.hear(agreed)

    def end(self) -> bytes:
        """Go on to the end; return what has come."""
        self._sock.settimeout(PATIENCE)
        deadline = time.monotonic() + SECONDS
        due = self._said
        with self._sock:
            while not self._rom.done:
                assert time.monotonic() < deadline, f"{len(self._rom.content)} bytes have come"
                if due is not None:
                    self._said = due
                    self._sock.sendto(due, self.to)
                try:
                    due = self._rom.hear(self._sock.recv(2000))
                except TimeoutError:
                    due = self._said
            if due is not None:
                self._sock.sendto(due, self.to)
        return bytes(self._rom.content)


@pytest.mark.parametrize("window", [1, 16])
@pytest.mark.parametrize("kind", AT_A_PORT)
def test_the_transfer_completes(site: Besieged, kind: str, window: int) -> None:
    before, _ = site.memory()
    transfer = Transfer(site, window)
    with site.flooded(kind, RATE, SECONDS, str(transfer.to[1]), CLIENT):
        lines, frames, began = site.logged(), site.arrived(), time.monotonic()
        content = transfer.end()
        took = time.monotonic() - began
        arrived, logged = site.arrived() - frames, site.logged() - lines
    _, most = site.memory()

    assert arrived > LEAST * took, "this is no flood"
    assert content == (site.folder / "ipxe/loader").read_bytes()
    assert most - before < GROWTH
    assert logged < 100 * took + 10
    assert count(site, 'pyxie_tftp_transfers_total{outcome="stray"}') > 0
    assert "Traceback" not in site.log.read_text()
