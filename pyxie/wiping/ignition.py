"""Does an Ignition configuration wipe a disk? Its storage, and its scripts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from pyxie.urls import is_below
from pyxie.wiping.packed import Unpacking, from_base64
from pyxie.wiping.shell import read_shell
from pyxie.wiping.structured import from_json, listed, mapping, word
from pyxie.wiping.verdict import TOO_MUCH, Unclear, Verdict, Wipes, combined

_DEEPEST: Final = 4


def read_ignition(text: str, ours: str = "") -> Verdict | None:
    """Return what a configuration does to disks; None if the text is none.

    Args:
        text: JSON.
        ours: How the URLs begin that pyxie itself serves.
    """
    return _read(text, ours, Unpacking())


def scripts(text: str) -> Iterator[str]:
    """Walk the files that stand in a configuration itself."""
    unpacking = Unpacking()
    for file in listed(mapping(from_json(text), "storage").get("files")):
        yield _data(mapping(file, "contents"), unpacking)


def _read(text: str, ours: str, unpacking: Unpacking, depth: int = 0) -> Verdict | None:
    data = from_json(text)
    if not mapping(data, "ignition"):
        return None
    if depth > _DEEPEST:  # gzip can hold itself, and would do so for ever
        return Unclear(TOO_MUCH)
    return combined(_found(data, ours, unpacking, depth))


def _found(data: Any, ours: str, unpacking: Unpacking, depth: int) -> Iterator[Verdict]:
    storage = mapping(data, "storage")
    yield from _storage(storage)
    for file in map(mapping, listed(storage.get("files"))):
        for each in (mapping(file, "contents"), *listed(file.get("append"))):
            yield read_shell(_data(mapping(each), unpacking), ours)
    for unit in map(mapping, listed(mapping(data, "systemd").get("units"))):
        yield from _unit(word(unit.get("contents") or ""), ours)
        for dropin in map(mapping, listed(unit.get("dropins"))):
            yield from _unit(word(dropin.get("contents") or ""), ours)
    yield from _further(mapping(data, "ignition", "config"), ours, unpacking, depth)
    if unpacking.is_over:
        yield Unclear(TOO_MUCH)


def _storage(storage: dict[str, Any]) -> Iterator[Verdict]:
    for disk in map(mapping, listed(storage.get("disks"))):
        parts = map(mapping, listed(disk.get("partitions")))
        if disk.get("wipeTable") or any(part.get("wipePartitionEntry") for part in parts):
            yield Wipes((word(disk.get("device")),))
    for key, flag in (("filesystems", "wipeFilesystem"), ("luks", "wipeVolume")):
        for each in map(mapping, listed(storage.get(key))):
            if each.get(flag):
                yield Wipes((word(each.get("device")),))
    for old in (mapping(each, "mount") for each in listed(storage.get("filesystems"))):
        # Of version 2, as Flatcar reads it; in its first form by force.
        if old.get("wipeFilesystem") or mapping(old, "create").get("force"):
            yield Wipes((word(old.get("device")),))
    for raid in map(mapping, listed(storage.get("raid"))):
        yield Wipes(tuple(map(word, listed(raid.get("devices")))))  # mdadm --create --force


def _unit(text: str, ours: str) -> Iterator[Verdict]:
    for line in re.sub(r"\\\n[ \t]*", " ", text).splitlines():
        key, _, command = line.partition("=")
        if key.strip().startswith("Exec"):
            yield read_shell(command.lstrip("-@:+!"), ours)


def _further(
    config: dict[str, Any], ours: str, unpacking: Unpacking, depth: int
) -> Iterator[Verdict]:
    for key in ("replace", "merge", "append"):
        for each in map(mapping, listed(config.get(key))):
            source = word(each.get("source") or "")
            if source.startswith("data:"):
                text = _data(each, unpacking)
                known = _read(text, ours, unpacking, depth + 1)
                yield known or Unclear(f"its '{key}' cannot be read")
            elif source and not is_below(source, ours):
                yield Unclear(f"it goes on by what its '{key}' names")


def _data(contents: Mapping[str, Any], unpacking: Unpacking) -> str:
    """Return what stands in a data URL (RFC 2397); empty if the contents are elsewhere."""
    source = word(contents.get("source"))
    if not source.startswith("data:"):
        return ""
    head, _, body = source.partition(",")
    data = from_base64(body) if head.endswith(";base64") else unquote_to_bytes(body)
    return unpacking.text(data, compressed=contents.get("compression") == "gzip")
