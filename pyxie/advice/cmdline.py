"""Will the kernel, or another program, understand its command line?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pyxie.advice.served import Advice, Served
from pyxie.config.values import mac as canonical
from pyxie.images.foreign import foreign
from pyxie.images.length import cut, sentence
from pyxie.images.load import Load, Program
from pyxie.registry.machine import codes_of

_ABOUT: Final = ("cmdline",)
_WIMBOOTS: Final = frozenset(("gui", "index", "linear", "pause", "quiet", "rawbcd", "rawwim"))
_BOOTIF: Final = re.compile(r"(?<!\S)BOOTIF=(?:01-)?((?:[0-9a-fA-F]{2}[-:]){5}[0-9a-fA-F]{2})\b")


def cmdline(served: Served) -> Iterator[Advice]:
    """Name each word that would mislead what is booted, and a line that would be cut."""
    load = served.load
    if load is None:
        return
    if load.program is Program.WIMBOOT:
        yield from _of_wimboot(served)
    if load.program is Program.LINUX:
        yield from _of_others(served)
        yield from _of_a_card(served)
        yield from _of_an_efi_program(served)
        yield from _too_long(served, load)


def _of_wimboot(served: Served) -> Iterator[Advice]:
    for word in served.cmdline.split():
        if word.partition("=")[0] not in _WIMBOOTS:
            told = f"wimboot does not know {word!r}, and stops: `cmdline: ~` passes it nothing"
            yield Advice(_ABOUT, told, word=word)


def _of_others(served: Served) -> Iterator[Advice]:
    for each in foreign(served.cmdline):
        what = f"{each.word!r} {each.about}"
        if not each.dropped:
            yield Advice(_ABOUT, f"{what}, and nothing to the kernel: take it out", word=each.word)
        elif each.word.startswith("initrd="):
            told = "left out, as the boot script names the initrds of 'initrd' itself"
            yield Advice(_ABOUT, f"{what}: {told}", word=each.word)
        else:
            yield Advice(_ABOUT, f"{what}: left out", word=each.word)


def _of_a_card(served: Served) -> Iterator[Advice]:
    macs = served.machine.macs
    for found in _BOOTIF.finditer(served.cmdline):
        if macs and canonical(found[1]) not in macs:
            told = f"{found[0]!r} is no network card of this machine: without it, its own is named"
            yield Advice(_ABOUT, told, word=found[0])


def _of_an_efi_program(served: Served) -> Iterator[Advice]:
    name = served.kernel.lower()
    if name.endswith(".efi") and "linu" not in name:
        yield Advice(
            _ABOUT,
            f"a unified kernel image has a command line of its own, which this replaces: if "
            f"{served.kernel!r} is one, `cmdline: ~` leaves it",
        )


def _too_long(served: Served, load: Load) -> Iterator[Advice]:
    over, all_of_them = cut(load, codes_of(served.machine))
    if not all_of_them:  # else the build is refused
        yield from (Advice(_ABOUT, sentence(load, limit)) for limit in over)
