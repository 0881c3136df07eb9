"""The settings in force: a snapshot of ``config.yaml``, swapped whole when it is read again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final, Generic, TypeAlias, TypeVar

from pydantic import BaseModel

from pyxie.config.inforce import not_in_force, reload_command
from pyxie.config.nodes import Document, read
from pyxie.config.settings import Settings, load_marked
from pyxie.errors import BusyError, ConfigError, Problem, changes
from pyxie.threads import Pool

log = logging.getLogger(__name__)

T = TypeVar("T")
Prepare: TypeAlias = Callable[[Settings, Document | None], Awaitable[Callable[[], None]]]
"""Is told what is about to be in force, and returns what puts it there, without waiting."""

FIXED: Final = (
    *("state", "user", "http", "tftp", "waitron_api"),
    *("dhcp.range", "dhcp.gateway", "dhcp.nameservers", "dhcp.lease_time", "dhcp.leases"),
    *("dhcp.bind", "boot_api", "image_store.path", "image_store.ca"),
)
"""What is decided at the start: sockets, the database, the user, the routes."""


class LiveSettings:
    """Gives the settings of now, when it is called: on the event loop, not in a thread.

    Args:
        file: ``config.yaml``.
        settings: As it was read for the start.
        document: The same with its marks.
        pid: Of the daemon, where no service manager runs it.
    """

    def __init__(
        self,
        file: Path,
        settings: Settings,
        document: Document | None = None,
        *,
        pid: int | None = None,
    ) -> None:
        self.file = file
        self._pid = pid
        self.document = document
        self.problems: tuple[Problem, ...] = ()
        """What is wrong with the file as it is now; what it said before stays in force."""
        self._settings = settings
        self._written = settings
        self._seen: object = None  # what was there while the settings were read, nobody knows
        self._differs: object = None
        self._reading = asyncio.Lock()
        self._pool = Pool("config.yaml", most=2)
        self._preparers: list[Prepare] = []
        self._followers: list[Callable[[Settings], None]] = []

    def __call__(self) -> Settings:
        """Return the settings of now."""
        return self._settings

    def prepare(self, preparer: Prepare) -> None:
        """Have ``preparer`` asked before each change; what it returns puts its part in force."""
        self._preparers.append(preparer)

    def follow(self, follower: Callable[[Settings], None]) -> None:
        """Have ``follower`` called with each change, once it is in force."""
        self._followers.append(follower)

    @property
    def restart(self) -> list[str]:
        """Keys that the file has by now, as it was read last, and that take a restart."""
        return sorted(_differences(self._settings, self._written))

    @property
    def reload_command(self) -> str:
        """What has the file read again."""
        return reload_command(self._pid)

    async def not_in_force(self, *, keys: bool = True) -> tuple[str, ...]:
        """Say what of the file is not in force, by a look at it; nothing while all is.

        Args:
            keys: Also which keys take a restart.
        """
        try:
            changed = await self._pool.run(self._has_changed)
        except BusyError:  # what is asked besides is not to suffer from it
            return ()
        return not_in_force(
            self.file.name,
            changed=changed,
            mistaken=bool(self.problems),
            restart=self.restart if keys else (),
            pid=self._pid,
        )

    def _has_changed(self) -> bool:
        now = _signature(self.file)
        if now == self._seen:
            return False
        # Anybody may have it looked at, by being refused: a stat each time, but one reading.
        if self.problems or now == self._differs:
            return True
        try:
            same = read(self.file, tolerant=True).text == _text(self.document)
        except ConfigError:
            same = False
        if same:
            self._seen = now
        else:
            self._differs = now
        return not same

    async def reload(self) -> bool:
        """Read the file again; a mistake in it changes nothing. Tell whether anything changed."""
        async with self._reading:
            # Before it is read: what changes meanwhile is not what was read.
            self._seen = await self._pool.run(_signature, self.file)
            try:
                written, document = await self._pool.run(load_marked, self.file)
            except ConfigError as exc:
                self._note(exc.problems)
                log.error("%s has mistakes; the settings stay as they were", self.file)  # noqa: TRY400
                return False
            self._note(())
            before, after = self._settings, _kept(self._settings, written)
            self._warn_of_restart(after, written)
            changed = sorted(_differences(before, after))
            if not changed:
                after = before
                if _text(document) == _text(self.document):
                    return False
            takes = [await prepare(after, document) for prepare in self._preparers]
            if changed:
                log.info("%s: changed: %s", self.file, ", ".join(changed))
            # All at once: from here to the end nothing waits, so who asks on the event loop
            # sees no half of it. A thread might: it is handed what it needs, and asks nothing.
            self._settings, self.document = after, document
            for take in takes:
                take()
            if changed:
                for follower in self._followers:
                    follower(after)
            return bool(changed)

    def _note(self, problems: tuple[Problem, ...]) -> None:
        before, self.problems = self.problems, problems
        wrong, mended = changes(before, problems)
        for problem in wrong:
            log.error("%s", problem)
        for problem in mended:
            log.info("mended: %s", problem)

    def _warn_of_restart(self, after: Settings, written: Settings) -> None:
        """Name what differs from what is in force, once for each time that it is written."""
        before, self._written = self._written, written
        for key in sorted({*_differences(after, written)} & {*_differences(before, written)}):
            log.warning("%s: %s takes a restart", self.file, key)


class Derived(Generic[T]):
    """What is made of the settings, and made anew when they change; for the event loop alone.

    Args:
        settings: Those of now.
        make: Makes it.
    """

    def __init__(self, settings: Callable[[], Settings], make: Callable[[Settings], T]) -> None:
        self._settings = settings
        self._make = make
        self._of = settings()
        self._made = make(self._of)

    def __call__(self) -> T:
        """Return what is made of the settings of now."""
        settings = self._settings()
        if settings is not self._of:
            self._made = self._make(settings)
            self._of = settings
        return self._made


def _kept(before: Settings, after: Settings) -> Settings:
    """Return ``after`` with what `FIXED` names as it was ``before``."""
    update: dict[str, Any] = {}
    for key in FIXED:
        section, _, inner = key.partition(".")
        old = getattr(before, section)
        if inner:
            new = update.get(section, getattr(after, section))
            old = new.model_copy(update={inner: getattr(old, inner)})
        update[section] = old
    # To answer and to observe are one server; whether there is one is decided at the start, and
    # whether there is another, for addresses.
    if {"off", "serve"} & {before.dhcp.mode, after.dhcp.mode}:
        update["dhcp"] = before.dhcp
    return after.model_copy(update=update)


def _signature(file: Path) -> object:
    """Return what changes when a file changes."""
    try:
        found = file.stat()
    except OSError as exc:
        return exc.errno
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns


def _text(document: Document | None) -> str | None:
    return document.text if document is not None else None


def _differences(one: BaseModel, other: BaseModel) -> Iterator[str]:
    """Walk the keys by which two models differ, ``limits.events``."""
    for name in type(one).model_fields:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine == theirs:
            continue
        if isinstance(mine, BaseModel) and isinstance(theirs, BaseModel):
            yield from (f"{name}.{inner}" for inner in _differences(mine, theirs))
        else:
            yield name
