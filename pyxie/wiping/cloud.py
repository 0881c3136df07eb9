"""Does a cloud-config wipe a disk? Of Ubuntu's autoinstall, cloud-init and their kin. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

from pyxie.wiping.packed import Unpacking
from pyxie.wiping.shell import read_shell
from pyxie.wiping.structured import from_yaml, is_true, listed, mapping, word
from pyxie.wiping.verdict import TOO_MUCH, Spares, Unclear, Verdict, Wipes, combined

_COMMANDS: Final = ("early-commands", "late-commands", "error-commands", "bootcmd", "runcmd")
_BY_CLOUD_INIT: Final = frozenset(
    (
        *(
            "users",
            "packages",
            "runcmd",
            "bootcmd",
            "write_files",
            "hostname",
            "fqdn",
            "autoinstall",
        ),
        *(
            "ssh_authorized_keys",
            "disk_setup",
            "fs_setup",
            "user-data",
            "early-commands",
            "identity",
        ),
        *("late-commands", "storage", "install", "machine", "growpart", "chpasswd"),
    )
)
_HARMLESS: Final = (
    frozenset(("instance-id", "local-hostname", "hostname", "public-keys", "local_hostname")),
    frozenset(("version", "ethernets", "bonds", "bridges", "vlans", "renderer", "config", "wifis")),
)
"""Keys of which a NoCloud meta-data and a network configuration are made."""
_PARTED: Final = re.compile(r"^---[ \t\r]*$", re.MULTILINE)
_NOT_WRITTEN: Final = ("mount", "device", "nvme_controller")
"""Curtin's actions that write to no disk; a volume group or a RAID is made of disks."""
_MATCHES: Final = {"largest": "the largest disk", "smallest": "the smallest disk"}


def read_cloud(text: str, ours: str = "") -> Verdict | None:
    """Return what a cloud-config does to disks; None if the text is none.

    Args:
        text: YAML, JSON among it.
        ours: How the URLs begin that pyxie itself serves.
    """
    data = from_yaml(text)
    says = text.lstrip().startswith("#cloud-config")
    if says and _blank(text):
        return Spares()
    parts = _PARTED.split(text)
    if not says and data is None and len(parts) > 1:  # Talos' machine has several documents
        found = [each for part in parts if (each := read_cloud(part, ours)) is not None]
        return combined(found) if found else None
    if not isinstance(data, dict):
        return Unclear("it is no YAML that cloud-init reads, or too much of it") if says else None
    keys = frozenset(map(str, data))
    if says or keys & _BY_CLOUD_INIT:
        return combined(_found(data, ours))
    return Spares() if any(keys and keys <= known for known in _HARMLESS) else None


def _blank(text: str) -> bool:
    return all(line.startswith("#") or not line.strip() for line in text.splitlines())


def _found(data: dict[str, Any], ours: str) -> Iterator[Verdict]:
    auto = mapping(data, "autoinstall")
    if auto:
        yield from _autoinstall(auto, ours)
    elif "storage" in data or ("version" in data and "identity" in data):
        yield from _autoinstall(data, ours)
    yield from _cloud_init(data, ours)
    yield from _cloud_init(mapping(auto, "user-data"), ours)
    # Talos, Harvester, k3OS and Kairos name the disk that they install onto.
    for place in (data, mapping(data, "machine"), mapping(data, "k3os"), mapping(data, "os")):
        install = mapping(place, "install")
        target = word(install.get("disk") or install.get("device"))
        if target or install.get("diskSelector"):
            yield Wipes((target,) if target.startswith("/dev/") else ())


def _cloud_init(data: dict[str, Any], ours: str) -> Iterator[Verdict]:
    for disk, about in mapping(data, "disk_setup").items():
        if is_true(mapping(about).get("overwrite")):
            yield Wipes((str(disk),))
    for about in listed(data.get("fs_setup")):
        if is_true(mapping(about).get("overwrite")):
            yield Wipes((word(mapping(about).get("device")),))
    yield from _commands(data, ours)
    unpacking = Unpacking()
    for file in listed(data.get("write_files")):
        about = mapping(file)
        content = unpacking.content(word(about.get("content")), word(about.get("encoding")))
        if content.startswith("#!"):
            yield read_shell(content, ours)
        if unpacking.is_over:
            yield Unclear(TOO_MUCH)
            break


def _commands(data: dict[str, Any], ours: str) -> Iterator[Verdict]:
    for key in _COMMANDS:
        for each in listed(data.get(key)):
            words = [word(part) for part in each] if isinstance(each, list) else []
            yield read_shell(shlex.join(words) if words else word(each), ours)


def _autoinstall(auto: dict[str, Any], ours: str) -> Iterator[Verdict]:
    storage = mapping(auto, "storage")
    asked = {word(each) for each in listed(auto.get("interactive-sections"))}
    if asked & {"*", "storage"}:
        yield Unclear("it asks at the machine which disk to install on")
    elif isinstance(storage.get("config"), list):
        yield from _curtin(storage["config"])
    elif mapping(storage, "layout").get("mode") == "use_gap":
        yield Unclear("it installs into the free space of a disk")
    else:
        # Without a word on storage it is the layout lvm, on the largest disk.
        yield Wipes(_matched(mapping(storage, "layout", "match")) or ("the largest disk",))
    yield from _commands(auto, ours)


def _curtin(config: list[Any]) -> Iterator[Verdict]:
    """Read curtin's actions: a disk without ``preserve`` gets a new partition table."""
    kept = True
    for action in config:
        about = mapping(action)
        if about.get("type") in _NOT_WRITTEN:
            continue
        if is_true(about.get("preserve")) and not about.get("wipe"):
            continue
        kept = False
        if about.get("type") == "disk":
            yield Wipes(_matched(about) or _matched(mapping(about, "match")))
    if not kept:
        yield Wipes()


def _matched(about: dict[str, Any]) -> tuple[str, ...]:
    """Return the disk that a match names."""
    if about.get("path"):
        return (word(about["path"]),)
    if word(about.get("size")) in _MATCHES:
        return (_MATCHES[word(about["size"])],)
    told = {
        key: value for key, value in about.items() if key in ("serial", "model", "vendor", "wwn")
    }
    words = " and ".join(f"{key} {word(value)}" for key, value in told.items())
    return (f"the disk with {words}",) if words else ()
