"""The worked examples that pyxie ships, as their machines would get them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pyxie.config.settings import Settings, load, load_marked
from pyxie.registry.define import common
from pyxie.registry.folder import Folder
from pyxie.registry.machine import Machine
from pyxie.registry.registry import Registry
from pyxie.render.context import BuildContext
from pyxie.render.rendering import Rendering
from pyxie.shipped import shipped

BASE = "http://192.0.2.1:8090"
KEY = "ssh-ed25519 AAAA a\"b'c<&>$x`id` me@example"
"""What no format must trip over."""
TOKEN = "0-t0ken"
PARAMS: dict[str, dict[str, str]] = {
    "as it is": {},
    "with all": {
        "ssh_key": KEY,
        "disk": "/dev/vda",
        "packages": "vim less",
        "nameservers": "192.0.2.1 192.0.2.2",
        "timezone": "Europe/Berlin",
        "locale": "de_DE.UTF-8",
        "keyboard": "de",
        "proxy": "http://proxy.example:3128",
    },
    "without the shipped settings": {"ssh_key": KEY},
}
"""By the name of the case; each is tried with each example."""


cases = pytest.mark.parametrize("case", PARAMS)


@cache
def registry() -> Registry:
    shared = common(*load_marked(shipped("config.yaml")))
    return Folder(shipped("machines") / "examples", shared=shared).scan()


@cache
def config() -> Settings:
    """Return the shipped settings, with the files that an operator has to take out of media."""
    images = Path(_media().name)
    for name in ("linux26", "initrd.img", "iso.cpio"):
        (images / "proxmox").mkdir(exist_ok=True)
        (images / "proxmox" / name).touch()
    return load(shipped("config.yaml")).model_copy(update={"images": images})


@cache
def _media() -> TemporaryDirectory[str]:
    return TemporaryDirectory()


def names() -> list[str]:
    """Return the short names of all examples."""
    return sorted(host.partition(".")[0] for host in registry().machines)


def example(name: str, **params: str) -> Machine:
    """Return an example's machine, with ``params`` over its own and the shipped ones."""
    found = registry().define(registry().machines[f"{name}.example.org"]).machine
    return found.model_copy(update={"params": found.params | params})


def context(machine: Machine) -> BuildContext:
    return BuildContext(base_url=BASE, token=TOKEN, mac=machine.macs[0])


def rendered(name: str, kind: str = "preseed", case: str = "as it is", **params: str) -> str:
    """Return what an example gets, in one of the cases of `PARAMS`."""
    machine = example(name, **(PARAMS[case] | params))
    if case == "without the shipped settings":
        own = registry().machines[machine.hostname].params
        machine = machine.model_copy(update={"params": own | PARAMS[case] | params})
    return Rendering(config()).template(machine, kind, context(machine))


def url(name: str, word: str) -> str:
    return f"{BASE}/{word}/{name}.example.org/{TOKEN}"


def params_in(template: Path) -> set[str]:
    """Return the names of the params that a template asks for."""
    return set(re.findall(r"\bparams\.(\w+)", template.read_text(encoding="utf-8")))
