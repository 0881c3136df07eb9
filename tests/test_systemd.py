"""sd_notify(3), read from the other end of a real socket."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pyxie import systemd


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, address: str, spelt: str) -> None:
        self.environ = {"NOTIFY_SOCKET": spelt}
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(5)

    def heard(self) -> list[str]:
        return self.socket.recv(4096).decode().split("\n")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    path = str(tmp_path / "notify")
    listening = Manager(path, path)
    with listening.socket:
        yield listening


class TestNotify:
    def test_ready_says_so_and_in_what_state(self, manager: Manager) -> None:
        systemd.ready("12 machines", environ=manager.environ)

        assert manager.heard() == ["READY=1", "STATUS=12 machines"]

    def test_ready_without_a_status_leaves_the_old_one(self, manager: Manager) -> None:
        systemd.ready(environ=manager.environ)

        assert manager.heard() == ["READY=1"]

    def test_reloading_carries_the_monotonic_time_in_microseconds(self, manager: Manager) -> None:
        before = time.monotonic_ns() // 1000
        systemd.reloading(environ=manager.environ)
        after = time.monotonic_ns() // 1000

        said, moment = manager.heard()
        name, _, microseconds = moment.partition("=")
        assert (said, name) == ("RELOADING=1", "MONOTONIC_USEC")
        assert before <= int(microseconds) <= after

    def test_stopping_says_so(self, manager: Manager) -> None:
        systemd.stopping("2 transfers in hand", environ=manager.environ)

        assert manager.heard() == ["STOPPING=1", "STATUS=2 transfers in hand"]

    def test_a_status_of_two_lines_cannot_smuggle_in_an_assignment(self, manager: Manager) -> None:
        systemd.status("web01\nMAINPID=1", environ=manager.environ)

        assert manager.heard() == ["STATUS=web01 MAINPID=1"]

    def test_an_abstract_socket_is_spelt_with_an_at_sign(self) -> None:
        name = f"pyxie-test-{os.getpid()}"
        manager = Manager(f"\0{name}", f"@{name}")

        with manager.socket:
            systemd.ready(environ=manager.environ)

            assert manager.heard() == ["READY=1"]

    def test_without_a_service_manager_nothing_is_said(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        systemd.ready(environ={})

        assert caplog.records == []

    def test_a_service_manager_that_is_gone_is_logged_and_survived(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "gone"

        systemd.ready(environ={"NOTIFY_SOCKET": str(path)})

        problem = "[Errno 2] No such file or directory"
        assert caplog.messages == [f"the service manager at {path} was not told READY=1: {problem}"]

    def test_a_service_manager_that_reads_nothing_does_not_stop_the_daemon(
        self, manager: Manager, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(systemd, "_PATIENCE", 0.01)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as flood:
            flood.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    flood.sendto(b"", manager.environ["NOTIFY_SOCKET"])

        systemd.ready(environ=manager.environ)

        assert [record.levelno for record in caplog.records] == [logging.WARNING]


class TestWatchdog:
    async def test_pings_again_and_again_from_the_event_loop(self, manager: Manager) -> None:
        watchdog = systemd.Watchdog(environ=manager.environ | {"WATCHDOG_USEC": "3000"})

        async with watchdog:
            pinging = asyncio.create_task(watchdog.serve())
            pings = [await asyncio.to_thread(manager.heard) for _ in range(3)]
            await watchdog.drain()
            pinging.cancel()

        assert pings == [["WATCHDOG=1"]] * 3

    def test_pings_thrice_in_the_time_it_is_given(self) -> None:
        watchdog = systemd.Watchdog(environ={"WATCHDOG_USEC": "30000000"})

        assert watchdog.interval == 10.0

    async def test_waits_forever_where_there_is_no_watchdog(self, manager: Manager) -> None:
        watchdog = systemd.Watchdog(environ=manager.environ)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), watchdog:
                await watchdog.serve()

        manager.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.heard()

    @pytest.mark.parametrize("limit", ["0", "", "-5", "soon"])
    def test_a_limit_that_is_none_is_no_watchdog(self, limit: str) -> None:
        assert systemd.Watchdog(environ={"WATCHDOG_USEC": limit}).interval is None

    def test_a_watchdog_set_for_this_process_is_heeded(self) -> None:
        environ = {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}

        assert systemd.Watchdog(environ=environ).interval == 1.0

    def test_a_watchdog_set_for_another_process_is_not_ours(self) -> None:
        environ = {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getppid())}

        assert systemd.Watchdog(environ=environ).interval is None


class TestWhoRunsIt:
    def test_is_nobody_where_there_is_no_socket_to_tell(self) -> None:
        assert systemd.by_hand(environ={}) == os.getpid()
        assert systemd.by_hand(environ={"NOTIFY_SOCKET": "/run/x"}) is None
