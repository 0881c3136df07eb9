"""What is known of machines' Secure Boot. Pure: told the time.

A machine with Secure Boot on refuses an iPXE that is not signed, and nothing is heard of it. So
what is known to be off is doubted once such a machine was handed one and its firmware asks anew,
while no iPXE of it was heard: it may have been switched on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pyxie.bounded import note
from pyxie.bounds import SECURE_BOOT_KNOWN, SECURE_BOOT_OTHERS
from pyxie.events.kinds import SecureBootLearnt
from pyxie.loaders.lanes import SecureBoot


@dataclass(frozen=True, slots=True)
class Learnt:
    """What one machine has told.

    Attributes:
        state: On or off.
        by: Who said so, ``GRUB`` or ``iPXE``.
        at: When, in seconds since the epoch.
    """

    state: SecureBoot
    by: str
    at: float


class SecureStates:
    """By MAC address; of known machines, and of others, whose addresses anybody can make up.

    Args:
        knows: Tells by a MAC whether a machine is one of ours.
        clock: Seconds since the epoch.
        changed: Is told of each change, with what is known now; None for nothing.
    """

    def __init__(
        self,
        knows: Callable[[str], bool],
        clock: Callable[[], float],
        changed: Callable[[str, Learnt | None], None] = lambda _mac, _now: None,
    ) -> None:
        self._knows = knows
        self._clock = clock
        self._changed = changed
        self._known: dict[str, Learnt] = {}
        self._others: dict[str, Learnt] = {}
        self._handed: dict[str, int] = {}
        """Machines known to have it off whose firmware was handed iPXE: by which transaction."""
        self._unstored: dict[str, None] = {}
        self._changes = 0

    @property
    def changes(self) -> int:
        """How often what is known has changed."""
        return self._changes

    def of(self, mac: str) -> SecureBoot:
        """Return what is known of a machine."""
        learnt = self.learnt(mac)
        return learnt.state if learnt else SecureBoot.UNKNOWN

    def learnt(self, mac: str) -> Learnt | None:
        """Return the same, with how it is known."""
        return self._known.get(mac) or self._others.get(mac)

    def learn(self, mac: str, state: SecureBoot, by: str) -> None:
        """Note what a machine has told."""
        self._handed.pop(mac, None)
        before = self.learnt(mac)
        known = self._knows(mac)
        if before is not None and before.state is state and (mac in self._known) is known:
            return
        learnt = Learnt(state, by, self._clock())
        self._forget(mac)  # which counts it as a change
        if known:
            if len(self._known) >= SECURE_BOOT_KNOWN.whole:
                SECURE_BOOT_KNOWN.reached()
                self._forget(next(iter(self._known)))
            self._known[mac] = learnt
            self._unstored[mac] = None
        else:
            SECURE_BOOT_OTHERS.reached(note(self._others, mac, learnt, SECURE_BOOT_OTHERS.whole))
        if before is None or before.state is not state:
            self._changed(mac, learnt)

    def by_ipxe(self, mac: str, said: str) -> None:
        """Note what an iPXE has expanded ``${efi/SecureBoot}`` to: nothing, where it cannot."""
        state = _SAID.get(said)
        if state is not None:
            self.learn(mac, state, "iPXE")

    def asked(self, mac: str, xid: int) -> SecureBoot:
        """Return what is known of a machine whose firmware asks for a loader, and may get iPXE.

        Args:
            mac: The machine's.
            xid: Of its request; of a repetition it is the same.
        """
        state = self.of(mac)
        if state is not SecureBoot.OFF:
            return state
        if self._handed.setdefault(mac, xid) == xid:
            return state
        self._forget(mac)
        self._changed(mac, None)
        return SecureBoot.UNKNOWN

    def runs_ipxe(self, mac: str) -> None:
        """Note that an iPXE of a machine was heard: it was not refused."""
        self._handed.pop(mac, None)

    def restore(self, states: Iterable[tuple[str, Learnt]]) -> None:
        """Take what was stored, the oldest first."""
        self._changes += 1
        for mac, learnt in states:
            note(self._known, mac, learnt, SECURE_BOOT_KNOWN.whole)

    def unstored(self) -> dict[str, Learnt | None]:
        """Return what has changed of known machines since the last time; None for what is gone."""
        found = {mac: self._known.get(mac) for mac in self._unstored}
        self._unstored.clear()
        return found

    def not_stored(self, macs: Iterable[str]) -> None:
        """Note that these could not be stored: they are returned again."""
        self._unstored |= dict.fromkeys(macs)

    def _forget(self, mac: str) -> None:
        self._changes += 1
        self._handed.pop(mac, None)
        self._others.pop(mac, None)
        if self._known.pop(mac, None) is not None:
            self._unstored[mac] = None


def told_of(now: Learnt | None) -> SecureBootLearnt:
    """Return the event that what is known of a machine has changed."""
    if now is None:
        return SecureBootLearnt(state=str(SecureBoot.UNKNOWN), by="")
    return SecureBootLearnt(state=str(now.state), by=now.by)


_SAID = {"01": SecureBoot.ON, "00": SecureBoot.OFF}
