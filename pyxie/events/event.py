"""What happened to a machine, when, and whose it is: what log, API and archive are fed with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from pyxie.events.english import sentence
from pyxie.events.kind import Kind, Step, changed, data, names, shortened
from pyxie.urls import masked

_LONGEST: Final = 1_000
"""Letters of a text, and of each text in the data."""
_SAID: Final[dict[type[Kind], str]] = {}
"""The texts of kinds of which there is nothing to know: always the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of one machine.

    Attributes:
        at: Seconds since the epoch.
        what: What happened.
        mac: ``aa:bb:cc:dd:ee:ff``, where known.
        host: The machine's hostname, where the registry knows it.
        peer: The address that it came from, where there is one.
        text: What happened, in plain words, one line fit for a terminal, no secrets.
    """

    at: float
    what: Kind
    mac: str | None = None
    host: str | None = None
    peer: str | None = None
    text: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        known = _SAID.get(type(self.what))
        if known is not None:
            object.__setattr__(self, "text", known)
            return
        said = sentence(self.what)
        plain = masked(said)
        object.__setattr__(self, "text", _one_line(plain))
        if plain != said:
            object.__setattr__(self, "what", changed(self.what, masked))
        if len(said) > _LONGEST:
            object.__setattr__(self, "what", shortened(self.what, _LONGEST))
        if not names(self.what):
            _SAID[type(self.what)] = self.text

    @property
    def code(self) -> str:
        """Which kind of event it is."""
        return self.what.code

    @property
    def step(self) -> Step:
        """Where on its way the machine is."""
        return self.what.step

    @property
    def data(self) -> dict[str, Any]:
        """What happened, for programs; fit for JSON."""
        return data(self.what)

    def members(self) -> dict[str, Any]:
        """Return what the REST API and the archive have of it; fit for JSON."""
        return {
            "at": self.at,
            "step": str(self.step),
            "code": self.code,
            "text": self.text,
            "data": self.data,
            "mac": self.mac,
            "host": self.host,
            "peer": self.peer,
        }


class Told(Protocol):
    """What an event is made of, later."""

    @property
    def mac(self) -> str:
        """The machine's NIC."""
        ...

    @property
    def host(self) -> str:
        """Its hostname."""
        ...

    def what(self) -> Kind:
        """Return what happened."""
        ...


class Recorder(Protocol):
    """Where services leave their events; must return at once and never raise."""

    def record(
        self,
        what: Kind,
        *,
        mac: str | None = None,
        host: str | None = None,
        peer: str | None = None,
    ) -> None:
        """Note that ``what`` happened now."""
        ...


def spoken(event: Event) -> str:
    """Return an event as one line of plain words, without its time."""
    who = event.host or event.mac or event.peer or "-"
    if event.host and event.mac:
        who = f"{event.host} ({event.mac})"
    return f"{who}: {event.text}"


def _one_line(text: str) -> str:
    """Return ``text``, some of which a client may have made up, fit for a terminal."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:_LONGEST])
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
