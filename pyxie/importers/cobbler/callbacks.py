"""The addresses of Cobbler's own server in its templates, as those of pyxie.

Facts: what the kickstarts that it generates call. ``/cblr/svc/op/nopxe/system/NAME`` ends
netbooting, ``op/autoinstall`` (of old ``op/ks``) gives the template again, ``op/trig`` runs
triggers on the server; ``$http_server`` and ``$server`` are its host, ``$http_port`` its port.

They are taken out of a template before it is converted and put back after it, for both languages
would act upon them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pyxie.importers.notes import Note, place

_SERVER: Final = r"(?:\$\{?(?:http_)?server\b\}?|@@(?:http_)?server@@)"
_PORT: Final = r"(?::(?:\$\{?http_port\b\}?|@@http_port@@|\d+))?"
_FOUND: Final = re.compile(
    rf"(?P<call>https?://(?:{_SERVER}|[\w.-]+){_PORT}/cblr/svc/op/(?P<op>\w+)"
    r"[^\s\"'<>;&|)\\\\]*)"
    rf"|(?P<base>https?://{_SERVER}{_PORT})(?P<path>/[\w/.-]*)?"
    rf"|(?P<host>{_SERVER}{_PORT})"
)
_DIRECTIVE: Final = re.compile(r"[ \t]*#[a-z]")
_LIKE: Final = {
    "nopxe": "{{ urls.done }}",
    "ks": "{{ urls.template('preseed') }}",
    "autoinstall": "{{ urls.template('preseed') }}",
}
_HOST: Final = "{{ urls.base | regex_replace('^[a-z]+://', '') }}"
_FIRST, _MOST, _REST = 0xE000, 4096, "\uf8ff"
"""The private use area: a letter of its own for each address, and one that fills its length."""
_MARKED: Final = re.compile(f"([\ue000-\uefff]){_REST}*")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A template whose addresses are taken out.

    Attributes:
        text: With marks of the same length, so that all else keeps its place.
        addresses: What the marks stand for, in their order.
        notes: On those that pyxie has no like of.
    """

    text: str
    addresses: Sequence[str] = ()
    notes: tuple[Note, ...] = ()


def hidden(text: str, file: str, known: Collection[str]) -> Hidden:
    """Take Cobbler's addresses out of a template.

    Args:
        text: The old one.
        file: How notes name it.
        known: The names of the metadata; one called ``server`` is the operator's own.
    """
    if _MARKED.search(text) or _REST in text:
        return Hidden(text)
    own = not {"server", "http_server"} & set(known)
    addresses: list[str] = []
    notes: list[Note] = []

    def replaced(found: re.Match[str]) -> str:
        if (not own and not found["call"]) or len(addresses) == _MOST:
            return found[0]
        if _DIRECTIVE.match(text, text.rfind("\n", 0, found.start()) + 1):
            return found[0]
        addresses.append(_like(found))
        at = place(text, found.start())
        notes.extend(Note(file, *at, sentence) for sentence in _notes(found))
        return chr(_FIRST + len(addresses) - 1) + _REST * (len(found[0]) - 1)

    return Hidden(_FOUND.sub(replaced, text), addresses, tuple(notes))


def shown(text: str, addresses: Sequence[str]) -> str:
    """Put the addresses back into a template that is converted."""
    if not addresses:
        return text
    return _MARKED.sub(lambda found: addresses[ord(found[1]) - _FIRST], text)


def _like(found: re.Match[str]) -> str:
    if found["call"]:
        return _LIKE.get(found["op"], "{{ urls.base }}/cblr/svc/op/" + found["op"])
    return "{{ urls.base }}" + (found["path"] or "") if found["base"] else _HOST


def _notes(found: re.Match[str]) -> Iterator[str]:
    if found["call"] and found["op"] not in _LIKE:
        why = "pyxie has no such address"
        if found["op"] == "trig":
            why += "; what triggers did is done by hooks, as 'postbuild_commands'"
        yield f"'/cblr/svc/op/{found['op']}': {why}"
    elif found["path"] and found["path"] != "/":
        yield (
            f"'{found['path']}': pyxie serves no such path; put it below 'staticspath', "
            "as '/files/…'"
        )
