"""Does a preseed wipe a disk? By the answers that debian-installer's partman takes. Pure.

partman-auto partitions without asking once it has a method (installation guide, appendix B.4.7).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pyxie.urls import is_below
from pyxie.wiping.shell import read_shell
from pyxie.wiping.verdict import Unclear, Verdict, Wipes, combined
from pyxie.wiping.wipers import is_disk

_ANSWER: Final = re.compile(
    r"^[ \t]*(?P<owner>[\w.+-]+)[ \t]+(?P<question>[\w.+-]+/[\w./+-]+)[ \t]+"
    r"(?:string|boolean|select|multiselect|note|password|text|error|title)\b[ \t]*(?P<value>.*)$",
    re.MULTILINE,
)
_COMMANDS: Final = (
    *("partman/early_command", "preseed/early_command", "preseed/late_command", "preseed/run"),
    *("preseed/include_command", "preseed/interactive_command"),
)
_FURTHER: Final = ("preseed/include", "preseed/url", "preseed/run")
_CHOSEN: Final = re.compile(r"debconf-set\s+partman-auto/disk\b")


def is_preseed(text: str) -> bool:
    """Tell whether a text is a preseed, by a line that answers a question."""
    return _ANSWER.search(text) is not None


def read_preseed(text: str, ours: str = "") -> Verdict:
    """Return what a preseed does to disks.

    Args:
        text: The preseed.
        ours: How the URLs begin that pyxie itself serves.
    """
    return of_answers(answers(text), ours)


def answers(text: str) -> dict[str, str]:
    """Return the values of a preseed, by question; a later one replaces."""
    joined = re.sub(r"\\\n[ \t]*", "", text)
    return {found["question"]: found["value"].strip() for found in _ANSWER.finditer(joined)}


def of_answers(values: dict[str, str], ours: str) -> Verdict:
    """Return what answers do to disks, those of a preseed or of a command line."""
    return combined(_found(values, ours))


def _found(values: dict[str, str], ours: str) -> Iterator[Verdict]:
    if any(
        values.get(f"partman-auto/{key}")
        for key in ("method", "disk", "expert_recipe", "expert_recipe_file")
    ):
        if values.get("partman-auto/init_automatically_partition") == "biggest_free":
            yield Unclear("it installs into the free space of a disk")
        else:
            yield Wipes(tuple(_disks(values)))
    for question in _COMMANDS:
        if not values.get(question, "").startswith(("http://", "https://")):
            yield read_shell(values.get(question, ""), ours)
    for question in _FURTHER:
        for word in values.get(question, "").split():
            if not is_below(word, ours):
                yield Unclear(f"it goes on by what its {question} names")


def _disks(values: dict[str, str]) -> Iterator[str]:
    named = values.get("partman-auto/disk", "").split()
    yield from (word for word in named if is_disk(word))
    if not named and not any(_CHOSEN.search(values.get(each, "")) for each in _COMMANDS):
        yield "the only disk that is found"
