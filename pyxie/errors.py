"""What can go wrong, by who is to blame and what a catcher does about it.

A ``ValueError`` or ``AssertionError`` is a bug of pyxie's; everything that the world can
do to us is a `PyxieError`. None of them carries a protocol's number: each edge (a TFTP
ERROR, an HTTP status, an exit code) translates in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


class PyxieError(Exception):
    """The root of every error that pyxie raises on purpose."""


class WireError(PyxieError):
    """A datagram from the network is malformed; drop it and count it.

    Attributes:
        offset: Bytes from the start of the datagram to the first bad byte.
        field: What was being read there, e.g. ``"option 82 length"``.
        problem: What is wrong with it.
    """

    def __init__(self, offset: int, field: str, problem: str) -> None:
        super().__init__(offset, field, problem)
        self.offset = offset
        self.field = field
        self.problem = problem

    def __str__(self) -> str:
        return f"byte {self.offset}: {self.field}: {self.problem}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in an operator's file, at the place where it is to be mended.

    Attributes:
        file: The file, as the operator would name it.
        line: Counted from 1; 0 if the file could not be read at all.
        column: Counted from 1; 0 if the file could not be read at all.
        key: The path to the value, e.g. ``network[0].macaddress``; may be empty.
        sentence: What is wrong, quoting the value.
    """

    file: Path
    line: int
    column: int
    key: str
    sentence: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)
        return f"{place}: {self.key}: {self.sentence}" if self.key else f"{place}: {self.sentence}"


def changes(
    before: Iterable[Problem], after: Iterable[Problem]
) -> tuple[list[Problem], list[Problem]]:
    """Return what is wrong by now and was not before, and what has been mended.

    Beside a new mistake nothing is called mended: the old one may stand a line further down,
    or in a file that cannot be read any more.
    """
    old, new = set(before), set(after)
    return sorted(new - old), sorted(old - new) if new <= old else []


class ConfigError(PyxieError):
    """Files of the operator's have mistakes; all of them are listed.

    Attributes:
        problems: At least one, in the order of files and lines.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = tuple(sorted(problems))

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class NotServedError(PyxieError):
    """A file, image or machine that was asked for is not to be had.

    Attributes:
        what: What was asked for, as the peer spelt it.
        why: The reason, fit to be shown to the peer.
    """

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what, why)
        self.what = what
        self.why = why

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


class BusyError(PyxieError):
    """Something was not done, for what does it is overloaded or hangs; later it may be done.

    Attributes:
        what: What is busy.
        why: The reason, fit to be shown to the peer.
    """

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what, why)
        self.what = what
        self.why = why

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


class RenderError(PyxieError):
    """A template cannot be rendered.

    Attributes:
        template: Its name, as the operator knows it (``preseed.j2``, ``cmdline``).
        line: Counted from 1; 0 where Jinja2 does not know it.
        problem: What is wrong; names the undefined name, if it is one.
        value: The text that is at fault, if it may stand in a file of the operator's and not
            in the template; else empty.
    """

    def __init__(self, template: str, line: int, problem: str, value: str = "") -> None:
        super().__init__(template, line, problem)
        self.template = template
        self.line = line
        self.problem = problem
        self.value = value

    def __str__(self) -> str:
        place = f"{self.template}:{self.line}" if self.line else self.template
        return f"{place}: {self.problem}"


class ExhaustedError(RenderError):
    """A template takes more time or memory than one may have; what came after it is not tried."""


class StartError(PyxieError):
    """The daemon cannot start; the text is one sentence that says what to do."""


class ServiceEndedError(PyxieError):
    """A service returned although it should have run until it was stopped."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"the {self.name} service ended by itself"
