"""What the screen Images shows of ISO images: what is on each, and what of it boots. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pyxie.http.page.badges import BAD, BUSY, IDLE, OK
from pyxie.http.page.commandline import command
from pyxie.media.loaderconfig import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An ISO image in the folder, or on its way there.

    Attributes:
        name: What it is called.
        size: Bytes that are there.
        total: Bytes of all, of one that is on its way; None while that is not known.
        state: ``looking``, ``ready``, ``guess`` or ``broken``.
        why: What is in the way, in words.
        title: The system, with its version; empty if it is not known.
        volume: What it calls itself.
        written: It has a recipe.
        left_out: How many of its files have names that cannot be.
        entries: What of it may boot, the likeliest first.
        loaders: Programs for UEFI firmware.
        fetched: It is being fetched.
        failed: Where one is, as it may be shown, that could not be fetched; else empty.
    """

    name: str
    size: int
    total: int | None = None
    state: str
    why: str = ""
    title: str = ""
    volume: str = ""
    written: bool = False
    left_out: int = 0
    entries: tuple[Entry, ...] = ()
    loaders: tuple[str, ...] = ()
    fetched: bool = False
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """One way to boot an image that is not known.

    Attributes:
        entry: It.
        command: The command that makes it the image's recipe.
    """

    entry: Entry
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediumRow:
    """An image in the list.

    Attributes:
        image: It.
        said: Its state, in words.
        look: The class of that.
        percent: How far it is, of one that is on its way; None where that is not known.
        boots: What is written into a machine's file to boot it; empty if nothing can be.
        can_confirm: Somebody has to say what it boots.
        cancel: The command that ends its fetch; empty if it is not fetched.
        again: The command that fetches one that could not be; else empty.
        guesses: Ways to boot it, of one that is to be confirmed.
    """

    image: Image
    said: str
    look: str
    percent: int | None
    boots: str
    can_confirm: bool
    cancel: str
    again: str
    guesses: tuple[Guess, ...]


_STATES: Final = {
    "looking": ("is being looked at", BUSY),
    "ready": ("ready", OK),
    "guess": ("to be confirmed", IDLE),
    "broken": ("cannot be booted", BAD),
}


def medium_rows(images: Iterable[Image]) -> tuple[MediumRow, ...]:
    """Return how each image stands, by name."""
    return tuple(medium_row(each) for each in sorted(images, key=lambda image: image.name))


def medium_row(image: Image) -> MediumRow:
    """Return how one stands."""
    said, look = _STATES[image.state]
    can_confirm = image.state == "guess"
    return MediumRow(
        image=image,
        said="on its way" if image.fetched else "not fetched" if image.failed else said,
        look=look,
        percent=_percent(image) if image.fetched else None,
        boots=f"os: {image.name}" if image.state == "ready" and image.written else "",
        can_confirm=can_confirm,
        cancel=command("images cancel", image.name) if image.fetched else "",
        again=command("images import", image.failed, name=image.name) if image.failed else "",
        guesses=tuple(_guess(image.name, each) for each in image.entries) if can_confirm else (),
    )


def _percent(image: Image) -> int | None:
    return min(100, image.size * 100 // image.total) if image.total else None


def _guess(name: str, entry: Entry) -> Guess:
    said = command(
        "images import",
        name,
        confirm=True,
        kernel=entry.kernel,
        initrd=entry.initrds,
        cmdline=entry.cmdline,
    )
    return Guess(entry=entry, command=said)
