"""waitron itself, as far as rendering goes: pongo2 in Go, with the names that waitron gives it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pyxie.config.settings import Settings
from pyxie.registry.machine import Machine
from pyxie.registry.nic import Nic
from pyxie.render.context import BuildContext
from tests import needs
from tests.importers.languages.golang import LIBRARIES, built

CONTEXT = BuildContext(base_url="http://192.0.2.1:9090", token="t0ken-0f", mac="52:54:00:12:34:56")


@dataclass(frozen=True)
class Waitron:
    """Renders as waitron does."""

    program: Path

    def __call__(
        self,
        names: dict[str, Any],
        *,
        text: str = "",
        folder: Path | None = None,
        file: str = "",
        printf: bool = True,
    ) -> str:
        asked = {"folder": str(folder), "file": file, "text": text}
        ran = subprocess.run(
            [self.program],
            input=json.dumps([{**asked, "names": names, "printf": printf}]),
            capture_output=True,
            text=True,
            check=True,
        )
        answer = json.loads(ran.stdout)[0]
        assert answer["error"] == "", (text or file, answer["error"])
        rendered: str = answer["text"]
        return rendered


@pytest.fixture(scope="module")
def waitron(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Waitron:
    if not (LIBRARIES / "src/github.com/flosch/pongo2").is_dir():
        needs.missing("pongo2 is missing; install golang-github-flosch-pongo2.v4-dev")
    return Waitron(built("pongo2.go", tmp_path_factory.mktemp("go"), pytestconfig))


def names(machine: Machine, settings: Settings, context: BuildContext = CONTEXT) -> dict[str, Any]:
    """Return what waitron's templates see, of all its versions, under Go's names."""
    short, _, domain = machine.hostname.partition(".")
    own = {
        **_build(machine),
        "Hostname": machine.hostname,
        "ShortName": machine.shortname or short,
        "Domain": machine.domain or domain,
        "Network": [_nic(nic) for nic in machine.network],
        "IpmiAddressRaw": machine.ipmi_address,
        "IpmiUser": machine.ipmi_user,
        "IpmiPassword": machine.ipmi_password,
        "BuildTypeName": machine.build_type,
        "BaseURL": context.base_url,
        "Token": context.token,
    }
    return {
        "machine": own,
        "config": {**_build(settings), "BaseURL": context.base_url},
        "job": {
            "Token": context.token,
            "TriggerMacRaw": context.mac,
            "TriggerMacNormalized": context.mac.replace(":", ""),
            "BuildTypeName": machine.build_type,
            "Machine": own,
        },
        "Token": context.token,
        "Hostname": machine.hostname,
        "BaseURL": context.base_url,
        "MAC": context.mac,
        "token": context.token,
    }


def _build(keys: Machine | Settings) -> dict[str, Any]:
    return {
        "OperatingSystem": keys.operatingsystem,
        "Finish": keys.finish,
        "Preseed": keys.preseed,
        "Cmdline": keys.cmdline,
        "Kernel": keys.kernel,
        "Initrd": list(keys.initrd),
        "ImageURL": keys.image_url or "",
        "Params": dict(keys.params),
        "Tags": list(keys.tags),
        "Description": keys.description,
        "StaleBuildThresholdSeconds": keys.stale_build_threshold_secs,
    }


def _nic(nic: Nic) -> dict[str, Any]:
    return {
        "Name": nic.name,
        "MacAddress": nic.macaddress or "",
        "IPAddress": nic.ipaddress,
        "Netmask": nic.netmask,
        "Gateway": nic.gateway,
        "Addresses4": [_address(each) for each in nic.addresses4],
        "Addresses6": [_address(each) for each in nic.addresses6],
        "Gateway4": nic.gateway4,
        "Gateway6": nic.gateway6,
        "VlanID": nic.vlan_id,
        "VlanName": nic.vlan_name,
        "ZSideDevice": nic.zside_device,
        "ZSideDeviceInterface": nic.zside_device_port,
        "Tags": list(nic.tags),
        "Description": nic.description,
    }


def _address(address: Any) -> dict[str, Any]:
    return {
        "IPAddress": address.ipaddress,
        "Netmask": address.netmask,
        "Cidr": address.cidr,
        "Tags": list(address.tags),
        "Description": address.description,
    }
