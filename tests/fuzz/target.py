"""What is fuzzed: something of pyxie's that takes any bytes, and what it may answer them with."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import tests.fuzz.targets

PATIENCE: Final = 1.0
"""Seconds of the processor for one input. What takes longer is a finding, whatever comes of it."""


class TooSlowError(AssertionError):
    """An input took longer than anything that a stranger sends may take."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that takes any bytes.

    Attributes:
        take: Does with them what pyxie does, and asserts what holds of any.
        longest: How many bytes pyxie would take there.
        refuses: The errors that it documents; any other is a finding.
        words: What such inputs are made of.
    """

    take: Callable[[bytes], None]
    longest: int
    refuses: tuple[type[Exception], ...] = ()
    words: tuple[bytes, ...] = ()


def names() -> list[str]:
    """Return what all targets are called: as the modules beside this one."""
    return sorted(each.name for each in pkgutil.iter_modules(tests.fuzz.targets.__path__))


def target(name: str) -> Target:
    """Return a target by its name."""
    found = importlib.import_module(f"{tests.fuzz.targets.__name__}.{name}").TARGET
    assert isinstance(found, Target)
    return found


def attempt(tried: Target, data: bytes, patience: float = PATIENCE) -> None:
    """Give bytes to a target.

    Args:
        tried: The target.
        data: The bytes; of too many the first are taken.
        patience: Seconds that it may take.

    Raises:
        TooSlowError: It took longer.
        Exception: What it does not document.
    """
    began = time.thread_time()
    with suppress(*tried.refuses):
        tried.take(data[: tried.longest])
    took = time.thread_time() - began
    if took > patience:
        raise TooSlowError(f"{took:.1f} s for {len(data):,} bytes: {data[:60]!r}")


class Feed:
    """Takes values off the front of bytes; of none that are left there are zeros."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes, fewer at the end."""
        found = self._data[self._at : self._at + size]
        self._at += size
        return found

    def number(self, below: int) -> int:
        """Return a number from 0 on, of as many bytes as it takes."""
        size = (max(below - 1, 1).bit_length() + 7) // 8
        return int.from_bytes(self.take(size)) % below

    def sized(self) -> bytes:
        """Return bytes whose number stands before them."""
        return self.take(self.number(256))

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(len(self._data))

    def __bool__(self) -> bool:
        return self._at < len(self._data)


def text(data: bytes) -> str:
    """Return bytes as text, whatever they are."""
    return data.decode("utf-8", "replace")


def worst(words: Iterable[bytes], longest: int) -> Iterable[tuple[str, bytes]]:
    """Walk inputs that are as long as they can be, of what a target's inputs are made of.

    A word again and again; two in turn; one, and then another without end. That is what sends
    an expression or a loop back to its start at each letter.
    """
    letters = (b" ", b"\n", b"\t", b"a", b"0", b"\0", b"\xff", b"/", b".", b"-", b"=", b":", b'"')
    pieces = list(dict.fromkeys((*words, *letters)))
    for word in pieces:
        yield f"{word!r} without end", word * (longest // len(word))
        for other in pieces:
            if other != word:
                pair = word + other
                yield f"{word!r} and {other!r} in turn", pair * (longest // len(pair))
                yield (
                    f"{word!r}, then {other!r} without end",
                    word + other * ((longest - len(word)) // len(other)),
                )
