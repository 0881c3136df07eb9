"""The mutants of a module."""

from __future__ import annotations

import ast

from tests.mutation.mutants import mutants
from tests.mutation.swapped import difference

SOURCE = """\
from x import y

LIMIT: int = 3

def f(a: int | None) -> bool:
    '''No text has any.'''
    if a is None:
        return False
    y(a)
    return a < LIMIT  # pragma: no mutant
"""


class TestMutants:
    def test_differ_in_one_thing_each(self) -> None:
        found = [(each.line, each.place, each.change) for each in mutants(SOURCE)]

        assert found == [
            (3, "", "3 -> 4"),
            (7, "f", "if a is None:\n    return False -> if False:\n    return False"),
            (7, "f", "if a is None:\n    return False -> if True:\n    return False"),
            (7, "f", "a is None -> a is not None"),
            (8, "f", "return False -> return None"),
            (8, "f", "False -> True"),
            (9, "f", "y(a) -> pass"),
        ]

    def test_can_be_compiled_and_leave_all_else_as_it_was(self) -> None:
        whole = ast.unparse(ast.parse(SOURCE)).splitlines()
        for each in mutants(SOURCE):
            compile(each.tree, "x.py", "exec")
            mine = ast.unparse(each.tree).splitlines()

            assert sum(a != b for a, b in zip(whole, mine, strict=True)) == 1


class TestTheDifference:
    def test_is_a_function_if_only_what_one_does_differs(self) -> None:
        source = """\
TOP = 1

def f():
    return [x + 1 for x in y]

class A:
    INNER = 2

    def g(self):
        return 3
"""
        whole = compile(source, "x.py", "exec")
        found = {}
        for each in mutants(source):
            told = difference(whole, compile(each.tree, "x.py", "exec"))
            found[each.change] = told and (told[0].co_qualname, told[1].co_qualname)

        assert found == {
            "1 -> 2": ("f", "f"),  # of TOP, and then of f
            "return [x + 1 for x in y] -> return None": ("f", "f"),
            "x + 1 -> x - 1": ("f", "f"),
            "2 -> 3": None,
            "return 3 -> return None": ("A.g", "A.g"),
            "3 -> 4": ("A.g", "A.g"),
        }
