"""What is said before a machine's build begins: what is lost by it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyxie.http.page.bulkview import Foreseen
from pyxie.http.page.commandline import command
from pyxie.http.page.longtext import printable
from pyxie.wiping.forecast import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """The screen on which a build is begun.

    Attributes:
        host: The machine's hostname.
        path: Of its screen.
        build_type: By which it is to be built; empty for its own.
        build_types: All that there are.
        wipes: Data is lost by it, or may be.
        sentences: What it wipes, to go on after the hostname.
        advice: What will hardly be wanted of it; each a sentence with its place.
        problem: Why it cannot be built; empty if it can.
        replaces: The number of the build that it takes the place of; None for none.
        sealed: What ties a press to all this; empty where nothing is to be pressed.
        refused: Why the last press did nothing; empty for none.
        command: The one that does the same.
    """

    host: str
    path: str
    build_type: str
    build_types: tuple[str, ...]
    wipes: bool
    sentences: tuple[str, ...]
    advice: tuple[str, ...]
    problem: str
    replaces: int | None
    sealed: str
    refused: str
    command: str


def review(
    path: str, seen: Foreseen, build_type: str, build_types: Iterable[str], refused: str = ""
) -> ReviewView:
    """Return it.

    Args:
        path: Of the machine's screen.
        seen: What was found out of the build.
        build_type: As it was asked for.
        build_types: All that there are.
        refused: Why the last press did nothing.
    """
    active = seen.build is not None and seen.build.active
    problem = seen.problem
    if not problem and seen.forecast is None:
        problem = "what it would wipe was not found out in time, so it is not begun here; try again"
    return ReviewView(
        host=seen.host,
        path=path,
        build_type=build_type,
        build_types=tuple(build_types),
        wipes=seen.forecast is None or seen.forecast.answer is not Answer.NO,
        sentences=seen.sentences,
        advice=tuple(map(printable, seen.advice)),
        problem=printable(problem),
        replaces=seen.build.number if seen.build is not None and active else None,
        sealed=seen.sealed if not problem else "",
        refused=printable(refused),
        command=command("build", seen.host, type=build_type, replace=active),
    )
