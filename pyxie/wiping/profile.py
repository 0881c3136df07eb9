"""Does an XML profile wipe a disk? AutoYaST's, and Windows' answer file. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from pyxie.wiping.shell import read_shell
from pyxie.wiping.verdict import Unclear, Verdict, Wipes, combined

_NO_DISKS = ("CT_LVM", "CT_NFS", "CT_MD", "CT_TMPFS", "CT_BTRFS")
"""Types of drives that lie on others."""


def read_profile(text: str, ours: str = "") -> Verdict | None:
    """Return what a profile does to disks; None if the text is none.

    Args:
        text: XML.
        ours: How the URLs begin that pyxie itself serves.
    """
    if not text.lstrip().startswith("<"):
        return None
    if "<!ENTITY" in text:  # one that stands for ten others makes a gigabyte of a kilobyte
        return Unclear("it declares entities")
    try:
        root = ElementTree.fromstring(text.lstrip())  # noqa: S314  (it declares no entities)
    except (ElementTree.ParseError, ValueError):
        return Unclear("it is no XML")
    if _name(root) == "profile":
        return combined(_autoyast(root, ours))
    if _name(root) == "unattend":
        return combined(_windows(root))
    return None


def _autoyast(root: ElementTree.Element, ours: str) -> Iterator[Verdict]:
    asks = any(_value(mode, "confirm") == "true" for mode in _all(root, "mode"))
    drives = list(_all(root, "drive"))
    for drive in drives:
        if _value(drive, "type") in _NO_DISKS:
            continue
        device = _value(drive, "device") or "the disk that AutoYaST chooses"
        # Beside these it is "linux", or numbers of partitions: those are deleted.
        if _value(drive, "initialize") != "true" and _value(drive, "use") in ("", "free"):
            yield Unclear(f"it uses what is free on {device}")
        elif asks:
            yield Unclear("it is confirmed at the machine")
        else:
            yield Wipes((device,))
    if not drives:
        yield Unclear("it leaves the disk to AutoYaST's proposal")
    for source in _all(root, "source"):
        yield read_shell(source.text or "", ours)


def _windows(root: ElementTree.Element) -> Iterator[Verdict]:
    for disk in _all(root, "Disk"):
        if _value(disk, "WillWipeDisk").lower() == "true":
            number = _value(disk, "DiskID")
            yield Wipes((f"disk {number}",) if number else ())
    if any(_value(part, "Format") for part in _all(root, "ModifyPartition")):
        yield Wipes()
    if any("diskpart" in (part.text or "").lower() for part in root.iter()):
        yield Unclear("it runs diskpart")


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (each for each in element.iter() if _name(each) == name)


def _value(element: ElementTree.Element, name: str) -> str:
    found = (each.text or "" for each in element if _name(each) == name)
    return next(found, "").strip()
