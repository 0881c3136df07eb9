"""Where the files that come with pyxie are: boot script, default templates, examples."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_PACKAGED = _HERE / "share"
"""Where pyproject.toml puts them in the wheel."""


def shipped(name: str) -> Path:
    """Return the shipped file or folder, e.g. ``ipxe/boot.ipxe.j2``.

    In a checkout that is the one at the top level, which the wheel is made of.
    """
    return (_PACKAGED if _PACKAGED.is_dir() else _HERE.parent) / name
