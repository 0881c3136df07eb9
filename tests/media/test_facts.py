"""What a process says of a medium is believed as far as it can be so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyxie.media.extents import MediumError, read
from pyxie.media.facts import Facts, System, check
from pyxie.media.loaderconfig import Entry

TREE = read(["k\tfile\t0+1", "i\tfile\t0+1"], 10)
SYSTEM = System(family="live", title="Live", arch="amd64", kernel="k", initrds=(("i", "x"),))
GOOD = Facts(
    volume="V", names="UDF", system=SYSTEM, entries=(Entry("a", "k", ("i",)),), loaders=("k",)
)


def test_what_can_be_so_is_believed() -> None:
    check(GOOD, TREE, {"live"})
    check(replace(GOOD, system=None), TREE, {"live"})
    check(replace(GOOD, system=replace(SYSTEM, kernel="", initrds=())), TREE, {"live"})


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (replace(GOOD, volume="\x1b[2J"), "says what cannot be shown"),
        (replace(GOOD, volume="v" * 3000), "says what cannot be shown"),
        (replace(GOOD, entries=(Entry("a\n", "k"),)), "says what cannot be shown"),
        (replace(GOOD, entries=(Entry("a", "gone"),)), "boots files that it does not hold"),
        (replace(GOOD, system=replace(SYSTEM, kernel="gone")), "boots files that it does not hold"),
        (replace(GOOD, system=replace(SYSTEM, family="x")), "is of a system that nobody knows"),
        (replace(GOOD, system=replace(SYSTEM, arch="x")), "is of a system that nobody knows"),
    ],
)
def test_what_cannot_be_so_is_refused(facts: Facts, why: str) -> None:
    with pytest.raises(MediumError, match=why):
        check(facts, TREE, {"live"})
