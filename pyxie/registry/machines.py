"""The machines as their files stand: the snapshot of now, and who may change a file."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Self

from pyxie.config.live import LiveSettings
from pyxie.config.settings import Settings
from pyxie.errors import ConfigError
from pyxie.metrics import Metrics
from pyxie.registry.define import common
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
    """

    name = "machines"

    def __init__(
        self,
        settings: LiveSettings,
        metrics: Metrics,
        *,
        strict: bool = False,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._strict = strict
        self._of = settings()
        self._registry = Registry(shared=common(self._of, settings.document))
        self._folder = self._opened()
        self.writing = asyncio.Lock()
        """Held from looking at the machines to having written one."""
        self._scanning = asyncio.Lock()

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
        return Writer(self._of.machinepath)

    async def refresh(self) -> Registry:
        """Read machine files that have changed; what is new in being wrong is logged."""
        async with self._scanning:
            if self._settings() is not self._of:
                self._follow(self._settings())
            before, after = self._registry, await asyncio.to_thread(self._folder.scan)
            if after is before:
                return after
            self._registry = after
            for problem in sorted(set(after.problems) - set(before.problems)):
                log.error("%s", problem)
            for problem in sorted(set(before.problems) - set(after.problems)):
                log.info("mended: %s", problem)
            if after.machines.keys() != before.machines.keys():
                log.info("%d machine(s) are known", len(after.machines))
            self._metrics.machines.set(len(after.machines))
            self._metrics.machines_broken.set(len(after.broken))
            return after

    def _follow(self, settings: Settings) -> None:
        moved = (settings.machinepath, settings.grouppath) != (
            self._of.machinepath,
            self._of.grouppath,
        )
        self._of = settings
        if moved:
            self._folder = self._opened()
        else:  # what was good of a file that is broken now is remembered
            self._folder.share(common(settings, self._settings.document))

    def _opened(self) -> Folder:
        shared = common(self._of, self._settings.document)
        return Folder(self._of.machinepath, shared=shared, groups=self._of.grouppath)
