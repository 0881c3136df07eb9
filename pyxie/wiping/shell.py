"""Does a shell script wipe a disk? By the programs that it runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from pyxie.bounds import WIPING_COMMANDS
from pyxie.urls import is_below, origin
from pyxie.wiping.shellparts import (
    REDIRECTED,
    assigned,
    chunks,
    commands,
    expanded,
    pieces,
    variables,
)
from pyxie.wiping.verdict import Spares, Unclear, Verdict, Wipes, combined
from pyxie.wiping.wipers import Words, holds_disk, is_disk, outputs, rule_of

_KNOWN: Final = 2048
"""Chunks of scripts whose commands are known: most say what another did, but for some names;"""
_SHORT: Final = 400
"""characters of one of them,"""
_LONG: Final = 1600
"""and of several that follow each other."""
_DEEPEST: Final = 4
_LONGEST: Final = 1000
_NOT_PROGRAMS: Final = frozenset(
    (
        *("if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "time", "exec"),
        *("command", "builtin", "sudo", "doas", "env", "nohup", "setsid", "nice", "busybox"),
        *("in-target", "curtin", "log-output", "-", "--"),
        *("xargs", "parallel", "find", "ionice", "stdbuf", "unshare", "nsenter", "taskset"),
    )
)
"""What may stand before the program: a shell's own words, and programs that run another."""
_GIVE_MORE: Final = frozenset(("xargs", "parallel", "find"))
"""Those that run a program with words of which the script does not tell."""
_TAKES_ONE: Final = frozenset(("chroot", "timeout", "arch-chroot", "ip-netns", "flock"))
_OPTION: Final = re.compile(r"^--?[\w-]+=")
_FUNCTION: Final = re.compile(r"[\w-]*\{")
_SHELLS: Final = frozenset(("sh", "bash", "dash", "ash", "ksh", "zsh", "su", "eval", ".", "source"))
_FETCHES: Final = frozenset(("curl", "wget", "fetch", "preseed_fetch", "tftp"))


@dataclass(frozen=True, slots=True)
class _Command:
    """What a command comes to by its words alone.

    Attributes:
        written: All of them.
        uses: The variables in them.
        sets: The variables that it sets, before its program.
        redirected: What comes of where it writes to.
        words: Those from its program on.
        name: The program's, without a folder.
        found: What the program does by its words.
        is_idle: It neither does anything, nor sets, nor runs or fetches, by these words.
    """

    written: tuple[str, ...]
    uses: frozenset[str]
    sets: Mapping[str, str]
    redirected: tuple[Verdict, ...]
    words: tuple[str, ...]
    name: str
    found: tuple[Verdict, ...]
    is_idle: bool

    @classmethod
    def of(cls, words: Words) -> _Command:
        """Read a command."""
        sets: dict[str, str] = {}
        for word in words:
            pair = assigned(word)
            if pair is None:
                break
            # One that doubles itself line by line would fill the memory.
            sets[pair[0]] = pair[1] if len(pair[1]) < _LONGEST else "$"
        redirected = tuple(_redirected(words)) if REDIRECTED in words else ()
        program = tuple(_program(words))
        name = program[0].rpartition("/")[2] if program else ""
        rule = rule_of(name) if name else None
        found = tuple(rule(list(program[1:]))) if rule is not None else ()
        tells = sets or redirected or found or name in _FETCHES or name in _SHELLS
        uses, idle = variables(words), not tells
        return cls(tuple(words), uses, sets, redirected, program, name, found, idle)


