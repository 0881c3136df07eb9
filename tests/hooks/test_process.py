"""Commands that are run: their end, their output, their time, their children."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyxie.bounds import HOOK_KILL, HOOK_OUTPUT
from pyxie.hooks.process import Outcome, kill, run
from tests.support import eventually

PATH = {"PATH": os.environ["PATH"]}


def shell(text: str) -> list[str]:
    return ["/bin/sh", "-c", text]


class TestRun:
    async def test_both_outputs_are_kept_in_order(self) -> None:
        assert await run(shell("echo a; echo b >&2; echo c"), 10, PATH) == Outcome(
            ok=True, result="exit code 0", output="a\nb\nc\n"
        )

    async def test_a_failure_is_told_by_its_code_or_signal(self) -> None:
        assert await run(shell("exit 3"), 10, PATH) == Outcome(ok=False, result="exit code 3")
        assert (await run(shell("kill -TERM $$"), 10, PATH)).result == "died of signal 15"

    async def test_no_shell_looks_at_the_arguments(self, tmp_path: Path) -> None:
        words = ["printf", "%s|", f"; touch {tmp_path}/x", "$HOME", "*", "a b"]

        ran = await run(words, 10, PATH)

        assert ran.output == f"; touch {tmp_path}/x|$HOME|*|a b|"
        assert not (tmp_path / "x").exists()

    async def test_a_program_that_is_not_there_is_told(self) -> None:
        ran = await run(["/nowhere/x"], 10, PATH)

        assert ran == Outcome(
            ok=False, result="'/nowhere/x' cannot be run: No such file or directory"
        )
        assert not (await run(["a\0b"], 10, PATH)).ok

    async def test_it_is_given_nothing_but_its_environment(self) -> None:
        assert (await run(["env"], 10, {**PATH, "A": "b"})).output == f"PATH={PATH['PATH']}\nA=b\n"
        assert (await run(["cat"], 10, PATH)).ok  # and no input

    async def test_of_much_output_the_end_is_kept_and_nothing_waits(self) -> None:
        ran = await run(shell("head -c 10000000 /dev/zero | tr '\\0' x; echo end"), 30, PATH)

        assert ran.ok
        assert len(ran.output) == HOOK_OUTPUT.most
        assert ran.output.endswith("xend\n")


class TestOverstaying:
    async def test_it_is_killed_with_its_children(self, tmp_path: Path) -> None:
        file = tmp_path / "pids"
        text = f"trap '' TERM; sleep 60 & echo $! > {file}; echo begun; sleep 60"

        began = time.monotonic()
        ran = await run(shell(text), 0.5, PATH)

        assert ran == Outcome(ok=False, result="killed after 0.5 s", output="begun\n")
        assert time.monotonic() - began < 20
        child = int(file.read_text())
        await eventually(lambda: _is_gone(child))

    async def test_a_child_left_in_the_background_is_a_part_of_it(self, tmp_path: Path) -> None:
        file = tmp_path / "pids"

        ran = await run(shell(f"sleep 60 & echo $! > {file}"), 0.5, PATH)

        assert ran.result == "killed after 0.5 s"
        child = int(file.read_text())
        await eventually(lambda: _is_gone(child))

    @pytest.mark.parametrize("writes", ["sleep 60", "yes", "sleep 60 >/dev/null"])
    async def test_a_child_in_a_session_of_its_own_is_not_waited_for(
        self, tmp_path: Path, writes: str
    ) -> None:
        """An ssh that stays behind for the next (ControlPersist) holds the output open."""
        with left_behind(tmp_path) as file:
            text = f"echo begun; setsid sh -c 'echo $$ > {file}; {writes}' & "

            began = time.monotonic()
            ran = await run(shell(f"{text} until [ -s {file} ]; do sleep 0.01; done"), 30, PATH)

            assert (ran.ok, ran.result) == (True, "exit code 0")
            assert time.monotonic() - began < 20
            # What writes on dies of the pipe, which is closed, and not by pyxie.
            assert writes == "yes" or not _is_gone(int(file.read_text()))

    async def test_nor_is_it_after_the_kill(self, tmp_path: Path) -> None:
        with left_behind(tmp_path) as file:
            text = f"setsid sh -c 'echo $$ > {file}; sleep 60' & echo begun; sleep 60"

            began = time.monotonic()
            ran = await run(shell(text), 0.5, PATH)

            assert ran == Outcome(ok=False, result="killed after 0.5 s", output="begun\n")
            assert time.monotonic() - began < 20

    async def test_what_does_not_die_of_the_kill_is_left(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        before = HOOK_KILL.times

        await kill(Stuck(), patience=0.01)

        assert HOOK_KILL.times == before + 1
        assert "process 4194305 was killed and does not end; left behind" in caplog.text

    async def test_when_we_stop_it_goes_with_us(self, tmp_path: Path) -> None:
        file = tmp_path / "pids"
        task = asyncio.create_task(run(shell(f"echo $$ > {file}; sleep 60"), 60, PATH))
        await eventually(lambda: file.exists() and file.read_text().strip())

        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert _is_gone(int(file.read_text()))


class Stuck:
    """A process that waits for a disk that does not answer."""

    pid = 4_194_305
    """More than there can be."""

    async def wait(self) -> int:
        await asyncio.Event().wait()
        return 0


@contextmanager
def left_behind(folder: Path) -> Iterator[Path]:
    """Give a file for the number of a process that nobody else ends."""
    file = folder / "left"
    try:
        yield file
    finally:
        if file.exists():
            os.killpg(int(file.read_text()), signal.SIGKILL)


def _is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"  # nobody waits for an orphan in a container
