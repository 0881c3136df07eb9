"""`pyxie doctor`, as people and scripts call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyxie.diagnosis.remedy import Remedy
from pyxie.doctor import examine
from pyxie.doctor.examine import Report
from pyxie.doctor.found import Finding, Severity
from tests.commandline import Runner, clean, pyxie

__all__ = ["clean", "pyxie"]

SERVER = Remedy("dnsmasq", "a file", ("dhcp-boot=,,192.0.2.10",), then="restart it")
STOPS = Finding("port-taken", Severity.STOPS, "UDP port 69 is taken", ("stop it",), (SERVER,))
NOTE = Finding("secure-boot", Severity.NOTE, "nothing is signed")


def reports(monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    async def made(*_: object, **__: object) -> Report:
        return report

    monkeypatch.setattr(examine, "examine", made)


def test_what_is_wrong_comes_with_what_to_do(
    pyxie: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Report(found=[STOPS, NOTE], looked_at=["ports"], unseen={"disk": "it hangs"})
    reports(monkeypatch, report)

    ran = pyxie("doctor")

    assert ran.code == 2
    assert ran.out.splitlines() == [
        "stops boots: UDP port 69 is taken [port-taken]",
        "    stop it",
        "note: nothing is signed [secure-boot]",
        "to change in the DHCP server, whichever it is [port-taken]:",
        "    dnsmasq: a file",
        "      add",
        "        dhcp-boot=,,192.0.2.10",
        "      then: restart it",
    ]
    assert ran.err.splitlines()[:2] == [
        "pyxie: looked at ports",
        "pyxie: not looked at disk: it hangs",
    ]


def test_where_all_is_well_it_says_what_it_looked_at(
    pyxie: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports(monkeypatch, Report(looked_at=["ports", "disk"]))

    ran = pyxie("doctor")

    assert (ran.code, ran.out) == (0, "nothing to mend\n")
    assert ran.err.startswith("pyxie: looked at ports, disk\n")


def test_json_has_all_of_it(pyxie: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    look = Finding("no-dhcp", Severity.LOOK, "nobody answers")
    reports(monkeypatch, Report(found=[look], looked_at=["ports"], unseen={"disk": "it hangs"}))

    ran = pyxie("doctor", "--json")

    assert ran.code == 1
    assert json.loads(ran.out) == {
        "findings": [
            {
                "code": "no-dhcp",
                "severity": "look",
                "sentence": "nobody answers",
                "remedy": [],
                "servers": [],
            }
        ],
        "looked_at": ["ports"],
        "not_looked_at": {"disk": "it hangs"},
        "exit": 1,
    }


def test_a_mistake_in_the_settings_is_a_finding(pyxie: Runner, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("http: {port: x}\n")

    ran = pyxie("doctor", "--host-only", "--config", "config.yaml")

    assert ran.code == 2
    assert "stops boots: config.yaml has a mistake, with which pyxie does not start" in ran.out
