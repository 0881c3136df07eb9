"""What a fetched file is: a program for this machine, iPXE, a script, or something else. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from pyxie.loaders.pe import machine
from pyxie.probing.questions import Client, Order

_EFI: Final[Mapping[int, str]] = {
    0x014C: "32-bit x86",
    0x8664: "x64",
    0x01C2: "32-bit ARM",
    0xAA64: "arm64",
    0x5064: "riscv64",
    0x6264: "loongarch64",
}
"""By the PE header's machine (Microsoft's "PE Format")."""
_RUNS: Final[Mapping[int, int]] = {0x07: 0x8664, 0x0B: 0xAA64, 0x10: 0x8664}
"""What firmware runs, by its client architecture."""
_BIOS: Final = 0x00
_IPXE_NAME: Final = re.compile(r"(?i)(?:undionly|ipxe|snponly)[^/]*\.(?:k?kpxe|pxe|efi)\Z")
_KNOWN: Final = ((b"UEFI SHIM", "shim"), (b"GNU GRUB", "GRUB"))
"""Programs by what is in them."""
_MEDIUM: Final = re.compile(r"(?i)\.(?:iso|img)(?:\?.*)?\Z")
"""What HTTP Boot starts from as from a disk, told by its name if not by its type."""
_SCRIPT: Final = b"#!ipxe"
_URL: Final = re.compile(r"https?://[^\s\"'<>|]+")
_LOADS: Final = ("kernel", "initrd", "module", "shim")
"""Not ``imgfetch`` and ``chain``, by which scripts also tell a server something."""


class Loaded(NamedTuple):
    """What it is.

    Attributes:
        what: In a few words.
        is_ipxe: It is an iPXE, which asks the network anew.
        is_script: It is a script of iPXE's.
        wrong: Why the client cannot start it; empty if it can, as far as that shows.
    """

    what: str
    is_ipxe: bool = False
    is_script: bool = False
    wrong: str = ""


def judged(client: Client, name: str, data: bytes) -> Loaded:
    """Tell what a file is, and whether such a client can start it.

    Args:
        client: Who has fetched it.
        name: What it was called.
        data: Its beginning, or all of it.
    """
    if not data:
        return Loaded("an empty file", wrong="it is empty")
    if data.startswith(_SCRIPT):
        wrong = "" if client.options.get(77) == b"iPXE" else "only iPXE runs its scripts"
        return Loaded("a script of iPXE's", is_script=True, wrong=wrong)
    kind = machine(data)
    if kind:
        return _program(client, name, data, kind)
    if client.order is Order.HTTP and _MEDIUM.search(name):
        return Loaded("a medium")
    if client.arch in _RUNS:
        wrong = "it is no EFI program, and UEFI firmware starts nothing else"
        return Loaded(_plainly(data), wrong=wrong)
    is_ipxe = bool(_IPXE_NAME.search(name)) or b"iPXE" in data
    return Loaded("iPXE for BIOS" if is_ipxe else _plainly(data), is_ipxe=is_ipxe)


def _program(client: Client, name: str, data: bytes, kind: int) -> Loaded:
    processor = _EFI.get(kind, f"machine {kind:#06x}")
    is_ipxe = b"iPXE" in data or bool(_IPXE_NAME.search(name))
    kinds = (name for mark, name in _KNOWN if mark in data)
    what = f"{'iPXE' if is_ipxe else next(kinds, 'an EFI program')} for {processor}"
    runs = _RUNS.get(client.arch)
    if client.arch == _BIOS and client.options.get(77) != b"iPXE":
        return Loaded(what, is_ipxe=is_ipxe, wrong="it is for UEFI, and this is a BIOS machine")
    if runs is not None and kind != runs:
        wrong = f"it is for {processor}, and this machine is {_EFI[runs]}"
        return Loaded(what, is_ipxe=is_ipxe, wrong=wrong)
    return Loaded(what, is_ipxe=is_ipxe)


def _plainly(data: bytes) -> str:
    start = data[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a page of HTML"
    return "a program" if b"\0" in data[:512] else "a text"


_MAC: Final = re.compile(r"\$\{(?:net[X0]/)?mac(:hexhyp)?\}")
_BOOTS: Final = frozenset(("kernel", "boot", "imgexec", "sanboot"))


def chained(script: str, mac: str) -> str | None:
    """Return the URL of the script that a script goes on to, and does nothing else.

    As ``boot.ipxe`` does, which a site's own DHCP server names for all machines.

    Args:
        script: Its text.
        mac: What ``${netX/mac}`` stands for; a URL with other settings in it is not known here.
    """
    commands = [words for words in map(str.split, script.splitlines()) if words]
    if any(words[0] in _BOOTS for words in commands):
        return None
    urls = {
        _MAC.sub(lambda each: mac.replace(":", "-") if each[1] else mac, word)
        for words in commands
        if words[0] == "chain"
        for word in words[1:]
        if word.startswith(("http://", "https://"))
    }
    if len(urls) != 1:  # a menu has several
        return None
    [url] = urls
    return url if _URL.fullmatch(url) and "${" not in url else None


def named(script: str, most: int) -> list[str]:
    """Return the URLs that a script of iPXE's loads files from, as they stand in it.

    Those with a setting of iPXE's in them are left out: what it is shows on the machine alone.

    Args:
        script: Its text.
        most: So many.
    """
    found: dict[str, None] = {}
    for line in script.splitlines():
        words = line.split()
        if words and words[0] in _LOADS:
            found |= dict.fromkeys(each for each in _URL.findall(line) if "${" not in each)
    return list(found)[:most]
