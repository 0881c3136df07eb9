"""What comes of a job, as data that goes through JSON and is checked on its way in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from pyxie.advice.served import Advice
from pyxie.errors import ExhaustedError, NotServedError, RenderError
from pyxie.render.uses import State, Uses
from pyxie.wiping.forecast import Forecast
from pyxie.workers.frames import FrameError

Known = NotServedError | RenderError


@dataclass(frozen=True, slots=True)
class Fault:
    """An error that a job came to, or found.

    Attributes:
        kind: Its class.
        what: What was asked for, or the template.
        line: Of the template.
        why: In a sentence.
        value: The text that is at fault.
    """

    kind: Literal["not served", "render", "exhausted"]
    what: str
    why: str
    line: int = 0
    value: str = ""

    def error(self) -> Known:
        """Return it as what is raised."""
        if self.kind == "not served":
            return NotServedError(self.what, self.why)
        made = ExhaustedError if self.kind == "exhausted" else RenderError
        return made(self.what, self.line, self.why, self.value)


def fault_of(error: Known) -> Fault:
    """Return an error as data."""
    if isinstance(error, NotServedError):
        return Fault("not served", error.what, error.why)
    kind: Literal["render", "exhausted"] = (
        "exhausted" if isinstance(error, ExhaustedError) else "render"
    )
    return Fault(kind, error.template, error.problem, error.line, error.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of a job; each fills what it makes.

    Attributes:
        text: What was rendered.
        files: What it was made of; see `pyxie.render.uses.Uses`.
        lasting: It would be the same once more.
        forecast: What it wipes, where that was asked.
        faults: What keeps a machine from being built.
        advice: What will hardly be wanted of a build.
        command: Of a hook.
        url: Of a webhook.
        error: What was raised instead.
        bug: A traceback, where that was a mistake of pyxie's.
        last: The worker ends, and takes no more.
    """

    text: str = ""
    files: dict[str, State] = field(default_factory=dict)
    lasting: bool = False
    forecast: Forecast | None = None
    faults: tuple[Fault, ...] = ()
    advice: tuple[Advice, ...] = ()
    command: tuple[str, ...] = ()
    url: str = ""
    error: Fault | None = None
    bug: str = ""
    last: bool = False

    @property
    def uses(self) -> Uses:
        """What it was made of."""
        return Uses(self.files, lasting=self.lasting)


_PLAIN = TypeAdapter(Made)
_MOST_FILES = 1024


def plain(made: Made) -> bytes:
    """Return all but the text, as JSON."""
    return json.dumps(_PLAIN.dump_python(made, mode="json", exclude={"text"})).encode()


def from_plain(data: bytes, text: str) -> Made:
    """Return what `plain` was given.

    Raises:
        FrameError: It is something else.
    """
    try:
        made = _PLAIN.validate_python({**json.loads(data), "text": text})
    except (ValueError, TypeError, RecursionError, ValidationError) as exc:
        raise FrameError(f"answered what is none: {type(exc).__name__}") from exc
    if len(made.files) > _MOST_FILES:
        raise FrameError(f"names {len(made.files)} files")
    return made
