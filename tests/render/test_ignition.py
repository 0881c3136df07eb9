"""Ignition: what is booted over the network, and what it writes onto the disk."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.render.examples import KEY, PARAMS, cases, rendered
from tests.render.judges import by_a_shell, by_ignition, by_schema

installers = pytest.mark.parametrize("installer", ["flatcar", "coreos"])


def script(ignition: str) -> str:
    """Return the installation script that a configuration brings."""
    (file,) = json.loads(ignition)["storage"]["files"]
    return base64.b64decode(file["contents"]["source"].partition(",")[2]).decode()


class TestAConfiguration:
    @cases
    @pytest.mark.parametrize("kind", ["ignition", "target"])
    @installers
    def test_is_one_that_ignition_takes(
        self, tmp_path: Path, kind: str, case: str, installer: str
    ) -> None:
        text = rendered("flatcar", kind, case, installer=installer)

        assert by_ignition(text, tmp_path) == (0, "")

    @cases
    @pytest.mark.parametrize("kind", ["ignition", "target"])
    @installers
    @pytest.mark.parametrize("version", ["3.3.0", "3.4.0"])
    def test_is_valid_by_our_schema_of_the_specification(
        self, kind: str, case: str, installer: str, version: str
    ) -> None:
        params = {"installer": installer, "ignition_version": version}
        found = json.loads(rendered("flatcar", kind, case, **params))

        assert found["ignition"]["version"] == version
        assert by_schema("ignition.schema.json", found) == []
        (core,) = found["passwd"]["users"]
        assert core["sshAuthorizedKeys"] == [KEY] * ("ssh_key" in PARAMS[case])

    def test_writes_the_hostname(self) -> None:
        (file,) = json.loads(rendered("flatcar", "target"))["storage"]["files"]

        assert unquote(file["contents"]["source"]) == "data:,flatcar.example.org\n"

    @cases
    @installers
    def test_has_a_script_that_a_shell_takes(self, case: str, installer: str) -> None:
        found = script(rendered("flatcar", "ignition", case, installer=installer))

        assert by_a_shell(found) == ""
        program = "flatcar-install" if installer == "flatcar" else "coreos-installer install"
        assert program in found

    @pytest.mark.parametrize(
        "wrong",
        [
            {"ignition": {"version": "2.3.0"}},
            {"ignition": {}},
            {"storage": {"files": [{"path": "relative"}]}},
            {"storage": {"files": [{"path": "/a", "mode": "0644"}]}},
            {"systemd": {"units": [{"name": "a.sevrice"}]}},
            {"passwd": {"users": [{"name": "core", "sshAuthorizedKey": []}]}},
        ],
        ids=str,
    )
    def test_with_a_mistake_is_refused(self, tmp_path: Path, wrong: dict[str, Any]) -> None:
        found = json.loads(rendered("flatcar", "ignition")) | wrong

        assert by_schema("ignition.schema.json", found) != []
        if "sshAuthorizedKey" not in str(wrong):  # which Ignition only warns of
            assert by_ignition(json.dumps(found), tmp_path)[0] != 0
