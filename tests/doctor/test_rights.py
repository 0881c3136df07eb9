"""Whether a daemon runs, and may do what it has to."""

from __future__ import annotations

from typing import Any

import pytest

from pyxie.doctor.found import Severity
from pyxie.doctor.rights import Service, judge, unit_of

UNIT = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "UnitFileState": "enabled",
    "User": "pyxie",
    "Result": "success",
    "NRestarts": "0",
    "AmbientCapabilities": "cap_net_bind_service cap_net_raw",
    "CapabilityBoundingSet": "cap_net_bind_service cap_net_raw",
}
BOTH = 1 << 10 | 1 << 13


def told(running: bool = True, **said: Any) -> list[tuple[str, Severity]]:
    found = judge(Service(running=running, **said))
    return [(each.code, each.severity) for each in found]


class TestUnit:
    def test_what_systemctl_prints_is_read(self) -> None:
        assert unit_of("LoadState=loaded\nUser=pyxie\nnonsense\n") == {
            "LoadState": "loaded",
            "User": "pyxie",
        }
        assert unit_of("LoadState=not-found\n") is None

    def test_that_runs_and_is_enabled_is_right(self) -> None:
        assert told(unit=UNIT) == []

    def test_that_has_failed_says_how(self) -> None:
        unit = {**UNIT, "ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "1"}

        (found,) = judge(Service(running=False, unit=unit))

        assert (found.code, found.severity) == ("not-running", Severity.STOPS)
        assert found.sentence == ("the service pyxie does not run (failed: exit-code, exit code 1)")

    def test_that_was_not_started_is_to_be_started(self) -> None:
        unit = {**UNIT, "ActiveState": "inactive"}

        (found,) = judge(Service(running=False, unit=unit))

        assert found.sentence == "the service pyxie does not run (inactive)"
        assert found.remedy[-1] == "systemctl enable --now pyxie"

    def test_that_is_just_starting_is_given_time(self) -> None:
        assert told(False, unit={**UNIT, "ActiveState": "activating"}) == []

    @pytest.mark.parametrize(
        ("said", "code"),
        [({"UnitFileState": "disabled"}, "not-enabled"), ({"NRestarts": "3"}, "restarted")],
    )
    def test_that_will_fail_later_is_to_be_looked_at(self, said: dict[str, str], code: str) -> None:
        assert told(unit={**UNIT, **said}) == [(code, Severity.LOOK)]


def test_one_that_only_observes_is_to_be_looked_at() -> None:
    assert told(observes=True) == [("observing", Severity.LOOK)]


class TestCapabilities:
    def test_that_a_unit_does_not_give_are_named_with_what_they_are_for(self) -> None:
        unit = {**UNIT, "AmbientCapabilities": "cap_net_bind_service"}

        (found,) = judge(Service(running=True, unit=unit))

        assert (found.code, found.severity) == ("capabilities", Severity.STOPS)
        assert found.sentence == (
            "the systemd unit does not give pyxie CAP_NET_RAW:"
            " it cannot hear DHCP beside another server"
        )

    def test_of_a_bound_port_67_the_raw_socket_s_is_not_needed(self) -> None:
        unit = {**UNIT, "AmbientCapabilities": "cap_net_bind_service"}

        assert told(unit=unit, bind=True) == []

    def test_root_has_them_all(self) -> None:
        assert told(unit={**UNIT, "User": "", "AmbientCapabilities": ""}) == []

    def test_of_who_would_start_it_are_noted(self) -> None:
        assert told(False, root=False, effective=1 << 10) == [
            ("capabilities", Severity.NOTE),
            ("not-running", Severity.LOOK),
        ]
        assert told(False, root=False, effective=BOTH) == [("not-running", Severity.LOOK)]
        assert told(False, root=False, effective=1 << 10, bind=True) == [
            ("not-running", Severity.LOOK)
        ]


class TestWithoutUnit:
    def test_a_daemon_that_runs_is_right(self) -> None:
        assert told() == []

    def test_none_is_to_be_looked_at(self) -> None:
        assert told(False) == [("not-running", Severity.LOOK)]
