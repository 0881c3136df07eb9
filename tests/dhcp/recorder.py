"""A Recorder that keeps the kinds themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyxie.events.kind import Kind


@dataclass
class Recorder:
    """Keeps each event with the MAC that it is of."""

    events: list[tuple[Kind, str | None]] = field(default_factory=list)

    def record(
        self,
        what: Kind,
        *,
        mac: str | None = None,
        host: str | None = None,
        peer: str | None = None,
    ) -> None:
        self.events.append((what, mac))
