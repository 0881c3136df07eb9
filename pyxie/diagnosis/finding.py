"""What a diagnosis is: what was found, as data; since when; and the events that it rests on.

The words are in `pyxie.diagnosis.sayings` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeVar, dataclass_transform

from pyxie.events.event import Event


class Standing(StrEnum):
    """How a machine stands; the values are part of the REST API."""

    WELL = "well"
    """Nothing is to be done for it: it is left alone on purpose, or is ready."""
    WAITING = "waiting"
    """It has so far done what it should, and has time yet for the next step."""
    STUCK = "stuck"
    """It does not go on by itself, or nobody but an operator lets it."""


class Finding:
    """What was found, as data; each is a dataclass of its own, see `finding`.

    Attributes:
        code: Names it for programs; part of the REST API, like the fields' names.
        standing: How a machine stands of which this was found.
    """

    __slots__ = ()

    code: ClassVar[str]
    standing: ClassVar[Standing]


F = TypeVar("F", bound=Finding)

BY_CODE: Final[dict[str, type[Finding]]] = {}
"""Each by its code, once `pyxie.diagnosis.findings` is imported."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def finding(code: str, standing: Standing = Standing.STUCK) -> Callable[[type[F]], type[F]]:
    """Make a class a frozen dataclass, and what ``code`` names.

    Its fields are numbers, texts, booleans, and tuples of texts, with no secrets.
    """

    def made(cls: type[F]) -> type[F]:
        if code in BY_CODE:
            raise TypeError(f"two findings have the code {code}")
        done = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        done.code, done.standing = code, standing
        BY_CODE[code] = done
        return done

    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why a machine does not boot, or how far it is.

    Attributes:
        what: What was found.
        since: Since when that is so, seconds since the epoch; None where that is not known.
        until: When a look is worth while again though nothing happens; None for never.
        evidence: The events that it rests on, the oldest first.
    """

    what: Finding
    since: float | None = None
    until: float | None = None
    evidence: tuple[Event, ...] = ()

    @property
    def code(self) -> str:
        """What was found, for programs."""
        return self.what.code

    @property
    def standing(self) -> Standing:
        """How the machine stands."""
        return self.what.standing

    @property
    def data(self) -> dict[str, Any]:
        """The facts that it rests on; fit for JSON."""
        return asdict(self.what)  # type: ignore[call-overload,no-any-return]  # a dataclass
