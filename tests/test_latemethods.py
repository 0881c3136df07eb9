"""A class whose methods are compiled late is the same as one whose methods are compiled at once."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.latemethods import late

COMPILES = "_create_fn"
PLAIN: Mapping[str, bool] = {}
AT_ONCE = getattr(dataclasses, COMPILES, None)

pytestmark = pytest.mark.skipif(AT_ONCE is None, reason="this Python compiles otherwise")


@contextmanager
def compiling(how: Callable[..., Any] | None) -> Iterator[None]:
    before = AT_ONCE
    setattr(dataclasses, COMPILES, how)
    try:
        yield
    finally:
        setattr(dataclasses, COMPILES, before)


class Counted:
    """Compiles as Python does, and keeps which methods it did."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, name: str, *source: Any, **more: Any) -> Any:
        assert AT_ONCE is not None
        self.made.append(name)
        return AT_ONCE(name, *source, **more)


def point(
    how: Callable[..., Any] | None, options: Mapping[str, bool] = PLAIN, module: str = "pyxie.made"
) -> type[Any]:
    """Return a class of ``module``, and one that has it as its base."""
    names: dict[str, Any] = {"dataclass": dataclass, "field": field, "__name__": module}
    sys.modules[module] = type(sys)(module)
    vars(sys.modules[module]).update(names)
    with compiling(how):
        exec(SOURCE.replace("OPTIONS", repr(dict(options))), vars(sys.modules[module]))
    made: type[Any] = vars(sys.modules[module])["Placed"]
    return made


SOURCE = '''
@dataclass(**OPTIONS)
class Point:
    """A point."""

    x: int
    y: float = 1.5
    tags: list[str] = field(default_factory=list, compare=False)

@dataclass(**OPTIONS)
class Placed(Point):
    """A point in a place."""

    where: str = "here"
'''

OPTIONS = st.fixed_dictionaries(
    {name: st.booleans() for name in ("frozen", "slots", "kw_only", "unsafe_hash")}
)
VALUES = st.fixed_dictionaries(
    {"x": st.integers(0, 2)},
    optional={"y": st.floats(0, 1), "where": st.sampled_from("ab"), "z": st.just(0)},
)


def outcome(work: Callable[[], object]) -> object:
    try:
        return work()
    except Exception as exc:  # noqa: BLE001  (they are compared)
        return type(exc), str(exc)


def told(made: type[Any], values: dict[str, Any], others: dict[str, Any]) -> list[object]:
    """Return all that can be seen of two of its instances."""

    def one() -> Any:
        return made(**values)

    def changed() -> Any:
        instance = one()
        instance.x = 7
        return repr(instance)

    def shortened() -> Any:
        instance = one()
        del instance.x
        return outcome(lambda: repr(instance))

    return [
        outcome(work)
        for work in (
            lambda: repr(one()),
            lambda: one() == one(),
            lambda: one() == made(**others),
            lambda: hash(one()) == hash(one()),
            lambda: repr(made(1)),
            lambda: repr(dataclasses.replace(one(), x=3)),
            lambda: dataclasses.asdict(one()),
            lambda: pickle.loads(pickle.dumps(one())) == one(),
            changed,
            shortened,
            lambda: made.__match_args__,
            lambda: made.__init__.__qualname__,
        )
    ]


class TestAnyClass:
    @given(options=OPTIONS, values=VALUES, others=VALUES)
    def test_is_as_if_it_were_compiled_at_once(
        self, options: dict[str, bool], values: dict[str, Any], others: dict[str, Any]
    ) -> None:
        at_once = told(point(AT_ONCE, options), values, others)

        assert AT_ONCE is not None
        assert told(point(late(AT_ONCE), options), values, others) == at_once


class TestAMethod:
    def test_is_compiled_when_it_is_called_and_is_then_the_class_s_own(self) -> None:
        counted = Counted()
        made = point(late(counted), {"frozen": True, "slots": True})

        assert counted.made == []
        assert repr(made(1)) == "Placed(x=1, y=1.5, tags=[], where='here')"
        assert counted.made == ["__init__", "__repr__"]
        assert made.__init__.__code__.co_filename == "<string>"
        made(2)
        assert counted.made == ["__init__", "__repr__"]

    def test_of_a_base_becomes_the_base_s_own(self) -> None:
        counted = Counted()
        made = point(late(counted))
        base = made.__mro__[1]
        late_init = vars(base)["__init__"]

        base.__init__(made(1), 2)  # type: ignore[misc]

        assert vars(base)["__init__"] is not late_init
        assert counted.made == ["__init__", "__init__"]

    def test_of_another_s_class_is_compiled_at_once(self) -> None:
        counted = Counted()

        point(late(counted), module="aiohttp.made")

        assert "__init__" in counted.made


def test_a_command_has_its_own_classes_compiled_late() -> None:
    code = (
        "import sys, runpy; sys.argv = ['pyxie', '--version']\n"
        "try: runpy.run_module('pyxie', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "from pyxie.errors import Problem; print(Problem.__init__.__module__)"
    )

    said = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()

    assert said[-1] == "pyxie.latemethods"
