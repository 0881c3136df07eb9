"""Other people's TFTP clients over a cable that loses, doubles, reorders and delays."""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pyxie.tftp.carrying import carry
from pyxie.workers.forkserver import ForkServer
from tests.interop.clients import run
from tests.interop.netns import Host, need, network
from tests.lab.impaired import Cable, plugged
from tests.tftp.lab import all_apart, serving

pytestmark = pytest.mark.interop

SERVER = "10.77.3.1"
LOADER = random.Random("impaired").randbytes(60_001)
TFTPY = "import sys, tftpy\ntftpy.TftpClient(sys.argv[1]).download('loader', 'tftpy', timeout=1)\n"
"""Without options: it takes an OACK that the network has doubled for a mistake."""
CLIENTS = {
    "curl": ("curl", "-sS", "--tftp-blksize", "1468", "-o", "curl", f"tftp://{SERVER}/loader"),
    "busybox": ("busybox", "tftp", "-g", "-b", "1468", "-r", "loader", "-l", "busybox", SERVER),
    "atftp": (
        *("atftp", "--option", "blksize 1468", "--get", "-r", "loader", "-l", "atftp", SERVER),
    ),
    "windows": (
        *("atftp", "--option", "blksize 1468", "--option", "windowsize 16"),
        *("--get", "-r", "loader", "-l", "windows", SERVER),
    ),
    "tftpy": (sys.executable, "-c", TFTPY, SERVER),
}


@contextmanager
def joined(cable: Cable) -> Iterator[tuple[Host, Host]]:
    """Give a server's host and its clients', at two ends of a cable."""
    need("ip", "curl", "busybox", "atftp")
    with ExitStack() as stack:
        net = stack.enter_context(network())
        server, clients = net.host("srv"), net.host("cli")
        stack.enter_context(plugged(cable, (server, "eth0"), (clients, "eth0")))
        for host, last in ((server, 1), (clients, 2)):
            host.ip(f"addr add 10.77.3.{last}/24 dev eth0")
            host.ip("link set eth0 up")
        yield server, clients


async def fetch(clients: Host, folder: Path, name: str) -> str:
    """Run a client; return what was wrong."""
    for _ in range(5):
        status, printed = await ended(clients, folder, *CLIENTS[name])
        # It takes an OACK that comes again for a mistake, which that is not where an ACK was lost.
        if "unexpected OACK" not in printed:
            break
    got = folder / name
    same = got.is_file() and hashlib.sha256(got.read_bytes()).digest() == DIGEST
    return "" if same else f"{name} ended with {status}: {printed}"


async def ended(clients: Host, folder: Path, *command: str) -> tuple[int | None, str]:
    try:
        return await run("ip", "netns", "exec", clients.name, *command, cwd=folder)
    except TimeoutError:
        return None, "it had not ended in a minute"


DIGEST = hashlib.sha256(LOADER).digest()


@pytest.mark.parametrize(
    "cable",
    [
        Cable(delay=0.0002, lost=0.03),
        Cable(delay=0.001, doubled=0.1, hasty=0.1),
        Cable(delay=0.01, lost=0.01, doubled=0.01, hasty=0.01),
    ],
    ids=["that loses", "that doubles and reorders", "that is long"],
)
@pytest.mark.parametrize("apart", [False, True], ids=["event loop", "process"])
def test_each_gets_the_file_whole_over_a_cable(tmp_path: Path, cable: Cable, apart: bool) -> None:
    (tmp_path / "loader").write_bytes(LOADER)
    (tmp_path / "got").mkdir()

    with joined(cable) as (server, clients):

        async def all_at_once(forks: ForkServer) -> list[str]:
            here = serving(tmp_path, host="0.0.0.0", port=69)
            there = all_apart(tmp_path, forks, host="0.0.0.0", port=69)
            async with there if apart else here:
                got = tmp_path / "got"
                return await asyncio.gather(*(fetch(clients, got, name) for name in CLIENTS))

        def inside() -> list[str]:
            with ForkServer(carry) as forks:
                return asyncio.run(all_at_once(forks))

        wrong = server.inside(inside)

    assert [each for each in wrong if each] == []
