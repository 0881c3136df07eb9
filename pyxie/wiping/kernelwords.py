"""Does a kernel's command line wipe a disk? What it says itself, and where it leads. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pyxie.urls import is_below, origin
from pyxie.wiping.preseed import of_answers
from pyxie.wiping.verdict import EVERY_DISK, Unclear, Verdict, Wipes, combined

_LEADS: Final = frozenset(
    (
        *("url", "preseed/url", "inst.ks", "ks", "autoyast", "autoyast2", "inst.auto", "ds"),
        *("ignition.config.url", "coreos.inst.ignition_url", "talos.config", "answerfile"),
        *(
            "script",
            "netscript",
            "ar_source",
            "cloud-config-url",
            "coreos.config.url",
            "config_url",
            "harvester.install.config_url",
        ),
    )
)
"""Words whose value is where the answers are."""
_ONTO: Final = re.compile(
    r"(?:coreos\.inst\.install_dev|(?:harvester|k3os|elemental|rancher)\.install\.device|"
    r"install\.device)"
)
_A_URL: Final = re.compile(r"(?:https?|ftp|tftp|nfs)://\S+")


def read_cmdline(text: str, ours: str = "") -> Verdict:
    """Return what a command line does to disks.

    Args:
        text: In one line.
        ours: How the URLs begin that pyxie itself serves.
    """
    return combined(_found(text.split(), ours))


def _found(words: list[str], ours: str) -> Iterator[Verdict]:
    answers = {}
    # Clonezilla's ocs_live_run="ocs-sr … restoredisk image sda"
    clones = ("restoredisk", "restoreparts") if any("ocs-sr" in word for word in words) else ()
    for word in words:
        if "=" not in word and "autonuke" not in word and not clones:
            continue
        name, equals, value = word.partition("=")
        if _ONTO.fullmatch(name) and value:
            yield Wipes((value if value.startswith("/dev/") else f"/dev/{value}",))
        elif name == "autonuke" or "--autonuke" in word:
            yield Wipes((EVERY_DISK,))
        elif word.strip("\"'") in clones or word == "talos.experimental.wipe=system":
            yield Wipes()
        elif equals and "/" in name:
            answers[name] = value
        if name in _LEADS:
            for url in _A_URL.findall(value):
                # Ubuntu's installer names its own image so.
                plain = url.split("?")[0]
                if not is_below(url, ours) and not plain.endswith(".iso"):
                    yield Unclear(f"its answers come from {origin(url)}")
            if re.match(r"(?:nfs|hd|cdrom):(?!//)", value):
                yield Unclear("its answers come from elsewhere")
    answers.pop("preseed/url", None)
    yield of_answers(answers, ours)
