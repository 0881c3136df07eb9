"""How iPXE reads a script: lines, words, terminators, settings (src/core/exec.c)."""

from __future__ import annotations

import re


def lines(script: str) -> list[str]:
    """Return the lines as iPXE sees them: a backslash at the end takes in the next."""
    return script.replace("\\\n", "").splitlines()


def split(line: str) -> list[tuple[list[str], str]]:
    """Return the commands of a line, each with the word that ends it."""
    found: list[tuple[list[str], str]] = []
    words: list[str] = []
    for word in line.split():
        if word.startswith("#"):
            break
        if word in ("||", "&&", ";"):
            found.append((words, word))
            words = []
        else:
            words.append(word)
    return [*found, (words, "")]


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
