"""How iPXE reads a script, in rules of our own writing.

Lines and labels are as in src/image/script.c, words and what ends a command as in
src/core/exec.c, settings as in src/core/settings.c, options as in src/core/getopt.c.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ENDS = ("||", "&&", ";")
_WORD = re.compile(r"[^ \t\n\v\f\r]+")
"""It knows the white space of the C locale only."""
OPTIONS = {
    "chain": ("name", "timeout", "replace", "autofree"),
    "choose": ("default", "timeout", "key"),
    "echo": ("n",),
    "imgfetch": ("name", "timeout"),
    "initrd": ("name", "timeout"),
    "kernel": ("name", "timeout"),
}
_WITHOUT_ARGUMENT = ("n", "replace", "autofree")


@dataclass(frozen=True)
class Command:
    """One command, as it is executed.

    Attributes:
        words: With all settings expanded.
        end: The word that ends it: whether the next one is executed depends on it.
        label: Of the line that it stands on.
    """

    words: tuple[str, ...]
    end: str = ""
    label: str = ""


class ScriptError(Exception):
    """iPXE would stop here."""


def lines(script: str) -> list[str]:
    """Return the lines as iPXE sees them: a backslash at the end takes in the next."""
    found, line = [], ""
    for piece in script.removesuffix("\n").split("\n"):
        line = (line + piece).removesuffix("\r")
        if line.endswith("\\"):
            line = line[:-1]
            continue
        found.append(line.partition("\0")[0])
        line = ""
    return found


def split(line: str) -> list[tuple[list[str], str]]:
    """Return the commands of a line, each with the word that ends it."""
    found: list[tuple[list[str], str]] = []
    words: list[str] = []
    for word in _WORD.findall(line):
        if word.startswith("#"):
            break
        if word in _ENDS:
            found.append((words, word))
            words = []
        else:
            words.append(word)
    return [*found, (words, "")]


def label_of(line: str) -> tuple[str, str]:
    """Return the label that a line has, if it has one, and what else is on it."""
    if not (bare := line.lstrip(" \t\v\f\r")).startswith(":"):
        return "", line
    word = _WORD.match(bare, 1)
    end = word.end() if word else 1
    return bare[1:end], bare[end:]


def expanded(word: str, values: Mapping[str, str]) -> str:
    """Return a word with its settings filled in, also those that come of filling in.

    One that is not set is the empty text.
    """
    while (end := _first_setting(word)) is not None:
        start = word.rindex("${", 0, end)
        word = word[:start] + values.get(word[start + 2 : end], "") + word[end + 1 :]
    return word


def _first_setting(word: str) -> int | None:
    """Return where the first setting in a word ends."""
    opened = word.find("${")
    end = word.find("}", opened) if opened >= 0 else -1
    return end if end >= 0 else None


def read(script: str) -> list[Command]:
    """Return what iPXE does with a script, from its first line to its last.

    Raises:
        ScriptError: It is none, a command has options that it does not know, or ends nowhere.
    """
    if not script.startswith(("#!ipxe\n", "#!ipxe ")):
        raise ScriptError("no script")
    values: dict[str, str] = {}
    found = []
    for line in lines(script):
        label, rest = label_of(line)
        for at, (words, end) in enumerate(split(rest)):
            said = tuple(expanded(word, values) for word in words)
            if said[:1] == ("set",):
                _set(said, values)
            if said:
                positional(said)
            if said or end or (label and not at):
                found.append(Command(said, end, label))
    if script.rstrip("\n").endswith("\\"):
        raise ScriptError("the last line goes on")
    return found


def _set(words: tuple[str, ...], values: dict[str, str]) -> None:
    name, _, kind = words[1].partition(":")
    text = bytes.fromhex(words[2]).decode() if kind == "hex" else words[2]
    values.update({name: text, f"{name}:string": text})


def positional(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the arguments of a command behind its options.

    Raises:
        ScriptError: It has one that it does not know.
    """
    known = OPTIONS.get(words[0], ())
    at = 1
    while at < len(words) and words[at].startswith("-"):
        option = words[at].lstrip("-")
        at += 1
        if words[at - 1] == "--":
            break
        if option.partition("=")[0] not in known:
            raise ScriptError(f"{words[0]}: unrecognised option {option!r}")
        if option not in _WITHOUT_ARGUMENT and "=" not in option:
            if at >= len(words) or words[at].startswith("-"):
                raise ScriptError(f"{words[0]}: option {option!r} requires an argument")
            at += 1
    return words[at:]


def commands(script: str) -> list[list[str]]:
    """Return all commands of a script, with the settings that it sets itself filled in."""
    values = {"empty": ""}
    found = []
    for line in lines(script):
        if line.startswith(":"):
            continue
        for words, _ in split(line):
            if words[:1] == ["set"] and words[1].endswith(":hex"):
                values[words[1].removesuffix(":hex") + ":string"] = bytes.fromhex(words[2]).decode()
            if words:
                found.append([_filled(word, values) for word in words])
    return found


def _filled(word: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{([^}]*)\}", lambda name: values.get(name[1], name[0]), word)
