"""When machines of the lab were switched on, and how long each took to each step of its boot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerOn:
    """A machine was switched on.

    Attributes:
        at: Seconds since the epoch, by the clock that events have.
        firmware: As `tests.lab.guest.Firmware`.
    """

    at: float
    firmware: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How far a machine got, in seconds from when it was switched on; None: not so far.

    Attributes:
        firmware: As `PowerOn`.
        script: Until it had its boot loader's script or configuration.
        kernel: Until it left for its kernel.
        done: Until its installer had called ``done``.
    """

    firmware: str
    script: float | None = None
    kernel: float | None = None
    done: float | None = None

    @property
    def steps(self) -> int:
        """How many of them it took."""
        return sum(each is not None for each in (self.script, self.kernel, self.done))


class Record:
    """What is known of the boots on a LAN."""

    def __init__(self) -> None:
        self._power_ons: list[PowerOn] = []
        self._events: list[Mapping[str, Any]] = []

    def power_on(self, at: float, firmware: str) -> None:
        """Note that a machine is switched on."""
        self._power_ons.append(PowerOn(at=at, firmware=firmware))

    def add(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Note what pyxie tells of them, as the REST API has it."""
        self._events.extend(events)

    def times(self) -> Times | None:
        """Return the times of the machine that got farthest; None where none was switched on."""
        ends = [*(each.at for each in self._power_ons[1:]), float("inf")]
        taken = [self._taken(*each) for each in zip(self._power_ons, ends, strict=False)]
        return max(taken, key=lambda times: times.steps, default=None)

    def _taken(self, power_on: PowerOn, end: float) -> Times:
        """Return what happened until the next one was switched on: one boots at a time."""
        first: dict[str, float] = {}
        for event in self._events:
            step = _step(event)
            if step and power_on.at <= event["at"] < end:
                taken = event["at"] - power_on.at
                first[step] = min(taken, first.get(step, taken))
        return Times(firmware=power_on.firmware, **first)


def _step(event: Mapping[str, Any]) -> str:
    """Return which of the steps of `Times` an event is, if any."""
    if event["code"] == "build.changed":
        return "done" if event["data"]["state"] == "installed" else ""
    return {"script": "script", "booting": "kernel"}.get(event["step"], "")
