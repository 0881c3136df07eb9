"""A waitron template, written for pongo2, as one for pyxie's Jinja2.

What cannot be converted stays in the text as it was, with a note: `pyxie check` stops at it,
so that nothing is lost unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pyxie.importers.languages.jinja import printed
from pyxie.importers.languages.pongo2.blocks import Blocks, Tag
from pyxie.importers.languages.pongo2.expression import ExpressionParser
from pyxie.importers.languages.pongo2.lexer import Kind, Piece, pieces, tokens
from pyxie.importers.languages.pongo2.tags import Parts, convert_tag
from pyxie.importers.notes import Converted, Note, place
from pyxie.syntax.tokenizer import Cursor, UnreadableError

_WORD = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)")
_LONE = re.compile(r"(?<!%)(?:%%)*%(?!%)")


def convert(text: str, file: str, *, printf: bool = True, roots: Sequence[str] = ()) -> Converted:
    """Convert a template.

    Args:
        text: The old one.
        file: How notes name it.
        printf: waitron used what this gives as a format: ``%%`` printed ``%``.
        roots: Where waitron's templates were, to shorten the paths of includes.
    """
    return _Conversion(text, file, printf, roots).run()


class _Conversion:
    def __init__(self, text: str, file: str, printf: bool, roots: Sequence[str]) -> None:
        self._text = text
        self._file = file
        self._printf = printf
        self._notes: dict[Note, None] = {}
        self._blocks = Blocks(
            self._add_note, [root.rstrip("/") + "/" for root in roots if root.strip("/")]
        )

    def run(self) -> Converted:
        made = [self._piece(piece) for piece in pieces(self._text)]
        for block in self._blocks.stack:
            self._add_note(f"'{block.name}' has no end", block.at)
        if "\r\n" in self._text:
            self._add_note(
                "its lines end in CR LF; Jinja2 makes LF of them", self._text.find("\r\n")
            )
        return Converted("".join(made), tuple(sorted(self._notes)))

    def _add_note(self, sentence: str, at: int) -> None:
        self._notes[Note(self._file, *place(self._text, at), sentence)] = None

    def _piece(self, piece: Piece) -> str:
        match piece.kind:
            case Kind.TEXT:
                return self._plain(piece.source, piece.at)
            case Kind.COMMENT:
                return _comment(piece)
            case Kind.VERBATIM:
                return self._verbatim(piece)
            case Kind.BROKEN:
                self._add_note(f"not converted: '{piece.source[:2]}' has no end", piece.at)
                return piece.source
            case Kind.PRINT | Kind.TAG:
                try:
                    return self._print(piece) if piece.kind is Kind.PRINT else self._tag(piece)
                except UnreadableError as exc:
                    self._add_note(f"not converted: {exc.sentence}", exc.at)
                    return piece.source

    def _plain(self, text: str, at: int) -> str:
        if not self._printf or "%" not in text:
            return text
        if "%%" in text:
            self._add_note(
                "'%%' was what waitron printed as '%'; it is '%' now", at + text.find("%%")
            )
        if lone := _LONE.search(text):
            self._add_note(
                "waitron garbled this '%'; pyxie prints it as it is", at + lone.end() - 1
            )
        return text.replace("%%", "%")

    def _verbatim(self, piece: Piece) -> str:
        if re.search(r"\{%[-+]?\s*endraw", piece.inner):
            self._add_note("not converted: Jinja2's raw cannot hold an 'endraw'", piece.at)
            return piece.source
        inner = self._plain(piece.inner, piece.inner_at)
        return f"{{%{piece.left} raw %}}{inner}{{% endraw {piece.right}%}}"

    def _expressions(self, piece: Piece, text: str, at: int) -> ExpressionParser:
        cursor = Cursor(tokens(text, at), piece.inner_at + len(piece.inner))
        literal: Callable[[str], str] = str
        if piece.kind is Kind.PRINT and self._printf:
            literal = _unformatted
        return ExpressionParser(cursor, self._blocks.scope, self._add_note, literal)

    def _print(self, piece: Piece) -> str:
        parser = self._expressions(piece, piece.inner, piece.inner_at)
        found = parser.expression()
        parser.cursor.expect_end()
        return _braced(((Kind.PRINT, printed(found).text),), piece)

    def _tag(self, piece: Piece) -> str:
        word = _WORD.match(piece.inner)
        if word is None:
            raise UnreadableError(piece.at, "a tag needs a name")
        name, rest = word[1], piece.inner[word.end() :]
        if name.startswith("end"):
            end = self._blocks.end(name[3:], piece.at)
            if end is None or end == piece.inner.strip():
                return piece.source
            named = f"{end} {rest.strip()}".rstrip() if name in ("endblock", "endmacro") else end
            return _braced(((Kind.TAG, named),) if named else (), piece)
        try:
            parser = self._expressions(piece, rest, piece.inner_at + word.end())
            return _braced(convert_tag(self._blocks, name, Tag(parser, piece.at)), piece)
        except UnreadableError:
            self._stay(name, piece.at)
            raise

    def _stay(self, name: str, at: int) -> None:
        """Expect the end of a tag that stays as it is, if it has one."""
        stack = self._blocks.stack
        if stack and stack[-1].at == at:  # it was understood but for what came after it
            stack[-1] = type(stack[-1])(name, None, at, stack[-1].framed)
        elif name in _BLOCKS or self._text.find(f"end{name}", at) >= 0:
            self._blocks.begin(name, None, at)


_BLOCKS = frozenset(("if", "for", "with", "macro", "block", "filter", "ifequal", "ifnotequal"))


def _unformatted(text: str) -> str:
    return text.replace("%%", "%")


def _comment(piece: Piece) -> str:
    # To Jinja2 a sign beside the braces says what becomes of white space.
    if piece.source.startswith("{#") and not re.match(r"[-+]|.*[-+]\Z", piece.inner, re.DOTALL):
        return piece.source
    inner = piece.inner.replace("#}", "# }").strip()
    return f"{{#{piece.left} {inner} {piece.right}#}}"


def _braced(parts: Parts, piece: Piece) -> str:
    """Return what a piece became, in braces; as it was written if it is the same."""
    if parts == ((piece.kind, " ".join(piece.inner.split())),):
        return piece.source
    if not parts:  # nothing is left of it but the white space that it cut off
        return f"{{#{piece.left} {piece.right}#}}" if piece.left or piece.right else ""
    made = []
    for at, (kind, text) in enumerate(parts):
        left = piece.left if at == 0 else ""
        right = piece.right if at == len(parts) - 1 else ""
        end = "}}" if kind is Kind.PRINT else "%}"
        made.append(f"{kind.value}{left} {text} {right}{end}")
    return "".join(made)
