"""How GRUB reads its script language (grub-core/script/yylex.l), as far as words go."""

from __future__ import annotations


def commands(script: str) -> list[list[str]]:
    """Return the words of each command; a variable stays as it is written, behind a dollar sign.

    Raises:
        ValueError: A quote is open at the end.
    """
    found: list[list[str]] = [[]]
    word: str | None = None
    at = 0

    def end() -> None:
        nonlocal word
        if word is not None:
            found[-1].append(word)
        word = None

    while at < len(script):
        letter = script[at]
        if letter == "'":
            close = script.index("'", at + 1)
            word = (word or "") + script[at + 1 : close]
            at = close
        elif letter == '"':
            word, at = _double(script, at + 1, word or "")
        elif letter == "\\":
            at += 1
            word = (word or "") + script[at : at + 1]
        elif letter in " \t":
            end()
        elif letter in "\n;&|{}<>()":
            end()
            found.append([])
        elif letter == "#" and word is None:
            at = (script + "\n").index("\n", at) - 1
        else:
            word = (word or "") + letter
        at += 1
    end()
    return [each for each in found if each]


def _double(script: str, at: int, word: str) -> tuple[str, int]:
    while script[at] != '"':
        if script[at] == "\\" and script[at + 1] in '$"\\':
            at += 1
        word += script[at]
        at += 1
    return word, at


def to_kernel(words: list[str]) -> str:
    """Return the command line that GRUB makes of words (grub-core/lib/cmdline.c)."""
    line = []
    for each in words:
        text = "".join(f"\\{letter}" if letter in "\\'\"" else letter for letter in each)
        line.append(f'"{text}"' if " " in text else text)
    return " ".join(line)


def read_by_linux(line: str) -> list[tuple[str, str | None]]:
    """Return names and values as Linux takes them (lib/cmdline.c, next_arg)."""
    found: list[tuple[str, str | None]] = []
    at, size = 0, len(line)
    while True:
        while at < size and line[at].isspace():
            at += 1
        if at >= size:
            return found
        quoted = line[at] == '"'
        at += quoted
        start, equals, inside = at, 0, quoted
        while at < size:
            if line[at].isspace() and not inside:
                break
            if not equals and line[at] == "=":
                equals = at - start
            if line[at] == '"':
                inside = not inside
            at += 1
        text = line[start:at]
        name, value = (text[:equals], text[equals + 1 :]) if equals else (text, None)
        if value is not None and value.startswith('"'):
            value = value[1:].removesuffix('"')
        if quoted:
            if value is not None:
                value = value.removesuffix('"')
            else:
                name = name.removesuffix('"')
        found.append((name, value))
