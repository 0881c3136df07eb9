"""Where the keys are that may have signed: a file of the operator's, or a distribution's package.

This asks the file system: not on the event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pyxie.bounds import VERIFY_KEYRING
from pyxie.verification.faults import UncheckedError
from pyxie.verification.openpgp import keys

SYSTEM: Final = (Path("/usr/share/keyrings"), Path("/etc/apt/keyrings"))
"""Where Debian's packages put them, and apt's administrators (apt-secure(8))."""
_ENDINGS: Final = ("", ".gpg", ".pgp", ".asc", ".kbx")
_STEMS: Final = ("", "-keyring")
"""After the name: ``debian-archive`` is debian-archive-keyring.gpg."""
_PACKAGES: Final = {"debian-archive": "debian-archive-keyring", "archlinux": "archlinux-keyring"}
"""Of names that Debian 12 has a package for."""


def read(keyring: str, own: Path) -> bytes:
    """Return the keys of a keyring, as OpenPGP's packets.

    Args:
        keyring: An absolute path, or a name.
        own: The operator's folder, which comes first.

    Raises:
        UncheckedError: There is none, or it cannot be read.
        ListError: It is no keyring.
    """
    path = find(keyring, own)
    try:
        with path.open("rb") as file:
            data = file.read(VERIFY_KEYRING.whole + 1)
    except OSError as exc:
        raise UncheckedError(f"keyring {keyring}", f"cannot be read: {exc.strerror}") from exc
    if len(data) > VERIFY_KEYRING.whole:
        VERIFY_KEYRING.reached()
        raise UncheckedError(f"keyring {keyring}", f"is larger than {VERIFY_KEYRING.whole:,} bytes")
    return keys(data, str(path))


def find(keyring: str, own: Path) -> Path:
    """Return the file of a keyring, as of `read`."""
    if keyring.startswith("/"):
        return Path(keyring)
    folders: Sequence[Path] = (own, *SYSTEM)
    names = [f"{keyring}{stem}{ending}" for stem in _STEMS for ending in _ENDINGS]
    for folder in folders:
        for name in names:
            path = folder / name
            if path.is_file():
                return path
    package = _PACKAGES.get(keyring.removesuffix("-keyring"))
    remedy = (
        f"install {package}" if package else f"put the distribution's keys there as {keyring}.gpg"
    )
    where = ", ".join(map(str, folders))
    raise UncheckedError(f"keyring {keyring}", f"is in none of {where}: {remedy}")
