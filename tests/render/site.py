"""A site with one machine, for tests of what is rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyxie.config.settings import Settings
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext

CONTEXT = BuildContext(base_url="http://192.0.2.1:8090", token="0-t0ken", mac="52:54:00:00:00:0b")


def settings(folder: Path, **keys: Any) -> Settings:
    """Return settings whose folders are in ``folder``."""
    places = {name: folder / name for name in ("ipxe", "images", "machines", "templates")}
    for place in places.values():
        place.mkdir(exist_ok=True)
    defaults: dict[str, Any] = {
        "ipxe": places["ipxe"],
        "images": places["images"],
        "machinepath": places["machines"],
        "templatepath": places["templates"],
    }
    return Settings.model_validate(defaults | keys)


def machine(**keys: Any) -> Machine:
    """Return web01.example.org, which has two NICs, a kernel and an initrd."""
    defaults: dict[str, Any] = {
        "hostname": "web01.example.org",
        "network": [
            {
                "name": "eth0",
                "macaddress": "52:54:00:00:00:0a",
                "ipaddress": "192.0.2.10",
                "netmask": "24",
            },
            {"name": "eth1", "macaddress": "52:54:00:00:00:0b"},
        ],
        "kernel": "linux",
        "initrd": "initrd.gz",
        "image_url": "http://mirror.example/d-i/",
    }
    return Machine.model_validate(defaults | keys)
