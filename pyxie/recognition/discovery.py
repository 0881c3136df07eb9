"""Unknown machines that try to boot: noted, looked up, and their hooks run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from pyxie.clock import steady
from pyxie.recognition.discovered import DiscoveredMachines, Whereabouts
from pyxie.recognition.recognise import AdHoc, Unidentified, Unknown, apart, settled
from pyxie.recognition.recogniser import Recogniser


class BootApi(Protocol):
    """Where they are looked up, see `pyxie.bootapi.lookup.BootApi`."""

    def look_up(self, mac: str) -> None:
        """Ask about a machine, if that is due; never waits."""
        ...


class Hooks(Protocol):
    """Who has their hooks run, see `pyxie.hooks.unknown.UnknownHooks`."""

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another machine."""
        ...

    def run_for(self, mac: str) -> None:
        """Have hooks run for an unknown machine; never waits."""
        ...


class Discovery:
    """Takes note of unknown machines that try to boot.

    Args:
        recogniser: Tells whether they are unknown.
        discovered: Where they are kept.
        boot_api: Asked about them.
        hooks: Runs what the settings say.
        clock: Seconds since the epoch, for dates.
        steady: Seconds, by a clock that is never set, for what is news.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        discovered: DiscoveredMachines,
        boot_api: BootApi,
        hooks: Hooks,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = steady,
    ) -> None:
        self._recogniser = recogniser
        self._discovered = discovered
        self._boot_api = boot_api
        self._hooks = hooks
        self._clock = clock
        self._steady = steady

    def note(self, mac: str, fields: Mapping[str, str], where: Whereabouts | None = None) -> None:
        """Note a machine that tries to boot, if it is unknown; never waits.

        Of one that somebody boots by hand it is noted only that it was heard: what it boots is
        settled, and neither the API server nor a hook has anything to say to it.

        Args:
            mac: Its NIC.
            fields: What it reported, by `pyxie.recognition.discovered.FIELDS`.
            where: Where it is, if that is known.
        """
        found = self._recogniser.of(mac)
        if not isinstance(apart(found), Unknown):
            return
        by_hand = isinstance(settled(found), AdHoc)
        if not by_hand:
            self._boot_api.look_up(mac)
        # Not news yet, either, where its hooks would be dropped: it asks again.
        sure = not (by_hand or isinstance(found, Unidentified) or self._hooks.is_full)
        now, moment = self._clock(), self._steady()
        if self._discovered.note(mac, now, fields, where, moment=moment, sure=sure):
            self._hooks.run_for(mac)
