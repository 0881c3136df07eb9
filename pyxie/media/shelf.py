"""The media that there are: the folder ``isos`` is watched, and each image in it read once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, TypeAlias

from pyxie.bounds import MEDIA_ENTRIES
from pyxie.confined import normalise
from pyxie.errors import BusyError, NotServedError
from pyxie.media.asrecipe import CPIO, Recipe, of_entry, of_system, without_cpio
from pyxie.media.cpio import holding
from pyxie.media.extents import File, Folder, MediumError
from pyxie.media.facts import Contents
from pyxie.media.isofolder import (
    Lying,
    lying_at,
    name_of,
    open_file,
    open_image,
    scan,
    write_recipe,
)
from pyxie.media.loaderconfig import Entry
from pyxie.openfile import OpenFile
from pyxie.registry.doorbell import Doorbell
from pyxie.service import Unbound, next_tick
from pyxie.threads import Pool

log = logging.getLogger(__name__)

Look: TypeAlias = Callable[[OpenFile], Awaitable[Contents]]
"""Reads an image; raises MediumError and BusyError."""

_RESCAN: Final = 1.0
"""Seconds between looks at the folder;"""
_AT_REST: Final = 5.0
"""and while the kernel tells of no change of it."""
_ANYWAY: Final = 30.0
"""Seconds after which it is looked at though nothing was heard of a change."""
_SETTLED: Final = 3.0
"""Seconds that an image has not changed: whoever copies one writes all the time."""


class State(StrEnum):
    """What is known of an image."""

    LOOKING = "looking"
    READY = "ready"
    GUESS = "guess"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Medium:
    """An image, and what is known of it.

    Attributes:
        lying: The file.
        state: Whether it can be booted, or what is in the way.
        contents: What is on it; None if it is not read, or cannot be.
        recipe: How it would be booted; None if nothing on it boots.
        why: What is in the way, in words for people.
    """

    lying: Lying
    state: State = State.LOOKING
    contents: Contents | None = None
    recipe: Recipe | None = None
    why: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.lying.name


class TakenError(MediumError):
    """It has a recipe already, which may be the operator's own."""


