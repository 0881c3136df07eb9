"""All at once: a rack boots while a hostile LAN does whatever it can; see tests/lab/storm.py."""

from __future__ import annotations

from tests.interop.netns import need
from tests.lab.storm import storm

MACHINES = 30


def test_a_rack_boots_while_all_is_done_at_once() -> None:
    need("ip")

    seen = storm(MACHINES, rate=5_000, spread=5)

    assert seen.failures == {}
    assert seen.booted == MACHINES
    assert seen.memory < 300
    # Some hundreds may come at once; then it is under a hundred a second.
    assert seen.lines * seen.seconds < 1000 + 100 * seen.seconds
