"""pongo2's tags in Jinja2."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from pyxie.importers.languages.jinja import ATOM, FILTER, Jinja, piped, quoted, value, with_default
from pyxie.importers.languages.pongo2.blocks import Blocks, Names, Tag
from pyxie.importers.languages.pongo2.lexer import Kind
from pyxie.syntax.tokenizer import UnreadableError

Parts: TypeAlias = tuple[tuple[Kind, str], ...]
"""What a tag becomes: tags and values in Jinja2, each without its braces."""

_GO_GROUP = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\$))")
_ONLY_RE2 = re.compile(r"\\p\{?\w|\\P|\\Q|\\z|\\C|\(\?[a-zA-Z]*U|\[\[:")
_BRACES: Final[Mapping[str, str]] = {
    "openblock": "{%",
    "closeblock": "%}",
    "openvariable": "{{",
    "closevariable": "}}",
    "openbrace": "{",
    "closebrace": "}",
    "opencomment": "{#",
    "closecomment": "#}",
}
_WITHOUT_LIKE: Final[Mapping[str, str]] = {
    "now": "pyxie has no clock for templates",
    "ssi": "pyxie includes templates only, by 'include'",
    "lorem": "Jinja2 has no such tag",
    "widthratio": "Jinja2 has no such tag; write it as a calculation",
}


def convert_tag(blocks: Blocks, name: str, tag: Tag) -> Parts:
    """Convert a tag that is not the end of another.

    Raises:
        UnreadableError: It has no like in Jinja2, or is not understood.
    """
    handler = _HANDLERS.get(name)
    if handler is None:
        why = _WITHOUT_LIKE.get(name, "pongo2 has no such tag")
        raise UnreadableError(tag.at, f"'{name}': {why}")
    made = handler(blocks, tag)
    tag.parser.cursor.expect_end()
    return made


def _tag(text: str) -> Parts:
    return ((Kind.TAG, text),)


def _value(text: str) -> Parts:
    return ((Kind.PRINT, text),)


def _if(blocks: Blocks, tag: Tag) -> Parts:
    text = tag.parser.expression().text
    blocks.begin("if", "endif", tag.at)
    return _tag(f"if {text}")


def _elif(blocks: Blocks, tag: Tag) -> Parts:
    return _tag(f"elif {_belongs(blocks, tag).parser.expression().text}")


def _else(blocks: Blocks, tag: Tag) -> Parts:
    _belongs(blocks, tag)
    return _tag("else")


def _belongs(blocks: Blocks, tag: Tag) -> Tag:
    if blocks.stack and blocks.stack[-1].end is None:
        raise UnreadableError(tag.at, f"it belongs to the '{blocks.stack[-1].name}' before it")
    return tag


def _ifequal(name: str, sign: str) -> Callable[[Blocks, Tag], Parts]:
    def compare(blocks: Blocks, tag: Tag) -> Parts:
        left, right = value(tag.parser.expression()), value(tag.parser.expression())
        blocks.begin(name, "endif", tag.at)
        return _tag(f"if {left.at(FILTER)} {sign} {right.at(FILTER)}")

    return compare


def _ifchanged(blocks: Blocks, tag: Tag) -> Parts:
    if not tag.parser.cursor or not blocks.scope.loops:
        raise UnreadableError(
            tag.at, "'ifchanged': Jinja2 compares values in a loop, not what is printed"
        )
    watched = []
    while tag.parser.cursor:
        watched.append(with_default(tag.parser.expression()).text)
    blocks.begin("ifchanged", "endif", tag.at)
    return _tag(f"if loop.changed({', '.join(watched)})")


def _for(blocks: Blocks, tag: Tag) -> Parts:
    cursor = tag.parser.cursor
    key = cursor.expect("name").value
    second = cursor.expect("name").value if cursor.match("symbol", ",") else ""
    cursor.expect("name", "in")
    over = value(tag.parser.expression())
    backwards = cursor.match("name", "reversed") is not None
    ordered = cursor.match("name", "sorted") is not None
    names: Names
    if second:
        inner = "text" if over.kind == "params" else ""
        names = {key: ("text", True), second: (inner, True)}
        found = with_default(over, "{}")
        text = (
            f"{found.at(ATOM)}.items()" if not ordered else f"{found.at(FILTER)} | dictsort(true)"
        )
    else:
        inner = over.kind[1:-1] if over.kind.startswith("[") else ""
        names = {key: ("text" if over.kind in ("params", "text") else inner, True)}
        found = with_default(over, "[]")
        text = found.text
        if ordered or backwards:
            text = found.at(FILTER)
        if ordered:
            text += " | sort(case_sensitive=true)"
    if backwards:
        text += " | reverse"
    blocks.begin("for", "endfor", tag.at, names)
    return _tag(f"for {key}{', ' + second if second else ''} in {text}")


def _with(blocks: Blocks, tag: Tag) -> Parts:
    cursor = tag.parser.cursor
    found: dict[str, Jinja] = {}
    if cursor.has("name", "as"):
        while cursor:
            each = value(tag.parser.expression())
            cursor.expect("name", "as")
            found[cursor.expect("name").value] = each
    else:
        found.update(tag.parser.pairs())
    if not found:
        raise UnreadableError(tag.at, "'with' sets no name")
    blocks.begin(
        "with", "endwith", tag.at, {name: (j.kind, j.defined) for name, j in found.items()}
    )
    return _tag(f"with {_listed(found)}")


def _listed(found: Mapping[str, Jinja]) -> str:
    return ", ".join(f"{name} = {each.text}" for name, each in found.items())


def _set(blocks: Blocks, tag: Tag) -> Parts:
    name = tag.parser.cursor.expect("name").value
    tag.parser.cursor.expect("symbol", "=")
    found = value(tag.parser.expression())
    if blocks.scope.loops and blocks.scope.knows(name):
        blocks.add_note(
            f"'{name}': what is set in a loop is gone after that turn in Jinja2", tag.at
        )
    blocks.scope.frames[-1][name] = (found.kind, found.defined and not blocks.doubtful)
    return _tag(f"set {name} = {found.text}")


def _macro(blocks: Blocks, tag: Tag) -> Parts:
    cursor = tag.parser.cursor
    name = cursor.expect("name").value
    cursor.expect("symbol", "(")
    names: Names = {}
    written: list[str] = []
    while not cursor.match("symbol", ")"):
        if written:
            cursor.expect("symbol", ",")
        arg = cursor.expect("name").value
        given = f"={value(tag.parser.expression()).text}" if cursor.match("symbol", "=") else ""
        names[arg] = ("", False)
        written.append(arg + given)
    cursor.match("name", "export")  # in Jinja2 every one can be imported
    blocks.begin("macro", "endmacro", tag.at, names)
    return _tag(f"macro {name}({', '.join(written)})")


def _import(blocks: Blocks, tag: Tag) -> Parts:
    cursor = tag.parser.cursor
    file = blocks.path(cursor.expect("string").value, tag.at)
    written = []
    while cursor:
        name = cursor.expect("name").value
        written.append(
            f"{name} as {cursor.expect('name').value}" if cursor.match("name", "as") else name
        )
        if cursor:
            cursor.expect("symbol", ",")
    if not written:
        raise UnreadableError(tag.at, "'import' names no macro")
    return _tag(f"from {quoted(file)} import {', '.join(written)} with context")


def _include(blocks: Blocks, tag: Tag) -> Parts:
    cursor = tag.parser.cursor
    tag.parser.literal = lambda text: blocks.path(text, tag.at)
    file = value(tag.parser.expression())
    missing = " ignore missing" if cursor.match("name", "if_exists") else ""
    include = (Kind.TAG, f"include {file.text}{missing}")
    if not cursor.match("name", "with"):
        return (include,)
    found = tag.parser.pairs(until="only")
    if cursor.match("name", "only"):
        blocks.add_note("'only': in Jinja2 the included template sees the other names too", tag.at)
    return (Kind.TAG, f"with {_listed(found)}"), include, (Kind.TAG, "endwith")


def _extends(blocks: Blocks, tag: Tag) -> Parts:
    return _tag(f"extends {quoted(blocks.path(tag.parser.cursor.expect('string').value, tag.at))}")


def _block(blocks: Blocks, tag: Tag) -> Parts:
    name = tag.parser.cursor.expect("name").value
    blocks.begin("block", "endblock", tag.at, {})
    return _tag(f"block {name}")


def _filter(blocks: Blocks, tag: Tag) -> Parts:
    body = Jinja("\0", "text", defined=True)
    made = tag.parser.filtered(body)
    while tag.parser.cursor.match("symbol", "|"):
        made = tag.parser.filtered(made)
    filters = made.text.removeprefix("\0 | ")
    if "\0" in filters or filters == made.text:
        raise UnreadableError(tag.at, "'filter': this one cannot stand around a text in Jinja2")
    blocks.begin("filter", "endfilter", tag.at, {})
    return _tag(f"filter {filters}")


def _spaceless(blocks: Blocks, tag: Tag) -> Parts:
    blocks.begin("spaceless", "endfilter", tag.at, {})
    return _tag(r'filter regex_replace(">\\s+<", "><")')


def _autoescape(blocks: Blocks, tag: Tag) -> Parts:
    if tag.parser.cursor.expect("name", "on", "off").value == "on":
        blocks.add_note("pyxie does not escape for HTML", tag.at)
    blocks.begin("autoescape", "", tag.at)
    return ()


def _firstof(_: Blocks, tag: Tag) -> Parts:
    found = []
    while tag.parser.cursor:
        found.append(value(tag.parser.expression()))
    last = [] if found and found[-1].literal else ['""']
    return _value(" or ".join([*(each.at(FILTER) for each in found), *last]))


def _cycle(blocks: Blocks, tag: Tag) -> Parts:
    cursor, turns, name, silent = tag.parser.cursor, [], "", False
    while cursor:
        turns.append(with_default(tag.parser.expression()).text)
        if cursor.match("name", "as"):
            name = cursor.expect("name").value
            silent = cursor.match("name", "silent") is not None
            break
    if len(turns) < 2 or not blocks.scope.loops:
        raise UnreadableError(tag.at, "'cycle': Jinja2 takes turns in a loop only, and unnamed")
    cycle = f"loop.cycle({', '.join(turns)})"
    if not name:
        return _value(cycle)
    blocks.scope.frames[-1][name] = ("text", True)
    return _tag(f"set {name} = {cycle}") + (() if silent else _value(name))


def _templatetag(_: Blocks, tag: Tag) -> Parts:
    return _value(quoted(_BRACES[tag.parser.cursor.expect("name", *_BRACES).value]))


def _regex_replace(blocks: Blocks, tag: Tag) -> Parts:
    subject, pattern, put = (tag.parser.operand() for _ in range(3))
    if pattern.literal is None or put.literal is None:
        raise UnreadableError(tag.at, "'regex_replace': its pattern is not written here")
    if _ONLY_RE2.search(pattern.literal):
        blocks.add_note(
            "Python's regular expressions differ from Go's in what this one uses", tag.at
        )
    new = _GO_GROUP.sub(_group, put.literal.replace("\\", "\\\\"))
    return _value(piped(subject, f"regex_replace({quoted(pattern.literal)}, {quoted(new)})").text)


def _group(found: re.Match[str]) -> str:
    return "$" if found[3] else f"\\g<{found[1] or found[2]}>"


_HANDLERS: Final[Mapping[str, Callable[[Blocks, Tag], Parts]]] = {
    "autoescape": _autoescape,
    "block": _block,
    "cycle": _cycle,
    "elif": _elif,
    "else": _else,
    "empty": _else,
    "extends": _extends,
    "filter": _filter,
    "firstof": _firstof,
    "for": _for,
    "if": _if,
    "ifchanged": _ifchanged,
    "ifequal": _ifequal("ifequal", "=="),
    "ifnotequal": _ifequal("ifnotequal", "!="),
    "import": _import,
    "include": _include,
    "macro": _macro,
    "regex_replace": _regex_replace,
    "set": _set,
    "spaceless": _spaceless,
    "templatetag": _templatetag,
    "with": _with,
}
