"""The steps of a boot, as events: what the log, the API and `pyxie events` are fed with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Step(StrEnum):
    """Where a machine is on its way; the values are part of the REST API."""

    OFFER = "offer"
    """A DISCOVER was answered, or a request on port 4011."""
    SILENCE = "silence"
    """A network-boot client was not answered, for a reason."""
    LOADER = "loader"
    """A boot loader was sent, over TFTP or HTTP."""
    SCRIPT = "script"
    """The iPXE script was sent."""
    IMAGE = "image"
    """A kernel or an initrd was sent."""
    BOOTING = "booting"
    """The machine leaves iPXE for its kernel."""
    TEMPLATE = "template"
    """The installer fetched a template with its token."""
    BUILD = "build"
    """The build changed its state: begun, done, cancelled."""
    DISCOVERED = "discovered"
    """A machine that no file knows has told what it is."""
    ASKED = "asked"
    """The API server of ``boot_api`` has a boot for a machine that no file knows."""
    HOOK = "hook"
    """A hook was run."""
    TROUBLE = "trouble"
    """Something went wrong for this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of one machine.

    Attributes:
        at: Seconds since the epoch.
        step: Which step.
        text: What happened, in plain words, one line, no secrets.
        mac: ``aa:bb:cc:dd:ee:ff``, where known.
        host: The machine's hostname, where the registry knows it.
        peer: The address that it came from, where there is one.
    """

    at: float
    step: Step
    text: str
    mac: str | None = None
    host: str | None = None
    peer: str | None = None


class Recorder(Protocol):
    """Where services leave their events; must return at once and never raise."""

    def record(
        self,
        step: Step,
        text: str,
        *,
        mac: str | None = None,
        host: str | None = None,
        peer: str | None = None,
    ) -> None:
        """Note that ``step`` happened now."""
        ...
