"""Threads for what would hold the event loop: bounded in number, in what waits, and in time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from pyxie import threads
from pyxie.bounds import Bound
from pyxie.errors import BusyError
from pyxie.threads import Pool, Pools, tell
from tests.support import eventually, hung


def waiting(most: int) -> Bound:
    return Bound("some", most, "pieces of work", "refused")


class TestWork:
    async def test_is_done_off_the_event_loop(self) -> None:
        assert await Pool("some").run(threading.current_thread) is not threading.current_thread()

    async def test_comes_after_the_event_loops_where_processors_are_scarce(self) -> None:
        def nice() -> int:
            return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

        assert await Pool("some").run(nice) == min(nice() + 5, 19)

    async def test_gives_what_it_returns_and_raises(self) -> None:
        pool = Pool("some")

        assert await pool.run(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await pool.run(divmod, 7, 0)

    async def test_that_raises_its_own_timeout_is_not_called_busy(self) -> None:
        def late() -> None:
            raise TimeoutError("of its own")

        with pytest.raises(TimeoutError, match="of its own"):
            await Pool("some").run(late)

    async def test_is_at_once_done_by_no_more_threads_than_there_may_be(self) -> None:
        pool = Pool("some", most=2)
        with hung() as disk:
            several = [asyncio.create_task(pool.run(disk.read)) for _ in range(5)]
            await eventually(lambda: disk.asked == 2)
            await asyncio.sleep(0.02)
            assert disk.asked == 2

            disk.mend()
            assert await asyncio.gather(*several) == ["read"] * 5

    async def test_one_after_the_other_is_done_by_one_thread(self) -> None:
        pool = Pool("some", most=4)

        used = {await pool.run(threading.get_ident) for _ in range(20)}

        assert len(used) == 1

    async def test_whose_caller_has_left_before_it_began_is_not_begun(self) -> None:
        pool = Pool("some", most=1)
        begun: list[int] = []
        with hung() as disk:
            first = asyncio.create_task(pool.run(disk.read))
            await eventually(lambda: disk.asked == 1)
            second = asyncio.create_task(pool.run(begun.append, 1))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.wait({second})
            disk.mend()
            await first

        await pool.run(int)
        assert begun == []

    async def test_that_finds_no_room_to_wait_in_is_refused_at_once(self) -> None:
        pool = Pool("the folder", most=1, waiting=waiting(1))
        with hung() as disk:
            two = [asyncio.create_task(pool.run(disk.read)) for _ in range(2)]
            await asyncio.sleep(0)

            with pytest.raises(BusyError, match="the folder: 2 are in hand already; try again"):
                await pool.run(disk.read)

            disk.mend()
            assert await asyncio.gather(*two) == ["read", "read"]
        assert await pool.run(int) == 0

    async def test_that_does_not_end_is_given_up_and_keeps_its_thread_until_it_does(self) -> None:
        pool = Pool("the folder", most=1, waiting=waiting(0), patience=0.02)
        with hung() as disk:
            with pytest.raises(BusyError, match=r"the folder: no answer within 0\.02 s"):
                await pool.run(disk.read)
            with pytest.raises(BusyError, match="in hand already"):
                await pool.run(int)

        async with asyncio.timeout(60):
            for _ in range(1000):
                with contextlib.suppress(BusyError):
                    assert await pool.run(int) == 0
                    break
                await asyncio.sleep(0.01)


class TestWorkThatNobodyAwaits:
    async def test_is_told_of_on_the_event_loop(self) -> None:
        ended: asyncio.Future[tuple[object, ...]] = asyncio.get_running_loop().create_future()

        def told(result: object, error: BaseException | None) -> None:
            ended.set_result((result, error, threading.current_thread()))

        Pool("some").begin(lambda: 7, told)

        assert await ended == (7, None, threading.current_thread())

    async def test_is_told_of_where_it_fails(self) -> None:
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        Pool("some").begin(lambda: 7 // 0, partial(tell, ended))

        with pytest.raises(ZeroDivisionError):
            await ended

    async def test_is_told_to_nobody_who_has_left(self) -> None:
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        ended.cancel()

        tell(ended, 7, None)

        assert ended.cancelled()


class TestThreads:
    async def test_that_have_nothing_to_do_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(threads, "_IDLE", 0.01)
        pool = Pool("a name of its own")

        await pool.run(int)

        def left() -> list[str]:
            return [each.name for each in threading.enumerate() if "of its own" in each.name]

        await eventually(lambda: not left())
        assert await pool.run(int) == 0

    async def test_that_the_host_does_not_give_are_done_without(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        few, none = Pool("few"), Pool("none")
        await few.run(int)

        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", refuse)

        assert await asyncio.gather(*(few.run(int) for _ in range(9))) == [0] * 9
        for _ in range(2):
            with pytest.raises(BusyError, match="none: no thread for it: can't start new thread"):
                await none.run(int)

    async def test_that_hang_leave_those_of_other_kinds_alone(self) -> None:
        pools = Pools()
        with hung() as disk:
            many = [asyncio.create_task(pools.images.run(disk.read)) for _ in range(100)]
            await eventually(lambda: disk.asked > 0)

            for other in (pools.pages, pools.management, pools.loaders, pools.files):
                assert await other.run(int) == 0

            disk.mend()
            await asyncio.gather(*many)

    def test_that_hang_are_not_waited_for_at_the_end_of_the_process(self) -> None:
        script = (
            "import asyncio, time\n"
            "from pyxie.errors import BusyError\n"
            "from pyxie.threads import Pool\n"
            "async def main():\n"
            "    try:\n"
            "        await Pool('some', patience=0.01).run(time.sleep, 600)\n"
            "    except BusyError:\n"
            "        print('over')\n"
            "asyncio.run(main())\n"
        )
        began = time.monotonic()

        ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)

        assert (ended.stdout, ended.stderr) == (b"over\n", b"")
        assert time.monotonic() - began < 50
