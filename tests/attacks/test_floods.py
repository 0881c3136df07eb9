"""Forged requests by the thousand: machines that are known are offered their boot meanwhile.

The rate is less than what `bench/dhcp.py` measures by, for here nobody else waits.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.netns import need
from tests.lab.besieged import Besieged, besieged
from tests.lab.flood import KINDS

MACHINES = 40
BUILDS = 10
"""Of which each took longer than a client waits."""
SEEN = 3
"""Seconds at least of a flood in which builds begin."""
RATE = 8_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    need("ip")
    folder = tmp_path_factory.mktemp("flooded")
    with besieged(folder, MACHINES, "unknown: discover\n") as site:
        yield site


@pytest.mark.parametrize("kind", KINDS)
def test_known_machines_are_offered_their_boot(site: Besieged, kind: str) -> None:
    with site.flooded(kind, RATE, 20):
        lines, frames, began = site.logged(), site.arrived(), time.monotonic()
        offers = site.offers(MACHINES, 20, 3)
        took = time.monotonic() - began
        arrived, logged = site.arrived() - frames, site.logged() - lines
    now, _ = site.memory()

    assert arrived > 1000 * took, "this is no flood"
    assert offers.lost <= offers.sent / 4
    assert offers.cut(50) < 1.0
    assert logged / took < 100
    assert now < 300


def test_all_is_counted_and_scripts_are_served(site: Besieged) -> None:
    with site.flooded("discovers", RATE, 20), site.fetching() as fetched:
        site.offers(MACHINES, 20, 2)
    for kind in ("relayed", "reads"):
        with site.flooded(kind, RATE, 5):
            site.offers(MACHINES, 20, 1)
    _, metrics = site.ask("GET", "/metrics")

    reached = [line for line in metrics.decode().splitlines() if "bound_reached_total{" in line]
    counts = {line.split('"')[1]: float(line.split()[-1]) for line in reached}
    for bound in ("dhcp_strangers", "dhcp_destinations", "tftp_newcomers", "strangers_events"):
        assert counts[bound] > 0, bound
    assert (fetched.failed, len(fetched.took) > 20) == (0, True)


def test_builds_begin_while_strangers_have_hooks_run(
    tmp_path: Path,
) -> None:
    need("ip")
    hooks = "unknown: discover\nunknownbuild_commands: [{command: 'true'}]\n"
    with (
        besieged(tmp_path, BUILDS, hooks, built=False) as site,
        site.flooded("discovers", 3000, 20),
    ):
        lines, began = site.logged(), time.monotonic()
        site.build(BUILDS)
        took = time.monotonic() - began
        time.sleep(max(0.0, SEEN - took))  # the flood goes on, whose lines are counted
        logged, seen = site.logged() - lines, time.monotonic() - began
        now, _ = site.memory()
        log = site.log.read_text()

    assert took < 20
    assert logged / seen < 100 + 2 * BUILDS
    assert now < 300
    assert "Traceback" not in log
