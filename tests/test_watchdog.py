"""The watchdog itself: what holds the event loop is seen, and named with its place."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import pyxie
from pyxie.threads import Pool
from tests.conftest import WATCHDOG
from tests.watchdog import MOST, collects, frame_of


@pytest.fixture(autouse=True)
def seen() -> Iterator[list[str]]:
    yield WATCHDOG.seen
    WATCHDOG.seen.clear()


def of_pyxie(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function as if it stood in a module of pyxie's."""
    assert isinstance(function, FunctionType)
    file = Path(pyxie.__file__).parent / "dhcp/server.py"
    code = function.__code__.replace(co_filename=str(file))
    return FunctionType(code, function.__globals__, function.__name__, None, function.__closure__)


def work(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def done_by_the_loop(callback: Callable[[], Any]) -> None:
    """Have the loop call it, as it calls what hears a packet."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.call_soon(callback)
    loop.call_soon(done.set)
    await done.wait()


class TestACallback:
    async def test_of_pyxies_that_works_for_long_is_seen_with_its_place(
        self, seen: list[str]
    ) -> None:
        def on_packet() -> None:
            work(2 * MOST)

        await done_by_the_loop(of_pyxie(on_packet))

        (said,) = seen
        seen.clear()
        assert "on_packet (" in said
        assert "/pyxie/dhcp/server.py:" in said
        assert " held the event loop for 1" in said
        assert "in work" in said

    async def test_that_waits_or_works_shortly_is_not(self, seen: list[str]) -> None:
        await done_by_the_loop(of_pyxie(lambda: time.sleep(2 * MOST)))
        await done_by_the_loop(of_pyxie(lambda: work(MOST / 5)))

        assert seen == []

    async def test_that_the_garbage_collector_interrupts_is_not(self, seen: list[str]) -> None:
        kept = [[each] for each in range(400_000)]

        def collects() -> None:
            for _ in range(4):
                gc.collect()

        await done_by_the_loop(of_pyxie(collects))

        assert len(kept) == 400_000
        assert seen == []

    async def test_of_a_test_itself_is_not(self, seen: list[str]) -> None:
        async def test() -> None:
            work(2 * MOST)

        await asyncio.create_task(test())

        assert seen == []

    async def test_that_asks_a_file_system_is_seen_however_fast_that_was(
        self, seen: list[str], tmp_path: Path
    ) -> None:
        for ask in (
            lambda: tmp_path.stat(),  # noqa: PLW0108 - a function of pyxie's
            lambda: os.path.realpath(tmp_path),
            lambda: list(tmp_path.iterdir()),
            lambda: (tmp_path / "new").write_text("new"),
        ):
            await done_by_the_loop(of_pyxie(ask))

            assert seen, ask
            assert "asks the file system on the event loop" in seen[0]
            seen.clear()

    async def test_that_has_it_asked_by_a_thread_is_not(
        self, seen: list[str], tmp_path: Path
    ) -> None:
        assert await Pool("some").run(of_pyxie(lambda: tmp_path.stat().st_size)) > 0

        assert seen == []

    async def test_of_one_threads_loop_says_nothing_of_what_another_thread_does(
        self, seen: list[str], tmp_path: Path
    ) -> None:
        begun, end, ended, ask = (threading.Event() for _ in range(4))

        async def calls() -> None:
            begun.set()
            end.wait()

        def elsewhere() -> None:
            time.sleep(0.05)  # until the other loop has nothing to do
            asyncio.run(calls())
            ended.set()
            ask.wait()
            time.sleep(0.05)
            tmp_path.stat()

        thread = threading.Thread(target=of_pyxie(elsewhere))
        thread.start()
        await asyncio.to_thread(begun.wait)
        end.set()
        ended.wait()
        ask.set()
        await asyncio.to_thread(thread.join)

        assert seen == []


async def test_no_garbage_is_collected_while_it_is_looked_where_a_thread_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CPython's threads would stand still for ever; a whole run did."""
    were_on: list[bool] = []
    frames = sys._current_frames

    def looked() -> Any:
        were_on.append(gc.isenabled())
        return frames()

    monkeypatch.setattr(sys, "_current_frames", looked)
    some = [Pool("some") for _ in range(3)]

    for _ in range(50):  # the watchdog of this run may look, too
        found = await asyncio.gather(*(each.run(frame_of, threading.get_ident()) for each in some))
        assert None not in found

    assert len(were_on) >= 150
    assert not any(were_on)
    assert collects()
