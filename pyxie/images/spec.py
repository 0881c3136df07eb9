"""Which kernel and initrds a machine boots, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyxie.config.settings import Settings
from pyxie.confined import find
from pyxie.errors import NotServedError
from pyxie.registry.machine import Machine


@dataclass(frozen=True, slots=True)
class Upstream:
    """A file that is streamed from another server."""

    url: str


@dataclass(frozen=True, slots=True)
class Local:
    """A file below the ``images`` folder, by its path there."""

    name: str


Image = Upstream | Local


@dataclass(frozen=True, slots=True)
class Images:
    """All files of one boot."""

    kernel: Image
    initrds: tuple[Image, ...]


def images_of(machine: Machine, settings: Settings) -> Images:
    """Return what ``machine`` boots; the settings stand in for what it does not say.

    Raises:
        NotServedError: No kernel is named anywhere.
    """
    base = machine.image_url or settings.image_url
    kernel = machine.kernel or settings.kernel
    if not kernel:
        why = "not named: set 'kernel' in the machine's file or in config.yaml"
        raise NotServedError("kernel", why)
    initrds = machine.initrd or settings.initrd
    return Images(_image(base, kernel), tuple(_image(base, name) for name in initrds if name))


def _image(base: str | None, name: str) -> Image:
    if name.startswith(("http://", "https://")):
        return Upstream(name)
    if base:
        # waitron 1 puts the two together as they are, waitron 3 with one slash between.
        return Upstream(f"{base.rstrip('/')}/{name.lstrip('/')}")
    return Local(name.lstrip("/"))


def check_local(images: Images, folder: Path) -> None:
    """Check that all files that we serve ourselves are there.

    Raises:
        NotServedError: One is not.
    """
    for image in (images.kernel, *images.initrds):
        if isinstance(image, Local):
            find(folder, image.name)
