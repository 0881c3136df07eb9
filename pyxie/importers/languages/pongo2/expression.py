"""pongo2's expressions, parsed as pongo2 does, and written as Jinja2's.

The grammar is pongo2's own (parser_expression.go, variable.go): ``and`` and ``or`` bind
alike and to the right, ``not`` binds tighter than a comparison, and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pyxie.importers.languages.jinja import (
    ADD,
    AND,
    ATOM,
    COMPARE,
    FILTER,
    MULTIPLY,
    NOT,
    OR,
    POWER,
    UNARY,
    Jinja,
    number,
    quoted,
    string,
    value,
    with_default,
)
from pyxie.importers.languages.pongo2 import variables
from pyxie.importers.languages.pongo2.filtermap import FILTERS, KNOWN, UNLIKE
from pyxie.syntax.tokenizer import Cursor, Token, UnreadableError

_DEEPEST = 60
_NOTHING = ("nil", "none", "None")
"""Names that are nothing to pongo2; ``none`` would print "None" in Jinja2."""
_METHODS = frozenset(name for name in dir(dict) if not name.startswith("_"))
"""What ``a.name`` would be in Jinja2 where the mapping ``a`` has no such key."""

AddNote = Callable[[str, int], None]
"""Takes a sentence and the offset that it is about."""


@dataclass(slots=True)
class Scope:
    """What is known of the names in a template, at one place of it.

    Attributes:
        frames: Kind by name, and whether it is always defined, innermost last.
        loops: How many loops are around.
    """

    frames: list[dict[str, tuple[str, bool]]] = field(
        default_factory=lambda: [{name: (kind, True) for name, kind in variables.GLOBALS.items()}]
    )
    loops: int = 0

    def find(self, name: str) -> tuple[str, bool]:
        """Return what is known of a name."""
        for frame in reversed(self.frames):
            if name in frame:
                return frame[name]
        return "", False

    def knows(self, name: str) -> bool:
        """Tell whether the template itself, or waitron, has set that name."""
        return any(name in frame for frame in self.frames)


class ExpressionParser:
    """Takes expressions from a cursor.

    Args:
        cursor: Where the tokens are.
        scope: What is known here.
        add_note: Takes what means something else in Jinja2.
        literal: What becomes of the string literals.
    """

    def __init__(
        self,
        cursor: Cursor,
        scope: Scope,
        add_note: AddNote,
        literal: Callable[[str], str] = str,
    ) -> None:
        self.cursor = cursor
        self._scope = scope
        self._add_note = add_note
        self.literal = literal
        self._depth = 0

    def expression(self) -> Jinja:
        """Take one expression."""
        self._deeper()
        left = self._relation()
        at = self.cursor.at
        word = self.cursor.match("name", "and", "or") or self.cursor.match("symbol", "&&", "||")
        if word is not None:
            right = self.expression()
            if word.value in ("and", "&&"):
                if right.level == OR:
                    self._add_note("pongo2 reads 'a and b or c' as 'a and (b or c)'", at)
                left = Jinja(f"{left.at(AND)} and {right.at(AND)}", "truth", True, AND)
            else:
                left = Jinja(f"{left.at(OR)} or {right.at(OR)}", "truth", True, OR)
        self._depth -= 1
        return left

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableError(self.cursor.at, "this is nested too deeply")

    def _relation(self) -> Jinja:
        self._deeper()
        found = self._compared()
        self._depth -= 1
        return found

    def _compared(self) -> Jinja:
        left = self._sum()
        at = self.cursor.at
        sign = self.cursor.match("symbol", "==", "<=", ">=", "!=", "<>", ">", "<")
        if sign is None and not self.cursor.match("name", "in"):
            return left
        if left.level == NOT:
            self._add_note("pongo2 negates before it compares, as the parentheses show", at)
        right = self._relation() if sign else self._sum()
        if sign is None:
            text = f"{with_default(left).at(ADD)} in {value(right).at(ADD)}"
        elif sign.value in ("==", "!=", "<>") and right.text in _NOTHING:
            text = f"{left.at(FILTER)} is {'un' if sign.value == '==' else ''}defined"
        elif sign.value in ("==", "!=", "<>"):
            same = "==" if sign.value == "==" else "!="
            text = f"{value(left).at(ADD)} {same} {value(right).at(ADD)}"
        else:
            text = f"{number(left).at(ADD)} {sign.value} {number(right).at(ADD)}"
        return Jinja(text, "bool", defined=True, level=COMPARE)

    def _sum(self) -> Jinja:
        minus = self.cursor.match("symbol", "+", "-")
        negated = self.cursor.match("symbol", "!") or self.cursor.match("name", "not")
        left = self._product()
        if negated:
            left = Jinja(f"not {left.at(NOT)}", "bool", defined=True, level=NOT)
        if minus is not None and minus.value == "-":
            left = Jinja(f"-{left.at(ATOM)}", left.kind, left.defined, UNARY)
        while sign := self.cursor.match("symbol", "+", "-"):
            right = number(self._product())
            left = self._calculated(number(left), sign.value, right, ADD)
        return left

    def _product(self) -> Jinja:
        left = self._power()
        while sign := self.cursor.match("symbol", "*", "/", "%"):
            right = number(self._power())
            left = number(left)
            both = "float" not in (left.kind, right.kind)
            text = "//" if sign.value == "/" and both else sign.value
            left = self._calculated(left, text, right, MULTIPLY)
        return left

    def _power(self) -> Jinja:
        left = self._factor()
        if self.cursor.match("symbol", "^"):
            self._deeper()
            right = self._power()
            self._depth -= 1
            text = f"{number(left).at(UNARY)} ** {number(right).at(POWER)}"
            return Jinja(text, "float", defined=True, level=POWER)
        return left

    @staticmethod
    def _calculated(left: Jinja, sign: str, right: Jinja, level: int) -> Jinja:
        kind = "float" if "float" in (left.kind, right.kind) else "int"
        return Jinja(f"{left.at(level)} {sign} {right.at(level + 1)}", kind, True, level)

    def _factor(self) -> Jinja:
        if not self.cursor.match("symbol", "("):
            return self.operand()
        inner = self.expression()
        self.cursor.expect("symbol", ")")
        return Jinja(f"({inner.text})", inner.kind, inner.defined, ATOM, inner.literal)

    def operand(self) -> Jinja:
        """Take a literal or a name, with the filters after it."""
        found = self._plain()
        while self.cursor.match("symbol", "|"):
            found = self.filtered(found)
        return found

    def filtered(self, found: Jinja) -> Jinja:
        """Take the name of a filter, and its argument, and apply it."""
        name = self.cursor.expect("name")
        arg = self._plain() if self.cursor.match("symbol", ":") else None
        if name.value not in KNOWN:
            raise UnreadableError(name.at, f"pongo2 has no filter '{name.value}'")
        made = FILTERS[name.value](found, arg) if name.value in FILTERS else None
        if made is None:
            raise UnreadableError(name.at, f"the filter '{name.value}' has no like in Jinja2")
        if name.value in UNLIKE:
            self._add_note(f"the filter '{name.value}': {UNLIKE[name.value]}", name.at)
        return made

    def _plain(self) -> Jinja:
        if token := self.cursor.match("string"):
            return string(self.literal(token.value))
        if token := self.cursor.match("number"):
            kind = "float" if "." in token.value else "int"
            return Jinja(_decimal(token.value), kind, defined=True)
        word = self.cursor.expect("name")
        if word.value in ("true", "false"):
            return Jinja(word.value, "bool", defined=True)
        if word.value in ("in", "and", "or", "not", "as", "export"):
            raise UnreadableError(word.at, f"{word.value!r} is not understood here")
        if word.value in ("True", "False"):
            self._add_note(f"'{word.value}' is no name of pongo2's, and so false", word.at)
            return Jinja("false", "bool", defined=True)
        return self._path(word)

    def _path(self, word: Token) -> Jinja:
        kind, always = self._scope.find(word.value)
        text = "nil" if word.value in _NOTHING and not self._scope.knows(word.value) else word.value
        if text == "forloop" and self._scope.loops:
            return self._loop()
        if text == "block" and self.cursor.peek("name", "Super", ahead=1):
            self.cursor.expect("symbol", ".")
            self.cursor.expect("name")
            return Jinja("super()", "text", defined=True)
        if self.cursor.peek("symbol", "("):
            return Jinja(text + self._arguments(), "text", defined=True)
        while self.cursor.match("symbol", "."):
            at = self.cursor.at
            for one in self._steps():
                if kind == "params" and one in _METHODS:
                    return Jinja(f'{text}.get({quoted(str(one))}, "")', "text", defined=True)
                kind, certain, remark = variables.step(kind, one)
                always = always and certain
                text += f"[{one}]" if isinstance(one, int) else f".{one}"
                if remark:
                    self._add_note(remark, at)
            if self.cursor.peek("symbol", "("):
                raise UnreadableError(at, "a call of a Go method has no like in Jinja2")
        return Jinja(text, kind, always)

    def _steps(self) -> list[str | int]:
        if token := self.cursor.match("number"):  # of `a.0.1` the token is `0.1`
            return [int(part) for part in token.value.split(".")]
        return [self.cursor.expect("name").value]

    def _loop(self) -> Jinja:
        self.cursor.expect("symbol", ".")
        word = self.cursor.expect("name")
        for name, own in variables.LOOP.items():
            if variables.plain(name) == variables.plain(word.value):
                if name != word.value:
                    self._add_note(
                        f"'forloop.{word.value}' was nothing in waitron: it is '{name}'", word.at
                    )
                kind = variables.RECORDS["loop"][name]
                return Jinja(f"loop.{own}", kind, defined=True)
        raise UnreadableError(word.at, f"'forloop.{word.value}' has no like in Jinja2")

    def _arguments(self) -> str:
        self.cursor.expect("symbol", "(")
        made: list[str] = []
        while not self.cursor.match("symbol", ")"):
            if made:
                self.cursor.expect("symbol", ",")
            made.append(value(self.expression()).text)
        return f"({', '.join(made)})"

    def pairs(self, *, until: str = "") -> Mapping[str, Jinja]:
        """Take ``name=expression`` as often as it stands there, up to a name."""
        found: dict[str, Jinja] = {}
        while self.cursor and not (until and self.cursor.peek("name", until)):
            name = self.cursor.expect("name").value
            self.cursor.expect("symbol", "=")
            found[name] = value(self.expression())
        return found


def _decimal(text: str) -> str:
    whole, dot, rest = text.partition(".")
    return (whole.lstrip("0") or "0") + dot + rest
