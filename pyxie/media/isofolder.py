"""The folder of ISO images: which there are, their recipes, and how one is opened.

For threads: a file system may take its time.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from pyxie.bounds import MEDIA
from pyxie.errors import NotServedError
from pyxie.media.asrecipe import CPIO, Recipe
from pyxie.media.extents import File, MediumError
from pyxie.openfile import OpenFile, opened
from pyxie.registry.edit import written

Mark: TypeAlias = tuple[int, ...]
"""By which a file is the same as before: device, inode, size, time of its last change."""

SUFFIX: Final = ".iso"
RECIPE: Final = ".yaml"
PARTIAL: Final = ".part"
"""Behind the name of an image that is still being written."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Lying:
    """An image that lies in the folder.

    Attributes:
        name: What it is called: that of the file, as it can stand in URLs.
        path: The file.
        mark: By which it is the same as before.
        changed: When it was changed last, in seconds since the epoch.
        recipe: Whether there is a recipe of its name among the operator's.
    """

    name: str
    path: Path
    mark: Mark
    changed: float
    recipe: bool

    @property
    def size(self) -> int:
        """In bytes."""
        return self.mark[2]


def name_of(stem: str) -> str:
    """Return what an image is called by its file's name; empty if nothing is left of that."""
    plain = re.sub(rf"[^a-z0-9._-]+|\{CPIO}$", "-", stem.lower()).strip(".-_")[:64]
    return plain if _NAME.fullmatch(plain) else ""


def is_name(name: str) -> bool:
    """Tell whether an image may be called so."""
    return bool(_NAME.fullmatch(name)) and not name.endswith((SUFFIX, CPIO))


def scan(folder: Path, recipes: Path) -> list[Lying]:
    """Return the images in a folder, sorted by name; none if there is no folder.

    Args:
        folder: The images.
        recipes: The operator's recipes.

    Raises:
        OSError: It cannot be looked into.
    """
    found: dict[str, Lying] = {}
    try:
        names = sorted(each.name for each in folder.iterdir())
    except FileNotFoundError:
        return []
    for each in names:
        if not each.lower().endswith(SUFFIX):
            continue
        with suppress(OSError):
            lying = lying_at(folder / each, recipes)
            if lying is not None:
                found.setdefault(lying.name, lying)
    if len(found) > MEDIA.whole:
        MEDIA.reached()
    return list(found.values())[: MEDIA.whole]


def lying_at(path: Path, recipes: Path) -> Lying | None:
    """Return the image that a file is; None if it can be none.

    Args:
        path: Ends with `SUFFIX`.
        recipes: The operator's recipes.

    Raises:
        OSError: It cannot be looked at.
    """
    about = path.stat()
    name = name_of(path.name[: -len(SUFFIX)])
    if not name or not stat.S_ISREG(about.st_mode):
        return None
    recipe = (recipes / f"{name}{RECIPE}").exists()
    return Lying(name, path, _mark(about), about.st_mtime, recipe)


def is_there(folder: Path, name: str) -> bool:
    """Tell whether an image is called so; raises OSError as `scan`."""
    with suppress(FileNotFoundError):
        return any(
            name_of(each.name[: -len(SUFFIX)]) == name
            for each in folder.iterdir()
            if each.name.lower().endswith(SUFFIX)
        )
    return False


def open_image(lying: Lying) -> OpenFile:
    """Open an image.

    Raises:
        NotServedError: It is another than it was, or cannot be read.
    """
    try:
        image = opened(lying.path)
    except OSError as exc:
        raise NotServedError(lying.path.name, f"cannot be opened: {exc.strerror}") from exc
    if _mark(image.about) != lying.mark:
        image.close()
        raise NotServedError(lying.path.name, "has changed, and is not read again yet")
    return image


def open_file(lying: Lying, file: File, name: str) -> OpenFile:
    """Open a file of an image; raises as `open_image`.

    Args:
        lying: The image.
        file: Where the file is in it.
        name: What it is called.
    """
    image = open_image(lying)
    return replace(image, path=Path(name), extents=file.extents)


_HEAD: Final = """\
# The recipe of {}, as pyxie has made it: `os: {}` in a machine's file boots it.
# Change it as you like; it is not written again.
"""


def write_recipe(folder: Path, lying: Lying, recipe: Recipe) -> None:
    """Write the recipe of an image.

    Args:
        folder: Of the operator's recipes; made, if it is not there.
        lying: The image.
        recipe: How it is booted.

    Raises:
        FileExistsError: There is one.
        MediumError: It cannot be written.
    """
    name = lying.name
    path = folder / f"{name}{RECIPE}"
    new = folder / f".{name}{RECIPE}.new"
    text = _HEAD.format(lying.path.name, name) + written(recipe)
    try:
        if not folder.is_dir():
            folder.mkdir()
        new.unlink(missing_ok=True)
        with new.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.chmod(0o644)
        os.link(new, path)  # which replaces nothing
    except OSError as exc:
        if isinstance(exc, FileExistsError) and folder.is_dir():
            raise
        raise MediumError(f"{path} cannot be written: {exc.strerror}") from exc
    finally:
        with suppress(OSError):
            new.unlink()


def _mark(about: os.stat_result) -> Mark:
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns
