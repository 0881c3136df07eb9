"""What was recorded of each system: where its files are, and what a machine boots of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from pyxie.checking import context
from pyxie.config.nodes import parse
from pyxie.config.settings import Settings
from pyxie.images.spec import Image, Local, images_of, source
from pyxie.recipes.cookbook import Cookbook
from pyxie.registry.define import Common, Definition, common, define
from pyxie.registry.inherited import filled
from pyxie.rehearsal import Rehearsal, rehearse
from pyxie.render.rendering import Rendering
from pyxie.shipped import shipped

TREES = Path(__file__).parent / "trees"
UPDATE = "UPDATE_TESTDATA"
"""A variable that has what is booted written anew into the trees; to be read before it is kept."""
HOST = "web01.example.org"
MAC = "52:54:00:12:34:56"
_SHOWN = ("kernel ", "initrd ", "iseq sb", "imgargs ", "boot")


@dataclass(frozen=True)
class Recorded:
    """A file of ``trees/``.

    Attributes:
        tree: Of a server's folders by URL, the names in them.
        local: Files that the operator puts into ``images``, or has on a medium, ``media:…``.
        params: What a machine has to say beside ``os``.
        boots: By architecture what is booted: ``kernel``, ``initrds``, ``shim``, ``grub``,
            ``checksums``, ``cmdline``, ``interactive`` (that of `pyxie boot`), ``templates``,
            ``script``.
    """

    tree: dict[str, list[str]]
    local: list[str]
    params: dict[str, str]
    boots: dict[str, Any]

    def has(self, url: str) -> bool:
        """Tell whether a URL is one of the tree's."""
        parts = urlsplit(url)
        folder, _, name = parts.path.rpartition("/")
        return name in self.tree.get(f"{parts.scheme}://{parts.netloc}{folder}/", ())


def recorded(name: str) -> Recorded:
    """Return what was recorded of a system."""
    data = yaml.safe_load((TREES / f"{name}.yaml").read_text())
    return Recorded(
        data["tree"], data.get("local", []), data.get("params", {}), data.get("boots", {})
    )


@cache
def settings() -> Settings:
    """Return settings that say nothing, so that the mirrors are the public ones."""
    return Settings(templatepath=shipped("templates"), images=TREES, isos=TREES)


@cache
def cookbook() -> Cookbook:
    """Return the shipped recipes."""
    return filled(common(settings()).cookbook, {})


def definition(name: str, arch: str, params: dict[str, str]) -> Definition:
    """Return a machine that says nothing but which system it is to have."""
    values = "".join(f"\n  {key}: {value!r}" for key, value in params.items())
    own = f"hostname: {HOST}\nos: {name}\narch: {arch}\nnetwork: [{{macaddress: {MAC!r}}}]\n"
    if params:
        own += f"params:{values}\n"
    return define(Common(cookbook=cookbook()), parse(own.encode(), Path("web01.yaml")))


def rehearsed(found: Definition) -> Rehearsal:
    """Return what a build of it would serve."""
    config = settings()
    return rehearse(Rendering(config), found.machine, context(config))


def booted(found: Definition) -> dict[str, Any]:
    """Return what a machine boots, as the trees have it."""
    config, machine = settings(), found.machine
    images = images_of(machine)
    rendering, trial = Rendering(config), context(config)
    script = rendering.script(machine, trial, trial.base_url).splitlines()
    return {
        "kernel": _place(images.kernel),
        "initrds": [_place(each) for each in images.initrds],
        **{part: _place(each) for part, each in images.parts if part in ("shim", "grub")},
        "checksums": machine.checksums.model_dump(exclude_defaults=True)
        if machine.checksums
        else None,
        "cmdline": rendering.boot(machine, trial).line,
        "interactive": cookbook().by_hand(machine.os, machine.arch),
        "templates": {
            key: value
            for key, value in {
                "preseed": machine.preseed,
                "finish": machine.finish,
                **machine.templates,
            }.items()
            if value
        },
        "script": [line for line in script if line.startswith(_SHOWN)],
    }


def _place(image: Image) -> str:
    return f"images/{image.name}" if isinstance(image, Local) else source(image)


def update(name: str, arch: str, boots: dict[str, Any]) -> None:
    """Write what is booted into the tree's file."""
    file = TREES / f"{name}.yaml"
    data = yaml.safe_load(file.read_text())
    data.setdefault("boots", {})[arch] = boots
    file.write_text(yaml.safe_dump(data, sort_keys=False, width=1000, allow_unicode=True))


def names() -> list[str]:
    """Return all shipped systems."""
    return sorted(path.stem for path in shipped("recipes").glob("*.yaml"))
