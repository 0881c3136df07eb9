"""Reads a medium: its names, where their bytes are, and what of it boots.

Only in a process that holds nothing and has limits (`pyxie.workers.looks`): an image may be made
to take all time and memory, and what reads it may have bugs.
"""

from __future__ import annotations

import codecs
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Final

import pycdlib
from pycdlib.pycdlibexception import PyCdlibException

from pyxie.bounds import MEDIUM_ENTRIES
from pyxie.media.extents import File, Link, MediumError, Tree, is_name, merged, read, written
from pyxie.media.facts import Facts
from pyxie.media.guess import CONFIGURATIONS, guessed, loaders
from pyxie.media.knownmedia import TEXTS, known
from pyxie.media.loaderconfig import entries

# What is loaded at its first use: a worker may be a user who is not let at Python's files.
time.strptime("2026", "%Y")
for _each in ("utf-16_be", "utf-16_le", "latin-1", "ascii"):
    codecs.lookup(_each)

_TEXT: Final = 64 << 10
"""Bytes of a file that is read for what it says."""
_TEXTS: Final = 64
"""Files that are."""
_SECTOR: Final = 2048
_RECOGNISED: Final = 16
"""Sectors that are looked at for which file systems there are."""
_SLACK: Final = 1 << 20
"""Bytes that an image may lack of what it says it has: padding that was cut off."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read.

    Attributes:
        facts: What of it boots.
        index: A line for each file, folder and link.
    """

    facts: Facts
    index: list[str]


def look(image: BinaryIO) -> Seen:
    """Return what an image holds.

    Args:
        image: Open, and readable by its number as well.

    Raises:
        MediumError: It is none, or is broken.
    """
    size = os.fstat(image.fileno()).st_size
    _check_has_iso9660(image)
    disc = _opened(image)
    _check_whole(disc, size)
    naming = _naming(disc)
    index, left_out = [], 0
    for path, node in _walked(disc, naming):
        if not path:
            left_out += 1
            continue
        index.append(written(path, node))
        if len(index) > MEDIUM_ENTRIES.whole:
            break  # which `read` tells of
    tree = read(index, size)
    volume = _plain(disc.pvd.volume_identifier)
    return Seen(_facts(image, tree, volume, naming.title, left_out), index)


def _check_has_iso9660(image: BinaryIO) -> None:
    """Tell of a disc that has UDF alone, which pycdlib does not read (pycdlib#87).

    What file systems there are is said from sector 16 on (ECMA-167, 2/8.3; ECMA-119, 8).
    """
    said = os.pread(image.fileno(), _RECOGNISED * _SECTOR, 16 * _SECTOR)
    kinds = {said[at + 1 : at + 6] for at in range(0, len(said), _SECTOR)}
    if kinds & {b"NSR02", b"NSR03"} and b"CD001" not in kinds:
        raise MediumError(
            "has UDF alone, without ISO 9660 beside it, and is not read: mount it, and make another"
            " of its files by `genisoimage -udf -allow-limited-size -o NEW.iso FOLDER`"
        )


def _opened(image: BinaryIO) -> Any:
    disc = pycdlib.PyCdlib()
    try:
        disc.open_fp(image)
    except PyCdlibException as exc:
        raise MediumError(f"is not an ISO image that can be read: {exc}") from exc
    except (MemoryError, OSError):
        raise
    except Exception as exc:  # pycdlib trusts some numbers of an image more than others
        raise MediumError(f"is no whole ISO image: {type(exc).__name__}: {exc}"[:200]) from exc
    return disc


def _check_whole(disc: Any, size: int) -> None:
    said = disc.pvd.space_size * disc.pvd.logical_block_size()
    if said > size + _SLACK:
        raise MediumError(f"is not whole: {size:,} bytes of {said:,}")