class Shelf(Unbound):
    """A `pyxie.service.Service` that knows the images in the folder.

    Args:
        folder: The folder of now.
        recipes: The folder of the operator's recipes, of now.
        is_shipped: Tells whether a recipe of that name comes with pyxie.
        look: Reads an image.
        pool: Threads of the folder.
        steady: Seconds, by a clock that is never set.
    """

    name = "media"

    def __init__(
        self,
        folder: Callable[[], Path],
        recipes: Callable[[], Path],
        is_shipped: Callable[[str], bool],
        look: Look,
        pool: Pool,
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._recipes = recipes
        self._is_shipped = is_shipped
        self._look = look
        self._pool = pool
        self._steady = steady
        self._media: dict[str, Medium] = {}
        self._since: dict[str, tuple[Lying, float]] = {}
        """Since when images have been as they are, of those that are not read yet."""
        self._doorbell = Doorbell(otherwise="the folder 'isos' is looked at every second")
        self._scanned = float("-inf")
        self._complete: set[Path] = set()
        self._scanning = asyncio.Lock()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._doorbell.close()

    async def serve(self) -> None:
        """Look at the folder again and again, until cancelled."""
        said = ""
        while True:
            why = ""
            try:
                if not self._is_at_rest():
                    await self.refresh()
            except (BusyError, OSError) as exc:
                why = str(exc)
            if why not in ("", said):
                log.error("the folder 'isos' cannot be looked at: %s", why)
            said = why
            if self._is_at_rest():
                await self._doorbell.tick(_RESCAN, _AT_REST)
            else:
                await next_tick(_RESCAN)

    def _is_at_rest(self) -> bool:
        """Tell whether there is nothing to look at, as far as that is known without a thread."""
        if self._scanning.locked() or self._waits(self._steady()):
            return False
        return self._doorbell.is_at_rest((self._folder(), self._recipes()))

    def _waits(self, now: float) -> bool:
        """Tell whether the folder is to be looked at though nothing was heard of a change."""
        return bool(self._since or self._complete) or now - self._scanned >= _ANYWAY

    async def add(self, path: Path) -> None:
        """Have an image read soon that is whole: others have to be still for a while.

        Whoever brought it can ask for it from now on.
        """
        self._complete.add(path)
        with suppress(BusyError, OSError):  # the next look at the folder finds it
            lying = await self._pool.run(lying_at, path, self._recipes())
            if lying is not None:
                self._media.setdefault(lying.name, Medium(lying, why="is being looked at"))

    @property
    def has_looked(self) -> bool:
        """Whether it is known which images there are."""
        return self._scanned > float("-inf")

    def state(self, name: str) -> State | None:
        """Return what is known of a medium, be it as an archive; None if there is none."""
        found = self._media.get(without_cpio(name))
        return found.state if found is not None else None

    def all(self) -> list[Medium]:
        """Return all media, by name."""
        return [self._media[name] for name in sorted(self._media)]

    def get(self, name: str) -> Medium:
        """Return a medium, in whatever state; raises NotServedError."""
        found = self._media.get(name)
        if found is None:
            raise NotServedError(name, "there is no such medium in the folder 'isos'")
        return found

    def served(self, name: str) -> tuple[Lying, Contents]:
        """Return a medium that may be read by machines.

        Raises:
            NotServedError: There is none, or it is not known or confirmed what it boots.
        """
        found = self.get(name)
        if found.state is not State.READY or found.contents is None:
            raise NotServedError(name, found.why or "is being looked at; try again")
        return found.lying, found.contents

    def find(self, name: str, path: str) -> tuple[Lying, File | Folder]:
        """Return a medium that may be read by machines, and what of it is meant.

        Args:
            name: Of the medium; with `CPIO` behind it, its whole image as an initrd.
            path: Of a file or folder on it; else of the image in that initrd.

        Raises:
            NotServedError: As of `served`, or there is nothing of that name.
        """
        lying, contents = self.served(without_cpio(name))
        if name.endswith(CPIO):
            return lying, holding(path, lying.size)
        return lying, contents.tree.find(normalise(path))

    def opening(self, name: str, path: str) -> Callable[[], OpenFile]:
        """Return what opens a file of a medium; for threads, as `pyxie.media.isofolder.open_file`.

        Raises:
            NotServedError: As of `find`, or it is a folder.
        """
        lying, found = self.find(name, path)
        if not isinstance(found, File):
            raise NotServedError(path, f"is a folder of {name}.iso")
        return partial(open_file, lying, found, path)

    async def open(self, name: str, path: str) -> OpenFile:
        """Open a file of a medium, which the caller closes; raises as it and `opening` do."""
        return await self._pool.run(self.opening(name, path))

    async def refresh(self) -> None:
        """Look at the folder, and read what is new there and no longer being written.

        Raises:
            OSError: It cannot be looked at.
            BusyError: It does not answer.
        """
        async with self._scanning:
            now, folder, recipes = self._steady(), self._folder(), self._recipes()
            rung = await self._pool.run(self._doorbell.rung, (folder, recipes))
            waits = self._waits(now)
            complete, self._complete = self._complete, set()
            if not (rung or waits):
                return
            there = await self._pool.run(scan, folder, recipes)
            self._scanned = now
            arrived = {name_of(path.stem) for path in self._complete}  # after that look
            self._forget({each.name for each in there} | arrived)
            for lying in there:
                if self._is_to_be_read(lying, now, complete):
                    await self._read(lying)

    def _forget(self, there: set[str]) -> None:
        for name in self._media.keys() - there:
            log.info("the medium %s is gone", name)
            del self._media[name]
            self._since.pop(name, None)

    def _is_to_be_read(self, lying: Lying, now: float, complete: set[Path]) -> bool:
        """Tell whether an image is new, or another than before, and no longer being written."""
        before = self._media.get(lying.name)
        if before is not None and before.state is not State.LOOKING and before.lying == lying:
            return False
        if lying.path in complete:
            return True
        seen, since = self._since.get(lying.name, (None, now))
        if seen != lying:
            self._since[lying.name] = lying, now
            self._media[lying.name] = Medium(lying, why="is being written, or looked at")
            return False
        return now - since >= _SETTLED

    async def _read(self, lying: Lying) -> None:
        self._since.pop(lying.name, None)
        self._media[lying.name] = Medium(lying, why="is being looked at")
        try:
            image = await self._pool.run(open_image, lying)
            try:
                contents = await self._look(image)
            finally:
                image.close()
            self._check_room(lying, contents)
            found = await self._judged(lying, contents)
        except (MediumError, NotServedError) as exc:
            why = exc.why if isinstance(exc, NotServedError) else str(exc)
            found = Medium(lying, State.BROKEN, why=why)
        except BusyError as exc:
            log.warning("%s is not read yet: %s", lying.path.name, exc)
            self._since[lying.name] = lying, self._steady()
            return
        self._media[lying.name] = found
        _tell(found)

    def _check_room(self, lying: Lying, contents: Contents) -> None:
        others = (each.contents for each in self._media.values() if each.name != lying.name)
        held = sum(each.tree.entries for each in others if each is not None)
        if held + contents.tree.entries > MEDIA_ENTRIES.whole:
            MEDIA_ENTRIES.reached()
            raise MediumError(f"is one too many: all have over {MEDIA_ENTRIES.whole:,} files")

    async def _judged(self, lying: Lying, contents: Contents) -> Medium:
        """Return what is to be done with a medium; of one that is known, its recipe is written."""
        facts = contents.facts
        recipe: Recipe | None = None
        if facts.system is not None:
            recipe = of_system(lying.name, facts.system, facts.loaders)
        elif facts.entries:
            recipe = of_entry(lying.name, facts.entries[0], facts)
        if lying.recipe:
            return Medium(lying, State.READY, contents, recipe)
        if facts.system is None:
            why = "is not known: say what it boots, with `pyxie images import NAME --confirm`"
            why = why.replace("NAME", lying.name)
            if recipe is None:
                why = "holds no kernel that could be found: name it with --kernel, and --confirm"
            return Medium(lying, State.GUESS, contents, recipe, why)
        assert recipe is not None  # noqa: S101  (of a system there is one)
        why = ""
        try:
            lying = await self._recorded(lying, recipe)
        except MediumError as exc:
            why = str(exc)
        return Medium(lying, State.READY, contents, recipe, why)

    async def _recorded(self, lying: Lying, recipe: Recipe) -> Lying:
        """Write a medium's recipe; return the image as it lies there then."""
        if self._is_shipped(lying.name):
            why = (
                "a recipe of that name comes with pyxie, for another way to boot: rename the image"
            )
            raise MediumError(why)
        try:
            await self._pool.run(write_recipe, self._recipes(), lying, recipe)
        except FileExistsError as exc:
            raise TakenError(f"there is a recipe {lying.name}.yaml already") from exc
        return replace(lying, recipe=True)

    async def confirm(
        self, name: str, kernel: str = "", initrds: Sequence[str] = (), cmdline: str | None = None
    ) -> Medium:
        """Make what was guessed the medium's recipe, or what is said here.

        Args:
            name: Of the medium.
            kernel: A file on it; empty for the one that was guessed.
            initrds: Files on it; of another kernel none, if none is said.
            cmdline: What the kernel is passed; None for what was guessed.

        Raises:
            NotServedError: There is no such medium, or no such file on it.
            TakenError: It has a recipe.
            MediumError: It cannot be booted, or the recipe cannot be written.
        """
        async with self._scanning:
            found = self.get(name)
            contents = found.contents
            if contents is None:
                raise MediumError(f"{name} {found.why}")
            if found.lying.recipe:
                raise TakenError(f"there is a recipe {name}.yaml already: change that")
            entry = _entry(contents, kernel, initrds, cmdline)
            recipe = of_entry(name, entry, contents.facts)
            lying = await self._recorded(found.lying, recipe)
            self._media[name] = confirmed = Medium(lying, State.READY, contents, recipe)
            _tell(confirmed)
            return confirmed


def _entry(contents: Contents, kernel: str, initrds: Sequence[str], cmdline: str | None) -> Entry:
    """Return what is to be booted; raises NotServedError and MediumError."""
    tree, guesses = contents.tree, contents.facts.entries
    if not kernel and not guesses:
        raise MediumError("nothing was found on it that boots: name its kernel")
    entry = Entry("", tree.real(kernel)) if kernel else guesses[0]
    if initrds:
        entry = replace(entry, initrds=tuple(map(tree.real, initrds)))
    for name in (entry.kernel, *entry.initrds):
        if not tree.holds(name):
            raise NotServedError(name, "is not a file")
    return entry if cmdline is None else replace(entry, cmdline=cmdline)


def _tell(medium: Medium) -> None:
    title = medium.recipe.get("title") if medium.recipe else None
    match medium.state:
        case State.READY if medium.why:
            log.warning("the medium %s is ready, but for its recipe: %s", medium.name, medium.why)
        case State.READY:
            log.info("the medium %s is ready: %s", medium.name, title or "by its own recipe")
        case State.GUESS:
            log.warning("the medium %s %s", medium.name, medium.why)
        case _:
            log.warning("%s %s", medium.lying.path.name, medium.why)