@dataclass(frozen=True, slots=True)
class _Effect:
    """What commands come to of which none fetches or is a shell.

    Attributes:
        found: What their programs do.
        sets: The variables that they leave behind.
    """

    found: tuple[Verdict, ...]
    sets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Commands that follow each other.

    Attributes:
        commands: All of them.
        uses: The variables in them.
        alone: What they come to where none of these is known; None if that depends on more.
    """

    commands: tuple[_Command, ...]
    uses: frozenset[str]
    alone: _Effect | None


def read_shell(text: str, ours: str = "", depth: int = 0) -> Verdict:
    """Return what a script does to disks.

    Args:
        text: The script.
        ours: How the URLs begin that pyxie itself serves.
        depth: How often a script within a script was opened to get here.
    """
    return combined(_found(text, ours, depth)) if text else Spares()


def _found(text: str, ours: str, depth: int) -> Iterator[Verdict]:
    values: dict[str, str] = {}
    fetched: dict[str, str] = {}
    foreign, left = "", WIPING_COMMANDS.whole
    for piece in pieces(text):
        if not fetched and len(piece) <= _LONG:
            read = _piece(piece)
            effect = _together(piece, read, values)
            if effect is not None and len(read.commands) <= left:
                left -= len(read.commands)
                values |= effect.sets
                yield from effect.found
                continue
        for each in _commands(piece):
            if not left:
                yield _too_many()
                return
            left -= 1
            command = _with(each, values)
            values |= command.sets
            yield from command.redirected
            words, name = command.words, command.name
            if not words:
                continue
            if name in _FETCHES:
                urls = [url for url in map(_url, words) if url and not is_below(url, ours)]
                foreign = urls[0] if urls else ""
                for path in outputs(words):
                    fetched.pop(path, None)
                    fetched |= {path: foreign} if foreign else {}
                continue
            if name in _SHELLS:
                yield from _run(words, ours, depth, fetched, foreign)
            elif words[0] in fetched:
                yield _foreign(fetched[words[0]])
            yield from command.found


def _with(command: _Command, values: Mapping[str, str]) -> _Command:
    """Return a command with the variables in it that are known."""
    if command.uses.isdisjoint(values):
        return command
    return _Command.of([expanded(word, values) for word in command.written])


def _together(text: str, read: _Piece, values: Mapping[str, str]) -> _Effect | None:
    """Return what a piece comes to by itself; None if that depends on more."""
    if read.uses.isdisjoint(values):
        return read.alone
    return _known_by(text, tuple((name, values[name]) for name in read.uses if name in values))


@lru_cache(_KNOWN // 4)
def _known_by(text: str, given: tuple[tuple[str, str], ...]) -> _Effect | None:
    return _effect(_piece(text).commands, dict(given))


@lru_cache(_KNOWN)
def _piece(text: str) -> _Piece:
    commands = tuple(_commands(text))
    uses = frozenset().union(*(each.uses for each in commands if each.uses))
    return _Piece(commands, uses, _effect(commands, {}))


def _effect(commands: Iterable[_Command], values: dict[str, str]) -> _Effect | None:
    sets: dict[str, str] = {}
    found: list[Verdict] = []
    for each in commands:
        is_as_written = each.uses.isdisjoint(values)
        if is_as_written and each.is_idle:
            continue
        command = each if is_as_written else _with(each, values)
        if command.name in _FETCHES or command.name in _SHELLS:
            return None
        values |= command.sets
        sets |= command.sets
        found += (*command.redirected, *command.found)
    return _Effect(tuple(found), sets)


def _too_many() -> Unclear:
    WIPING_COMMANDS.reached()
    return Unclear("it has more commands than pyxie reads")


def _commands(piece: str) -> Iterator[_Command]:
    for chunk in chunks(piece):
        yield from _known(chunk) if len(chunk) <= _SHORT else map(_Command.of, commands(chunk))


@lru_cache(_KNOWN)
def _known(chunk: str) -> tuple[_Command, ...]:
    return tuple(map(_Command.of, commands(chunk)))


def _url(word: str) -> str:
    """Return the URL that a word is, or that an option ends in; empty if it has none."""
    return _OPTION.sub("", word) if "://" in word else ""


def _foreign(url: str) -> Unclear:
    return Unclear(f"it runs what {origin(url)} gives")


def _run(
    words: Words, ours: str, depth: int, fetched: Mapping[str, str], foreign: str
) -> Iterator[Verdict]:
    """Look into what a shell is given."""
    rest = words[1:]
    if depth < _DEEPEST:
        if words[0].endswith("eval"):
            yield read_shell(" ".join(rest), ours, depth + 1)
        for option, text in pairwise(rest):
            if re.fullmatch(r"-\w*c", option):
                yield read_shell(text, ours, depth + 1)
    files = [word for word in rest if not word.startswith("-")]
    if not files and foreign:  # what was fetched just before is its input
        yield _foreign(foreign)
    yield from (_foreign(fetched[word]) for word in files if word in fetched)


def _program(words: Words) -> list[str]:
    """Return the words from the program on."""
    whole = [word for word in words if word != REDIRECTED]
    begin = 0
    while begin < len(whole):
        word = whole[begin].rpartition("/")[2]
        if word in _TAKES_ONE:
            begin += 1
            while begin < len(whole) and whole[begin].startswith("-"):
                begin += 1
            begin += 1
        elif word in _NOT_PROGRAMS or assigned(whole[begin]) or _FUNCTION.fullmatch(word):
            begin += 1
            while begin < len(whole) and whole[begin].startswith("-") and whole[begin] != "-":
                begin += 1
        else:
            break
    passed, left = whole[:begin], whole[begin:]
    if not passed:
        return left
    more = any(word.rpartition("/")[2] in _GIVE_MORE for word in passed)
    # One word may be an option's value, as in "sudo -u root"; find has many.
    reach = len(left) if more else 1 + any(word.startswith("-") for word in passed[-2:])
    program = next((left[at:] for at in range(min(reach, len(left))) if _is_run(left[at])), left)
    if more:
        return [*(word.replace("{}", "$") for word in program), *(("$",) if program else ())]
    return program


def _is_run(word: str) -> bool:
    return word.rpartition("/")[2] in _SHELLS - {"."} or rule_of(word) is not None


def _redirected(words: Words) -> Iterator[Verdict]:
    """Find disks that a redirection writes to."""
    for sign, target in pairwise(words):
        if sign != REDIRECTED:
            continue
        if holds_disk(target):
            yield Wipes()
        elif "$" in target and re.search(r"disk|dev|drive", target, re.IGNORECASE):
            yield Unclear(f"it writes to {target}")
        elif "$" not in target and is_disk(target):
            yield Wipes((target,))
