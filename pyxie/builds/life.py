"""The life of a build, as data: its states, and which may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from pyxie.errors import PyxieError
from pyxie.wiping.forecast import Forecast


class State(StrEnum):
    """The state of a build; the values are stored and part of the REST API."""

    PENDING = "pending"
    """Begun; the machine has not been seen yet."""
    INSTALLING = "installing"
    """The machine left iPXE for its kernel, or fetched a template with the token."""
    STALE = "stale"
    """It has taken longer than it should; its token stays valid."""
    INSTALLED = "installed"
    """The installer called ``done``: pyxie is silent to the machine."""
    FAILED = "failed"
    """The installer said that it failed: pyxie is silent to the machine."""
    CANCELLED = "cancelled"
    """An administrator, or its token, cancelled it."""
    REPLACED = "replaced"
    """Another build of the same machine began."""


_ENDS = frozenset({State.INSTALLED, State.FAILED, State.CANCELLED, State.REPLACED})

NEXT: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.PENDING: frozenset({State.INSTALLING, State.STALE, *_ENDS}),
        # A machine that stops half-way is booted again, with the same token.
        State.INSTALLING: frozenset({State.STALE, *_ENDS}),
        # Once: it does not become `installing` again, or its hooks would run again.
        State.STALE: _ENDS,
        State.INSTALLED: frozenset(),
        State.FAILED: frozenset(),
        State.CANCELLED: frozenset(),
        State.REPLACED: frozenset(),
    }
)

ACTIVE = frozenset(state for state, following in NEXT.items() if following)
"""The states in which a machine is in build mode: it netboots, and its token is valid."""


HOOKS_AFTER: Mapping[State, str] = MappingProxyType(
    {
        State.INSTALLED: "postbuild",
        State.FAILED: "failedbuild",
        State.CANCELLED: "cancelbuild",
        State.STALE: "stalebuild",
    }
)
"""Which hooks run after a state; their key in the files ends in ``_commands``."""


class TransitionError(PyxieError):
    """A build cannot go from the state it is in to the one asked for."""

    def __init__(self, host: str, now: State, to: State) -> None:
        super().__init__(host, now, to)
        self.host = host
        self.now = now
        self.to = to

    def __str__(self) -> str:
        return f"the build of {self.host} is {self.now} and cannot become {self.to}"


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that a machine was given for its build.

    Attributes:
        part: ``kernel``, or ``initrd`` with its number.
        sha256: Of all of it, in hex.
        verified: By what it was known to be right; empty if by nothing.
    """

    part: str
    sha256: str
    verified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One build of one machine.

    Attributes:
        host: The machine's hostname.
        token: What the installer shows; secret.
        state: Where it stands.
        begun: Seconds since the epoch.
        changed: When it came into ``state``.
        macs: Of all of the machine's NICs when the build began.
        definition: The machine's file when the build began, as JSON.
        mac: The NIC that booted, once that is known.
        build_type: The type that the call asked for; empty for the machine's own.
        beneath: That type gives way to groups and machine, as of `pyxie.registry.define`.
        body: What else the call said, YAML; empty for nothing.
        believed: Who said that may do all, and so the servers that it names are as good as those
            that files name.
        forecast: What was said that it will wipe, when it began; None where that was not looked at.
        reason: Why it failed, in the installer's words.
        given: What its machine was given last, each part once.
        number: The store's; 0 before it was stored.
    """

    host: str
    token: str
    state: State
    begun: float
    changed: float
    macs: tuple[str, ...]
    definition: str
    mac: str | None = None
    build_type: str = ""
    beneath: bool = False
    body: str = ""
    believed: bool = False
    forecast: Forecast | None = None
    reason: str = ""
    given: tuple[GivenFile, ...] = ()
    number: int = 0

    @property
    def active(self) -> bool:
        """Whether the machine is in build mode."""
        return self.state in ACTIVE

    def to(self, state: State, now: float) -> Build:
        """Return the build in ``state``.

        Raises:
            TransitionError: The life of a build has no such step.
        """
        if state not in NEXT[self.state]:
            raise TransitionError(self.host, self.state, state)
        return replace(self, state=state, changed=now)
