"""Reads what is imported, and writes what became of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pyxie.config.nodes import parse
from pyxie.errors import ConfigError, PyxieError
from pyxie.importers.notes import Note, Result, Tree
from pyxie.registry.origins import SECRET_MODE, is_secret

_LARGEST = 4 << 20
_MOST = 256 << 20
"""Of all texts together; a mistyped folder should not fill the memory."""


class UnreadableTreeError(PyxieError):
    """What is to be imported cannot be read; the text is one sentence."""


class ExistsError(PyxieError):
    """Files are there already that would be overwritten.

    Attributes:
        paths: Which.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__(paths)
        self.paths = tuple(paths)

    def __str__(self) -> str:
        return "would overwrite, without --force: " + " ".join(map(str, self.paths))


def read_tree(place: Path) -> tuple[Tree, tuple[Note, ...]]:
    """Read all text files below a folder, or the one file.

    Returns:
        The files, and a note for each folder with files that are no text.

    Raises:
        UnreadableTreeError: It, or a file in it, cannot be read.
    """
    found: dict[str, str] = {}
    others: Counter[str] = Counter()
    left = _MOST
    try:
        for path in [place] if place.is_file() else _files(place):
            name = place.name if path == place else path.relative_to(place).as_posix()
            text = _text(path)
            if text is None or not name.isprintable():
                others[os.path.dirname(name) or "."] += 1  # noqa: PTH120  (a name, no path)
                continue
            found[name] = text
            left -= len(text)
            if left < 0:
                raise UnreadableTreeError(f"{place}: there are over {_MOST >> 20} MiB in it")
    except OSError as exc:
        raise UnreadableTreeError(f"{exc.filename}: cannot be read: {exc.strerror}") from exc
    message = "files are left out: large, or no text"
    return found, tuple(Note(name, 0, 0, f"{n} {message}") for name, n in sorted(others.items()))


def _files(folder: Path) -> list[Path]:
    def fail(exc: OSError) -> None:
        raise exc

    found = []
    for here, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(here, name) for name in sorted(names) if not name.startswith(".")]
    return found


def _text(path: Path) -> str | None:
    if not path.is_file() or path.stat().st_size > _LARGEST:
        return None
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def write(result: Result, folder: Path, *, force: bool) -> list[str]:
    """Write the files below ``folder``.

    Returns:
        Those that not everybody on the host may read, for a password is in them.

    Raises:
        ExistsError: Some are there, and it is not forced; nothing is written then.
        OSError: One cannot be written.
    """
    targets = {folder / name: text for name, text in sorted(result.files.items())}
    there = [path for path in targets if os.path.lexists(path)]
    if there and not force:
        raise ExistsError(there)
    secret = []
    for path, text in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        closed = path.suffix == ".yaml" and _holds_a_password(text)
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        with os.fdopen(
            os.open(path, flags, SECRET_MODE if closed else 0o666),
            "w",
            encoding="utf-8",
            newline="",
        ) as file:
            if closed:  # also one that was there, and open to all, before anything is in it
                mode = os.fstat(file.fileno()).st_mode
                os.fchmod(file.fileno(), mode & SECRET_MODE)
                secret.append(path.relative_to(folder).as_posix())
            file.truncate()
            file.write(text)
    return secret


def _holds_a_password(text: str) -> bool:
    try:
        return is_secret(parse(text.encode(), Path(), tolerant=True).data)
    except ConfigError:
        return False
