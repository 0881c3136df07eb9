"""Which kernel and initrds a machine boots, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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


def images_of(machine: Machine) -> Images:
    """Return what ``machine``, with all that it inherits, boots.

    Raises:
        NotServedError: No kernel is named anywhere.
    """
    if not machine.kernel:
        why = "not named: set 'kernel' in the machine's file or in config.yaml"
        raise NotServedError("kernel", why)
    base = machine.image_url
    initrds = tuple(_image(base, name) for name in machine.initrd if name)
    return Images(_image(base, machine.kernel), initrds)


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
