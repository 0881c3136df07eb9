"""What machine files may say of an initrd: a file, or that with a name of its own or a digest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from pyxie.config.checksums import Known, one_way
from pyxie.config.values import one_or_more

WORD: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@~-]{0,63}", re.ASCII)
"""A name that iPXE takes as it is: it knows no quotes, expands ``${…}``, and cuts paths at
slashes when a program looks for the file."""

_OURS: Final = frozenset(("kernel", "booting", "initrd.magic"))
"""Names in the boot script, and iPXE's own for all initrds together."""


def is_name(text: str) -> bool:
    """Tell whether an initrd may have that name."""
    return bool(WORD.fullmatch(text)) and text.lower() not in _OURS


def _name(text: str) -> str:
    if not WORD.fullmatch(text):
        raise ValueError(
            f"{text[:80]!r} is no name for iPXE: up to 64 letters, digits and any of . _ + @ ~ -"
        )
    if not is_name(text):
        raise ValueError(f"{text!r} is a name that the boot script itself uses")
    return text


class Initrd(Known):
    """An initrd with a name, or of which is said what it must be.

    Attributes:
        name: By which the kernel, or another program, finds it among all that was loaded.
    """

    name: Annotated[str, AfterValidator(_name)] = ""


def _arm(value: Any) -> str:
    return "named" if isinstance(value, dict | Initrd) else "plain"


def doubled(names: Iterable[str]) -> str:
    """Return the first of ``names`` that stands twice, but for letter case; empty if none.

    Programs under UEFI find them without regard to case (iPXE: src/interface/efi/efi_file.c).
    """
    counted = Counter(name.lower() for name in names if name)
    return next((name for name, count in counted.items() if count > 1), "")


def _unlike(initrds: tuple[str | Initrd, ...]) -> tuple[str | Initrd, ...]:
    twice = doubled(each.name for each in initrds if isinstance(each, Initrd))
    if twice:
        raise ValueError(f"two initrds have the name {twice!r}")
    return initrds


Initrds = Annotated[
    tuple[
        Annotated[
            Annotated[str, Field(min_length=1), Tag("plain")] | Annotated[Initrd, Tag("named")],
            Discriminator(_arm),
            AfterValidator(one_way),
        ],
        ...,
    ],
    AfterValidator(_unlike),
    BeforeValidator(one_or_more),
]
"""One initrd, or a list of them."""


def urls(initrds: Iterable[str | Initrd]) -> list[str]:
    """Return what each is fetched from, as it was written."""
    return [each.url if isinstance(each, Initrd) else each for each in initrds]
