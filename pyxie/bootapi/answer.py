"""What an API server has for a machine, in pyxie's own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pyxie.bounds import BOOT_API_BYTES
from pyxie.errors import PyxieError
from pyxie.outbound.reach import Reach

MOST_BYTES: Final = BOOT_API_BYTES.whole
"""Of an answer, as it is sent."""


class AnswerError(PyxieError):
    """An API server's answer is none that can be booted.

    Attributes:
        place: Where in it, as ``initrd[1]``; empty for the whole.
        problem: What is wrong there.
    """

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(place, problem)
        self.place = place
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}" if self.place else self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a machine boots; all URLs are absolute.

    Attributes:
        kernel: Empty if there is a ``script``.
        initrds: In their order.
        cmdline: Its pieces; a number stands for the URL of one of ``others``.
        others: What the command line leads to, by way of pyxie.
        message: For the machine's screen.
        script: An iPXE script instead of all this.
        reach: Where its URLs may lead, by where the server is.
    """

    kernel: str = ""
    initrds: tuple[str, ...] = ()
    cmdline: tuple[str | int, ...] = ()
    others: tuple[str, ...] = ()
    message: str = ""
    script: str = ""
    reach: Reach = field(default=Reach.PUBLIC, compare=False)

    def command_line(self, url_of: Callable[[int], str]) -> str:
        """Return the command line, given where pyxie serves each of ``others``."""
        return "".join(p if isinstance(p, str) else url_of(p) for p in self.cmdline)
