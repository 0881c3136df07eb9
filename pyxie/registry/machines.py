"""The machines as their files stand: the snapshot of now, and who may change a file."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Callable
from typing import Final, Self

from pyxie.config.live import LiveSettings
from pyxie.config.nodes import Document
from pyxie.config.settings import Settings
from pyxie.errors import ConfigError, changes
from pyxie.metrics import Metrics
from pyxie.registry.define import Common, common
from pyxie.registry.folder import Folder
from pyxie.registry.registry import Registry
from pyxie.registry.writer import Writer
from pyxie.service import Unbound

log = logging.getLogger(__name__)

_RESCAN: Final = 1.0
"""Seconds between looks at the files; a look is one readdir and a stat a file."""


class Machines(Unbound):
    """Gives the snapshot of now, when it is called; a `pyxie.service.Service` that looks again.

    Args:
        settings: Where the files are, and what they inherit.
        metrics: Counters.
        strict: Refuse to start while a file is broken.
        changed: Told when there is another snapshot.
    """

    name = "machines"

    def __init__(
        self,
        settings: LiveSettings,
        metrics: Metrics,
        *,
        strict: bool = False,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._metrics = metrics
        self._changed = changed
        self._strict = strict
        self._folder = _opened(settings(), common(settings(), settings.document))
        self._registry = self._folder.registry
        self.writing = asyncio.Lock()
        """Held from looking at the machines to having written one."""
        self._scanning = asyncio.Lock()
        settings.prepare(self._prepare)

    def __call__(self) -> Registry:
        """Return the snapshot of now."""
        return self._registry

    async def __aenter__(self) -> Self:
        registry = await self.refresh()
        if self._strict and registry.problems:
            raise ConfigError(registry.problems)
        return self

    async def serve(self) -> None:
        """Look again, until cancelled."""
        while True:
            await asyncio.sleep(_RESCAN)
            await self.refresh()

    @property
    def writer(self) -> Writer:
        """Who changes the files."""
        return Writer(self._folder.path)

    async def refresh(self) -> Registry:
        """Read machine files that have changed; what is new in being wrong is logged."""
        async with self._scanning:
            folder = self._folder
            registry = await asyncio.to_thread(folder.scan)
        if folder is self._folder:  # else the settings changed meanwhile, and brought theirs
            self._take(registry)
        return self._registry

    async def _prepare(self, settings: Settings, document: Document | None) -> Callable[[], None]:
        """Read the machines by settings that are about to be in force."""
        shared = common(settings, document)
        async with self._scanning:
            if settings.machinepath == self._folder.path:  # what was read is not read again
                folder = copy.copy(self._folder)
                folder.share(shared, settings.grouppath)
            else:
                folder = _opened(settings, shared)
            registry = await asyncio.to_thread(folder.scan)

        def take() -> None:
            self._folder = folder
            self._take(registry)

        return take

    def _take(self, after: Registry) -> None:
        before, self._registry = self._registry, after
        if after is before:
            return
        wrong, mended = changes(before.problems, after.problems)
        for problem in wrong:
            log.error("%s", problem)
        for problem in mended:
            log.info("mended: %s", problem)
        if after.machines.keys() != before.machines.keys():
            log.info("%d machine(s) are known", len(after.machines))
        self._metrics.machines.set(len(after.machines))
        self._metrics.machines_broken.set(len(after.broken))
        self._changed()


def _opened(settings: Settings, shared: Common) -> Folder:
    return Folder(settings.machinepath, shared=shared, groups=settings.grouppath)
