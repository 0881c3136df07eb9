"""The figures as JSON."""

from __future__ import annotations

import json

from bench.contest import at_most
from bench.report import report
from tests.bench.runs import result


def test_has_all_runs_and_what_they_come_to() -> None:
    wanted = at_most(1, "dnsmasq", of="p99", work="p99", unit="ms")
    seen = result(wanted, absent={"atftpd": "fetch it"}, pyxie=[120, 80], dnsmasq=[100, 100])

    document = json.loads(report([seen], {"date": "2026-11-27"}))

    assert document["date"] == "2026-11-27"
    (contest,) = document["contests"]
    assert contest["absent"] == {"atftpd": "fetch it"}
    assert contest["runs"]["pyxie"] == [
        {"value": 120, "cpu": 1.0, "seconds": 2.0, "p99": 12},
        {"value": 80, "cpu": 1.0, "seconds": 2.0, "p99": 8},
    ]
    assert contest["rows"] == [
        {
            "work": "p99",
            "unit": "ms",
            "sides": {
                "pyxie": {"median": 10, "least": 8, "most": 12, "noise": 0.2, "processors": 0.5},
                "dnsmasq": {"median": 10, "least": 10, "most": 10, "noise": 0, "processors": 0.5},
            },
            "peer": "dnsmasq",
            "ratio": {"median": 1.0, "least": 0.8, "most": 1.2},
            "wanted": {"bound": 1, "more": False, "of": "p99"},
            "reached": True,
            "held": 1,
            "rounds": 2,
        }
    ]


def test_of_what_has_no_peer_says_so() -> None:
    document = json.loads(report([result(at_most(4), pyxie=[3])], {}))

    row = document["contests"][0]["rows"][0]
    assert (row["peer"], row["ratio"], row["reached"]) == (None, None, True)
