"""waitron's commands as pyxie's hooks."""

from __future__ import annotations

import re
import shlex
from typing import Any, Final

from pyxie.config.nodes import Loc
from pyxie.importers.waitron.templatefolder import TemplateFolder
from pyxie.importers.yamlfile import YamlFile

HOOKS: Final = (
    "prebuild_commands",
    "postbuild_commands",
    "cancelbuild_commands",
    "stalebuild_commands",
    "pxeevent_commands",
    "unknownbuild_commands",
)
_KEYS = ("timeout_seconds", "errors_fatal", "should_log")
_LONGEST = 3600
_BASH = re.compile(
    r"\[\[|\(\(|<\(|>\(|<<<|&>|\|&|\$'|\$\{\w+(?:\[|\^|,|//|:[0-9])|\w+=\(|\bpipefail\b"
    r"|\b(?:source|function|declare|local|shopt|readarray|mapfile)\s|\{\w+(?:\.\.|,)\w+\}"
)
_INCLUDE = re.compile(r"""\s*\{%-?\s*include\s+(?:"([^"]+)"|'([^']+)')\s*-?%\}\s*""")
_BY_OPTION = {
    "-c": ("sh", "bash", "dash", "ash", "ksh", "zsh", "python"),
    "-e": ("perl", "ruby"),
}


def hooks(
    source: YamlFile, loc: Loc, found: Any, version: int, templates: TemplateFolder
) -> list[dict[str, Any]]:
    """Return the hooks that waitron's commands are.

    Args:
        source: The file that they are in.
        loc: Where in it.
        found: What is there.
        version: Of waitron; 2 runs them by bash, 3 as programs of their own.
        templates: For what they include.
    """
    made = []
    for at, each in enumerate(found if isinstance(found, list) else ()):
        if not isinstance(each, dict) or not isinstance(each.get("command"), str):
            source.add_note((*loc, at), "left out: there is no 'command' in it", at_key=False)
            continue
        run = _command(source, (*loc, at, "command"), each["command"], version, templates)
        if run:
            made.append({**run, **_options(source, (*loc, at), each)})
    return made


def _options(source: YamlFile, loc: Loc, each: dict[str, Any]) -> dict[str, Any]:
    kept = {key: each[key] for key in _KEYS if each.get(key) not in (None, "")}
    seconds = str(kept.get("timeout_seconds", ""))
    if re.fullmatch(r"-?[0-9]{1,9}(?:\.0+)?", seconds):
        number = int(float(seconds))
        kept["timeout_seconds"] = str(min(number, _LONGEST))
        if number <= 0:  # waitron's default then, and pyxie's
            del kept["timeout_seconds"]
        elif number > _LONGEST:
            source.add_note((*loc, "timeout_seconds"), f"is {_LONGEST} now, the longest there is")
    for key in each:
        if key not in ("command", *_KEYS):
            source.add_note((*loc, key), "left out: waitron knew no such key")
    return kept


def _command(
    source: YamlFile, loc: Loc, text: str, version: int, templates: TemplateFolder
) -> dict[str, Any] | None:
    include = _INCLUDE.fullmatch(text)
    script: str | None = text
    if include:
        script = templates.included(include[1] or include[2])
    if script is None:
        source.add_note(loc, f"left out: there is no template in {text.strip()!r}")
        return None
    if version < 3:
        made = templates.inline(source, loc, text)
        if _BASH.search(script):
            return {"command": ["/bin/bash", "-c", made]}
        return {"command": made, "shell": "true"}
    return _script(source, loc, text, script, templates)


def _script(
    source: YamlFile, loc: Loc, text: str, script: str, templates: TemplateFolder
) -> dict[str, Any] | None:
    """Return the hook for a file that waitron 3 wrote and ran."""
    first, _, rest = script.partition("\n")
    made = templates.inline(source, loc, rest if script is text and first[:2] == "#!" else text)
    if not first.startswith("#!"):
        source.add_note(loc, "sh runs it now; waitron 3 could not, as it does not begin with '#!'")
        return {"command": made, "shell": "true"}
    words = _words(first[2:])
    option = _option(words)
    if option is None:
        source.add_note(loc, f"left out: pyxie cannot hand a script to {first[2:].strip()!r}")
        return None
    if words == ["/bin/sh"]:
        return {"command": made, "shell": "true"}
    return {"command": [*words, option, made]}


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _option(words: list[str]) -> str | None:
    """Return the option by which an interpreter takes a script as an argument."""
    names = [word.rsplit("/", 1)[-1] for word in words if not word.startswith("-")]
    if names[:1] == ["env"]:
        names = names[1:]
    name = re.sub(r"[0-9.]+$", "", names[0]) if names else ""
    return next((option for option, known in _BY_OPTION.items() if name in known), None)
