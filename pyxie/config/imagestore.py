"""``image_store`` of ``config.yaml`` as a model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from pyxie.config.validate import Model
from pyxie.config.values import listed

_UNITS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SIZE: Final = re.compile(r"(\d{1,18}(?:\.\d{1,3})?) ?([kmgt]?)(i?)b?", re.IGNORECASE)


def _bytes(value: Any) -> Any:
    """Return how many bytes a text like ``20 GB`` or ``512 MiB`` means."""
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value.strip())
    if not found or (found[3] and not found[2]):
        raise ValueError(f"{value[:80]!r} is not a size like 20 GB")
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _UNITS[found[2].lower()])


def _path(path: Path) -> Path:
    if not str(path).isprintable():
        raise ValueError(f"{str(path)[:80]!r} is not a path")
    return path


Size = Annotated[
    int,
    BeforeValidator(_bytes),
    Field(ge=0, le=1 << 60),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]"}]}
    ),
]
Place = Annotated[Path, AfterValidator(_path)]


class ImageStore(Model):
    """Copies of other servers' kernels and initrds.

    Attributes:
        path: Their folder; beside the state, if None.
        size: Bytes of all of them, as ``20 GB``; 0 keeps none.
        revalidate: How often it is asked whether a file has changed.
        ca: A file with certificates, in PEM, that are believed beside the host's own.
        folders: Below which files of this host may be named by their whole path.
    """

    path: Place | None = None
    size: Size = 20_000_000_000
    revalidate: Literal["always", "daily", "never"] = "daily"
    ca: Place | None = None
    folders: Annotated[tuple[Place, ...], BeforeValidator(listed)] = ()
