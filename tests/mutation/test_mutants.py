"""The mutants of a module."""

from __future__ import annotations

import ast

from tests.mutation.mutants import mutants

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
