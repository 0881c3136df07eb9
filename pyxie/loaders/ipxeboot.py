"""What pyxie can use of iPXE's release archive, ``ipxeboot.tar.gz``. Pure: told the bytes.

The archive may be hostile: it is opened by whoever manages the host, who is mostly root. So what it
holds is counted before it is believed, and a name that leads out refuses all of it.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import re
import tarfile
import zlib
from collections.abc import Mapping
from typing import Final

from pyxie.architectures import ARCHITECTURES
from pyxie.errors import PyxieError

VERSION: Final = "2.0.0"
URL: Final = f"https://github.com/ipxe/ipxe/releases/download/v{VERSION}/ipxeboot.tar.gz"
SHA256: Final = "01a526d4cc791fc30362259c609d6c506cc64a7bdff51b9a5eb788354e17eee1"
"""Of that release, which is the first with a signed iPXE and its shims."""

MOST_PACKED: Final = 64 << 20
"""Bytes of an archive; that of 2.0.0 has twelve million."""
MOST_UNPACKED: Final = 256 << 20
_MOST_MEMBERS: Final = 1000
_MOST_OF_A_FILE: Final = 16 << 20
_MOST_LINKS: Final = 8
"""From one name to the next, until there is a file."""
_TOP: Final = "ipxeboot"

_SIGNED: Final = re.compile(r"(?:x86_64|arm64)-sb/[A-Za-z0-9][A-Za-z0-9._-]{0,60}\.efi", re.ASCII)
_LOADERS: Final = frozenset(
    name
    for row in ARCHITECTURES.values()
    for name in row.loaders
    # Not those in the root: a file there is the operator's own choice, and comes first.
    if "/" in name and not name.startswith(f"{_TOP}/")
)


class ArchiveError(PyxieError):
    """An archive is not what it should be; the text says what is wrong with it."""


def useful(packed: bytes) -> dict[str, bytes]:
    """Return the boot loaders of an archive, by their names below the folder ``ipxe``.

    Links become files: a shim finds its iPXE by the name that it was loaded by, so that one file
    has several.

    Raises:
        ArchiveError: It is none, is broken or hostile, or has no loader.
    """
    try:
        plain = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(MOST_UNPACKED + 1)
    except (OSError, EOFError, ValueError, zlib.error) as exc:
        raise ArchiveError(f"is no tar.gz archive, or is cut short: {exc}") from exc
    if len(plain) > MOST_UNPACKED:
        raise ArchiveError(f"unpacks to more than {MOST_UNPACKED >> 20} MiB")
    try:
        with tarfile.TarFile(fileobj=io.BytesIO(plain)) as archive:
            found = _found(archive)
    # What Python's reader raises for a header that is malformed: numbers, texts, nesting.
    except (tarfile.TarError, OSError, EOFError, ValueError, OverflowError, RecursionError) as exc:
        raise ArchiveError(f"is a broken tar archive: {str(exc)[:200]}") from exc
    if not found:
        raise ArchiveError("has none of iPXE's loaders in it")
    return found


def signed(names: Mapping[str, bytes]) -> list[str]:
    """Return the folders among ``names`` that have a shim and an iPXE that it starts."""
    folders = {name.partition("/")[0] for name in names if _SIGNED.fullmatch(name)}
    return sorted(
        each
        for each in folders
        if any(
            {f"{each}/{stem}-shim.efi", f"{each}/{stem}.efi"} <= names.keys()
            for stem in ("ipxe", "snponly")
        )
    )


def _found(archive: tarfile.TarFile) -> dict[str, bytes]:
    members: dict[str, tarfile.TarInfo] = {}
    for at, member in enumerate(archive):
        if at == _MOST_MEMBERS:
            raise ArchiveError(f"has more than {_MOST_MEMBERS} entries")
        members[_plain(member.name)] = member
    return {
        name: _bytes(archive, members, name)
        for name in sorted(members)
        if (name in _LOADERS or _SIGNED.fullmatch(name)) and not members[name].isdir()
    }


def _plain(name: str) -> str:
    """Return a member's name below the archive's own folder.

    Raises:
        ArchiveError: It leads out.
    """
    plain = posixpath.normpath(name)
    if plain.startswith(("/", "../")) or plain == ".." or "\0" in plain:
        raise ArchiveError(f"has a name that leads out of it: {name[:80]!r}")
    return plain.removeprefix(f"{_TOP}/")


def _bytes(archive: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], name: str) -> bytes:
    at, member = name, members[name]
    for _ in range(_MOST_LINKS):
        if not member.issym() and not member.islnk():
            break
        folder = posixpath.dirname(at) if member.issym() else ""
        at = _plain(posixpath.join(folder, member.linkname))
        if at not in members:
            raise ArchiveError(f"has a link to what is not in it: {name[:80]!r}")
        member = members[at]
    if not member.isreg() or member.issparse():
        raise ArchiveError(f"has under the name {name[:80]!r} what is no file")
    if not 0 < member.size <= _MOST_OF_A_FILE:
        most = _MOST_OF_A_FILE >> 20
        raise ArchiveError(
            f"has under the name {name[:80]!r} a file that is empty, or over {most} MiB"
        )
    file = archive.extractfile(member)
    return file.read() if file else b""
