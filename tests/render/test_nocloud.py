"""Ubuntu's autoinstall, as cloud-init's NoCloud seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pyxie.render.rendering import Rendering
from tests.needs import program
from tests.render.examples import KEY, PARAMS, cases, config, context, example, rendered, url
from tests.render.judges import by_a_shell, by_cloud_init, by_schema, judged

VALID = (0, "Valid cloud-config: FILE\n")


def autoinstall(case: str = "as it is") -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(rendered("ubuntu24", "user-data", case))["autoinstall"]
    return found


@cases
class TestASeed:
    @pytest.mark.parametrize("kind", ["user-data", "vendor-data"])
    def test_is_cloud_config_by_cloud_inits_schema(
        self, tmp_path: Path, kind: str, case: str
    ) -> None:
        assert by_cloud_init(rendered("ubuntu24", kind, case), tmp_path) == VALID

    def test_has_an_autoinstall_by_our_schema(self, case: str) -> None:
        assert by_schema("autoinstall.schema.json", autoinstall(case)) == []

    def test_has_commands_that_a_shell_takes(self, case: str) -> None:
        found = autoinstall(case)
        kinds = ("early-commands", "late-commands", "error-commands")
        commands = [command for kind in kinds for command in found[kind]]

        assert [told for each in commands if (told := by_a_shell(f"{each}\n"))] == []

    def test_has_user_data_for_the_new_system_that_cloud_init_takes(
        self, tmp_path: Path, case: str
    ) -> None:
        found = autoinstall(case)["user-data"]
        (root,) = found["users"]

        assert by_cloud_init(f"#cloud-config\n{yaml.safe_dump(found)}", tmp_path) == VALID
        assert root["lock_passwd"] is True
        assert root.get("ssh_authorized_keys", []) == [KEY] * ("ssh_key" in PARAMS[case])

    @pytest.mark.parametrize("static", [True, False])
    def test_has_a_network_that_cloud_init_turns_into_netplans(
        self, tmp_path: Path, case: str, static: bool
    ) -> None:
        machine = example("ubuntu24", **PARAMS[case])
        if not static:
            nics = tuple(each.model_copy(update={"ipaddress": ""}) for each in machine.network)
            machine = machine.model_copy(update={"network": nics})
        given = tmp_path / "network-config"
        given.write_text(Rendering(config()).template(machine, "network-config", context(machine)))
        cloud_init = program("cloud-init", "cloud-init")

        code, said = judged(
            [
                *(cloud_init, "devel", "net-convert", "--network-data", str(given)),
                *("--kind", "yaml", "--directory", str(tmp_path)),
                *("--distro", "ubuntu", "--output-kind", "netplan"),
            ]
        )

        assert code == 0, said
        (made,) = (tmp_path / "etc/netplan").iterdir()
        (nic,) = yaml.safe_load(made.read_text())["network"]["ethernets"].values()
        assert nic["match"] == {"macaddress": "52:54:00:12:00:03"}
        assert nic.get("dhcp4", False) is not static
        assert nic.get("addresses", []) == (["192.0.2.23/24"] if static else [])


class TestTheOrder:
    def test_of_the_last_commands_ends_with_done(self) -> None:
        assert autoinstall()["late-commands"][-1].endswith(url("ubuntu24", "done"))

    def test_of_a_failure_is_to_send_the_installers_log(self) -> None:
        (command,) = autoinstall()["error-commands"]

        assert command.startswith("tail -n 200 /var/log/installer/")
        assert f"'{url('ubuntu24', 'failed')}?reason=the%20installer%20failed'" in command


def test_the_meta_data_names_the_machine() -> None:
    assert yaml.safe_load(rendered("ubuntu24", "meta-data")) == {
        "instance-id": "ubuntu24.example.org-525400120003",
        "local-hostname": "ubuntu24.example.org",
    }


def test_cloud_init_refuses_what_is_no_cloud_config(tmp_path: Path) -> None:
    assert by_cloud_init("#cloud-config\nusers: 5\n", tmp_path)[0] != 0


@pytest.mark.parametrize(
    "wrong", [{"late_commands": []}, {"version": 2}, {"user-data": None}, {"ssh": []}], ids=str
)
def test_our_schema_refuses_a_wrong_autoinstall(wrong: dict[str, Any]) -> None:
    assert by_schema("autoinstall.schema.json", autoinstall() | wrong) != []
