"""A hundred thousand DISCOVERs a second, each of another machine: served ones boot meanwhile.

As many as the host can send, that is, which is some tens of thousands where others use it too.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.netns import Host, need
from tests.lab import needs
from tests.lab.besieged import MACHINE, SERVER, Besieged, besieged, host_of, mac_of
from tests.lab.flood import frame, pxe

FLOOD = Path(__file__).parents[2] / "bench/flood.c"
MACHINES = 40
RATE = 100_000
LEAST = 5_000
"""Frames a second that are a flood on a host which does much else."""
SECONDS = 4
GROWTH = 30
"""MB that pyxie may take more than before."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = needs.program("cc", "gcc libc6-dev")
    made = tmp_path_factory.mktemp("flood") / "flood"
    subprocess.run([compiler, "-O2", "-o", made, FLOOD], check=True)
    return made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Besieged]:
    need("ip", "curl")
    with besieged(tmp_path, MACHINES, "unknown: discover\n") as site:
        yield site


@contextlib.contextmanager
def deluge(site: Besieged, program: Path) -> Iterator[None]:
    """Flood until the block ends, for half a minute at most."""
    each = frame(pxe(), bytes(4), b"\xff" * 4, (68, 67))
    process = site.enemy.start(
        str(program), "eth0", str(RATE), "30", each.hex(), log=site.folder / "flood"
    )
    try:
        time.sleep(1)  # it is warm
        assert process.poll() is None, (site.folder / "flood").read_text()
        yield
    finally:
        process.kill()
        process.wait()


def loaded(host: Host, folder: Path) -> bytes:
    """Load the boot loader by TFTP."""
    to, url = folder / "loaded", f"tftp://{SERVER}/ipxe.efi"
    curl = ("curl", "-sS", "--max-time", "30", "--tftp-blksize", "1468", "-o", str(to), url)
    subprocess.run(["ip", "netns", "exec", host.name, *curl], check=True)
    return to.read_bytes()


def count(site: Besieged, line: str) -> float:
    """Return what a line of the metrics says."""
    _, metrics = site.ask("GET", "/metrics")
    found = [each for each in metrics.decode().splitlines() if each.startswith(line)]
    return sum(float(each.split()[-1]) for each in found)


def test_machines_in_build_mode_boot(site: Besieged, program: Path) -> None:
    now, _ = site.memory()
    with deluge(site, program), site.fetching() as fetched:
        lines, frames, began = site.logged(), site.arrived(), time.monotonic()
        offers = site.offers(MACHINES, 20, SECONDS)
        file = loaded(site.client, site.folder)
        took = time.monotonic() - began
        arrived, logged = site.arrived() - frames, site.logged() - lines
    _, most = site.memory()

    assert arrived > LEAST * took, "this is no flood"
    assert offers.lost <= offers.sent / 10, offers
    assert offers.cut(50) < 1.0, offers
    assert file == (site.folder / "ipxe/ipxe.efi").read_bytes()
    assert (fetched.failed, len(fetched.took) > 20) == (0, True)
    assert logged / took < 100
    assert most - now < GROWTH
    assert count(site, 'pyxie_bound_reached_total{bound="dhcp_strangers"}') > 0
    assert count(site, 'pyxie_dhcp_datagrams_total{outcome="silent",port="67",reason="crowd') > 0
    assert "Traceback" not in site.log.read_text()


def test_a_machine_that_is_added_meanwhile_is_offered_its_boot(
    site: Besieged, program: Path
) -> None:
    host, mac = host_of(MACHINES), mac_of(MACHINES)
    with deluge(site, program):
        file = site.folder / "machines" / f"{host}.yaml"
        file.write_text(MACHINE.format(host=host, mac=mac))
        deadline = time.monotonic() + 20
        while site.ask("PUT", f"/build/{host}")[0] != 200:
            assert time.monotonic() < deadline, site.log.read_text()
            time.sleep(0.1)
        offers = site.offers(1, 4, SECONDS, first=MACHINES)

    assert offers.lost <= offers.sent / 4, offers
    assert offers.took
