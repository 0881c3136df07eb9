"""Data classes whose methods are compiled when they are called first.

`dataclasses` writes the text of six methods for each class and has it compiled at every start:
pyxie's 400 classes have 2,600, of which a start calls some dozens; it was a fifth of what a start
took. Here a method is a stand-in until then, which gives the class what would have been there, and
is what that is from then on.

`dataclasses` has no such way of its own: what it compiles by is replaced, for pyxie's own classes
alone. Pythons from 3.13 on compile otherwise; there nothing is changed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final, TypeAlias

_Method: TypeAlias = Callable[..., Any]
_COMPILES: Final = "_create_fn"
_OURS: Final = ("pyxie", "__main__")


def install() -> None:
    """Have those of the classes that are made from now on be compiled late, where Python can."""
    at_once = getattr(dataclasses, _COMPILES, None)
    if at_once is not None:
        setattr(dataclasses, _COMPILES, late(at_once))


def late(at_once: Callable[..., _Method]) -> Callable[..., _Method]:
    """Return what makes a method as ``at_once`` does, but when it is called.

    Args:
        at_once: Is given a method's name and source; ``globals`` are its module's.
    """

    def make(name: str, *source: Any, **more: Any) -> _Method:
        module = (more.get("globals") or {}).get("__name__", "")
        if module.partition(".")[0] not in _OURS:
            return at_once(name, *source, **more)
        made: _Method | None = None

        def method(self: Any, /, *args: Any, **named: Any) -> Any:
            nonlocal made
            if made is None:
                made = at_once(name, *source, **more)
                made.__qualname__ = method.__qualname__
                for each in type(self).__mro__:
                    if vars(each).get(name) is method:
                        setattr(each, name, made)
            return made(self, *args, **named)

        method.__name__ = name
        return method

    return make
