"""Which files of media are named, and where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pyxie.checking import scan
from pyxie.config.settings import load_marked
from pyxie.media.bootedof import named

FILES = {
    "config.yaml": "kernel: linux\nbuild_types: {live: {os: live}, none: {os: nowhere}}\n",
    "recipes/live.yaml": "version: 1\ntitle: Live\nunverified: true\nkernel: media:live/k\n"
    "initrd: [media:live/i, {url: media:live.cpio/x.iso, name: x}]\n",
    "recipes/unused.yaml": "version: 1\ntitle: U\nunverified: true\nkernel: media:unused/k\n",
    "groups/web.yaml": "kernel: {url: media:web/k}\n",
    "machines/a.yaml": "hostname: a.example.org\nnetwork: [{macaddress: 52:54:00:00:00:01}]\n"
    "initrd: media:own/i\n",
    "machines/b.yaml": "hostname: b.example.org\nnetwork: [{macaddress: 52:54:00:00:00:02}]\n"
    "os: live\ninitrd: media:own/i\n",
}


def laid(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder / "config.yaml"


def test_each_is_found_once_where_it_is_named_first(tmp_path: Path) -> None:
    found = named(scan(*load_marked(laid(tmp_path))))

    told = [(str(each), *str(each.place.problem("-")).rsplit("/", 1)[-1:]) for each in found]
    assert told == [
        ("media:live/k", "config.yaml:2:26: build_types.live.os: -"),
        ("media:live/i", "config.yaml:2:26: build_types.live.os: -"),
        ("media:live.cpio/x.iso", "config.yaml:2:26: build_types.live.os: -"),
        ("media:web/k", "web.yaml:1:9: kernel: -"),
        ("media:own/i", "a.yaml:3:9: initrd: -"),
    ]


def test_of_a_system_for_several_processors_only_one_is_needed(tmp_path: Path) -> None:
    files = {
        "config.yaml": "build_types:\n  one: {os: both}\n  two: {os: both, arch: arm64}\n"
        "  three: {os: arm}\n",
        "recipes/both.yaml": "version: 1\ntitle: B\nunverified: true\n"
        'kernel: "media:both-{arch}/k"\narch: {amd64: , arm64: }\n',
        "recipes/arm.yaml": "version: 1\ntitle: A\nunverified: true\n"
        'kernel: "media:arm-{arch}/k"\narch: {arm64: }\n',
        "machines/a.yaml": "",
    }
    found = named(scan(*load_marked(laid(tmp_path, files))))

    assert [(str(each), each.place.layer) for each in found] == [
        ("media:both-amd64/k", "build type one"),
        ("media:both-arm64/k", "build type two"),
        ("media:arm-arm64/k", "build type three"),
    ]
