"""Matchbox's templates, written for Go's text/template, as ones for pyxie's Jinja2.

A group's metadata becomes a machine's ``params``, which are texts: what is nested there is
kept as JSON, and read by ``from_yaml`` where a template looks into it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pyxie.importers.languages.gotemplate.pipelines import PipelineParser, Scope, value
from pyxie.importers.languages.jinja import Jinja
from pyxie.importers.notes import Converted, Note, place
from pyxie.syntax.golexer import Action, actions, tokens
from pyxie.syntax.tokenizer import Cursor, UnreadableError

_WORDS = ("if", "else", "end", "range", "with", "break", "continue", "template", "define", "block")
_LOOP = "endfor"
"""What a loop ends with in Jinja2."""


@dataclass(frozen=True, slots=True)
class _Block:
    """An action that waits for its ``end``.

    Attributes:
        end: What ends it in Jinja2; empty for one that is not converted.
        dot: What ``.`` is outside of it.
        names: How many variables there are outside of it.
    """

    end: str
    dot: str
    names: int


def convert(text: str, file: str, nested: Mapping[str, str] | None = None) -> Converted:
    """Convert a template.

    Args:
        text: The old one.
        file: How notes name it.
        nested: See `Scope.nested`.
    """
    return _Conversion(text, file, Scope(nested or {})).run()


class _Conversion:
    def __init__(self, text: str, file: str, scope: Scope) -> None:
        self._text = text
        self._file = file
        self._scope = scope
        self._notes: dict[Note, None] = {}
        self._stack: list[_Block] = []
        self._loops = 0
        self._made = 0

    def run(self) -> Converted:
        made, at = [], 0
        for action in actions(self._text):
            made += [_plain(self._text[at : action.at]), self._action(action)]
            at = action.at + len(action.source)
        if (lone := self._text.find("{{", at)) >= 0:
            self._add_note("not converted: '{{' has no end", lone)
        made.append(_plain(self._text[at:]))
        if self._stack:
            self._add_note("an action before this place has no 'end'", len(self._text))
        return Converted("".join(made), tuple(sorted(self._notes)))

    def _add_note(self, sentence: str, at: int) -> None:
        self._notes[Note(self._file, *place(self._text, at), sentence)] = None

    def _action(self, action: Action) -> str:
        left, right, inner = action.left, action.right, action.inner.strip()
        if inner.startswith("/*"):
            comment = inner.removeprefix("/*").removesuffix("*/").replace("#}", "# }").strip()
            return f"{{#{left} {comment} {right}#}}"
        try:
            end = action.inner_at + len(action.inner)
            parser = PipelineParser(Cursor(tokens(action.inner, action.inner_at), end), self._scope)
            tag = self._tag(parser, action.at)
            text = tag or value(parser.pipeline()).text
            parser.cursor.expect_end()
        except UnreadableError as exc:
            self._add_note(f"not converted: {exc.sentence}", exc.at)
            return action.source
        return f"{{%{left} {text} {right}%}}" if tag else f"{{{{{left} {text} {right}}}}}"

    def _tag(self, parser: PipelineParser, at: int) -> str:
        """Return what an action becomes; nothing for one that prints."""
        cursor = parser.cursor
        if cursor.peek("variable") and cursor.peek("symbol", ":=", "=", ahead=1):
            name = parser.variable(cursor.expect("variable"), new=True)
            if cursor.expect("symbol").value == "=" and self._loops:
                self._add_note(f"'{name}': what is set in a loop is gone after that turn", at)
            found = value(parser.pipeline())
            self._scope.kinds[name] = found.kind
            return f"set {name} = {found.text}"
        word = cursor.match("name", *_WORDS)
        match word.value if word else "":
            case "":
                return ""
            case "if":
                text = parser.truth(parser.pipeline())
                self._begin("endif")
                return f"if {text}"
            case "else":
                return self._else(parser, at)
            case "end":
                return self._end(at)
            case "range":
                return self._range(parser)
            case "with":
                return self._with(parser)
            case "break" | "continue" as name:
                return name
            case name:
                if name != "template":
                    self._begin("")
                cursor.skip()
                raise UnreadableError(at, f"'{name}' has no like here; include a file instead")

    def _begin(self, end: str) -> None:
        self._stack.append(_Block(end, self._scope.dot, len(self._scope.names)))

    def _else(self, parser: PipelineParser, at: int) -> str:
        if not self._stack or not self._stack[-1].end:
            raise UnreadableError(at, "'else' belongs to nothing here")
        self._scope.dot = self._stack[-1].dot
        if parser.cursor.match("name", "if"):
            return f"elif {parser.truth(parser.pipeline())}"
        return "else"

    def _end(self, at: int) -> str:
        if not self._stack:
            raise UnreadableError(at, "'end' ends nothing here")
        block = self._stack.pop()
        self._scope.dot = block.dot
        self._scope.names.keep(block.names)
        self._loops -= block.end == _LOOP
        if not block.end:
            raise UnreadableError(at, "this ends what is not converted")
        return block.end

    def _range(self, parser: PipelineParser) -> str:
        cursor = parser.cursor
        names: list[str] = []
        outer = len(self._scope.names)
        if cursor.peek("variable") and cursor.peek("symbol", ",", ":=", ahead=1):
            names.append(parser.variable(cursor.expect("variable"), new=True))
            if cursor.match("symbol", ","):
                names.append(parser.variable(cursor.expect("variable"), new=True))
            cursor.expect("symbol", ":=")
        over = parser.pipeline()
        kind = parser.nested(over)
        text = parser.data(over).text
        if len(names) == 2:
            self._scope.kinds[names[0]] = "text" if kind == "map" else "number"
        self._stack.append(_Block(_LOOP, self._scope.dot, outer))
        self._loops += 1
        self._scope.dot = names[-1] if names else self._new()
        self._scope.names.add(self._scope.dot)
        self._scope.kinds[self._scope.dot] = ""
        if kind == "map":
            # Go walks a map in the order of its keys.
            if len(names) == 2:
                return f"for {names[0]}, {names[1]} in {text} | dictsort(true)"
            return f'for {self._scope.dot} in {text} | dictsort(true) | map("last")'
        index = f" %}}{{% set {names[0]} = loop.index0" if len(names) == 2 else ""
        return f"for {self._scope.dot} in {text}{index}"

    def _with(self, parser: PipelineParser) -> str:
        cursor, name, outer = parser.cursor, "", len(self._scope.names)
        if cursor.peek("variable") and cursor.peek("symbol", ":=", ahead=1):
            name = parser.variable(cursor.expect("variable"), new=True)
            cursor.expect("symbol")
        found = value(parser.pipeline())
        known = parser.nested(found)
        if known:
            found = parser.data(found)
        self._stack.append(_Block("endif %}{% endwith", self._scope.dot, outer))
        self._scope.dot = name or self._new()
        self._scope.names.add(self._scope.dot)
        self._scope.kinds[self._scope.dot] = found.kind
        test = self._scope.dot if known else parser.truth(Jinja(self._scope.dot))
        return f"with {self._scope.dot} = {found.text} %}}{{% if {test}"

    def _new(self) -> str:
        self._made += 1
        return "item" if self._made == 1 else f"item{self._made}"


def _plain(text: str) -> str:
    """Return text between actions. What is a tag or a comment to Jinja2 is none to Go."""
    return re.sub(r"\{[%#]", lambda found: f'{{{{ "{found[0]}" }}}}', text)
