"""The servers that recipes name."""

from __future__ import annotations

from pyxie.doctor.found import Severity
from pyxie.doctor.sources import File, Recipe, judge

GOOD = File("http://mirror.example/linux", "answers", signature="good")


def told(*recipes: Recipe) -> list[tuple[str, Severity]]:
    return [(each.code, each.severity) for each in judge(recipes)]


def test_files_that_are_there_are_right() -> None:
    assert told(Recipe("debian-12", (GOOD,)), Recipe("empty")) == []


def test_a_file_that_is_gone_is_told_with_its_url() -> None:
    gone = File("http://mirror.example/initrd.gz", "gone", "answered 404 Not Found")

    (found,) = judge([Recipe("debian-12", (GOOD, gone))])

    assert found.sentence == (
        "of the system debian-12, http://mirror.example/initrd.gz: answered 404 Not Found"
    )


def test_a_signature_that_does_not_hold_is_told() -> None:
    wrong = File("http://mirror.example/linux", "answers", signature="wrong")

    assert told(Recipe("debian-12", (GOOD, wrong))) == [("images", Severity.LOOK)]


def test_a_recipe_that_cannot_be_looked_at_is_told() -> None:
    assert told(Recipe("debain-12", problem="there is no such recipe")) == [
        ("images", Severity.LOOK)
    ]


def test_a_host_without_internet_is_told_once() -> None:
    silent = File("http://mirror.example/linux", "silent", "no route to host")

    assert told(Recipe("debian-12", (silent,)), Recipe("fedora", (silent,))) == [
        ("no-internet", Severity.LOOK)
    ]
