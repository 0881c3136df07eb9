"""Sees who holds the event loop, or asks a file system there: tests fail by it, and live daemons.

A callback is timed by what its thread works, not by a clock on the wall, and without what the
garbage collector takes: so it says the same on a busy host. What waits instead of working is seen
otherwise: nothing that pyxie does on the loop may ask a file system, which can hang.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
from asyncio.events import Handle
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import pyxie

MOST: Final = 0.05
"""Seconds that a callback may work; a DHCP client is answered in between."""
_LOOK: Final = 0.01
_OURS: Final = f"{Path(pyxie.__file__).parent}{os.sep}"
_TESTS: Final = f"{Path(__file__).parent}{os.sep}"

ALLOWED: Final = {
    "net": "the kernel's own files, /proc and /sys",
    "systemd": "a socket's name",
    "shipped": "at the start",
    "store/schema": "at the start",
}
"""Of modules and packages of pyxie's, those that may ask for files on the loop, and why."""

_KERNELS: Final = ("/proc/", "/sys/", "/dev/null")
"""Files of the kernel's own, which are in no file system that can hang."""
_LOOKING: Final = threading.Lock()
"""Who looks where a thread is has collecting off, and on again after it."""
_STARTS: Final = frozenset(("__aenter__", "__aexit__", "_run", "compose", "bound"))
"""What runs before the first packet is answered, or after the last."""


@dataclass
class _Turn:
    """A callback that runs, in one of the threads: a test's loop is not the only one."""

    since: float = field(default_factory=time.monotonic)
    began: float = field(default_factory=time.thread_time)
    stack: list[str] | None = None
    collected: float = 0.0
    collecting: float | None = None


