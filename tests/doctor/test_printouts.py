"""Other programs, whatever they do."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from pyxie.bounds import DOCTOR_OUTPUT
from pyxie.doctor import printouts
from pyxie.doctor.printouts import UnseenError, output


def asked(program: str, *arguments: str, seconds: float = 10.0) -> str:
    return asyncio.run(output(program, *arguments, package="some-package", seconds=seconds))


def shell(script: str, *, seconds: float = 10.0) -> str:
    return asked("sh", "-c", script, seconds=seconds)


class TestOutput:
    def test_what_it_prints_is_returned(self) -> None:
        assert shell("echo one; echo two >&2") == "one\n"

    def test_what_is_not_text_is_made_text(self) -> None:
        assert shell(r"printf '\377x'") == "\ufffdx"

    def test_one_that_is_missing_is_named_with_its_package(self) -> None:
        with pytest.raises(UnseenError, match=r"^pyxie-nothing is not installed: apt install some"):
            asked("pyxie-nothing")

    def test_one_that_fails_says_why(self) -> None:
        with pytest.raises(UnseenError, match=r"^sh says: Operation not permitted$"):
            shell("echo Operation not permitted >&2; echo more >&2; exit 1")

    def test_one_that_fails_without_a_word_says_its_code(self) -> None:
        with pytest.raises(UnseenError, match=r"^sh says: exit code 3$"):
            shell("exit 3")

    def test_one_that_hangs_is_given_up_and_killed(self, tmp_path: Path) -> None:
        pid = tmp_path / "pid"
        began = time.monotonic()

        with pytest.raises(UnseenError, match=r"^sh has not answered within 0.2 s$"):
            shell(f"echo $$ > {pid}; exec sleep 60", seconds=0.2)

        assert time.monotonic() - began < 5
        assert not Path("/proc", pid.read_text().strip()).exists()

    def test_one_whose_child_keeps_its_output_is_given_up_too(self) -> None:
        began = time.monotonic()

        with pytest.raises(UnseenError, match="has not answered"):
            shell("sleep 5 & exit 0", seconds=0.2)

        assert time.monotonic() - began < 4

    def test_one_that_prints_without_end_is_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(DOCTOR_OUTPUT, "most", 1 << 20)

        with pytest.raises(UnseenError, match="prints more than 1 MiB"):
            shell("yes")

    def test_one_that_may_not_be_run_says_so(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "broken").write_bytes(b"\x7fELF")
        (tmp_path / "broken").chmod(0o755)
        monkeypatch.setattr(printouts, "_SBIN", str(tmp_path))

        with pytest.raises(UnseenError, match=r"^broken cannot be run: "):
            asked("broken")
