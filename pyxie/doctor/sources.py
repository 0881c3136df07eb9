"""Do the servers that recipes name have their files? Pure: told what the daemon has found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pyxie.doctor.found import Finding, Severity, shown


@dataclass(frozen=True, slots=True)
class File:
    """One file of a system.

    Attributes:
        url: Where it is.
        state: ``answers`` if it is there, ``silent`` if its server does not answer.
        why: What is wrong, in words.
        signature: How its signature is.
    """

    url: str
    state: str
    why: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A system that machines are to boot.

    Attributes:
        name: Of its recipe.
        files: What it consists of.
        problem: Why it could not be looked at; empty if it could.
    """

    name: str
    files: tuple[File, ...] = ()
    problem: str = ""


_BAD: Final = ("wrong", "unread")


def judge(recipes: Iterable[Recipe]) -> Iterator[Finding]:
    """Yield what machines would not get."""
    everything = list(recipes)
    files = [each for recipe in everything for each in recipe.files]
    if files and all(each.state == "silent" for each in files):
        yield Finding(
            "no-internet",
            Severity.LOOK,
            "no server of kernels and initrds answers this host"
            f" ({shown(files[0].url)}: {shown(files[0].why)}): machines boot what is kept already",
            (
                "curl -I " + shown(files[0].url),
                (
                    "a way out by a proxy: http_proxy in the service's environment; a mirror on the"
                    " LAN: mirrors in config.yaml"
                ),
            ),
        )
        return
    for recipe in everything:
        if recipe.problem:
            what = f"the system {shown(recipe.name)} cannot be looked at: {shown(recipe.problem)}"
            yield Finding("images", Severity.LOOK, what, (f"pyxie images check {recipe.name}",))
        for each in recipe.files:
            if each.state != "answers" or each.signature in _BAD:
                why = each.why or f"signature {each.signature}"
                yield Finding(
                    "images",
                    Severity.LOOK,
                    f"of the system {shown(recipe.name)}, {shown(each.url)}: {shown(why)}",
                    (f"pyxie images check {recipe.name}     # machines boot what is kept already",),
                )
