"""Which file a machine means by a path below ``boot/``, over HTTP and over TFTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pyxie.errors import NotServedError
from pyxie.images.spec import Image, Images, beside, served_name

_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a machine asks for.

    Attributes:
        image: Where it is.
        part: Its name in events.
        extra: It is a file beside the one that is meant to be there.
    """

    image: Image
    part: str
    extra: bool


def wanted(images: Images, of: str, at: str, name: str, host: str) -> Wanted:
    """Return which file of a machine's is meant.

    Args:
        images: All of them.
        of: ``kernel``, ``initrd`` or ``shim``.
        at: An initrd's number, as it is written; of others it says nothing.
        name: The file's own name, or that of one beside it.
        host: The machine, for errors.

    Raises:
        NotServedError: It has no such file.
        OutsideError: The name leads out of the file's folder.
    """
    own, part = images.kernel, "kernel"
    if of == "shim":
        if images.shim is None:
            raise NotServedError("shim", f"{host} has none")
        own, part = images.shim, of
        # A shim asks beside itself for what it starts, wherever that is published.
        if images.grub is not None and name == served_name(images.grub):
            return Wanted(images.grub, "grub", extra=False)
    elif of == "initrd":
        if not at.isdecimal() or len(at) > _DIGITS or int(at) >= len(images.initrds):
            raise NotServedError(f"initrd {at}", f"{host} has {len(images.initrds)}")
        own, part = images.initrds[int(at)], f"initrd {at}"
    if name == served_name(own):
        return Wanted(own, part, extra=False)
    plain, extra = beside(own, name)
    return Wanted(extra, f"{plain} beside {part}", extra=True)