@dataclass(frozen=True, slots=True)
class _Naming:
    """One of the sets of names that a medium can have.

    Attributes:
        title: What people call it.
        key: What pycdlib calls it.
    """

    title: str
    key: str

    def name(self, record: Any) -> str:
        """Return the name of a file or folder."""
        match self.key:
            case "rr_path":
                return str(record.rock_ridge.name().decode("utf-8", "replace"))
            case "udf_path":
                found = record.file_identifier()
                return found if isinstance(found, str) else str(found.decode("utf-8", "replace"))
            case "joliet_path":
                return str(record.file_identifier().decode("utf-16-be", "replace"))
            case _:  # as Linux shows it without extensions (mount(8), "map=normal")
                plain = str(record.file_identifier().decode("ascii", "replace"))
                return plain.partition(";")[0].removesuffix(".").lower()


def _naming(disc: Any) -> _Naming:
    """Return the best names: those of Unix, else Windows' newer ones, and so on.

    A medium of Windows has everything in UDF, and one file that says so in ISO 9660.
    """
    if disc.has_rock_ridge():
        return _Naming("Rock Ridge", "rr_path")
    if disc.has_udf():
        return _Naming("UDF", "udf_path")
    if disc.has_joliet():
        return _Naming("Joliet", "joliet_path")
    return _Naming("ISO 9660", "iso_path")


def _walked(disc: Any, naming: _Naming) -> Iterator[tuple[str, File | Link | None]]:
    """Walk all that there is, by its path; a folder before what is in it.

    What has no name that can be, or is not found by it, has an empty path: pycdlib asks for files
    by their paths, and a name may have a slash in it, or be that of something else too.
    """
    # pycdlib has looked that folders do not lead to each other in circles.
    waiting = [("", "/")]
    while waiting:
        above, own = waiting.pop()
        try:
            children = list(disc.list_children(**{naming.key: own}))
        except PyCdlibException:
            yield "", None
            continue
        for record in children:
            if record is None or (naming.key != "udf_path" and _is_dots(record)):
                continue
            name = naming.name(record)
            path, theirs = f"{above}{name}", f"{own.rstrip('/')}/{_theirs(record, naming, name)}"
            if not is_name(name):
                yield "", None
            elif record.is_dir():
                yield path, None
                waiting.append((f"{path}/", theirs))
            elif record.is_symlink():
                if naming.key == "rr_path":
                    target = record.rock_ridge.symlink_path().decode("utf-8", "replace")
                    yield path, Link(target)
            else:
                yield _file(disc, path, **{naming.key: theirs})


def _file(disc: Any, path: str, **place: str) -> tuple[str, File | None]:
    try:
        return path, File(merged(disc.get_file_byte_extents(**place)))
    except PyCdlibException:
        return "", None


def _is_dots(record: Any) -> bool:
    return bool(record.is_dot() or record.is_dotdot())


def _theirs(record: Any, naming: _Naming, name: str) -> str:
    """Return the name by which pycdlib finds it, which of ISO 9660 is another than we show."""
    return str(record.file_identifier().decode("ascii")) if naming.key == "iso_path" else name


def _facts(image: BinaryIO, tree: Tree, volume: str, names: str, left_out: int) -> Facts:
    said = {name: text for name in TEXTS if (text := _text(image, tree, name))}
    configurations = (name for name, _ in tree.files() if CONFIGURATIONS.fullmatch(name))
    offered = (
        entry
        for name in islice(configurations, _TEXTS)
        for entry in entries(name, _text(image, tree, name))
    )
    return Facts(
        volume=volume,
        names=names,
        system=known(tree, said, volume),
        entries=tuple(guessed(tree, offered)),
        loaders=tuple(loaders(tree)),
        left_out=left_out,
    )


def _text(image: BinaryIO, tree: Tree, name: str) -> str:
    """Return what a file says; empty if there is none."""
    if not tree.holds(name):
        return ""
    found = tree.find(name)
    assert isinstance(found, File)  # noqa: S101  (it holds it)
    data = b""
    for start, length in found.extents:
        data += os.pread(image.fileno(), min(length, _TEXT - len(data)), start)
    return data.decode("utf-8", "replace")


def _plain(name: bytes) -> str:
    shown = name.decode("ascii", "replace").strip(" \0")
    return "".join(each if each.isprintable() else "?" for each in shown)
