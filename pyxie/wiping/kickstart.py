"""Does a kickstart wipe a disk? By the commands of Anaconda, and of ESXi's. Pure.

Also those commands count that a ``%pre`` writes into a file to be included.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from pyxie.bylines import ByLines
from pyxie.urls import is_below, origin
from pyxie.wiping.shell import read_shell
from pyxie.wiping.verdict import EVERY_DISK, Unclear, Verdict, Wipes, combined
from pyxie.wiping.wipers import is_disk

_SECTION: Final = re.compile(r"^%(\w+)([^\n]*)\n(.*?)(?=^%\w+|\Z)", re.MULTILINE | re.DOTALL)
_SIGNS: Final = ByLines(
    re.compile(
        r"^(?:%packages|%pre|%post|%firstboot|clearpart|autopart|zerombr|ignoredisk|rootpw|"
        r"vmaccepteula|bootloader|(?:keyboard|lang|timezone|part|volgroup)[ \t]+(?![= \t]))"
    )
)
_ENOUGH: Final = 2
_ALONE: Final = ByLines(re.compile(r"^(?:clearpart[ \t]+--\w|zerombr[ \t\r]*$)"))
"""What a fragment that is included may consist of."""
_EVERY: Final = ("--all", "--linux", "--alldrives")
_ONTO: Final = frozenset(("--disk", "--drive", "--firstdisk", "--overwritevmfs"))


def is_kickstart(text: str) -> bool:
    """Tell whether a text is a kickstart, by two lines of its own, or one that clears."""
    signs = frozenset(_SIGNS.found(text))
    return len(signs) >= _ENOUGH or (bool(signs) and _ALONE.finds(text))


def read_kickstart(text: str, ours: str = "") -> Verdict:
    """Return what a kickstart does to disks.

    Args:
        text: The kickstart.
        ours: How the URLs begin that pyxie itself serves.
    """
    return combined(_found(text, ours))


def _found(text: str, ours: str) -> Iterator[Verdict]:
    lines = [words for line in text.splitlines() for words in _commands(line)]
    wiped: list[str] = []
    wipes = generated = False
    for name, *rest in lines:
        disks = _wiped(name, rest)
        wipes = wipes or disks is not None
        wiped += disks or []
        match name:
            case "%include" if rest and "://" in rest[0] and not is_below(rest[0], ours):
                yield Unclear(f"it includes what {origin(rest[0])} gives")
            case "%include" | "%ksappend":
                generated = True
            case _:
                pass
    if wipes:
        yield Wipes(tuple(_onto(lines, wiped)))
    elif generated or any(words[0] in ("autopart", "reqpart") for words in lines):
        yield Unclear("it partitions what is free, or what its %pre has made so")
    for found in _SECTION.finditer(text):
        if found[1] in ("pre", "post", "pre-install", "onerror", "firstboot", "traceback"):
            yield read_shell(found[3], ours)


def _wiped(name: str, rest: list[str]) -> list[str] | None:
    """Return the disks that one command wipes, as far as it names them; None if it wipes none."""
    match name:
        case "clearpart" if "--none" not in rest:
            every = [EVERY_DISK] if any(word in rest for word in _EVERY) else []
            return _values(rest, "--drives") or every
        case "zerombr":
            return []
        case "part" | "partition" | "raid" | "logvol" if "--noformat" not in rest:
            # What is there already is formatted anew.
            onto = _values(rest, "--onpart", "--usepart")
            return onto if onto or "--useexisting" in rest else None
        case "mount" if "--reformat" in _names(rest):
            return [word for word in rest if is_disk(word)]
        case "install" | "installorupgrade" if _ONTO & {*_names(rest)}:  # ESXi's
            return _values(rest, "--disk", "--drive") or ["the first disk"]
        case _:
            return None


def _onto(lines: Sequence[Sequence[str]], wiped: Sequence[str]) -> Iterator[str]:
    """Return the disks in words; what is ignored is not wiped, and ``sda`` is ``/dev/sda``."""
    only = [disk for name, *rest in lines if name == "ignoredisk" for disk in _only(rest)]
    named = [disk for disk in wiped if disk != EVERY_DISK] or only or wiped
    for disk in dict.fromkeys(named):
        if "$" not in disk:
            yield f"/dev/{disk}" if re.fullmatch(r"[a-z]+\w*", disk) else disk


def _only(rest: Sequence[str]) -> list[str]:
    return _values(rest, "--only-use")


def _names(rest: Sequence[str]) -> list[str]:
    return [word.partition("=")[0] for word in rest]


def _values(words: Sequence[str], *options: str) -> list[str]:
    """Return the values of options, of which each may be a list parted by commas."""
    found = []
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in options:
            value = value if equals else "".join(words[at + 1 : at + 2])
            found += [each for each in value.split(",") if each]
    return found


def _commands(line: str) -> Iterator[list[str]]:
    """Walk the commands of a line; a ``%pre`` may print them, by echo or printf."""
    words = _words(line)
    if words and words[0] in ("echo", "printf"):
        for printed in " ".join(words[1:]).replace("\\n", "\n").splitlines():
            yield from filter(None, [_words(re.sub(r"^(?:-\w+[ \t]+)+", "", printed))])
    elif words:
        yield words


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # quotes that are not closed, in a script
        return line.split()
