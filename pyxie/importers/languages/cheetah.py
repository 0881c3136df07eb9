"""Cobbler's automatic-installation templates, written for Cheetah, as ones for Jinja2.

Cobbler leaves a name that it does not know as it is, so that the shell's ``$HOME`` stays;
which names those are, only its export tells. What cannot be converted stands in a tag that
Jinja2 does not know, so that `pyxie check` stops at it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from pyxie.importers.languages.jinja import quoted
from pyxie.importers.notes import Converted, Note, place
from pyxie.syntax.tokenizer import UnreadableError

_DIRECTIVE = re.compile(
    r"[ \t]*#(?P<end>end[ \t]+)?(?P<name>if|elif|else[ \t]+if|else|unless|for|set|raw|silent|def"
    r"|include|import|from|errorCatcher|stop|echo|while|repeat|try|except|attr|slurp|block|call"
    r"|continue|break|pass|del|assert|filter|cache|extends|implements|macro|return|super)\b"
    r"(?P<rest>[^\n]*)(?:\n|\Z)"
)
_MARKS = re.compile(
    r"\\(?P<escaped>[$#])"
    r"|(?P<snippet>SNIPPET::[A-Za-z0-9_./-]+)"
    r"|@@(?P<at>[A-Za-z_]\w*)@@"
    r"|\$\{(?P<braced>[A-Za-z_][^{}\n]*)\}"
    r"|\$(?P<plain>[A-Za-z_]\w*)(?P<more>(?:\.[A-Za-z_]\w*|\([^()\n]*\)|\[[^\[\]\n]*\])*)"
    r"|(?P<comment>\#\#[^\n]*)"
    r"|(?P<block>\#\*.*?\*\#)"
    r"|(?P<inline>\#(?:end[ \t]+)?(?:if|for|set|unless|else|silent)\b[^\n]*\#)"
    r"|(?P<jinja>\{[{%\#])",
    re.DOTALL,
)
_COMMENT = re.compile(r"[ \t]*##+([^\n]*)(\n|\Z)")
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<string>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")|(?P<number>\d+(?:\.\d+)?)"
    r"|\$(?P<call>getVar|getvar|varExists|hasVar)\(\s*(?P<args>[^()]*)\)|\$\{?(?P<name>[A-Za-z_]\w*)\}?"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<method>\.[A-Za-z_]\w*)|(?P<sign>[=!<>]=|[<>()+\-*/%,\[\]:])"
)
_WORDS: Final = {
    **{word: word for word in ("and", "or", "not", "in", "is", "if", "else")},
    "None": "none",
    "True": "true",
    "False": "false",
    "len": "len",
}
_BUILT_IN: Final = {
    "hostname": "machine.hostname",
    "name": "machine.hostname",
    "system_name": "machine.hostname",
    "profile_name": "machine.build_type",
    "profile": "machine.build_type",
}
_DONE: Final = ("kickstart_done", "autoinstall_done")
"""Snippets of Cobbler's own, by which an installed machine says so."""
_STRING = re.compile(r"\s*('(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")\s*")


def convert(text: str, file: str, known: Collection[str] = ()) -> Converted:
    """Convert a template.

    Args:
        text: The old one.
        file: How notes name it.
        known: The names of the metadata.
    """
    return _Conversion(text, file, known).run()


@dataclass(frozen=True, slots=True)
class _Block:
    name: str
    end: str


