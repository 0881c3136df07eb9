"""Go's pipelines in Jinja2, over ``params`` that are texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pyxie.importers.languages.jinja import (
    ATOM,
    COMPARE,
    CONDITIONAL,
    FILTER,
    NOT,
    OR,
    Jinja,
    quoted,
)
from pyxie.syntax.tokenizer import Cursor, Token, UnreadableError

_COMPARED: Final = {"eq": "==", "ne": "!="}
_ORDERED: Final = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_FALSE: Final = '["", "false", "0"]'
"""What Go takes for false, as the texts that they are in params."""
_QUERIES: Final = {"mac": "MAC", "hostname": "Hostname"}
_URLQUERY: Final = 'urlencode | replace("/", "%2F") | replace("%20", "+")'
_METHODS = frozenset(name for name in dir(dict) if not name.startswith("_"))
_DEEPEST = 40


class Names:
    """The variables at one place of a template, which its blocks bring and take with them."""

    def __init__(self) -> None:
        self._order: list[str] = []
        self._known: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def __len__(self) -> int:
        return len(self._order)

    def add(self, name: str) -> None:
        """Add one, if it is not there."""
        if name not in self._known:
            self._known.add(name)
            self._order.append(name)

    def keep(self, count: int) -> None:
        """Forget those that were added behind the first ``count``."""
        self._known.difference_update(self._order[count:])
        del self._order[count:]


@dataclass(slots=True)
class Scope:
    """What is known at one place of a template.

    Attributes:
        nested: Of paths in the metadata, as ``etcd.peers``, those that lead to more than a
            text: ``map`` or ``list``.
        dot: The name of what ``.`` is; nothing for the metadata itself.
        names: The variables.
        kinds: What is known of variables; see `PipelineParser`.
    """

    nested: Mapping[str, str] = field(default_factory=dict)
    dot: str = ""
    names: Names = field(default_factory=Names)
    kinds: dict[str, str] = field(default_factory=dict)


class PipelineParser:
    """Takes pipelines from a cursor.

    Kinds of what it returns: ``params`` for all metadata, ``text``, ``number``, ``bool``,
    ``at:NAME`` for a parameter, which is a text, and ``in:PATH`` for what is inside one.
    """

    def __init__(self, cursor: Cursor, scope: Scope) -> None:
        self.cursor = cursor
        self._scope = scope
        self._depth = 0

    def truth(self, found: Jinja) -> str:
        """Return a condition; of params, which are texts, Go's false is more than nothing."""
        match found.kind:
            case "bool":
                return found.text
            case "number":
                return f"{found.text} > 0"
            case _ if self.nested(found):
                return self.data(found).text
            case _:
                return f'{found.at(FILTER)} | default("") not in {_FALSE}'

    def nested(self, found: Jinja) -> str:
        """Return ``map`` or ``list`` for what is known to be one."""
        return self._scope.nested.get(found.kind[3:], "") if found.kind[2:3] == ":" else ""

    def data(self, found: Jinja) -> Jinja:
        """Return what is in a parameter that is JSON."""
        if not found.kind.startswith("at:"):
            return found
        return Jinja(f"({found.text} | from_yaml)", f"in:{found.kind[3:]}")

    def pipeline(self) -> Jinja:
        """Take one pipeline."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableError(self.cursor.at, "this is nested too deeply")
        found = self._command(None)
        while self.cursor.match("symbol", "|"):
            found = self._command(found)
        self._depth -= 1
        return found

    def variable(self, token: Token, *, new: bool = False) -> str:
        """Return the name of a variable, which is to be known unless it is new."""
        name = token.value[1:]
        if not name or name in ("loop", "params"):
            raise UnreadableError(token.at, f"{token.value!r} cannot be a name here")
        if new:
            self._scope.names.add(name)
        elif name not in self._scope.names:
            raise UnreadableError(token.at, f"there is no {token.value}")
        return name

    def _command(self, last: Jinja | None) -> Jinja:
        word = self.cursor.match("name")
        if word is None or word.value in ("true", "false"):
            if last is not None:
                raise UnreadableError(self.cursor.at, "a value is piped into what is no function")
            return string(word.value) if word else self._operand()
        args: list[Jinja] = []
        while self.cursor and not self.cursor.peek("symbol", "|", ")"):
            args.append(self._operand())
        made = self._called(word.value, [*args, *([last] if last else [])])
        if made is None:
            raise UnreadableError(word.at, f"the function '{word.value}' has no like here")
        return made

    def _called(self, name: str, args: list[Jinja]) -> Jinja | None:
        match name, args:
            case (("eq" | "ne"), [one, other]):
                bare = other.literal if one.kind == "number" else None
                text = f"{one.at(COMPARE + 1)} {_COMPARED[name]} {bare or other.at(COMPARE + 1)}"
                return Jinja(text, "bool", level=COMPARE)
            case "eq", [one, *others] if others:
                listed = ", ".join(each.text for each in others)
                return Jinja(f"{one.at(COMPARE + 1)} in [{listed}]", "bool", level=COMPARE)
            case (("lt" | "le" | "gt" | "ge"), [_, _]):
                numbers = [f"{each.at(FILTER)} | float" for each in args]
                text = f"{numbers[0]} {_ORDERED[name]} {numbers[1]}"
                return Jinja(text, "bool", level=COMPARE)
            case "not", [one]:
                return Jinja(f"not ({self.truth(one)})", "bool", level=NOT)
            case (("and" | "or"), [_, _, *_]):
                truths = f" {name} ".join(f"({self.truth(each)})" for each in args)
                return Jinja(truths, "bool", level=OR)
            case "len", [one]:
                found = self.data(one) if self.nested(one) else one
                return Jinja(f"{found.at(FILTER)} | length", "number", level=FILTER)
            case "index", [one, *keys] if keys:
                return self._indexed(one, keys)
            case "printf", [form, *others] if form.literal is not None:
                return _formatted(form.literal, others)
            case "urlquery", [one]:
                return Jinja(f"{one.at(FILTER)} | {_URLQUERY}", "text", level=FILTER)
            case _:
                return None

    def _indexed(self, one: Jinja, keys: list[Jinja]) -> Jinja:
        found = one
        for key in keys:
            literal = key.literal
            bare = literal if literal is not None and literal.isdecimal() else key.text
            if found.kind == "params":
                found = Jinja(f"params[{key.text}]", f"at:{literal or '?'}")
            else:
                inner = self.data(found)
                found = Jinja(f"{inner.at(ATOM)}[{bare}]", f"{inner.kind}.{literal or '?'}")
        return found

    def _operand(self) -> Jinja:
        cursor = self.cursor
        if token := cursor.match("string"):
            return string(token.value)
        if token := cursor.match("number") or cursor.match("name", "true", "false"):
            return string(token.value)  # what it is compared with is a text
        if cursor.match("symbol", "("):
            inner = self.pipeline()
            cursor.expect("symbol", ")")
            return inner if inner.level == ATOM else Jinja(f"({inner.text})", inner.kind)
        if token := cursor.match("variable"):
            root = "" if token.value == "$" else self.variable(token)
            return self._fields(root, token.at + len(token.value), token.at)
        if token := cursor.match("dot"):
            return self._fields(self._scope.dot, token.at, token.at)
        if token := cursor.peek("field"):
            return self._fields(self._scope.dot, token.at, token.at)
        raise UnreadableError(cursor.at, "a value is missing here")

    def _fields(self, root: str, end: int, at: int) -> Jinja:
        names: list[str] = []
        while (token := self.cursor.peek("field")) and token.at == end:
            self.cursor.expect("field")
            names.append(token.value[1:])
            end += len(token.value)
        if root:
            kind = self._scope.kinds.get(root, "")
            if names:
                kind = ".".join([kind, *names]) if kind.startswith("in:") else ""
            return Jinja("".join([root, *map(_step, names)]), kind)
        if not names:
            return Jinja("params", "params")
        if names[0] == "request":
            if names[1:2] == ["query"] and len(names) == 3 and names[2] in _QUERIES:
                return Jinja(_QUERIES[names[2]], "text")
            raise UnreadableError(at, f"'.{'.'.join(names)}': pyxie does not pass on the query")
        if names == ["mac"]:
            return Jinja("MAC", "text")
        first = Jinja(f"params{_step(names[0])}", f"at:{names[0]}")
        if len(names) == 1:
            return first
        inner = "".join(map(_step, names[1:]))
        return Jinja(f"{self.data(first).text}{inner}", f"in:{'.'.join(names)}")


def _step(name: str) -> str:
    return f".get({quoted(name)})" if name in _METHODS else f".{name}"


def _formatted(form: str, args: list[Jinja]) -> Jinja | None:
    verbs = re.findall(r"%[-0]?[0-9]*([^0-9]|\Z)", form)
    if any(verb not in ("s", "v", "d", "%") for verb in verbs):
        return None
    python = re.sub(r"(%[-0]?[0-9]*)[vd]", r"\1s", form)
    listed = "".join(f", {value(each).text}" for each in args)
    return Jinja(f"{quoted(python)} | format({listed.removeprefix(', ')})", "text", level=FILTER)


def value(found: Jinja) -> Jinja:
    """Return what is printed: Go writes its bools in small letters."""
    if found.kind != "bool":
        return found
    return Jinja(f'"true" if {found.text} else "false"', "text", level=CONDITIONAL)


def string(text: str) -> Jinja:
    """Return a text."""
    return Jinja(quoted(text), "text", literal=text)
