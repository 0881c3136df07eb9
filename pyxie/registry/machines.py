"""The machines as their files stand: the snapshot of now, and who may change a file."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Self, TypeAlias

from pyxie.bounds import MANAGEMENT_WAITING
from pyxie.clock import steady
from pyxie.config.live import LiveSettings
from pyxie.config.nodes import Document
from pyxie.config.settings import Settings
from pyxie.errors import BusyError, ConfigError, changes
from pyxie.metrics import Metrics
from pyxie.registry.define import Common, common
from pyxie.registry.doorbell import Doorbell
from pyxie.registry.folder import Early, Folder
from pyxie.registry.registry import Registry
from pyxie.registry.writer import Writer
from pyxie.service import Unbound, next_tick
from pyxie.threads import Pool

log = logging.getLogger(__name__)

Take: TypeAlias = Callable[[], None]
"""Puts in force what was made, without waiting."""
Preparer: TypeAlias = Callable[[], Callable[[Registry], Take]]
"""Is asked before other machines come into force what is to be made of them, in a thread."""

_PATIENCE: Final = 120.0
"""Seconds for reading all files; a first reading of 10,000 takes ten."""
_TOLD: Final = 100
"""Mistakes that are logged at once: a line takes time, and nobody reads more."""
_LISTEN: Final = 1.0
"""Seconds until it is asked whether a change was heard of, where no call asks;"""
_AT_REST: Final = 5.0
"""and where the kernel says so by itself. To be woken is what an idle host pays for."""
_ANYWAY: Final = 120.0
"""Seconds after which the files are looked at though nothing was heard: one readdir and a stat a
file, which each second was a fiftieth of a processor for 10,000 machines."""


class Machines(Unbound):
    """Gives the snapshot of now, when it is called; a `pyxie.service.Service` that looks again.

    Args:
        settings: Where the files are, and what they inherit.
        metrics: Counters.
        strict: Refuse to start while a file is broken.
        changed: Told when there is another snapshot.
        early: Has read some of the files.
        steady: Seconds, by a clock that is never set.
    """

    name = "machines"

    def __init__(
        self,
        settings: LiveSettings,
        metrics: Metrics,
        *,
        strict: bool = False,
        changed: Callable[[], None] = lambda: None,
        early: Early | None = None,
        steady: Callable[[], float] = steady,
    ) -> None:
        self._metrics = metrics
        self._changed = changed
        self._strict = strict
        self._folder = _opened(settings(), common(settings(), settings.document), early)
        self._registry = self._folder.registry
        self.writing = asyncio.Lock()
        """Held from looking at the machines to having written one."""
        self._scanning = asyncio.Lock()
        self._doorbell = Doorbell()
        self._pool = Pool(
            "the folder 'machinepath'", most=1, waiting=MANAGEMENT_WAITING, patience=_PATIENCE
        )
        self._known = False
        """Whether the snapshot holds all that the doorbell has rung for."""
        self._steady = steady
        self._looked = float("-inf")
        self._begun = self._done = 0
        """The numbers of the last look that was begun, and of the last that came to its end."""
        self._preparers: list[Preparer] = []
        settings.prepare(self._prepare)

    def prepare(self, preparer: Preparer) -> None:
        """Have ``preparer`` asked before each change; what it returns is called in a thread."""
        self._preparers.append(preparer)

    def __call__(self) -> Registry:
        """Return the snapshot of now."""
        return self._registry

    async def __aenter__(self) -> Self:
        registry = await self.refresh()
        if self._strict and registry.problems:
            raise ConfigError(registry.problems)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._doorbell.close()

    async def serve(self) -> None:
        """Look again, whether or not anything is heard of a change; until cancelled."""
        while True:
            if self._is_at_rest():
                await self._doorbell.tick(_LISTEN, _AT_REST)
            else:
                await next_tick(_LISTEN)
            if self._is_at_rest():
                continue
            try:
                await self.refresh()
            except BusyError as exc:
                log.error("the machines stay as they were read last: %s", exc)  # noqa: TRY400

    @property
    def writer(self) -> Writer:
        """Who changes the files."""
        return Writer(self._folder.path)

    async def refresh(self) -> Registry:
        """Return the machines as their files are now; what is new in being wrong is logged.

        They are looked at only where something may have changed since the last look, and once
        for all who ask at the same time.
        """
        if self._is_known() and self._doorbell.is_silent(self._folder.folders):
            return self._registry
        asked = self._begun
        async with self._scanning:
            if self._done > asked:  # a look that was begun later than this call
                return self._registry
            folder = self._folder
            # Who is broken off while it is asked has taken the notices, and looked at nothing.
            known, self._known = self._known and not self._is_long_ago(), False
            rung = await self._pool.run(self._doorbell.rung, folder.folders)
            if known and not rung and folder is self._folder:
                self._known = True
                return self._registry
            self._begun = look = self._begun + 1
            registry, takes = await self._look(folder)
            if folder is self._folder:  # else the settings changed meanwhile, and brought theirs
                self._take(registry, takes)
                self._known = not folder.linked
                self._done, self._looked = look, self._steady()
        return self._registry

    def _is_at_rest(self) -> bool:
        return self._is_known() and self._doorbell.is_at_rest(self._folder.folders)

    def _is_known(self) -> bool:
        """Tell whether all is known that the doorbell has rung for, and nobody asks that now."""
        return self._known and not (self._scanning.locked() or self._is_long_ago())

    def _is_long_ago(self) -> bool:
        """Tell whether the files are to be looked at though nothing was heard."""
        return self._steady() - self._looked >= _ANYWAY

    async def _prepare(self, settings: Settings, document: Document | None) -> Callable[[], None]:
        """Read the machines by settings that are about to be in force."""
        shared = common(settings, document)
        async with self._scanning:
            if settings.machinepath == self._folder.path:  # what was read is not read again
                folder = copy.copy(self._folder)
                folder.share(shared, settings.grouppath, settings.recipepath)
            else:
                folder = _opened(settings, shared)
            registry, takes = await self._look(folder)

        def take() -> None:
            self._folder, self._known = folder, False
            self._take(registry, takes)

        return take

    async def _look(self, folder: Folder) -> tuple[Registry, list[Take]]:
        """Return the machines of a folder, and what puts in force all that is made of them."""
        preparers, before = [preparer() for preparer in self._preparers], self._registry

        def look() -> tuple[Registry, list[Take]]:
            registry = folder.scan()
            if registry is before:
                return registry, []
            return registry, [prepare(registry) for prepare in preparers]

        return await self._pool.run(look)

    def _take(self, after: Registry, takes: Iterable[Take]) -> None:
        before, self._registry = self._registry, after
        if after is before:
            return
        for take in takes:
            take()
        wrong, mended = changes(before.problems, after.problems)
        for problem in wrong[:_TOLD]:
            log.error("%s", problem)
        if len(wrong) > _TOLD:
            log.error("and %d more mistakes: pyxie check lists them all", len(wrong) - _TOLD)
        for problem in mended[:_TOLD]:
            log.info("mended: %s", problem)
        if len(mended) > _TOLD:
            log.info("and %d more are mended", len(mended) - _TOLD)
        if after.machines.keys() != before.machines.keys():
            log.info("%d machine(s) are known", len(after.machines))
        self._metrics.machines.set(len(after.machines))
        self._metrics.machines_broken.set(len(after.broken))
        self._changed()


def _opened(settings: Settings, shared: Common, early: Early | None = None) -> Folder:
    return Folder(
        settings.machinepath,
        shared=shared,
        groups=settings.grouppath,
        recipes=settings.recipepath,
        early=early,
    )
