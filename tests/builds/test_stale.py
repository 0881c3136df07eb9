"""After how long a build is stale."""

from __future__ import annotations

import pytest

from pyxie.builds.stale import threshold
from pyxie.registry.machine import Machine


class TestThreshold:
    @pytest.mark.parametrize(
        ("written", "seconds"), [({}, 7200), ({"stale_build_threshold_secs": 0}, 0)]
    )
    def test_is_two_hours_unless_it_is_written(self, written: dict[str, int], seconds: int) -> None:
        assert threshold(Machine.model_validate({"hostname": "web01", **written})) == seconds
