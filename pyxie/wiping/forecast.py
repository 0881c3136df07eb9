"""What a build will wipe, said before it begins, and what may not be served after that. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pyxie.wiping.kernelwords import read_cmdline
from pyxie.wiping.reading import read_template
from pyxie.wiping.verdict import Unclear, Verdict, Wipes

COMMAND_LINE: Final = "the command line"


class Answer(StrEnum):
    """Does a build wipe a disk? The values are stored, and part of the REST API."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Wiping:
    """What wipes.

    Attributes:
        by: The template's file, `COMMAND_LINE`, or the address of another file of ours.
        disks: In words, as of `pyxie.wiping.verdict.Wipes`.
    """

    by: str
    disks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What cannot be told.

    Attributes:
        by: The template's file, or `COMMAND_LINE`.
        why: In plain words.
    """

    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a build will wipe.

    Attributes:
        wiping: Everything that does, in the order in which a machine has its templates.
        doubts: What may.
    """

    wiping: tuple[Wiping, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def answer(self) -> Answer:
        """Whether it wipes a disk."""
        if self.wiping:
            return Answer.YES
        return Answer.UNKNOWN if self.doubts else Answer.NO

    def as_plain(self) -> dict[str, list[list[Any]]]:
        """Return it for JSON."""
        return {
            "wiping": [[each.by, list(each.disks)] for each in self.wiping],
            "doubts": [[each.by, each.why] for each in self.doubts],
        }


def from_plain(data: Mapping[str, list[list[Any]]]) -> Forecast:
    """Return a forecast from what `Forecast.as_plain` gave."""
    return Forecast(
        tuple(Wiping(by, tuple(disks)) for by, disks in data["wiping"]),
        tuple(Doubt(by, why) for by, why in data["doubts"]),
    )


def forecast(
    texts: Mapping[str, str],
    cmdline: str,
    ours: str,
    *,
    scripts: Container[str] = (),
    files: Mapping[str, str] | None = None,
) -> Forecast:
    """Return what a build will wipe.

    Args:
        texts: What is rendered of each template, by the template's file.
        cmdline: The kernel's command line, and what else the boot script says.
        ours: How the URLs begin that pyxie itself serves.
        scripts: Those of the templates that a shell runs, whatever they begin with.
        files: What these have an installer fetch beside them, by address. It may be data: it
            counts where it visibly wipes.
    """
    found: dict[str, Verdict] = {
        by: read_template(text, ours, script=by in scripts) for by, text in texts.items()
    }
    for by, text in (files or {}).items():
        if isinstance(verdict := read_template(text, ours), Wipes):
            found[by] = verdict
    found[COMMAND_LINE] = read_cmdline(cmdline, ours)
    return Forecast(
        tuple(Wiping(by, each.disks) for by, each in found.items() if isinstance(each, Wipes)),
        tuple(Doubt(by, each.why) for by, each in found.items() if isinstance(each, Unclear)),
    )


def joined(words: tuple[str, ...]) -> str:
    """Return disks as a sentence names them: ``/dev/sda, /dev/sdb and the largest disk``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def refusal(now: Forecast, begun: Forecast | None, *, forbidden: bool) -> str | None:
    """Return why what a build would serve may not be served; None if it may.

    Args:
        now: What that wipes.
        begun: What was said when the build began; None for a build of before that was said.
        forbidden: ``wipes: false`` is said of the machine.
    """
    if not now.wiping:
        return None
    first = now.wiping[0]
    wipes = f"{first.by} wipes {joined(first.disks) or 'a disk'}"
    if forbidden:
        return f"is false, but {wipes}; `pyxie show` says which file brings that in"
    if begun is None or begun.answer is Answer.YES:
        return None
    return f"{wipes}, and the build did not begin as one that does; begin it anew, if it shall"
