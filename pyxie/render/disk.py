"""How a machine's ``disk`` is spelt: the disk that its installer may write to.

Whether there is such a disk only the machine can tell: ``templates/disk.j2`` asks it.
"""

from __future__ import annotations

import re
from typing import Final

from pyxie.errors import PyxieError

LONGEST: Final = 255
"""Characters of a disk's name; Linux has none longer."""
SPELLINGS: Final = "a path below /dev/, 'serial:' or 'wwn:' with what lsblk shows"
_SHOWN = 80

_KERNELS = r"(?:[shv]d|xvd|dasd)[a-z]+|nvme[0-9]+n[0-9]+|(?:mmcblk|pmem|md|dm-)[0-9]+"
_BARE = re.compile(rf"(?:{_KERNELS}|(?:disk|mapper|md|cciss)/.+)", re.ASCII)
"""Without ``/dev/``, as kickstart has it."""
_PARTITION = re.compile(
    r"(?:[shv]d[a-z]+[0-9]+|(?:nvme[0-9]+n|mmcblk)[0-9]+p[0-9]+|disk/by-[a-z]+/.+-part[0-9]+"
    r"|disk/by-(?:uuid|label|partuuid|partlabel)/.+)"
)
_FOLDER = re.compile(r"disk|disk/by-[a-z]+|mapper|md|cciss")
_LETTERS = re.compile(r"[\w.,:+@=#()/-]+", re.ASCII)
"""Of names; none of them means anything to a shell in quotes, to YAML or to XML."""
_WWN = re.compile(r"(?:0x|naa\.|eui\.)?([0-9a-f]{16}(?:[0-9a-f]{16})?)|((?:nvme|uuid)\.[0-9a-f-]+)")
"""As udev, the kernel and firmware write it; NVMe drives without one have a made-up one."""


class DiskError(PyxieError):
    """A text names no disk; the error's is one sentence."""


def disk(text: str) -> str:
    """Return the disk that ``text`` names, in one spelling.

    Args:
        text: ``/dev/sda``, ``sda``, ``/dev/disk/by-id/…``, ``serial:…``, ``wwn:…``; blanks around
            it do not count. Empty where none is named: the installer chooses.

    Returns:
        The empty text, a path below ``/dev/``, ``serial:`` and a serial number, or ``wwn:`` and
        digits without any ``0x``, ``naa.`` or ``eui.``.

    Raises:
        DiskError: It names none, or something that is no whole disk.
    """
    written = text.strip()
    if not written:
        return ""
    shown = repr(written[:_SHOWN])
    if len(written) > LONGEST:
        raise DiskError(f"{shown}… is longer than a disk's name can be")
    kind, colon, value = written.partition(":")
    if colon and "/" not in kind:
        return _by_identity(shown, kind, value.strip())
    return _by_path(shown, written)


def _by_identity(shown: str, kind: str, value: str) -> str:
    if kind not in ("serial", "wwn"):
        raise DiskError(f"{shown} names no disk: it is {SPELLINGS}")
    if not value:
        raise DiskError(f"{shown} names no disk: nothing follows '{kind}:'")
    if kind == "serial":
        return f"serial:{_checked(shown, value)}"
    found = _WWN.fullmatch(value.lower().replace(":", ""))
    if found is None:
        raise DiskError(f"{shown} is no WWN, which has 16 or 32 hexadecimal digits")
    return f"wwn:{found[1] or found[2]}"


def _by_path(shown: str, written: str) -> str:
    bare = written.removeprefix("/dev/")
    if bare.startswith("/"):
        raise DiskError(f"{shown} is not below /dev/: a disk is {SPELLINGS}")
    if bare == written and not (_BARE.fullmatch(bare) or _PARTITION.fullmatch(bare)):
        raise DiskError(f"{shown} names no disk: it is {SPELLINGS}")
    if _FOLDER.fullmatch(bare) or any(each in ("", ".", "..") for each in bare.split("/")):
        raise DiskError(f"{shown} names no disk: it is a folder, or leads to one")
    if _PARTITION.fullmatch(bare):
        raise DiskError(f"{shown} is a partition or a file system: name the whole disk")
    return f"/dev/{_checked(shown, bare)}"


def _checked(shown: str, name: str) -> str:
    if len(name.split()) > 1:
        raise DiskError(f"{shown} is more than one word: name one disk, with '_' for a blank")
    if set(name) & set("*?["):
        raise DiskError(f"{shown} is a pattern: name one disk")
    if not _LETTERS.fullmatch(name):
        raise DiskError(f"{shown} holds what no disk's name has")
    return name
