"""The state's database: opened, locked, and brought to the newest schema.

SQLite by default, anything SQLAlchemy knows by URL. SQLite runs in WAL mode with
``synchronous=FULL``: what was stored survives `kill -9` and a power cut. One daemon at a
time: the file is locked as long as we live.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from pyxie.bounds import STORE_LOOK
from pyxie.errors import BusyError, StartError
from pyxie.service import WhenAsked
from pyxie.store import schema
from pyxie.store.file import HeldError, StateFile
from pyxie.store.lookbefore import LookBefore
from pyxie.store.pools import Pools, StoreError, ask

T = TypeVar("T")
_DYING: Final = 2.0
"""Seconds in which what a killed daemon had just begun, as a hook, still holds the file."""


class Database(WhenAsked):
    """The database, open between entering and leaving; a `pyxie.service.Service`.

    Args:
        url: SQLAlchemy's, for an async driver.
    """

    name = "state"

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
        except ArgumentError as exc:
            raise StartError(f"state: {url!r} is neither a path nor a SQLAlchemy URL") from exc
        self._file: StateFile | None = None
        if self._url.get_backend_name() == "sqlite":
            if self._url.database in (None, "", ":memory:"):
                raise StartError(f"state: {url!r} keeps builds in memory only; name a file")
            self._file = StateFile(Path(os.path.realpath(str(self._url.database))))
        self._pools: Pools | None = None
        self._probing: asyncio.Task[str] | None = None
        self._probes = 0
        self._glance: Future[None] | None = None
        self._glanced = 0.0

    async def __aenter__(self) -> Self:
        try:
            self._pools = Pools(self._url)
        except (NoSuchModuleError, ModuleNotFoundError) as exc:
            scheme = self._url.drivername
            raise StartError(f"state: install the database driver for {scheme} ({exc})") from exc
        if self._file is not None:
            await _claimed(self._file)
        try:
            await self._pools.write(schema.upgrade)
        except BaseException as exc:
            await self.__aexit__(None, None, None)
            if isinstance(exc, StoreError):
                raise StartError(f"state: {self._shown} cannot be used: {exc}") from exc
            if isinstance(exc, schema.StrangeSchemaError):
                raise StartError(f"state: {self._shown} {exc}") from exc
            raise
        if self._file is not None:
            with suppress(OSError):  # the next new build says so
                self._file.reserve()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._probing is not None:
            await asyncio.wait([self._probing], timeout=STORE_LOOK.most)
        if self._pools is not None:
            await self._pools.close()
        if self._file is not None:
            self._file.leave()

    @property
    def _shown(self) -> str:
        return (
            str(self._file.path) if self._file else self._url.render_as_string(hide_password=True)
        )

    @property
    def _open(self) -> Pools:
        assert self._pools is not None, "the store was not entered"  # noqa: S101
        return self._pools

    async def write(self, work: Callable[[sa.Connection], T], *, begins: bool = False) -> T:
        """Return what ``work`` does in a transaction, which is stored when it returns.

        Args:
            work: Called with the connection, maybe in a thread.
            begins: Builds begin with it: before that, space is set aside for what ends them.

        Raises:
            StoreError: Nothing of it was stored.
        """
        if self._file is None:
            return await self._open.write(work)
        before = LookBefore(partial(_ready if begins else _there, self._file), _hangs)
        return await self._open.write(work, before=before)

    @property
    def is_certain(self) -> bool:
        """Whether it is always known if something was stored: a server may be lost meanwhile."""
        return self._file is not None

    async def rows(self, query: sa.Select[Any]) -> Sequence[RowMapping]:
        """Return what a query finds, for what boots and builds need.

        Raises:
            StoreError: It cannot be read.
        """
        return await self._open.read(query)

    async def shown(self, query: sa.Select[Any]) -> Sequence[RowMapping]:
        """Return what a query finds, for people and programs who look.

        By connections of their own: however many look, a boot does not wait for them.

        Raises:
            StoreError: It cannot be read; also where too many look.
        """
        return await self._open.look(query)

    async def look(self) -> str:
        """Return what is wrong with the database now, in a sentence; empty if nothing is."""
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe(), name="look at the state")
        done, _ = await asyncio.wait([self._probing], timeout=self._patience())
        if not done:
            STORE_LOOK.reached()
            return f"{self._shown} does not answer within {STORE_LOOK.most:g} s"
        return self._probing.result()

    def glance(self, said: str, otherwise: Callable[[str], None]) -> bool:
        """Have looked what `look` would say; nobody is woken if that was said already.

        Args:
            said: What was said last.
            otherwise: Told of anything else, in the event loop.

        Returns:
            Whether it was begun; else only `look` can tell.
        """
        prober = self._open.prober
        if prober is None or (self._probing is not None and not self._probing.done()):
            return False
        if self._glance is not None:
            if not self._glance.done():
                return False
            self._glance.result()  # raises what is a bug
        loop = asyncio.get_running_loop()

        def see(engine: sa.Engine) -> None:
            found = self._seen(engine)
            if found != said:
                loop.call_soon_threadsafe(otherwise, found)

        try:
            self._glance = prober.begin(see)
        except BusyError:
            return False
        self._glanced = loop.time()
        return True

    def _patience(self) -> float:
        """Return how long a look may still take: a glance that hangs is waited for first."""
        if self._glance is None or self._glance.done():
            return STORE_LOOK.most
        return max(0.0, self._glanced + STORE_LOOK.most - asyncio.get_running_loop().time())

    async def _probe(self) -> str:
        prober = self._open.prober
        if prober is not None:
            try:
                return await prober.visit(self._seen)
            except BusyError as exc:
                return f"{self._shown}: {exc.why}"
        try:
            await self._open.probe()
        except StoreError as exc:
            return f"{self._shown} cannot be written: {exc}"
        return ""

    def _seen(self, engine: sa.Engine) -> str:
        """Return what is wrong with SQLite's file, in its thread: it may be slow, or hang."""
        problem, file = "", self._file
        assert file is not None  # noqa: S101
        try:
            ask(engine)
        except StoreError as exc:
            problem = f"{self._shown} cannot be written: {exc}"
        if self._probes != self._open.probes:
            self._probes = self._open.probes
            file.opened()
        fault = file.fault()
        return fault.text if fault is not None else problem

    def spend(self) -> bool:
        """Free that space; False if there is none."""
        return self._file is not None and self._file.spend()


def _ready(file: StateFile) -> None:
    """See to it that builds may begin; raises StoreError where they may not."""
    try:
        fault = file.ready()
    except OSError as exc:
        raise StoreError(f"too little space to end builds safely: {exc.strerror}") from exc
    if fault is not None:
        raise StoreError(fault.text)


def _hangs() -> StoreError:
    return StoreError(f"no answer within {STORE_LOOK.most:g} s; does its file system hang?")


def _there(file: StateFile) -> None:
    """Raise StoreError where what is stored is lost."""
    fault = file.fault()
    if fault is not None and fault.lost:
        raise StoreError(fault.text)


async def _claimed(file: StateFile) -> None:
    """Take the lock.

    A program that a daemon starts has all its descriptors until it is another program (fork(2),
    O_CLOEXEC of open(2)). One of a daemon that is killed in that moment keeps the lock longer,
    and its sockets have the ports: a daemon that is started at once waits for it.

    Raises:
        StartError: As `StateFile.claim`.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + _DYING
    while True:
        try:
            return file.claim()
        except HeldError:
            if clock() >= until:
                raise
        await asyncio.sleep(0.02)
