"""Results of contests that nobody held."""

from __future__ import annotations

from collections.abc import Sequence

from bench.contest import Contest, Result, Taken, Wanted, at_least


def result(
    *wanted: Wanted, absent: dict[str, str] | None = None, **sides: Sequence[float]
) -> Result:
    """Return a result by each side's values; a p99 is a tenth, half a processor was used."""
    contest = Contest("load", "a loader", "MB/s", wanted or [at_least(1, "dnsmasq")], {})
    taken = {
        name.replace("_", "-"): [Taken(value, 1.0, 2.0, {"p99": value / 10}) for value in values]
        for name, values in sides.items()
    }
    return Result(contest, taken, absent or {})
