"""Which modules of the bench are laid for what is asked for."""

from __future__ import annotations

import re

import pytest

from bench.__main__ import MODULES, wanted
from tests.lab.besieged import CHECKOUT


@pytest.mark.parametrize(
    ("only", "laid"),
    [
        ([], list(MODULES)),
        (["cold"], ["offers"]),
        (["window", "offers"], ["offers", "blocks"]),
        (["netem"], ["netem"]),
        (["netem window 16, 1 % lost, 0.2 ms", "bulk"], ["builds", "netem"]),
        (["no such"], []),
    ],
)
def test_are_those_that_have_some_of_it(only: list[str], laid: list[str]) -> None:
    assert wanted(only) == laid


@pytest.mark.parametrize(("module", "contests"), MODULES.items())
def test_are_known_by_the_contests_that_they_have(module: str, contests: set[str]) -> None:
    source = (CHECKOUT / f"bench/{module}.py").read_text()

    assert set(re.findall(r'Contest\(\s+name="([\w-]+)"', source)) == contests
