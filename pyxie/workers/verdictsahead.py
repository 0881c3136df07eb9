"""Verdicts on builds, made while pyxie has nothing to do: a build that begins then waits for none.

One machine at a time is tried, by a process that gives way to all others on the host, and none
while pyxie is busy. Those come first whose builds were the last. What is tried already, and has not
changed, is not tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Final

from pyxie.config.nodes import Document
from pyxie.config.settings import Settings
from pyxie.errors import BusyError, ConfigError
from pyxie.metrics import Metrics
from pyxie.registry.asbuilt import Kept, KeptDefinitions, made_of
from pyxie.registry.define import Common, UnknownTypeError
from pyxie.registry.machine import Machine
from pyxie.registry.registry import Registry
from pyxie.service import Unbound, next_tick
from pyxie.threads import Pool
from pyxie.workers.lastasked import LastAsked
from pyxie.workers.quiet import Quiet

log = logging.getLogger(__name__)

_LOOK: Final = 1.0
"""Seconds between two looks at whether anything is to be tried."""
_LEAD: Final = 2
"""How far after the one that is being built others are tried: the next is asked for at once."""
_FAR: Final = 200
"""Machines ahead of it from which on it is another order in which they are built."""
_FILES: Final = 5
"""Looks after which files are looked at, too."""
_REST: Final = 10
"""Times as long it is from look to look while all are tried;"""
_FILES_AT_REST: Final = 3
"""and looks after which files are looked at then: whoever builds looks at them again."""


@dataclass(frozen=True, slots=True)
class _Inputs:
    """Of what verdicts were made, or are being made."""

    shared: Common
    documents: Mapping[str, Document]
    settings: Settings
    base_url: str

    def is_of(self, shared: Common, settings: Settings, base_url: str) -> bool:
        """Tell whether all machines' inputs but their own files are the same objects."""
        same = self.shared is shared and self.settings is settings
        return same and self.base_url == base_url


class _Order:
    """Machines in their order, and how far they are tried ahead of those that are built.

    Args:
        of: The machines.
    """

    def __init__(self, of: Mapping[str, Machine]) -> None:
        self.of = of
        self._names = list(of)
        self._places = {name: at for at, name in enumerate(self._names)}
        self._at = 0

    def after(self, near: str, left: Container[str]) -> str | None:
        """Return the next of those that are left after one that is being built."""
        place = self._places.get(near)
        if place is None:
            return None
        if not place + _LEAD <= self._at <= place + _FAR:
            self._at = place + _LEAD
        while self._at < len(self._names):
            host = self._names[self._at]
            self._at += 1
            if host in left:
                return host
        return None


class VerdictsAhead(Unbound):
    """A `pyxie.service.Service` that has them made.

    Args:
        registry: The machines of now.
        settings: Those of now.
        lately: Gives the machines that are likely to be built next, the likeliest first.
        base_url: Gives how installers reach us.
        rehearse: Has a build tried, of a machine that comes by a URL.
        outdated: Gives the machines whose files have changed since they were tried.
        metrics: Counters.
        kept: Takes what the machines are built from.
        last: Tells which machine is being built: those after it come first then, and pyxie may be
            busy.
        quiet: Tells when pyxie is.
        look: Seconds between two looks.
    """

    name = "verdicts"

    def __init__(
        self,
        registry: Callable[[], Registry],
        settings: Callable[[], Settings],
        lately: Callable[[], Iterable[str]],
        base_url: Callable[[], str],
        rehearse: Callable[[Kept, str], Awaitable[None]],
        outdated: Callable[[], Awaitable[Iterable[str]]],
        metrics: Metrics,
        kept: KeptDefinitions,
        last: LastAsked,
        *,
        quiet: Quiet | None = None,
        look: float = _LOOK,
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._lately = lately
        self._base_url = base_url
        self._rehearse = rehearse
        self._outdated = outdated
        self._kept = kept
        self._last = last
        self._order: _Order | None = None
        self._quiet = quiet or Quiet()
        self._look = look
        self._defining = Pool("machines that are tried", most=1)
        self._of: _Inputs | None = None
        self._left: dict[str, None] = {}
        metrics.verdicts_waiting.set_function(lambda: len(self))

    def __len__(self) -> int:
        """How many are to be tried; all, until it was looked at them."""
        return len(self._registry().machines) if self._of is None else len(self._left)

    async def serve(self) -> None:
        """Make them, until cancelled."""
        for at in count():
            rests = not len(self)
            often = _FILES_AT_REST if rests else _FILES
            if rests:  # a build is no reason to look, if all are tried
                await next_tick(self._look * _REST)
            else:
                await self._last.wait(self._look)
            with suppress(BusyError):  # tried at the next look
                await self.settle(files=at % often == 0)

    async def settle(self, *, files: bool = True) -> None:
        """Have all tried of which something has changed; raises BusyError.

        Args:
            files: Look at the files, too.
        """
        self._note_changes()
        if files:
            outdated, known = await self._outdated(), self._registry().machines
            self._left |= dict.fromkeys(each for each in outdated if each in known)
        while self._left:
            await self._quiet.wait(unless=self._last.lately)
            self._note_changes()
            host = self._next()
            if host is None:
                return
            del self._left[host]
            try:
                await self._try(host)
            except BusyError:
                self._begin_anew()
                raise

    def _next(self) -> str | None:
        """Return which is to be tried: first those after the one that is being built, if any is."""
        near, machines = self._last.lately(), self._registry().machines
        if near:
            if self._order is None or self._order.of is not machines:
                self._order = _Order(machines)
            found = self._order.after(near, self._left)
            if found is not None:
                return found
        return next(iter(self._left), None)

    def _begin_anew(self) -> None:
        """Have all looked at again: which of them are tried is known."""
        self._of = None

    def _note_changes(self) -> None:
        """Note which machines may have to be tried anew."""
        registry, settings, base_url = self._registry(), self._settings(), self._base_url()
        before, changed = self._of, dict[str, None]()
        if before is not None and before.is_of(registry.shared, settings, base_url):
            if before.documents is registry.documents:
                return
            for host, document in registry.documents.items():
                if before.documents.get(host) is not document:
                    changed[host] = None
        else:
            changed = dict.fromkeys((*self._lately(), *registry.machines))
        self._of = _Inputs(registry.shared, registry.documents, settings, base_url)
        left = {**changed, **self._left}
        self._left = {host: None for host in left if host in registry.machines}

    async def _try(self, host: str) -> None:
        registry, base_url = self._registry(), self._base_url()
        machine = registry.machines.get(host)
        if machine is None:
            return
        kept = self._kept.find(registry, host)
        if kept is None:
            try:
                found = await self._defining.run(made_of, registry, machine)
            except (ConfigError, UnknownTypeError):  # who builds it is told
                return
            kept = self._kept.put(registry, *found)
        try:
            await self._rehearse(kept, base_url)
        except BusyError:
            raise
        except Exception:  # the boundary around one machine: who builds it is told of it again
            log.exception("a bug, while trying what %s is given", host)
