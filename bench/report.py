"""The figures as JSON: all runs, and what they come to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bench.contest import Result
from bench.figures import Row, Side, rows


def report(results: Sequence[Result], about: Mapping[str, Any]) -> str:
    """Return a JSON document.

    Args:
        results: Of the contests.
        about: When and where they were: what the document begins with.
    """
    return json.dumps({**about, "contests": [_contest(each) for each in results]}, indent=1) + "\n"


def _contest(result: Result) -> dict[str, Any]:
    return {
        "name": result.contest.name,
        "unit": result.contest.unit,
        "rows": [_row(row) for row in rows(result)],
        "absent": dict(result.absent),
        "runs": {
            name: [
                {"value": each.value, "cpu": each.cpu, "seconds": each.seconds, **each.more}
                for each in taken
            ]
            for name, taken in result.taken.items()
        },
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "work": row.work,
        "unit": row.unit,
        "sides": {side.name: _side(side) for side in (row.ours, *row.peers, *row.others)},
        "peer": row.peers[0].name if row.peers else None,
        "ratio": vars(row.ratio) if row.ratio else None,
        "wanted": {"bound": row.wanted.bound, "more": row.wanted.more, "of": row.wanted.of},
        "reached": row.reached,
        "held": row.held,
        "rounds": row.rounds,
    }


def _side(side: Side) -> dict[str, float]:
    return {**vars(side.figure), "noise": side.figure.noise, "processors": side.processors}
