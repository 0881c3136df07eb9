"""`pyxie images import`: an ISO image is sent, shown and confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commandline import Ran, Runner, clean, pyxie
from tests.fakedaemon import FakeDaemon, answered, fake_daemon, problem

__all__ = ["clean", "pyxie"]

READY: dict[str, Any] = {
    "name": "f40",
    "file": "f40.iso",
    "size": 5,
    "state": "ready",
    "why": "",
    "title": "Fedora 40, of f40.iso",
    "written": True,
    "entries": [],
    "loaders": [],
}
GUESS: dict[str, Any] = {
    **READY,
    "name": "own",
    "state": "guess",
    "why": "is not known: say what it boots",
    "written": False,
    "title": "Own, of own.iso",
    "entries": [
        {"label": "Own", "kernel": "k", "initrds": ["i"], "cmdline": "quiet", "source": "x.cfg"},
        {"label": "linux", "kernel": "linux", "initrds": [], "cmdline": "", "source": ""},
    ],
    "loaders": ["EFI/BOOT/BOOTX64.EFI"],
}


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    answers = {
        "PUT /api/v1/media/new": answered({"name": "new"}, 201),
        "POST /api/v1/media": answered({"name": "f40"}, 202),
        "GET /api/v1/media/f40": answered(READY),
        "GET /api/v1/media/own": answered(GUESS),
        "GET /api/v1/media/bad": answered({**READY, "state": "broken", "why": "is no medium"}),
        "GET /api/v1/media/part": answered({**READY, "why": "cannot be written"}),
        "POST /api/v1/media/own/confirm": answered({**GUESS, "state": "ready", "why": ""}),
    }
    with fake_daemon(answers) as running:
        yield running


def called(pyxie: Runner, daemon: FakeDaemon, *arguments: str) -> Ran:
    return pyxie("images", "import", *arguments, "--url", daemon.url)


def asked(daemon: FakeDaemon) -> list[str]:
    return [f"{each.method} {each.path}" for each in daemon.asked]


class TestAKnownMedium:
    def test_is_told_by_its_recipe(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        assert called(pyxie, daemon, "f40") == Ran(
            0, "f40: Fedora 40, of f40.iso; boot it by `os: f40`\n", ""
        )

    def test_whose_recipe_is_not_written_is_told_so(
        self, pyxie: Runner, daemon: FakeDaemon
    ) -> None:
        assert called(pyxie, daemon, "part").out.endswith("; but cannot be written\n")

    def test_is_fetched_by_the_daemon_from_a_url(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        ran = called(pyxie, daemon, "https://m.example/F40.iso", "--name", "f40")

        assert ran.code == 0
        assert asked(daemon) == ["POST /api/v1/media", "GET /api/v1/media/f40"]

    def test_that_is_there_already_is_not_sent_again(
        self, pyxie: Runner, daemon: FakeDaemon, tmp_path: Path
    ) -> None:
        (tmp_path / "F40.iso").write_bytes(b"12345")

        assert called(pyxie, daemon, "F40.iso").code == 0
        assert asked(daemon) == ["GET /api/v1/media/f40"] * 2

    def test_is_not_sent_by_the_name_of_another(
        self, pyxie: Runner, daemon: FakeDaemon, tmp_path: Path
    ) -> None:
        (tmp_path / "f40.iso").write_bytes(b"123")

        assert called(pyxie, daemon, "f40.iso") == Ran(
            1, "", "pyxie: another image is called f40: choose another --name, or remove that\n"
        )


class TestAFile:
    def test_is_sent(self, pyxie: Runner, tmp_path: Path) -> None:
        (tmp_path / "New.iso").write_bytes(b"12345")
        with fake_daemon({"PUT /api/v1/media/new": answered({"name": "new"}, 201)}) as daemon:
            ran = called(pyxie, daemon, "New.iso")

            assert asked(daemon)[:2] == ["GET /api/v1/media/new", "PUT /api/v1/media/new"]
        assert ran.code == 5

    def test_that_is_none_is_a_mistake(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        ran = called(pyxie, daemon, "./gone.iso")

        assert ran.code == 2
        assert "'./gone.iso' is not a name like fedora-40, and no file" in ran.err

    def test_is_not_sent_to_who_refuses(self, pyxie: Runner, tmp_path: Path) -> None:
        (tmp_path / "new.iso").write_bytes(b"1")
        with fake_daemon({"GET /api/v1/media/new": problem(403, "you may not")}) as daemon:
            assert called(pyxie, daemon, "new.iso") == Ran(6, "", "pyxie: you may not\n")


class TestAGuess:
    def test_is_shown(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        assert called(pyxie, daemon, "own") == Ran(
            1,
            "own is not known: say what it boots\n"
            "guess: Own\n"
            "  kernel:  k\n"
            "  initrd:  i\n"
            "  cmdline: quiet\n"
            "  from:    x.cfg\n"
            "or: linux\n"
            "  kernel:  linux\n"
            "  cmdline: \n"
            "  from:    its name\n"
            "for UEFI: EFI/BOOT/BOOTX64.EFI\n",
            "",
        )

    def test_is_confirmed(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        ran = called(pyxie, daemon, "own", "--confirm", "--cmdline", "loud")

        assert ran == Ran(0, "own: Own, of own.iso; boot it by `os: own`\n", "")
        assert asked(daemon)[-1] == "POST /api/v1/media/own/confirm"

    def test_that_is_broken_says_why(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        assert called(pyxie, daemon, "bad") == Ran(1, "f40.iso is no medium\n", "")