class _Conversion:
    def __init__(self, text: str, file: str, known: Collection[str]) -> None:
        self._text = text
        self._file = file
        self._known = set(known)
        self._set: set[str] = set()
        self._notes: dict[Note, None] = {}
        self._stack: list[_Block] = []

    def run(self) -> Converted:
        made, at = [], 0
        while at < len(self._text):
            end = self._text.find("\n", at) + 1 or len(self._text)
            found = _DIRECTIVE.match(self._text, at, end)
            if (comment := _COMMENT.match(self._text, at, end)) is not None:
                message = comment[1].strip().replace("#}", "# }")
                made.append(f"{{# {message}{comment[2] or ' '}#}}")
            elif found is None:
                # A comment of several lines is one piece.
                end = self._line_end(at, end)
                made.append(self._marks(at, end))
            elif found["name"] == "raw" and not found["end"]:
                close = re.compile(r"^[ \t]*#end raw[^\n]*(?:\n|\Z)", re.MULTILINE)
                last = close.search(self._text, found.end())
                inner_end = last.start() if last else len(self._text)
                made.append(_harmless(self._text[found.end() : inner_end]))
                end = last.end() if last else len(self._text)
            else:
                made.append(self._directive(found, at))
            at = end
        for block in self._stack:
            self._add_note(f"'#{block.name}' has no end", len(self._text))
        return Converted("".join(made), tuple(sorted(self._notes)))

    def _line_end(self, at: int, end: int) -> int:
        opened = self._text.find("#*", at, end)
        if opened < 0:
            return end
        closed = self._text.find("*#", opened + 2)
        return self._text.find("\n", closed) + 1 or len(self._text) if closed >= 0 else end

    def _add_note(self, sentence: str, at: int) -> None:
        self._notes[Note(self._file, *place(self._text, at), sentence)] = None

    def _left(self, source: str, at: int, why: str) -> str:
        self._add_note(f"not converted: {why}", at)
        shown = source.strip().replace("%}", "% }")
        return f"{{% not converted: {shown} %}}"

    def _directive(self, found: re.Match[str], at: int) -> str:
        """Return the line of a directive; its line end goes into the tag, as Cheetah eats it."""
        name, rest = " ".join(found["name"].split()), found["rest"].strip()
        feed = "\n" if found[0].endswith("\n") else ""
        if name == "errorCatcher":
            return ""
        try:
            tag = self._end(name) if found["end"] else self._begin(name, rest, at)
        except UnreadableError as exc:
            return self._left(found[0], at, exc.sentence) + feed
        return f"{{% {tag}{feed or ' '}%}}"

    def _begin(self, name: str, rest: str, at: int) -> str:
        rest = rest.removesuffix(":").strip()
        match name:
            case "if" | "unless":
                text = self._expression(rest, at)
                self._stack.append(_Block(name, "endif"))
                return f"if {text}" if name == "if" else f"if not ({text})"
            case "elif" | "else if":
                return f"elif {self._expression(rest, at)}"
            case "else":
                return "else"
            case "for":
                each = re.fullmatch(r"\$?\{?([A-Za-z_]\w*)\}?\s+in\s+(.+)", rest)
                if each is None:
                    raise UnreadableError(at, "'#for' of this form has no like here")
                over = self._expression(each[2], at)
                self._set.add(each[1])
                self._stack.append(_Block(name, "endfor"))
                return f"for {each[1]} in {over}"
            case "set":
                said = re.fullmatch(r"(?:global\s+)?\$?\{?([A-Za-z_]\w*)\}?\s*=\s*(.+)", rest)
                if said is None:
                    raise UnreadableError(at, "'#set' of this form has no like here")
                value = self._expression(said[2], at)
                self._set.add(said[1])
                if any(block.name == "for" for block in self._stack):
                    self._add_note(
                        f"'{said[1]}': what is set in a loop is gone after that turn", at
                    )
                return f"set {said[1]} = {value}"
            case "break" | "continue":
                return name
            case _:
                raise UnreadableError(at, f"'#{name}' has no like here")

    def _end(self, name: str) -> str:
        if not self._stack or self._stack[-1].name != name:
            raise UnreadableError(0, f"'#end {name}' ends nothing here")
        return self._stack.pop().end

    def _marks(self, at: int, end: int) -> str:
        made = []
        here = at
        for found in _MARKS.finditer(self._text, at, end):
            made.append(self._text[here : found.start()])
            made.append(self._mark(found))
            here = found.end()
        return "".join([*made, self._text[here:end]])

    def _mark(self, found: re.Match[str]) -> str:
        at, source = found.start(), found[0]
        if found["escaped"]:
            return found["escaped"]
        if found["jinja"]:
            return f'{{{{ "{source}" }}}}'
        if found["snippet"]:
            return self._snippet(source.removeprefix("SNIPPET::"))
        if found["at"]:
            return f"{{{{ {self._name(found['at'])} }}}}" if self._knows(found["at"]) else source
        if found["comment"] or found["block"]:
            text = source.strip().strip("#*").strip().replace("#}", "# }")
            return f"{{# {text} #}}"
        if found["inline"]:
            return self._left(source, at, "a directive within a line has no like here")
        return self._placeholder(found, source, at)

    def _placeholder(self, found: re.Match[str], source: str, at: int) -> str:
        inner = found["braced"] or found["plain"] + found["more"]
        name = re.match(r"\w+", inner)
        word = name[0] if name else ""
        rest = inner[len(word) :]
        if word == "SNIPPET" and (text := _STRING.fullmatch(rest.strip("()"))):
            return self._snippet(text[1][1:-1])
        if word in ("getVar", "getvar") and rest.startswith("("):
            try:
                return f"{{{{ {self._getvar(rest[1:].removesuffix(')'), at)} }}}}"
            except UnreadableError as exc:
                return self._left(source, at, exc.sentence)
        if not self._knows(word):
            if not rest.startswith("(") and not word.isupper():
                self._add_note(f"left as it is: '{word}' is no name that Cobbler's export has", at)
            return _harmless(source)
        if rest:
            return self._left(source, at, f"only '${word}' alone has a like here")
        return f"{{{{ {self._name(word)} }}}}"

    def _snippet(self, name: str) -> str:
        if posix_name(name) in _DONE:
            return "curl -sf -o /dev/null --retry 5 {{ urls.done }}"
        return f"{{% include {quoted(f'snippets/{name}')} %}}"

    def _knows(self, name: str) -> bool:
        return name in self._known or name in self._set or name in _BUILT_IN

    def _name(self, name: str) -> str:
        if name in self._set:
            return name
        return f"params.{name}" if name in self._known else _BUILT_IN.get(name, f"params.{name}")

    def _getvar(self, args: str, at: int) -> str:
        first = _STRING.match(args)
        rest = args[first.end() :].lstrip(", ") if first else ""
        if first is None or not re.fullmatch(r"[A-Za-z_]\w*", first[1][1:-1]):
            raise UnreadableError(at, "this 'getVar' has no like here")
        default = self._expression(rest, at) if rest else '""'
        return f"{self._name(first[1][1:-1])} | default({default})"

    def _expression(self, text: str, at: int) -> str:
        made, here = "", 0
        while here < len(text):
            found = _TOKEN.match(text, here)
            if found is None or (found["word"] and found["word"] not in {*_WORDS, *self._set}):
                raise UnreadableError(at, f"{text[here:][:20]!r} has no like here")
            if found["name"] and text.startswith("(", found.end()):
                raise UnreadableError(at, f"'${found['name']}(…)' has no like here")
            made += self._token(found, at)
            here = found.end()
        if not made.strip():
            raise UnreadableError(at, "an expression is missing here")
        return made.strip()

    def _token(self, found: re.Match[str], at: int) -> str:
        if found["call"] in ("varExists", "hasVar"):
            name = _STRING.fullmatch(found["args"])
            if name is None:
                raise UnreadableError(at, f"this '{found['call']}' has no like here")
            return f"({self._name(name[1][1:-1])} is defined)"
        if found["call"]:
            return f"({self._getvar(found['args'], at)})"
        if found["name"]:
            return self._name(found["name"])
        if found["word"] == "len":
            raise UnreadableError(at, "'len' is the filter 'length' in Jinja2")
        return _WORDS.get(found["word"] or "", found[0])


def posix_name(path: str) -> str:
    """Return the last part of a path."""
    return path.rsplit("/", 1)[-1]


def _harmless(text: str) -> str:
    return re.sub(r"\{[{%#]", lambda found: f'{{{{ "{found[0]}" }}}}', text)