class Watchdog:
    """Looks at each callback of each event loop of this process.

    Attributes:
        seen: A sentence for each that was at fault, since it was last cleared.
        most: Seconds that a callback may work; less for tests of what grows with the site, whose
            site is smaller than some are.

    Args:
        everything: Every callback is pyxie's; else not those of tasks that tests run.
        tell: Called with each sentence at once.
    """

    def __init__(
        self, *, everything: bool = False, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self.seen: list[str] = []
        self.most = MOST
        self._everything = everything
        self._tell = tell
        self._turns: dict[int, _Turn] = {}

    def install(self) -> None:
        """Begin, for as long as the process lasts."""
        gc.callbacks.append(self._on_collection)
        run = Handle._run

        def watched(handle: Handle) -> None:
            self._run(handle, run)

        Handle._run = watched  # type: ignore[method-assign,assignment]
        for name in ("stat", "lstat", "readlink", "open", "scandir", "listdir", "mkdir", "rename"):
            setattr(os, name, self._asking(getattr(os, name)))
        sys.addaudithook(self._on_audit)
        threading.Thread(target=self._look, name="watchdog", daemon=True).start()

    def _run(self, handle: Handle, run: Callable[[Handle], None]) -> None:
        thread = threading.get_ident()
        outer = self._turns.get(thread)
        name = _named(handle)
        turn = self._turns[thread] = _Turn()
        try:
            run(handle)
        finally:
            worked = time.thread_time() - turn.began - turn.collected
            if outer is None:
                del self._turns[thread]
            else:
                self._turns[thread] = outer
                outer.collected += turn.collected
            if worked > self.most and self._is_ours(name, turn.stack):
                where = "".join(f"\n    {each}" for each in turn.stack or ())
                self._note(
                    f"{name[0]} held the event loop for {worked * 1000:.0f} ms, seen at:{where}"
                )

    def _note(self, said: str) -> None:
        self.seen.append(said)
        self._tell(said)

    def _is_ours(self, name: tuple[str, CodeType | None], stack: list[str] | None) -> bool:
        file = name[1].co_filename if name[1] is not None else ""
        if file == f"{_OURS}daemon.py" and name[1] is not None and name[1].co_name == "_run":
            return False  # the start, before anything is answered
        if self._everything:
            return True
        if file.startswith(_TESTS) or "pytest" in file:
            return False
        return file.startswith(_OURS) or any(_OURS in each for each in stack or ())

    def _on_collection(self, phase: str, _about: dict[str, int]) -> None:
        turn = self._turns.get(threading.get_ident())
        if turn is None:
            return
        if phase == "start":
            turn.collecting = time.thread_time()
        elif turn.collecting is not None:
            turn.collected += time.thread_time() - turn.collecting
            turn.collecting = None

    def _look(self) -> None:
        while True:
            time.sleep(_LOOK)
            for thread, turn in list(self._turns.items()):
                if turn.stack is None and time.monotonic() - turn.since >= self.most / 2:
                    stack = _places(frame_of(thread))
                    if self._turns.get(thread) is turn:
                        turn.stack = stack[-12:]

    def _asking(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(ask)
        def asked(*args: Any, **named: Any) -> Any:
            if threading.get_ident() in self._turns:
                self._asked(ask.__name__, args)
            return ask(*args, **named)

        return asked

    def _on_audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and threading.get_ident() in self._turns:
            self._asked(event, args)

    def _asked(self, what: str, args: tuple[Any, ...]) -> None:
        """Note that a file system is asked, if it is pyxie that asks, in a callback of its own."""
        path = args[0] if args else ""
        if isinstance(path, int) or str(path).startswith(_KERNELS):
            return
        frame: FrameType | None = sys._getframe(2)
        ours: FrameType | None = None
        while frame is not None:
            file, name = frame.f_code.co_filename, frame.f_code.co_name
            if file == __file__:
                break  # here it was called by the loop
            if file.endswith("linecache.py"):
                return  # a bug, which is logged with its lines
            if "importlib" in file:
                return  # what is imported late holds the loop, and is seen by that
            if file.startswith(_TESTS) and not self._everything:
                return
            if file.startswith(_OURS):
                if name in _STARTS:
                    return
                ours = ours or frame
            frame = frame.f_back
        if ours is None:
            return
        module = ours.f_code.co_filename.removeprefix(_OURS).removesuffix(".py")
        if module in ALLOWED or module.partition(os.sep)[0] in ALLOWED:
            return
        place = f"{ours.f_code.co_filename}:{ours.f_lineno} in {ours.f_code.co_name}"
        said = f"{place} asks the file system on the event loop: {what}({path!r})"
        if said not in self.seen:
            self._note(said)


def frame_of(thread: int) -> FrameType | None:
    """Return where a thread is.

    Without collecting garbage meanwhile: CPython walks its threads behind a lock that each thread
    takes to begin and to end, while it has the interpreter's; a collection within lets that go, and
    all stand still for ever (gh-106883, in 3.11).
    """
    with _LOOKING:
        collects = gc.isenabled()
        gc.disable()
        try:
            return sys._current_frames().get(thread)
        finally:
            if collects:
                gc.enable()


def collects() -> bool:
    """Tell whether garbage is collected, but for a look of ours."""
    with _LOOKING:
        return gc.isenabled()


def _places(frame: FrameType | None) -> list[str]:
    """Tell where a thread is, but for asyncio; no file is read for it, which takes too long."""
    found = []
    while frame is not None:
        code = frame.f_code
        if "asyncio" not in code.co_filename:
            found.append(f"{code.co_filename}:{frame.f_lineno} in {code.co_name}")
        frame = frame.f_back
    return found[::-1]


def _named(handle: Handle) -> tuple[str, CodeType | None]:
    """Name what a handle runs with its place; for a task, its coroutine."""
    callback: Any = handle._callback  # type: ignore[attr-defined]
    while isinstance(callback, partial):
        callback = callback.func
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        coroutine = owner.get_coro()
        code = getattr(coroutine, "cr_code", None)
        return f"the task {owner.get_name()} ({getattr(coroutine, '__qualname__', '?')})", code
    arguments = handle._args
    if arguments and getattr(callback, "__name__", "") in ("_guarded", "guarded"):
        callback = arguments[0]
    code = getattr(callback, "__code__", None)
    place = f" ({code.co_filename}:{code.co_firstlineno})" if code else ""
    return f"{getattr(callback, '__qualname__', callback)!s}{place}", code
