"""Finds what is read before an ``await``, and written after it without being read again.

Meanwhile another task may have written it, and that is lost. Seen is one async function at a time,
with the plain methods of its class that it calls; held locks are seen, also where all callers of a
method hold one. What goes by way of other names is not seen: that is for `tests.interleaving`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

_CHANGES: Final = frozenset(
    ("add", "append", "appendleft", "clear", "discard", "extend", "insert", "move_to_end", "pop",
     "popitem", "popleft", "put_nowait", "remove", "set", "setdefault", "sort", "update")
)  # fmt: skip
"""Methods that change what they are called of."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Step:
    """One thing that a function does, in the order in which it does them."""

    what: Literal["read", "write", "await"]
    line: int
    held: frozenset[str]
    name: str = ""


@dataclass(frozen=True, order=True)
class Found:
    """An attribute that may be written over; lines of the read and of the write."""

    function: str
    name: str
    read: int
    written: int


def found(source: str) -> list[Found]:
    """Return all such places of a module."""
    tree = ast.parse(source)
    places: set[Found] = set()
    for owner in ast.walk(tree):
        if not isinstance(owner, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            continue
        methods = {each.name: each for each in owner.body if isinstance(each, Function)}
        for function in methods.values():
            if isinstance(function, ast.AsyncFunctionDef):
                held = _held_by_callers(function.name, methods)
                places.update(_lost(function.name, _Steps(methods).of(function, held)))
    return sorted(places)


def _lost(function: str, steps: list[Step]) -> Iterator[Found]:
    """Yield what is written though it was read before an await only."""
    for at, written in enumerate(steps):
        if written.what != "write":
            continue
        waited: frozenset[str] | None = None
        """The locks that were held at all awaits since, where there was one."""
        for step in reversed(steps[:at]):
            if step.what == "await":
                waited = step.held if waited is None else waited & step.held
            elif step.name != written.name:
                continue
            elif step.what == "write" or waited is None:
                break
            elif not waited & written.held & step.held:
                yield Found(function, written.name, step.line, written.line)
                break
            else:
                break


def _held_by_callers(name: str, methods: dict[str, Function]) -> frozenset[str]:
    """Return the locks that are held wherever a private method is called in its class."""
    if not name.startswith("_") or name.startswith("__"):
        return frozenset()
    calls = [
        held
        for method in methods.values()
        for node, held in _within(method, frozenset())
        if isinstance(node, ast.Call) and _path(node.func) == f"self.{name}"
    ]
    return frozenset.intersection(*calls) if calls else frozenset()


def _within(node: ast.AST, held: frozenset[str]) -> Iterator[tuple[ast.AST, frozenset[str]]]:
    yield node, held
    if isinstance(node, ast.AsyncWith):
        held = held | {_path(item.context_expr) for item in node.items} - {""}
    for child in ast.iter_child_nodes(node):
        yield from _within(child, held)


def _path(node: ast.AST) -> str:
    """Return ``self.queue.failing`` for that; empty for what is no attribute of a name."""
    if isinstance(node, ast.Attribute):
        if isinstance(node.value, ast.Name):
            return f"{node.value.id}.{node.attr}"
        inner = _path(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


class _Steps(ast.NodeVisitor):
    """Walks a function in the order in which it is run, each loop twice."""

    def __init__(self, methods: dict[str, Function]) -> None:
        self._methods = methods
        self._inside: list[str] = []
        self._steps: list[Step] = []
        self._held: frozenset[str] = frozenset()

    def of(self, function: Function, held: frozenset[str]) -> list[Step]:
        self._held = held
        self._all(function.body)
        return self._steps

    def _step(self, what: Literal["read", "write", "await"], node: ast.AST, name: str = "") -> None:
        if what == "await" or name:
            self._steps.append(Step(what, getattr(node, "lineno", 0), self._held, name))

    def _all(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _not_now(self, node: ast.AST) -> None:
        """Leave out what is run at another time."""

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = _not_now  # noqa: N815

    def visit_Await(self, node: ast.Await) -> None:
        self.visit(node.value)
        self._step("await", node)
        match node.value:
            case ast.Call(func=ast.Attribute(attr="wait") as func):
                self._step("read", node, _path(func.value))  # an event, as it is by then
            case _:
                pass

    def _loop(self, node: ast.AsyncFor | ast.For) -> None:
        self.visit(node.iter)
        for _ in range(2):
            if isinstance(node, ast.AsyncFor):
                self._step("await", node)
            self.visit(node.target)
            self._all(node.body)
        self._all(node.orelse)

    visit_For = visit_AsyncFor = _loop  # noqa: N815

    def visit_While(self, node: ast.While) -> None:
        for _ in range(2):
            self.visit(node.test)
            self._all(node.body)
        self._all(node.orelse)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> None:
        before = self._held
        for item in node.items:
            self.visit(item.context_expr)
            self._step("await", node)
            self._held |= {_path(item.context_expr)} - {""}
        self._all(node.body)
        self._held = before
        self._step("await", node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        self._all(node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._step("read", node, _path(node.target))
        self.visit(node.value)
        self.visit(node.target)

    def visit_Call(self, node: ast.Call) -> None:
        self._all([*node.args, *(each.value for each in node.keywords)])
        if not isinstance(node.func, ast.Attribute):
            self.visit(node.func)
            return
        name, of = node.func.attr, _path(node.func.value)
        method = self._methods.get(name)
        if _path(node.func) == f"self.{name}" and isinstance(method, ast.FunctionDef):
            if name not in self._inside:
                self._inside.append(name)
                self._all(method.body)
                self._inside.pop()
        elif name in _CHANGES and of:
            self._step("write", node, of)
        elif of:
            self._step("read", node, of)
        else:
            self.visit(node.func.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.slice)
        if isinstance(node.ctx, ast.Load) or not _path(node.value):
            self.visit(node.value)
        else:
            self._step("write", node, _path(node.value))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._step("read" if isinstance(node.ctx, ast.Load) else "write", node, _path(node))
        if not _path(node):
            self.visit(node.value)
