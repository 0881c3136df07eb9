"""`pyxie images check`: which files have gone, and which signatures do not hold."""

from __future__ import annotations

import json
from typing import Any

from tests.commandline import Ran, Runner, clean, pyxie
from tests.fakedaemon import answered, fake_daemon, problem

__all__ = ["clean", "pyxie"]

GOOD: dict[str, Any] = {
    "arch": "amd64",
    "part": "kernel",
    "url": "http://m.example/linux",
    "state": "answers",
    "why": "",
    "size": 5000,
    "signature": "good",
    "by": "SHA256SUMS, signed by 4CB5",
}
SILENT = {**GOOD, "state": "silent", "why": "does not resolve", "signature": "unread", "by": "x"}


def called(pyxie: Runner, files: dict[str, Any], *words: str) -> Ran:
    """Check recipes of which a daemon has found these files."""
    names = [{"name": name} for name in files]
    answers = {"GET /api/v1/recipes": answered({"recipes": names})} | {
        f"POST /api/v1/recipes/{name}/check": (
            each if isinstance(each, tuple) else answered({"recipe": name, "files": each})
        )
        for name, each in files.items()
    }
    with fake_daemon(answers) as daemon:
        return pyxie("images", "check", *words, "--url", daemon.url)


def test_all_that_is_well_ends_well(pyxie: Runner) -> None:
    ran = called(pyxie, {"debian-12": [GOOD], "memtest": []})

    assert (ran.code, ran.err) == (0, "pyxie: 1 of 1 files are as their recipes say\n")
    assert ran.out.split("  ")[0] == "debian-12"


def test_a_file_that_has_gone_or_a_bad_signature_ends_with_1(pyxie: Runner) -> None:
    gone = {**GOOD, "state": "refused", "why": "answered 404 Not Found"}
    wrong = {**GOOD, "signature": "wrong", "by": "SHA256SUMS: was changed"}

    ran = called(pyxie, {"a": [gone], "b": [wrong], "c": [GOOD]})

    assert ran.code == 1
    assert "answered 404 Not Found" in ran.out.splitlines()[0]
    assert "signature is wrong" in ran.out.splitlines()[1]
    assert ran.out.splitlines()[1].endswith("SHA256SUMS: was changed")
    assert ran.err == "pyxie: 1 of 3 files are as their recipes say\n"


def test_a_signature_for_which_there_is_no_keyring_here_is_no_failure(pyxie: Runner) -> None:
    ran = called(pyxie, {"a": [{**GOOD, "signature": "unchecked", "by": "there is no keyring"}]})

    assert ran.code == 0
    assert ran.out.rstrip().endswith("there is no keyring")


def test_a_host_without_internet_is_told_so_in_a_sentence(pyxie: Runner) -> None:
    assert called(pyxie, {"a": [SILENT], "b": [SILENT]}) == Ran(
        0,
        "",
        "pyxie: no server answers, so nothing was checked: no internet here? "
        "http://m.example/linux: does not resolve\n",
    )


def test_one_server_of_several_that_is_silent_is_a_failure(pyxie: Runner) -> None:
    assert called(pyxie, {"a": [SILENT], "b": [GOOD]}).code == 1


def test_a_recipe_with_mistakes_is_told_and_the_others_are_checked(pyxie: Runner) -> None:
    ran = called(pyxie, {"own": problem(409, "own.yaml:4:1: no"), "b": [GOOD]})

    assert ran.code == 1
    assert ran.out.splitlines()[0] == "own: own.yaml:4:1: no"
    assert len(ran.out.splitlines()) == 2


def test_one_that_there_is_not_is_refused(pyxie: Runner) -> None:
    ran = called(pyxie, {"x": problem(404, "x: there is no recipe for 'x'")}, "x")

    assert ran == Ran(5, "", "pyxie: x: there is no recipe for 'x'\n")


def test_is_json_for_scripts(pyxie: Runner) -> None:
    ran = called(pyxie, {"a": [SILENT]}, "--json")

    assert json.loads(ran.out)["internet"] is False
    assert json.loads(ran.out)["recipes"][0]["files"] == [SILENT]


def test_what_a_server_says_cannot_act_on_a_terminal(pyxie: Runner) -> None:
    ran = called(pyxie, {"a": [{**GOOD, "url": "http://m/\x1b[2J", "why": "\x07"}]})

    assert "\x1b" not in ran.out
    assert "\\x1b[2J" in ran.out
