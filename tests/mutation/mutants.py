"""The mutants of a module: the same with one thing in it changed, as somebody might have erred."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COMPUTED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant.

    Attributes:
        tree: The whole module.
        line: Where it differs.
        place: The class and function in which that is.
        change: What stood there, and what does.
    """

    tree: ast.Module
    line: int
    place: str
    change: str


def mutants(source: str) -> Iterator[Mutant]:
    """Walk the mutants of a module; annotations, decorators, texts and docstrings have none."""
    tree = ast.parse(source)
    skipped = {
        number for number, line in enumerate(source.splitlines(), start=1) if "pragma: no" in line
    }
    for at, (node, place) in enumerate(_mutable(tree)):
        if node.lineno in skipped:
            continue
        for which, changed in enumerate(_changes(node)):
            whole = copy.deepcopy(tree)
            found = next(each for n, (each, _) in enumerate(_mutable(whole)) if n == at)
            before = ast.unparse(found)
            new = list(_changes(found))[which]
            _put(found, new)
            yield Mutant(
                ast.fix_missing_locations(whole),
                node.lineno,
                place,
                f"{before} -> {_said(changed)}",
            )


_WHERE: Final = ("lineno", "col_offset", "end_lineno", "end_col_offset")
Node = ast.expr | ast.stmt


def _said(node: Node) -> str:
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node)))


def _put(old: Node, new: Node) -> None:
    """Make one node another, where it stands."""
    where = {name: getattr(old, name) for name in _WHERE}
    old.__class__ = new.__class__
    old.__dict__.clear()
    old.__dict__.update(new.__dict__, **where)


def _mutable(tree: ast.Module) -> Iterator[tuple[Node, str]]:
    yield from _below(tree, "")


def _below(node: ast.AST, place: str) -> Iterator[tuple[Node, str]]:
    for name, value in ast.iter_fields(node):
        if name in (
            "annotation",
            "returns",
            "decorator_list",
            "bases",
            "keywords" if isinstance(node, ast.ClassDef) else "",
        ):
            continue
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, ast.AST) or _is_docstring(each):
                continue
            inner = place
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{place}.{each.name}".lstrip(".")
            if isinstance(each, ast.Assert) or _is_of_types(each):
                continue
            if isinstance(each, ast.expr | ast.stmt):
                yield each, inner
            if not isinstance(each, ast.JoinedStr):
                yield from _below(each, inner)


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_of_types(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.AnnAssign)
        and isinstance(node.annotation, ast.Name)
        and node.annotation.id == "TypeAlias"
    ) or (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("cast", "TypeVar")
    )


def _changes(node: Node) -> Iterator[Node]:  # noqa: C901  (a row for each kind of node)
    match node:
        case ast.Compare(left=left, ops=[op], comparators=right) if type(op) in _COMPARED:
            yield ast.Compare(left, [_COMPARED[type(op)]()], right)
        case ast.BoolOp(op=ast.And(), values=values):
            yield ast.BoolOp(ast.Or(), values)
        case ast.BoolOp(op=ast.Or(), values=values):
            yield ast.BoolOp(ast.And(), values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=op, right=other) if type(op) in _COMPUTED and not _is_union(
            node
        ):
            yield ast.BinOp(left, _COMPUTED[type(op)](), other)
        case ast.AugAssign(target=target, op=op, value=value) if type(op) in _COMPUTED:
            yield ast.AugAssign(target, _COMPUTED[type(op)](), value)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield ast.Constant(value + 1)
        case ast.If(body=body, orelse=orelse):
            yield ast.If(ast.Constant(False), body, orelse)
            yield ast.If(ast.Constant(True), body, orelse)
        case ast.IfExp(body=then, orelse=other):
            yield then
            yield other
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()
        case ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case _:
            pass


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_union(node: ast.BinOp) -> bool:
    """Tell whether it is of types, as `int | None`."""
    sides = (node.left, node.right)
    return (
        isinstance(node.op, ast.BitOr)
        and all(
            isinstance(each, ast.Name | ast.Attribute | ast.BinOp) or _is_none(each)
            for each in sides
        )
        and any(
            _is_none(each)
            or (
                isinstance(each, ast.Name)
                and (
                    each.id[0].isupper()
                    or each.id in ("str", "int", "bytes", "float", "list", "dict", "tuple")
                )
            )
            for each in sides
        )
    )
