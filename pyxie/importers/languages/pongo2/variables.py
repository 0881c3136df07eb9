"""The names in waitron's templates: which are always there, and of what kind they are.

Kinds: ``text``, ``int``, ``float``, ``bool``, ``params`` (texts by name), a record of
`RECORDS`, ``[kind]`` for a list, and nothing for what is not known.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

_BUILD = {
    **dict.fromkeys(("OperatingSystem", "Finish", "Preseed", "Cmdline", "Kernel"), "text"),
    "ImageURL": "text",
    "Initrd": "[text]",
    "Params": "params",
    "Description": "text",
    "Tags": "[text]",
}

RECORDS: Final = MappingProxyType(
    {
        "machine": {
            **_BUILD,
            **dict.fromkeys(("Hostname", "ShortName", "Domain", "Token", "BaseURL"), "text"),
            **dict.fromkeys(("IpmiAddressRaw", "IpmiUser", "IpmiPassword"), "text"),
            **dict.fromkeys(("TemplatePath", "StaticFilesPath", "BuildTypeName"), "text"),
            "Network": "[nic]",
            "StaleBuildThresholdSeconds": "int",
        },
        "nic": {
            **dict.fromkeys(("Name", "IPAddress", "MacAddress", "Gateway", "Netmask"), "text"),
            **dict.fromkeys(("Gateway4", "Gateway6", "VlanID", "VlanName"), "text"),
            **dict.fromkeys(("ZSideDevice", "ZSideDeviceInterface", "Description"), "text"),
            "Addresses4": "[address]",
            "Addresses6": "[address]",
            "Tags": "[text]",
        },
        "address": {
            **dict.fromkeys(("IPAddress", "Netmask", "Cidr", "Description"), "text"),
            "Tags": "[text]",
        },
        "config": {
            "BaseURL": "text",
            "TemplatePath": "text",
            "MachinePath": "text",
            "Params": "params",
            "StaticFilesPath": "text",
            "ImageURL": "text",
            "Cmdline": "text",
            "Kernel": "text",
            "Initrd": "[text]",
            **dict.fromkeys(("DefaultCmdline", "DefaultKernel", "DefaultImageURL"), "text"),
            "DefaultInitrd": "[text]",
        },
        "job": {
            **dict.fromkeys(("Token", "TriggerMacRaw", "TriggerMacNormalized"), "text"),
            **dict.fromkeys(("BuildTypeName", "Start", "Status", "StatusReason"), "text"),
            "Machine": "machine",
        },
        "loop": {
            **dict.fromkeys(("Counter", "Counter0", "Revcounter", "Revcounter0"), "int"),
            "First": "bool",
            "Last": "bool",
        },
    }
)
"""Go's fields, as pongo2 spells them, that pyxie has too."""

LOOP: Final = MappingProxyType(
    {
        "Counter": "index",
        "Counter0": "index0",
        "Revcounter": "revindex",
        "Revcounter0": "revindex0",
        "First": "first",
        "Last": "last",
    }
)
"""pongo2's ``forloop`` as Jinja2's ``loop``."""

GLOBALS: Final = MappingProxyType(
    {
        "machine": "machine",
        "config": "config",
        "job": "job",
        **dict.fromkeys(("Token", "Hostname", "BaseURL", "MAC", "token"), "text"),
    }
)
"""What every template sees."""


def plain(name: str) -> str:
    """Return a name as pyxie compares it, whose records know any spelling."""
    return name.replace("_", "").lower()


def step(kind: str, name: str | int) -> tuple[str, bool, str]:
    """Follow one step of a path.

    Returns:
        The kind of what is there, whether it is always there, and a note or nothing.
    """
    if isinstance(name, int):
        return (kind[1:-1] if kind.startswith("[") else ""), False, ""
    if kind not in RECORDS:
        return ("text" if kind == "params" else ""), False, ""
    fields = RECORDS[kind]
    if name in fields:
        return fields[name], True, ""
    for field, inner in fields.items():
        if plain(field) == plain(name):
            spelt = f"waitron knew '{field}' only, and took '{name}' for nothing"
            return inner, True, f"{spelt}; here both are the same"
    return "", False, f"pyxie's '{kind}' has no '{name}', so it is nothing here"
