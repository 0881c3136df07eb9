"""pongo2's filters in Jinja2."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Final, TypeAlias

from pyxie.importers.languages.jinja import (
    ADD,
    ATOM,
    COMPARE,
    CONCAT,
    CONDITIONAL,
    FILTER,
    MULTIPLY,
    Jinja,
    number,
    piped,
    quoted,
    value,
    with_default,
)

Filter: TypeAlias = Callable[[Jinja, Jinja | None], Jinja | None]
"""Of the value and the argument; returns None for what it cannot convert."""


def _simple(name: str, kind: str = "text") -> Filter:
    return lambda found, _: piped(found, name, kind)


def _kept(found: Jinja, _: Jinja | None) -> Jinja:
    return found


def _default(found: Jinja, arg: Jinja | None) -> Jinja | None:
    if arg is None:
        return None
    # pongo2's replaces all that is false, an empty text too.
    text = f"{value(found).at(FILTER)} | default({value(arg).text}, true)"
    return Jinja(text, found.kind or arg.kind, arg.defined, FILTER)


def _default_if_none(found: Jinja, arg: Jinja | None) -> Jinja | None:
    if arg is None or found.defined:
        return found if arg else None
    text = f"{value(found).at(FILTER)} | default({value(arg).text})"
    return Jinja(text, found.kind or arg.kind, arg.defined, FILTER)


def _add(found: Jinja, arg: Jinja | None) -> Jinja | None:
    if arg is None:
        return None
    numbers = ("int", "float")
    if found.kind in numbers and arg.kind in numbers:
        kind = "float" if "float" in (found.kind, arg.kind) else "int"
        return Jinja(f"{found.at(ADD)} + {arg.at(ADD + 1)}", kind, defined=True, level=ADD)
    joined = f"{with_default(found).at(CONCAT)} ~ {with_default(arg).at(CONCAT + 1)}"
    return Jinja(joined, "text", defined=True, level=CONCAT)


def _cut(found: Jinja, arg: Jinja | None) -> Jinja | None:
    return piped(found, f'replace({with_default(arg).text}, "")') if arg else None


def _addslashes(found: Jinja, _: Jinja | None) -> Jinja:
    steps = (f"replace({quoted(each)}, {quoted(chr(92) + each)})" for each in ("\\", '"', "'"))
    return piped(found, " | ".join(steps))


def _capfirst(found: Jinja, _: Jinja | None) -> Jinja:
    text = with_default(found).at(ATOM)
    return Jinja(f"{text}[:1] | upper ~ {text}[1:]", "text", defined=True, level=CONCAT)


def _whole(arg: Jinja | None) -> int | None:
    """Return the number that an argument is, written as a number or as a text."""
    if arg is None:
        return None
    written = arg.literal if arg.literal is not None else arg.text
    return int(written) if re.fullmatch(r"[0-9]{1,6}", written) else None


def _padded(sign: str) -> Filter:
    def pad(found: Jinja, arg: Jinja | None) -> Jinja | None:
        width = _whole(arg)
        if width is None:
            return None
        text = f'"%{sign}{width}s" | format({with_default(found).text})'
        return Jinja(text, "text", defined=True, level=FILTER)

    return pad


def _divisibleby(found: Jinja, arg: Jinja | None) -> Jinja | None:
    if arg is None:
        return None
    rest = f"{number(found).at(MULTIPLY)} % {number(arg).at(MULTIPLY + 1)}"
    return Jinja(f"{rest} == 0", "bool", defined=True, level=COMPARE)


def _floatformat(found: Jinja, arg: Jinja | None) -> Jinja | None:
    digits = _whole(arg)
    if digits is None:
        return None
    text = f'"%.{digits}f" | format({with_default(found, "0").at(FILTER)} | float)'
    return Jinja(text, "text", defined=True, level=FILTER)


def _stringformat(found: Jinja, arg: Jinja | None) -> Jinja | None:
    form = arg.literal if arg else None
    if form is None or not re.fullmatch(r"[^%]*%[-0]?[0-9]*(?:\.[0-9]+)?[dsxXf][^%]*", form):
        return None
    return Jinja(
        f"{quoted(form)} | format({with_default(found).text})", "text", defined=True, level=FILTER
    )


def _first(name: str) -> Filter:
    def either(found: Jinja, _: Jinja | None) -> Jinja:
        inner = found.kind[1:-1] if found.kind.startswith("[") else ""
        return Jinja(
            f"{with_default(found).at(FILTER)} | {name}", inner, defined=False, level=FILTER
        )

    return either


def _join(found: Jinja, arg: Jinja | None) -> Jinja | None:
    return piped(found, f"join({with_default(arg).text})") if arg else None


def _length_is(found: Jinja, arg: Jinja | None) -> Jinja | None:
    if arg is None:
        return None
    text = f"{piped(found, 'length').text} == {number(arg).at(COMPARE + 1)}"
    return Jinja(text, "bool", defined=True, level=COMPARE)


def _slice(found: Jinja, arg: Jinja | None) -> Jinja | None:
    bounds = arg.literal if arg else None
    if bounds is None or not re.fullmatch(r"[0-9]*:[0-9]*", bounds):
        return None
    return Jinja(f"{with_default(found).at(ATOM)}[{bounds}]", found.kind, defined=True)


def _split(found: Jinja, arg: Jinja | None) -> Jinja | None:
    if arg is None or arg.literal == "":
        return None
    return Jinja(
        f"{with_default(found).at(ATOM)}.split({with_default(arg).text})", "[text]", defined=True
    )


def _wordcount(found: Jinja, _: Jinja | None) -> Jinja:
    text = f"{with_default(found).at(ATOM)}.split() | length"
    return Jinja(text, "int", defined=True, level=FILTER)


def _truncatechars(found: Jinja, arg: Jinja | None) -> Jinja | None:
    size = _whole(arg)
    return piped(found, f'truncate({size}, true, "...", 0)') if size and size >= 3 else None


def _urlencode(found: Jinja, _: Jinja | None) -> Jinja:
    # Go's QueryEscape also escapes the slash, and makes a plus of a space.
    return piped(found, 'urlencode | replace("/", "%2F") | replace("%20", "+")')


def _yesno(found: Jinja, arg: Jinja | None) -> Jinja | None:
    words = "yes,no,maybe" if arg is None else arg.literal
    if words is None or not 2 <= len(words.split(",")) <= 3:
        return None
    yes, no, maybe = (*words.split(","), "maybe")[:3]
    test = value(found).at(CONDITIONAL + 1)
    if found.defined:
        text = f"{quoted(yes)} if {test} else {quoted(no)}"
    else:
        undefined = f"{found.at(FILTER)} is undefined"
        text = f"{quoted(maybe)} if {undefined} else {quoted(yes)} if {test} else {quoted(no)}"
    return Jinja(text, "text", defined=True, level=CONDITIONAL)


def _key(found: Jinja, arg: Jinja | None) -> Jinja | None:
    if arg is None:
        return None
    kind = "text" if found.kind == "params" else ""
    return Jinja(f"{found.at(ATOM)}[{with_default(arg).text}]", kind, defined=False)


def _float(found: Jinja, _: Jinja | None) -> Jinja:
    return Jinja(
        f"{with_default(found, '0').at(FILTER)} | float", "float", defined=True, level=FILTER
    )


def _pluralize(found: Jinja, arg: Jinja | None) -> Jinja | None:
    endings = "s" if arg is None else arg.literal
    if endings is None or len(endings.split(",")) > 2 or found.kind != "int":
        return None
    *one, many = endings.split(",")
    text = f"{quoted(one[0] if one else '')} if {found.at(COMPARE + 1)} == 1 else {quoted(many)}"
    return Jinja(text, "text", defined=True, level=CONDITIONAL)


FILTERS: Final = MappingProxyType[str, Filter](
    {
        "add": _add,
        "addslashes": _addslashes,
        "capfirst": _capfirst,
        "cut": _cut,
        "default": _default,
        "default_if_none": _default_if_none,
        "divisibleby": _divisibleby,
        "escape": _simple("escape"),
        "first": _first("first"),
        "float": _float,
        "floatformat": _floatformat,
        "from_yaml": _simple("from_yaml", "map"),
        "integer": lambda found, _: number(Jinja(found.text, "", found.defined, found.level)),
        "join": _join,
        "key": _key,
        "last": _first("last"),
        "length": _simple("length", "int"),
        "length_is": _length_is,
        "ljust": _padded("-"),
        "lower": _simple("lower"),
        "make_list": _simple("list", "[text]"),
        "pluralize": _pluralize,
        "random": _first("random"),
        "rjust": _padded(""),
        "safe": _kept,
        "slice": _slice,
        "split": _split,
        "stringformat": _stringformat,
        "title": _simple("title"),
        "truncatechars": _truncatechars,
        "upper": _simple("upper"),
        "urlencode": _urlencode,
        "wordcount": _wordcount,
        "yesno": _yesno,
    }
)

UNLIKE: Final = MappingProxyType(
    {
        "escape": "waitron escaped this twice, and pyxie escapes it once",
        "title": "after a dot or another sign Jinja2 starts no new word",
    }
)
"""Filters that are converted, with what differs."""

KNOWN: Final = frozenset(
    (
        *FILTERS,
        *("center", "date", "time", "escapejs", "get_digit", "iriencode", "linebreaks"),
        *("linebreaksbr", "linenumbers", "phone2numeric", "removetags", "striptags"),
        *("truncatechars_html", "truncatewords", "truncatewords_html", "urlize", "urlizetrunc"),
        "wordwrap",
    )
)
"""All that pongo2 and waitron have."""
