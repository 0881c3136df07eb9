"""Does a text that was rendered for an installer wipe a disk? By its format. Pure.

A template may state it itself, in a comment, ``pyxie-wipes: /dev/sda`` or what other words
say which disk; what stands in it counts even so, if that wipes and the statement denies it.
"""

from __future__ import annotations

import re
from typing import Final

from pyxie.bounds import WIPING_LENGTH
from pyxie.wiping.alpine import read_alpine
from pyxie.wiping.cloud import read_cloud
from pyxie.wiping.ignition import read_ignition, scripts
from pyxie.wiping.kickstart import is_kickstart, read_kickstart
from pyxie.wiping.preseed import is_preseed, read_preseed
from pyxie.wiping.profile import read_profile
from pyxie.wiping.proxmox import read_proxmox
from pyxie.wiping.shell import read_shell
from pyxie.wiping.verdict import Spares, Unclear, Verdict, Wipes, combined

_STATED: Final = re.compile(r"\bpyxie-wipes:[ \t]*([^\n]*)")
_ENDS: Final = re.compile(r"\s*(?:-->|\*/|#\}).*$|\s+$")


def read_template(text: str, ours: str = "", *, script: bool = False) -> Verdict:
    """Return what one template's text does to disks.

    Args:
        text: As the installer gets it.
        ours: How the URLs begin that pyxie itself serves.
        script: A shell runs it, if it is in no other format.
    """
    if len(text) > WIPING_LENGTH.most:
        WIPING_LENGTH.reached()
        return Unclear("it is longer than pyxie reads")
    if not text.strip():
        return Spares()
    return _with_statement(_by_format(text, ours, script), _stated(text))


def _by_format(text: str, ours: str, script: bool) -> Verdict:
    # One may hold another: an autoinstall debconf's answers, a script a kickstart.
    found = (
        read_preseed(text, ours) if is_preseed(text) else None,
        read_kickstart(text, ours) if is_kickstart(text) else None,
        read_shell(text, ours) if text.startswith("#!") else _structured(text, ours),
    )
    if any(found):
        return combined(filter(None, found))
    guess = read_shell(text, ours)
    if script or isinstance(guess, Wipes):
        return guess
    return Unclear("it is in no format that pyxie knows")


def _structured(text: str, ours: str) -> Verdict | None:
    return (
        read_profile(text, ours)
        or read_ignition(text, ours)
        or read_alpine(text)
        or read_proxmox(text)
        or read_cloud(text, ours)
    )


def _stated(text: str) -> str:
    """Return what a template says of itself; empty if it says nothing."""
    for each in (text, *scripts(text)):
        found = _STATED.search(each)
        if found is not None:
            return _ENDS.sub("", found[1][:200])
    return ""


def _with_statement(read: Verdict, stated: str) -> Verdict:
    if not stated:
        return read
    if stated.lower() == "nothing":
        return read if isinstance(read, Wipes) else Spares()
    return Wipes((stated,))
