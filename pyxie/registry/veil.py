"""What may be shown of a machine's file and of what is rendered for it: all but secrets. Pure.

In a file that is edited each secret gives way to a word of its own, and comes back where that word
stands when the file is written: who edits a machine needs not read its password, and keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"
"""As of `pyxie.config.simple`."""

HIDDEN: Final = "***"
"""In the place of a secret, where nothing is to be written back."""
_DOTS: Final = "•••"
_WORD: Final = re.compile(rf"{_DOTS}([^•\n]{{1,300}}){_DOTS}")
_NAME: Final = r"[\w.-]{0,60}(?:password|passwd|passphrase|secret|token|private_?key)[\w.-]{0,60}"
_SECRET: Final = re.compile(_NAME, re.IGNORECASE | re.ASCII)
_KEY: Final = re.compile(
    r"""(?P<head>(?:^[ \t]*(?:\#[ \t]*|(?:-[ \t]+)*)|[{,][ \t]*)"""
    rf"""["']?(?P<key>{_NAME})["']?[ \t]*:(?=[ \t]|$)[ \t]*)(?P<value>.*)$""",
    re.IGNORECASE | re.ASCII,
)
"""A key of YAML whose value is a secret, by its name, at the start of a line or in braces."""
_NOTHING: Final = frozenset(("", "''", '""', "~", "null"))
_LOGIN: Final = re.compile(r"(?<=://)[^/\s@\"'<>{}•]{1,200}(?=@(?P<host>[^/\s@\"'<>]{1,253}))")
"""Of a URL, what stands before the ``@`` (RFC 3986, section 3.2.1)."""
_IN_TEXTS: Final = (
    (_LOGIN, HIDDEN),
    # crypt(5), as in /etc/shadow: `$6$salt$hash`.
    (
        re.compile(r"\$(?:[1567y]|2[abxy]|gy|md5|sha1|scrypt|argon2id?)\$[^\s\"':,;]{8,}"),
        HIDDEN,
    ),
    # debconf's type `password`, in a preseed.
    (
        re.compile(r"(?m)^([ \t]*\S+[ \t]+[^\s/]+/\S+[ \t]+password[ \t]+)\S.*$"),
        rf"\1{HIDDEN}",
    ),
    # Of a kickstart: `rootpw --plaintext x`, `user --name=x --password=x`.
    (re.compile(r"(?m)^(rootpw[ \t]+(?:--\w+[ \t]+)*)(?!--)\S+"), rf"\1{HIDDEN}"),
    (re.compile(r"(--password=)\S+"), rf"\1{HIDDEN}"),
)
"""What is secret in any text by its shape."""
_SHORT: Final = 6
"""Letters up to which a secret is looked for as a word: of ``no`` every line has one."""


def is_secret(name: object) -> bool:
    """Tell whether a key's value is not to be shown, by the key's name."""
    return isinstance(name, str) and _SECRET.fullmatch(name) is not None


def secrets_in(data: Plain) -> frozenset[str]:
    """Return the values that stand below a secret's key, however deep."""
    return frozenset(_secrets(data, below=False))


def _secrets(data: Plain, *, below: bool) -> Iterator[str]:
    match data:
        case dict():
            for key, value in data.items():
                yield from _secrets(value, below=below or is_secret(key))
        case list():
            for each in data:
                yield from _secrets(each, below=below)
        case str() if below and data.strip():
            yield data.strip()
        case _:
            pass


def shown(loc: Collection[object], value: str) -> str:
    """Return a value of a file as it may be shown.

    Args:
        loc: Keys and indices that lead to it.
        value: As it was written.
    """
    if value and any(map(is_secret, loc)):
        return HIDDEN
    return _LOGIN.sub(HIDDEN, value)


def hidden(data: Plain, loc: tuple[object, ...] = ()) -> Plain:
    """Return a file's data, or a part of it, as it may be shown.

    Args:
        data: What was read.
        loc: Keys and indices that lead to it.
    """
    match data:
        case dict():
            return {key: hidden(value, (*loc, key)) for key, value in data.items()}
        case list():
            return [hidden(each, (*loc, at)) for at, each in enumerate(data)]
        case str():
            return shown(loc, data)
        case _:
            return data


def without(text: str, secrets: Collection[str]) -> str:
    """Return what was rendered, without secrets of files and what looks like one."""
    for pattern, instead in _IN_TEXTS:
        text = pattern.sub(instead, text)
    for each in _longest_first(secrets):
        if each in text:  # a long one takes long to be made a pattern of
            text = _literally(each).sub(HIDDEN, text)
    return text


def _literally(secret: str) -> re.Pattern[str]:
    words = re.escape(secret)
    return re.compile(words if len(secret) > _SHORT else rf"(?<!\w){words}(?!\w)")


def _longest_first(secrets: Collection[str]) -> list[str]:
    return sorted(secrets, key=lambda each: (-len(each), each))


@dataclass(frozen=True, slots=True)
class Veiled:
    """A file without its secrets.

    Attributes:
        text: The file.
        secrets: What each of the words stands for.
    """

    text: str
    secrets: Mapping[str, str]

    def restored(self, typed: str) -> str:
        """Return what somebody has made of the text, with the secrets at their words."""
        if not self.secrets:
            return typed
        return _any_of(self.secrets).sub(lambda word: self.secrets[word[0]], typed)

    def lost(self, typed: str) -> list[tuple[int, int, str]]:
        """Return line, column and text of words in ``typed`` that stand for nothing."""
        left = typed
        if self.secrets:
            left = _any_of(self.secrets).sub(lambda word: "\n" * len(word[0]), typed)
        return [
            (*_place(typed, word.start()), word[0])
            for word in _WORD.finditer(left)
            if word[0] not in self.text
        ]


def _any_of(words: Collection[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words)))


def veiled(text: str, secrets: Collection[str] = ()) -> Veiled:
    """Return a file, YAML or meant to be, without its secrets.

    Args:
        text: The file.
        secrets: Values that are secret, of a file that could be read: see `secrets_in`.
    """
    words = _Words(text)
    lines = list(_of_keys(text.split("\n"), words))
    text = _LOGIN.sub(
        lambda login: words.of(f"login at {login['host']}", login[0]), "\n".join(lines)
    )
    for each in _longest_first(secrets):
        if each in text:
            text = _outside_words(text, _literally(each), words)
    return Veiled(text, words.secrets)


class _Words:
    """The words that stand for secrets, each by what it stands for."""

    def __init__(self, text: str) -> None:
        self._text = text if _DOTS in text else ""  # the only words that could be taken
        self.secrets: dict[str, str] = {}
        self._known: dict[tuple[str, str], str] = {}
        self._tried: dict[str, int] = {}

    def of(self, name: str, secret: str) -> str:
        """Return the word for a secret that is called so; for the same one the same word."""
        name = name.replace("•", "·")[:200]
        known = self._known.get((name, secret))
        if known is not None:
            return known
        while True:
            at = self._tried[name] = self._tried.get(name, 0) + 1
            word = f"{_DOTS}{name}{f' {at}' if at > 1 else ''}{_DOTS}"
            if word not in self.secrets and word not in self._text:
                break
        self.secrets[word] = secret
        self._known[name, secret] = word
        return word


def _of_keys(lines: list[str], words: _Words) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        found = _KEY.search(line)
        if found is None:
            yield line
            continue
        before = line[: found.start("key")]
        end = at if before.strip(" \t-\"'") else _end_of(lines, at, len(before))
        value = "\n".join((found["value"], *lines[at:end]))
        if value.strip() in _NOTHING:
            yield line
            continue
        yield f"{line[: found.start('value')]}{words.of(found['key'], value)}"
        at = end


def _end_of(lines: list[str], at: int, column: int) -> int:
    """Return where a value ends: a block, and a text of several lines, stand farther in."""
    end = at
    for number in range(at, len(lines)):
        if lines[number].strip():
            if len(lines[number]) - len(lines[number].lstrip(" \t")) <= column:
                break
            end = number + 1
    return end


def _outside_words(text: str, secret: re.Pattern[str], words: _Words) -> str:
    """Return a text with a secret taken out of it, where it stands in no word for one."""
    known = _any_of(words.secrets) if words.secrets else None
    pieces, at = [], 0
    for word in known.finditer(text) if known else ():
        pieces += [_without(text[at : word.start()], secret, words), word[0]]
        at = word.end()
    return "".join((*pieces, _without(text[at:], secret, words)))


def _without(piece: str, secret: re.Pattern[str], words: _Words) -> str:
    return secret.sub(lambda each: words.of("hidden", each[0]), piece)


def _place(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
