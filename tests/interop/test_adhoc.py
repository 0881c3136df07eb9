"""`pyxie boot` on a real network, without a daemon and without a line of configuration."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.interop.netns import Net, need, network
from tests.lab.besieged import mac_of
from tests.lab.rack import address_of, got, rack_on
from tests.support import until

pytestmark = pytest.mark.interop

SERVER = "10.99.0.1"
CHECKOUT = Path(__file__).resolve().parents[2]
KERNEL, INITRD = b"kernel " * 90_000, b"initrd " * 40_000
BOOT = (sys.executable, "-m", "pyxie", "boot")


@pytest.fixture
def net() -> Iterator[Net]:
    need("ip")
    with network() as made:
        yield made


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "linux").write_bytes(KERNEL)
    (tmp_path / "initrd.gz").write_bytes(INITRD)
    return tmp_path


async def _boots() -> tuple[dict[str, bytes], str]:
    connector = aiohttp.TCPConnector(local_addr=(address_of(0), 0), force_close=True)
    async with (
        rack_on("eth0", SERVER) as rack,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        url = await rack.offered(0)
        ran = await rack.loads(0, url, lambda what: got(session, what))
        return dict(ran.loaded), ran.cmdline


def test_a_machine_boots_from_power_on_to_its_kernel_and_nothing_is_left(
    net: Net, here: Path
) -> None:
    server, client = net.host("srv"), net.host("cli")
    net.lan(a=(server, "eth0", f"{SERVER}/16"), b=(client, "eth0", f"{address_of(0)}/16"))
    log, temporary = here / "log", here / "tmp"
    temporary.mkdir()
    environment = (f"PYTHONPATH={CHECKOUT}", f"TMPDIR={temporary}", f"--chdir={here}")
    line = ("linux", "initrd.gz", "--cmdline", "console=ttyS0")
    process = server.start("env", *reversed(environment), *BOOT, *line, log=log)
    until(lambda: "Ctrl-C ends this" in log.read_text(), "it to serve")

    loaded, cmdline = client.inside(lambda: asyncio.run(_boots()))

    until(lambda: "leaves iPXE" in log.read_text(), "it to tell")
    dashed = mac_of(0).replace(":", "-")
    assert loaded == {"kernel": KERNEL, "initrd0": INITRD}
    assert cmdline == f"initrd=initrd0 BOOTIF=01-{dashed} console=ttyS0"
    first, *lines = log.read_text().splitlines()
    assert first.startswith("serving linux, initrd.gz to any machine that boots from the network")
    told = [line.partition("  ")[2] for line in lines]
    assert f"{mac_of(0)}  offered: ipxe.efi for a PXE client (x64 UEFI)" in told
    assert f"{mac_of(0)}  leaves iPXE for its kernel" in told
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130, log.read_text()
    assert "dropped" not in log.read_text()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "prefix", "sentence"),
    [
        ("", (), "pyxie: nobody can be answered: no interface has an IPv4 address"),
        (
            f"{SERVER}/16",
            ("setpriv", "--bounding-set=-all", "--inh-caps=-all"),
            "pyxie: TFTP may not listen on UDP port 69 of 0.0.0.0: start pyxie as root",
        ),
    ],
    ids=["no address", "not root"],
)
def test_what_is_in_the_way_is_said_in_one_sentence(
    net: Net, tmp_path: Path, address: str, prefix: tuple[str, ...], sentence: str
) -> None:
    need("setpriv")
    server = net.host("srv")
    net.lan(a=(server, "eth0", address))
    tmp_path.chmod(0o777)
    env = ("env", f"--chdir={tmp_path}", f"PYTHONPATH={CHECKOUT}", f"TMPDIR={tmp_path}")
    kernel = "http://192.0.2.1/linux"

    process = server.start(*prefix, *env, *BOOT, kernel, log=tmp_path / "log")

    assert process.wait(20) == 1
    *_, last = (tmp_path / "log").read_text().splitlines()
    assert last.startswith(sentence), last
