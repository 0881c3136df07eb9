"""The answer file of Proxmox VE's automatic installer."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from pyxie.errors import RenderError
from pyxie.render.rendering import Rendering
from tests.render.examples import (
    KEY,
    PARAMS,
    cases,
    config,
    context,
    example,
    rendered,
    url,
)
from tests.render.judges import by_schema

SCHEMA = "proxmox-answer.schema.json"


def answer(case: str = "as it is", **params: str) -> dict[str, Any]:
    return tomllib.loads(rendered("proxmox", "answer", case, **params))


class TestTheAnswer:
    @cases
    @pytest.mark.parametrize("filesystem", ["ext4", "xfs", "zfs", "btrfs"])
    def test_is_toml_of_the_documented_keys(self, case: str, filesystem: str) -> None:
        assert by_schema(SCHEMA, answer(case, filesystem=filesystem)) == []

    def test_names_the_machine_as_the_registry_does_and_ends_the_build(self) -> None:
        told = answer()

        assert told["global"]["fqdn"] == "proxmox.example.org"
        assert told["post-installation-webhook"]["url"] == url("proxmox", "done")

    def test_has_a_password_that_nobody_knows_and_the_key_as_it_is(self) -> None:
        told = answer(ssh_key=KEY)["global"]

        assert told["root-password-hashed"] == "$6$pyxie$" + "." * 86
        assert told["root-ssh-keys"] == [KEY]

    def test_has_the_password_that_is_given_as_a_hash(self) -> None:
        assert answer(root_password_hash="$y$j9T$a$b")["global"]["root-password-hashed"] == (
            "$y$j9T$a$b"
        )

    def test_gives_the_nic_its_address(self) -> None:
        assert answer(nameservers="192.0.2.53 192.0.2.54")["network"] == {
            "source": "from-answer",
            "cidr": "192.0.2.30/24",
            "gateway": "192.0.2.1",
            "dns": "192.0.2.53",
            "filter": {"ID_NET_NAME_MAC": "*525400120010"},
        }

    @pytest.mark.parametrize("keep", [True, False], ids=["one NIC", "none"])
    def test_without_an_address_leaves_it_to_dhcp(self, keep: bool) -> None:
        machine = example("proxmox")
        nics = tuple(
            nic.model_copy(update={"ipaddress": "", "gateway": ""}) for nic in machine.network
        )
        bare = machine.model_copy(update={"network": nics if keep else ()})

        text = Rendering(config()).template(bare, "answer", context(machine))

        assert tomllib.loads(text)["network"] == {"source": "from-dhcp"}

    @pytest.mark.parametrize(
        ("disk", "chosen"),
        [
            ("/dev/nvme0n1", {"disk-list": ["nvme0n1"]}),
            ("/dev/disk/by-id/ata-A_1", {"filter": {"DEVLINKS": "*/dev/disk/by-id/ata-A_1*"}}),
            ("serial:S3Z9", {"filter": {"ID_SERIAL_SHORT": "S3Z9"}}),
            ("wwn:0x5002538E40A1B2C3", {"filter": {"ID_WWN": "*5002538e40a1b2c3"}}),
        ],
    )
    def test_installs_onto_the_disk_that_is_named(
        self, disk: str, chosen: dict[str, object]
    ) -> None:
        told = answer(disk=disk)["disk-setup"]

        assert told == {"filesystem": "ext4", **chosen}

    def test_whose_disk_is_empty_is_refused(self) -> None:
        with pytest.raises(RenderError, match="'disk' is empty: this installer finds none"):
            answer(disk="")

    def test_without_a_disk_is_refused_with_its_place(self) -> None:
        machine = example("proxmox")
        params = {key: value for key, value in machine.params.items() if key != "disk"}
        nameless = machine.model_copy(update={"params": params})

        with pytest.raises(RenderError) as caught:
            Rendering(config()).template(nameless, "answer", context(machine))

        assert caught.value.template == "proxmox.answer.toml.j2"
        assert "'params.disk' is undefined" in caught.value.problem

    def test_is_in_all_cases_for_the_same_machine(self) -> None:
        assert {answer(case)["global"]["fqdn"] for case in PARAMS} == {"proxmox.example.org"}
