"""Rings when something may have changed in a folder: inotify(7), where it can be relied upon.

The kernel's notices serve as a doorbell only: what changed is looked for afresh, so that a lost
or unknown notice does no harm. A notice is there before the call that changed the file returns,
so whoever changed one and then asks pyxie finds that it has rung.

Whether a folder is still the one that is watched only a look can tell, which may hang, so that is
for threads. What the kernel tells of the folders above counts in its place for a second.
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

from pyxie.clock import steady
from pyxie.inotify import CHANGES, MOUNTS, MOVED_AWAY, Mounts, Notices, rely_on
from pyxie.service import next_tick, until_tick

log = logging.getLogger(__name__)

_FOR: Final = 1.0
"""Seconds for which a look counts where nothing tells that a folder is mounted over;"""
_AT_REST: Final = 30.0
"""and where that is told: what is above a folder may be on a file system that others write to."""

_Identity: TypeAlias = tuple[int, int] | None


class Doorbell:
    """Tells whether something may have changed since it was last asked.

    Of files in the folders themselves, not below; of one that has a name elsewhere as well, by
    a link, only what is done by its name here.

    Args:
        mounts: What is mounted where; proc_pid_mountinfo(5).
        otherwise: What is said where it cannot be relied upon.
        clock: Seconds, steady.
    """

    def __init__(
        self,
        mounts: Path = MOUNTS,
        otherwise: str = "machine files are looked at at every call",
        clock: Callable[[], float] = steady,
    ) -> None:
        self._mounts = mounts
        self._otherwise = otherwise
        self._notices: Notices | None = None
        self._watched: Mapping[Path, _Identity] = {}
        self._silent = ""
        """Why it cannot be relied upon; said once."""
        self._clock = clock
        self._above: Notices | None = None
        """Of the folders above: that those that are watched are still there."""
        self._mounted: Mounts | None = None
        self._any = select.epoll()
        """Of all notices that there are; the kernel forgets those that are closed: epoll(7)."""
        self._heard = False
        self._looked = float("-inf")

    def is_at_rest(self, folders: Collection[Path]) -> bool:
        """Tell what `is_silent` does for longer after a look, for who asks every second.

        A thread that is woken for that takes as much of a processor as all else at rest does.
        """
        if self._mounted is None:
            return False
        if self._mounted.changed():
            self._looked = float("-inf")  # until `rung` has looked
        return self.is_silent(folders, _AT_REST)

    async def tick(self, often: float, seldom: float) -> None:
        """Wait for the next common tick, as `pyxie.service.next_tick`.

        Args:
            often: Seconds of it once there is a notice: files change in bursts.
            seldom: The same while there is none.
        """
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._any, heard.set)
        try:
            async with asyncio.timeout(until_tick(loop.time(), seldom)):
                await heard.wait()
        except TimeoutError:
            return
        finally:
            loop.remove_reader(self._any)
        await next_tick(often)

    def is_silent(self, folders: Collection[Path], since: float = _FOR) -> bool:
        """Tell whether `rung` would say no; for the event loop, while nobody else asks.

        Args:
            folders: As `rung` is given them.
            since: Seconds for which a look counts.

        Returns:
            False where only `rung` can tell.
        """
        notices, above = self._notices, self._above
        if notices is None or above is None or self._clock() - self._looked > since:
            return False
        if notices.heard():
            self._heard = True  # and taken
        if self._heard or above.heard():
            self._let_go()
            return False
        return len(folders) == len(self._watched) and all(map(self._watched.__contains__, folders))

    def rung(self, folders: Iterable[Path]) -> bool:
        """Tell whether something may have changed in ``folders``; True where that is not known.

        A look at them that begins afterwards finds it; one that is still going on may not.
        """
        asked, began = tuple(folders), self._clock()
        if self._above is not None and (self._above.heard() or self._watched.keys() != {*asked}):
            self._let_go()
        if self._mounted is None:
            with suppress(OSError):
                self._mounted = Mounts(self._mounts)
        if self._above is None:
            self._watch_above(asked)  # in this order: what happens meanwhile is seen or heard of
        # A folder may be another than a moment ago: moved, mounted over, a link that was turned.
        found = {folder: _identity(folder) for folder in asked}
        heard, self._heard = self._heard, False
        if self._notices is not None and found == self._watched:
            if not (self._notices.heard() or heard):
                self._looked = began
                return False
        else:
            self._stop()
        self._listen(found)
        self._looked = began
        return True

    def close(self) -> None:
        """Hear no more."""
        self._stop()
        self._let_go()
        if self._mounted is not None:
            self._mounted.close()
            self._mounted = None

    def _let_go(self) -> None:
        """Have only `rung` tell, until it has looked."""
        if self._above is not None:
            self._above.close()
            self._above = None

    def _watch_above(self, folders: Iterable[Path]) -> None:
        """Have told when another folder may be in the place of one that is watched."""
        try:
            above = self._notices_of_any()
        except OSError:
            return
        try:
            for folder in folders:
                path = Path(os.path.abspath(folder))  # noqa: PTH100 - which follows no link
                if os.path.realpath(path) != str(path):
                    raise OSError(0, f"{folder} is reached by a link")
                if not path.is_dir():  # where it would come to be
                    above.watch(next(each for each in path.parents if each.is_dir()), CHANGES)
                for each in path.parents:
                    with suppress(PermissionError, FileNotFoundError):  # found at the next look
                        above.watch(each, MOVED_AWAY)
        except OSError:
            above.close()
            return
        self._above = above

    def _notices_of_any(self) -> Notices:
        notices = Notices()
        self._any.register(notices.number, select.EPOLLIN)
        return notices

    def _stop(self) -> None:
        if self._notices is not None:
            self._notices.close()
            self._notices = None

    def _listen(self, found: Mapping[Path, _Identity]) -> None:
        """Watch the folders; again after each notice, for one may say that the watch is gone."""
        there = [folder for folder, identity in found.items() if identity is not None]
        try:
            for folder in there:
                rely_on(folder, self._mounts)
            if self._notices is None:
                self._notices = self._notices_of_any()
            for folder in there:
                self._notices.watch(folder)
        except OSError as exc:
            self._stop()
            self._let_go()
            why = str(getattr(exc, "strerror", None) or exc)
            if why != self._silent:
                log.info("%s: no inotify (%s)", self._otherwise, why)
            self._silent = why
            return
        self._watched, self._silent = found, ""


def _identity(folder: Path) -> _Identity:
    try:
        found = folder.stat()
    except OSError:  # not there, or not for us to see: when that changes, so does this
        return None
    return found.st_dev, found.st_ino
