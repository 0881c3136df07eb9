"""waitron 3's jobs and machines, as Go's encoding/json writes them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from pyxie.builds.life import Build
from pyxie.config.build import BuildKeys, Hook
from pyxie.config.checksums import kernel_url
from pyxie.config.initrd import urls
from pyxie.config.settings import Settings
from pyxie.registry.machine import Machine
from pyxie.registry.nic import Address, Nic

HIDDEN: Final = "***"
"""How waitron 3 wrote passwords, and pyxie writes tokens too."""
_NEVER: Final = "0001-01-01T00:00:00Z"
_LEVELS: Final = ("error", "warning", "info", "debug")
_NAMES: Final = {"warning": "WARN"}
_STALE_CHECKS: Final = 300
_ESCAPED: Final = str.maketrans(
    {each: f"\\u{ord(each):04x}" for each in ("<", ">", "&", "\u2028", "\u2029")}
)


def written(value: Any) -> str:
    """Return JSON to the byte as Go writes it: no spaces, HTML's characters escaped."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).translate(_ESCAPED)


def job(build: Build, status: tuple[str, str], settings: Settings, *, secret: bool) -> Any:
    """Return a build as waitron 3's job.

    Args:
        build: Of it, the machine as it was when it began.
        status: The job's status, and the reason for it.
        settings: Which waitron merged into the machine.
        secret: Whether the token is not to be shown.
    """
    machine = Machine.model_validate_json(build.definition)
    described = machine_of(machine, settings)
    for nic in described["Network"] or ():
        nic["MacAddress"] = nic["MacAddress"].replace(":", "")  # waitron wrote it over
    return {
        "Start": _time(build.begun),
        "End": _NEVER if build.active else _time(build.changed),
        "Status": status[0],
        "StatusReason": status[1],
        "BuildTypeName": build.build_type,
        "Machine": described,
        "TriggerMacRaw": build.mac or "",
        "TriggerMacNormalized": (build.mac or "").replace(":", ""),
        "Token": HIDDEN if secret else build.token,
    }


def machine_of(machine: Machine, settings: Settings) -> dict[str, Any]:
    """Return a machine with all that it inherits, under the names of Go's fields.

    What pyxie has no setting for is as in a waitron without that setting; keys of pyxie's
    own are left out, since a client of waitron's does not expect them.
    """
    short, _, domain = machine.hostname.partition(".")
    level = settings.log.level
    return {
        "TempPath": "",
        "TemplatePath": str(settings.templatepath),
        "StaticFilesPath": str(settings.staticspath or ""),
        "BaseURL": settings.baseurl or "",
        "MachineInventoryPlugins": None,
        "BuildTypes": {n: _keys(t) for n, t in sorted(settings.build_types.items())} or None,
        "StaleBuildCheckFrequency": _STALE_CHECKS,
        "HistoryCacheSeconds": 0,
        "LogLevelName": _NAMES.get(level, level.upper()),
        "LogLevel": _LEVELS.index(level),
        **_keys(machine),
        "Hostname": machine.hostname,
        "ShortName": machine.shortname or short,
        "Domain": machine.domain or domain,
        "Network": [_nic(nic) for nic in machine.network] or None,
        "IpmiAddressRaw": machine.ipmi_address,
        "IpmiUser": machine.ipmi_user,
        "IpmiPassword": HIDDEN,
        "BuildTypeName": machine.build_type,
    }


def _keys(keys: BuildKeys) -> dict[str, Any]:
    return {
        "Cmdline": keys.cmdline,
        "Kernel": kernel_url(keys.kernel),
        "Initrd": urls(keys.initrd) or None,
        "ImageURL": keys.image_url or "",
        "OperatingSystem": keys.operatingsystem,
        "Finish": keys.finish,
        "Preseed": keys.preseed,
        "Params": dict(sorted(keys.params.items())) or None,
        "StaleBuildThresholdSeconds": keys.stale_build_threshold_secs or 0,
        "StaleBuildCommands": _commands(keys.stalebuild_commands),
        "PreBuildCommands": _commands(keys.prebuild_commands),
        "PostBuildCommands": _commands(keys.postbuild_commands),
        "CancelBuildCommands": _commands(keys.cancelbuild_commands),
        "UnknownBuildCommands": _commands(keys.unknownbuild_commands),
        "PxeEventCommands": _commands(keys.pxeevent_commands),
        "Tags": list(keys.tags),
        "Description": keys.description,
    }


def _commands(hooks: Iterable[Hook]) -> list[dict[str, Any]] | None:
    return [
        {
            "Command": hook.url
            or (hook.command if isinstance(hook.command, str) else shlex.join(hook.command)),
            "TimeoutSeconds": hook.timeout_seconds,
            "ErrorsFatal": hook.errors_fatal,
            "ShouldLog": hook.should_log,
        }
        for hook in hooks
    ] or None


def _nic(nic: Nic) -> dict[str, Any]:
    return {
        "Name": nic.name,
        "Addresses4": [_address(each) for each in nic.addresses4],
        "Addresses6": [_address(each) for each in nic.addresses6],
        "MacAddress": nic.macaddress or "",
        "VlanID": int(nic.vlan_id) if nic.vlan_id.isdecimal() else 0,
        "VlanName": nic.vlan_name,
        "Gateway4": nic.gateway4,
        "Gateway6": nic.gateway6,
        "ZSideDevice": nic.zside_device,
        "ZSideDeviceInterface": nic.zside_device_port,
        "Tags": list(nic.tags),
        "Description": nic.description,
    }


def _address(one: Address) -> dict[str, Any]:
    return {
        "IPAddress": one.ipaddress,
        "Netmask": one.netmask,
        "Cidr": one.cidr,
        "Tags": list(one.tags),
        "Description": one.description,
    }


def _time(at: float) -> str:
    """Return a time as Go writes it: no zeros at the end of the fraction."""
    text = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text.rstrip("0").rstrip(".") + "Z"
