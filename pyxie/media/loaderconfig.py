"""What the boot loaders of a medium would boot, read from their configurations. Pure.

Of ISOLINUX and SYSLINUX (their wiki's "Config"), of GRUB (its manual, "Writing your own
configuration"), and of systemd-boot (the UAPI group's Boot Loader Specification). None of them is
run: what a script computes is not known, and an entry that needs it is not one.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

_MOST: Final = 64
"""Entries of one file."""
_LONGEST: Final = 2000
"""Letters of a command line; a kernel takes 2,047 on x86."""
_LABEL: Final = 80
_LINES: Final = 5000


@dataclass(frozen=True, slots=True)
class Entry:
    """What a loader's menu offers.

    Attributes:
        label: As the menu calls it.
        kernel: A file of the medium.
        initrds: Files of it, in order.
        cmdline: What the kernel is passed, as on the medium.
        source: The file that says so.
    """

    label: str
    kernel: str
    initrds: tuple[str, ...] = ()
    cmdline: str = ""
    source: str = ""


def entries(name: str, text: str) -> list[Entry]:
    """Return what a configuration offers, the one that is booted by default first.

    Args:
        name: Of the file on the medium; it tells whose it is.
        text: What it says; anything.
    """
    lines = text.splitlines()[:_LINES]
    if name.endswith(".conf"):
        found = _systemd_boot(lines)
    elif "grub" in name.lower() or re.search(r"^[ \t]*menuentry\s", text, re.MULTILINE):
        found = _grub(lines)
    else:
        found = _syslinux(lines, posixpath.dirname(name))
    whole = (replace(each, source=name) for each in found if _is_plain(each))
    return list(islice(whole, _MOST))


def _is_plain(entry: Entry) -> bool:
    """Tell whether it names files, and holds no word that a script would fill in."""
    names = (entry.kernel, *entry.initrds)
    said = (*names, entry.label, entry.cmdline)
    return (
        bool(entry.kernel)
        and all(names)
        and not any(set("${}") & set(name) for name in names)
        and all(each.isprintable() for each in said)
        and all(len(name) < _LONGEST for name in said)
    )


def _syslinux(lines: list[str], folder: str) -> Iterator[Entry]:
    """Walk the labels of ISOLINUX or SYSLINUX; names are of the configuration's folder."""
    default, found = "", dict[str, Entry]()
    label, shared = "", ""
    for line in lines:
        word, rest = _parted(line)
        word = word.lower()
        if word == "default":
            default = rest.split(" ")[0]
        elif word == "label":
            label = rest
            found.setdefault(label, Entry(label[:_LABEL], ""))
        elif word == "append" and not label:
            shared = rest
        elif label:
            found[label] = _said(found[label], word, rest, folder)
    for each in sorted(found.values(), key=lambda each: each.label != default):
        words = (each.cmdline or shared).split()
        named = [word[7:] for word in words if word.startswith("initrd=")]
        initrds = tuple(at(name, folder) for one in named for name in one.split(","))
        plain = " ".join(word for word in words if not word.startswith("initrd="))
        yield replace(each, initrds=(*each.initrds, *initrds), cmdline=plain)


def _parted(line: str) -> tuple[str, str]:
    word, *rest = line.split(None, 1) or ("",)
    return word, rest[0].strip() if rest else ""


def _said(entry: Entry, word: str, rest: str, folder: str) -> Entry:
    match word:
        case "kernel" | "linux":
            return replace(entry, kernel=at(rest.split(" ", maxsplit=1)[0], folder))
        case "append":
            return replace(entry, cmdline="" if rest == "-" else rest)
        case "initrd":
            names = tuple(at(name, folder) for name in rest.split(","))
            return replace(entry, initrds=(*entry.initrds, *names))
        case "menu" if rest.lower().startswith("label "):
            return replace(entry, label=rest[6:].replace("^", "").strip()[:_LABEL])
        case _:
            return entry


def _grub(lines: list[str]) -> Iterator[Entry]:
    """Walk GRUB's entries: a kernel each, and the initrds after it."""
    label, entry = "", Entry("", "")
    for line in lines:
        words = _words(line)
        if not words:
            continue
        match words[0]:
            case "menuentry":
                label = words[1][:_LABEL] if len(words) > 1 else ""
            case "linux" | "linuxefi" | "linux16" if len(words) > 1:
                yield entry
                entry = Entry(label, at(words[1], ""), (), _passed(words[2:]))
            case "initrd" | "initrdefi" | "initrd16":
                entry = replace(entry, initrds=tuple(at(name, "") for name in words[1:]))
            case _:
                pass
    yield entry


def _passed(words: list[str]) -> str:
    # What a variable holds is not known; what is beside it may well boot.
    return " ".join(word for word in words if "$" not in word)


def _systemd_boot(lines: list[str]) -> Iterator[Entry]:
    said: dict[str, list[str]] = {}
    for line in lines:
        word, rest = _parted(line)
        said.setdefault(word, []).append(rest)
    label, kernel = (said.get(word, [""])[0] for word in ("title", "linux"))
    if kernel:
        initrds = tuple(at(name, "") for name in said.get("initrd", ()))
        yield Entry(label[:_LABEL], at(kernel, ""), initrds, " ".join(said.get("options", ())))


_WORD: Final = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|([^\s'\";]+)|(;)")


def _words(line: str) -> list[str]:
    """Return a line's words as GRUB has them, up to a comment or the end of the command."""
    found: list[str] = []
    end = -1
    for part in _WORD.finditer(line):
        if part[4] or (part[3] or "").startswith("#"):
            break
        text = next(each for each in part.groups() if each is not None)
        if found and part.start() == end:
            found[-1] += text
        else:
            found.append(text)
        end = part.end()
    return found


def at(name: str, folder: str) -> str:
    """Return a loader's name for a file as one on the medium, without a slash in front.

    GRUB writes a device in front of it, as ``(cd0)``; of SYSLINUX a name without a slash is one
    in the configuration's folder.
    """
    plain = re.sub(r"^\([^)]*\)", "", name.strip()).replace("\\", "/")
    return posixpath.normpath(posixpath.join(f"/{folder}", plain)).lstrip("/") if plain else ""
