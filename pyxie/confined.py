"""Find a file below a folder by a name that a peer made up, and nothing outside it.

TFTP and HTTP both serve folders of the operator's this way.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pyxie.errors import NotServedError
from pyxie.lettercase import LetterCase


class OutsideError(NotServedError):
    """The name leads out of the folder, by ``..`` or by a symbolic link."""


def normalise(name: str) -> str:
    """Return ``name`` as segments parted by single slashes, without one in front.

    Backslashes count as slashes, since Windows' loaders and some ROMs write them; empty
    segments and ``.`` are dropped. The result may be empty. Pure: it looks at no file.

    Raises:
        OutsideError: A segment is ``..``.
        NotServedError: The name holds a zero byte.
    """
    if "\0" in name:
        raise NotServedError(name, "a name cannot hold a zero byte")
    segments = [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}]
    if ".." in segments:
        raise OutsideError(name, "leads out of the folder that is served")
    return "/".join(segments)


_SPELT: Final = LetterCase()


def find(root: Path, name: str) -> Path:
    """Return the regular file that ``name`` means below ``root``.

    Letter case is tolerated, since firmware built on FAT file systems mixes it: in each
    folder the exact name wins, then the only one that differs in case alone. Symbolic links
    may lead to anywhere inside ``root``.

    This asks the file system, which may take its time: not on the event loop.

    The path returned is the real one, free of symbolic links when it was checked; so
    only somebody who can rename folders inside ``root`` could still make it lead out.

    Args:
        root: The folder that is served.
        name: Anything; it is normalised here, whether or not it was before.

    Raises:
        OutsideError: It would lead out of ``root``.
        NotServedError: There is no such file, or it is not a regular one.
    """
    plain = normalise(name)
    try:
        base = os.path.realpath(root, strict=True)
        try:
            real = _inside(base, f"{base}/{plain}", name)
        except FileNotFoundError:
            real = _despite_case(base, plain.split("/"), name)
    except FileNotFoundError as exc:
        raise NotServedError(name, "no such file") from exc
    except (OSError, UnicodeError) as exc:
        # A file used as a folder, a segment of 300 letters, links in a circle, no
        # permission, half a surrogate pair: to the peer all the same.
        raise NotServedError(name, "cannot be opened") from exc
    path = Path(real)
    if not path.is_file():
        raise NotServedError(name, "is not a file")
    return path


def _despite_case(base: str, segments: list[str], name: str) -> str:
    place = base
    for segment in segments:
        try:
            place = _inside(base, f"{place}/{segment}", name)
        except FileNotFoundError:
            alike = _SPELT.alike(place, segment)
            if len(alike) > 1:
                raise NotServedError(name, f"could be {' or '.join(alike)}") from None
            if not alike:
                raise
            place = _inside(base, f"{place}/{alike[0]}", name)
    return place


def _inside(base: str, place: str, name: str) -> str:
    # realpath and not Path.resolve, which raises RuntimeError for links in a circle.
    real = os.path.realpath(place, strict=True)
    if os.path.commonpath((base, real)) != base:
        raise OutsideError(name, "leads out of the folder that is served")
    return real
