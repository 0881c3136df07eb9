"""Which of its templates a machine will ask for: the addresses of ours in what it is given.

``urls.template`` makes them; waitron's files put them together by hand, of ``{{ BaseURL }}``,
``/template/preseed/``, ``{{ Hostname }}`` and ``{{ Token }}``, and others by the name of a proxy
before us. What makes an address one of a build's is its token.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from pyxie.registry.machine import Machine

WAITRONS = ("preseed", "finish")
"""The templates that a machine's file has a key for."""


def file_of(machine: Machine, word: str) -> str:
    """Return the file of the template that a machine gets by a word; empty if by that it gets none.

    Of a machine without ``templates`` any other word means the preseed, as in waitron.
    """
    name = machine.templates.get(word, "")
    if not name and (word in WAITRONS or not machine.templates):
        return machine.finish if word == "finish" else machine.preseed
    return name


def missing(machine: Machine, text: str, token: str) -> list[str]:
    """Return the words by which a text has the machine ask for templates that it has not.

    Args:
        machine: With all that it inherits.
        text: A command line, a script or a template, rendered.
        token: The build's.
    """
    own = re.compile(rf"/(?:template/([^/\s]+)|(seed))/[^/\s]+/{re.escape(token)}")
    words = [unquote(found[1]) if found[1] else SEED for found in own.finditer(text)]
    return [
        word
        for word in dict.fromkeys(words)
        # By 'templates' alone: to cloud-init another's preseed is none.
        if not (machine.templates.get(word) if word == SEED else file_of(machine, word))
    ]


def no_template(machine: Machine, word: str) -> str:
    """Say that there is no such template, and what to do."""
    key = f"'{word}'" if word in WAITRONS else f"'templates: {{{word}: …}}'"
    return (
        f"asks for the template {word!r}, and {machine.hostname} has none: "
        f"set {key}, or build a type that has it"
    )


SEED = "user-data"
"""Without this file of its seed cloud-init takes it for none."""
