"""Which machines have nearly a MAC: a digit mistyped, or another NIC of the same board. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pyxie.diagnosis.situation import Near

MOST: Final = 3
"""That are told."""
_BOARD: Final = 8
"""Numbers apart that NICs of one board may be: two to four ports, and the BMC's."""
_ORDER: Final = {"digit": 0, "swapped": 1, "board": 2}


def near(mac: str, known: Iterable[tuple[str, str]]) -> tuple[Near, ...]:
    """Return the machines whose MAC is nearly ``mac``, the likeliest first.

    Args:
        mac: ``aa:bb:cc:dd:ee:ff``.
        known: MAC and hostname of every machine's NICs.
    """
    return tuple(sorted(_near(mac, known), key=_rank)[:MOST])


def _rank(each: Near) -> tuple[int, str, str]:
    return _ORDER[each.how], each.host, each.mac


def _near(mac: str, known: Iterable[tuple[str, str]]) -> Iterator[Near]:
    number = _number(mac)
    for other, host in known:
        theirs = _number(other)
        apart = number ^ theirs
        if apart == 0:
            continue
        # The same maker, and a near number: a digit may differ as well, but rather it is a port.
        if apart >> 24 == 0 and abs(number - theirs) <= _BOARD:
            yield Near(host, other, "board")
        elif _digits(apart) == 1:
            yield Near(host, other, "digit")
        elif _digits(apart) == 2 and _swapped(mac, other):
            yield Near(host, other, "swapped")


def _number(mac: str) -> int:
    return int(mac.replace(":", ""), 16)


def _digits(apart: int) -> int:
    """Return in how many hexadecimal digits two numbers differ."""
    return sum(digit != "0" for digit in f"{apart:x}")


def _swapped(mac: str, other: str) -> bool:
    """Tell whether two digits beside each other stand the other way round."""
    mine, theirs = mac.replace(":", ""), other.replace(":", "")
    first, second = [at for at in range(12) if mine[at] != theirs[at]]
    both = mine[first] + mine[second]
    return second - first == 1 and both == theirs[second] + theirs[first]
