"""What is known of machines' Secure Boot."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pyxie.bounds import SECURE_BOOT_KNOWN, SECURE_BOOT_OTHERS
from pyxie.events.kinds import SecureBootLearnt
from pyxie.loaders.lanes import SecureBoot
from pyxie.loaders.securestates import Learnt, SecureStates, told_of
from tests.support import Clock

MAC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"
ON, OFF, UNKNOWN = SecureBoot.ON, SecureBoot.OFF, SecureBoot.UNKNOWN


class Told:
    """States whose changes are noted; all machines are known but `OTHER`."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.changes: list[tuple[str, SecureBoot]] = []
        self.states = SecureStates(lambda mac: mac == MAC, self.clock, self._note)

    def _note(self, mac: str, now: Learnt | None) -> None:
        self.changes.append((mac, now.state if now else UNKNOWN))


class TestLearning:
    def test_of_a_machine_that_never_told_nothing_is_known(self) -> None:
        states = Told().states

        assert states.of(MAC) is UNKNOWN
        assert states.learnt(MAC) is None

    def test_each_change_is_counted_and_nothing_else(self) -> None:
        states = Told().states
        counted = [states.changes]
        states.learn(MAC, OFF, "GRUB")
        counted.append(states.changes)
        states.learn(MAC, OFF, "GRUB")
        states.asked(MAC, 1)
        counted.append(states.changes)
        states.asked(MAC, 2)
        counted.append(states.changes)
        states.restore([(MAC, Learnt(ON, "GRUB", 1.0))])
        counted.append(states.changes)

        assert [now > then for then, now in pairwise(counted)] == [*(True, False, True, True)]

    @pytest.mark.parametrize("mac", [MAC, OTHER])
    def test_what_was_told_last_counts_and_a_change_is_told(self, mac: str) -> None:
        told = Told()

        told.states.learn(mac, OFF, "GRUB")
        told.clock.now += 1
        told.states.learn(mac, OFF, "iPXE")
        told.clock.now += 1
        told.states.learn(mac, ON, "iPXE")

        assert told.states.learnt(mac) == Learnt(ON, "iPXE", told.clock.now)
        assert told.changes == [(mac, OFF), (mac, ON)]

    @pytest.mark.parametrize(
        ("said", "state"), [("01", ON), ("00", OFF), ("", UNKNOWN), ("${efi/SecureBoot}", UNKNOWN)]
    )
    def test_an_ipxe_tells_it_if_it_can(self, said: str, state: SecureBoot) -> None:
        states = Told().states

        states.by_ipxe(MAC, said)

        assert states.of(MAC) is state

    def test_strangers_drive_each_other_out_and_nobody_that_is_known(self) -> None:
        told = Told()
        told.states.learn(MAC, ON, "GRUB")

        for number in range(SECURE_BOOT_OTHERS.whole + 1):
            told.states.learn(f"52:54:01:00:{number >> 8:02x}:{number & 255:02x}", OFF, "GRUB")

        assert told.states.of("52:54:01:00:00:00") is UNKNOWN
        assert told.states.of("52:54:01:00:00:01") is OFF
        assert told.states.of(MAC) is ON

    def test_of_too_many_machines_what_was_learnt_first_is_forgotten(self) -> None:
        states = SecureStates(lambda _: True, lambda: 1.0)
        states.restore(
            (f"restored {number}", Learnt(OFF, "GRUB", 0.0))
            for number in range(SECURE_BOOT_KNOWN.whole)
        )

        states.learn(MAC, ON, "GRUB")

        assert states.of("restored 0") is UNKNOWN
        assert states.of("restored 1") is OFF
        assert states.unstored() == {"restored 0": None, MAC: Learnt(ON, "GRUB", 1.0)}


class TestDoubt:
    """A machine known to have it off was handed an iPXE, of which nothing was heard."""

    def test_comes_once_its_firmware_asks_anew(self) -> None:
        told = Told()
        told.states.learn(MAC, OFF, "GRUB")

        assert [told.states.asked(MAC, xid) for xid in (1, 1, 2)] == [OFF, OFF, UNKNOWN]
        assert told.states.of(MAC) is UNKNOWN
        assert told.changes == [(MAC, OFF), (MAC, UNKNOWN)]

    def test_does_not_come_where_an_ipxe_was_heard_meanwhile(self) -> None:
        states = Told().states
        states.learn(MAC, OFF, "GRUB")

        states.asked(MAC, 1)
        states.runs_ipxe(MAC)

        assert states.asked(MAC, 2) is OFF

    def test_is_not_of_what_is_on(self) -> None:
        states = Told().states
        states.learn(MAC, ON, "GRUB")

        assert [states.asked(MAC, xid) for xid in (1, 2)] == [ON, ON]


class TestStoring:
    def test_is_of_what_has_changed_of_known_machines(self) -> None:
        told = Told()
        told.states.learn(MAC, OFF, "GRUB")
        told.states.learn(OTHER, OFF, "GRUB")

        learnt = Learnt(OFF, "GRUB", told.clock.now)
        assert told.states.unstored() == {MAC: learnt}
        assert told.states.unstored() == {}

        told.states.not_stored([MAC])

        assert told.states.unstored() == {MAC: learnt}

    def test_takes_away_what_is_doubted(self) -> None:
        states = Told().states
        states.restore([(MAC, Learnt(OFF, "GRUB", 1.0))])
        assert states.unstored() == {}

        for xid in (1, 2):
            states.asked(MAC, xid)

        assert states.unstored() == {MAC: None}

    def test_begins_once_a_stranger_has_become_known(self) -> None:
        known: set[str] = set()
        states = SecureStates(known.__contains__, lambda: 1.0)
        states.learn(MAC, OFF, "GRUB")
        assert states.unstored() == {}

        known.add(MAC)
        states.learn(MAC, OFF, "GRUB")

        assert states.unstored() == {MAC: Learnt(OFF, "GRUB", 1.0)}


def test_a_change_is_an_event() -> None:
    assert told_of(Learnt(ON, "iPXE", 1.0)) == SecureBootLearnt(state="on", by="iPXE")
    assert told_of(None) == SecureBootLearnt(state="unknown", by="")
