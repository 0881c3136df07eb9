"""What ``iptables-save`` prints, as nft would say it, which shows none of its matches. Pure.

The words are those of iptables-extensions(8). A match that is not known here stays one that nobody
knows of, as nft has it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pyxie.doctor.ruleset import FILTER

_HOOKS: Final = {"INPUT": "input", "OUTPUT": "output"}
"""Of the table filter, those that a packet to or from this host passes."""
_VERDICTS: Final = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "reject", "RETURN": "return"}
_FLAGS: Final = frozenset(("--fragment", "-f", "--syn", "--random", "--notrack"))
"""Options without a value."""
_MUTE: Final = frozenset(("comment", "tcp", "udp"))
"""Modules that say nothing by themselves."""


def translated(text: str) -> list[dict[str, Any]]:
    """Return the chains and rules of the table filter, as objects of ``nft -j``.

    What cannot be read is left out, or is a match that nobody knows of.
    """
    found: list[dict[str, Any]] = []
    counted: dict[str, int] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif table == "filter" and line.startswith(":"):
            found.append({"chain": _chain(line)})
        elif table == "filter" and line.startswith("-A "):
            try:
                words = shlex.split(line)
            except ValueError:
                continue
            name = words[1] if len(words) > 1 else ""
            counted[name] = counted.get(name, 0) + 1
            said = {**FILTER, "chain": name, "handle": counted[name]}
            found.append({"rule": {**said, "expr": [*_statements(words[2:])]}})
    return found


def _chain(line: str) -> dict[str, Any]:
    name, policy, *_ = (*line[1:].split(), "-", "-")
    base = {"hook": _HOOKS[name], "prio": 0, "policy": policy.lower()} if name in _HOOKS else {}
    return {**FILTER, "name": name, **base}


def _statements(words: list[str]) -> Iterator[dict[str, Any]]:
    rest, negated = list(words), False
    while rest:
        word = rest.pop(0)
        if word == "!":
            negated = True
            continue
        if word in _FLAGS:
            yield {"xt": {"type": "match", "name": word}}
            negated = False
            continue
        value = rest.pop(0) if rest else ""
        if word in ("-j", "-g"):
            yield _target(word, value)
            return  # what follows is the target's own
        if word == "-m":
            if value not in _MUTE and value not in _KNOWN_MODULES:
                yield {"xt": {"type": "match", "name": value}}
            continue
        yield from _match(word, value, negated)
        negated = False


def _target(word: str, name: str) -> dict[str, Any]:
    if name in _VERDICTS:
        return {_VERDICTS[name]: None}
    if name.isupper() and name in _TARGETS:
        return {"xt": {"type": "target", "name": name}}
    return {"goto" if word == "-g" else "jump": {"target": name}}


_TARGETS: Final = frozenset(("LOG", "NFLOG", "MARK", "CT", "TRACE", "AUDIT", "NFQUEUE", "SET"))
_KNOWN_MODULES: Final = frozenset(("conntrack", "state", "multiport", "addrtype", "pkttype"))


def _match(word: str, value: str, negated: bool) -> Iterator[dict[str, Any]]:
    made = _MATCHES.get(word)
    if made is None:
        if word not in _PASSED_OVER:
            yield {"xt": {"type": "match", "name": word}}
        return
    left, right = made
    op = "!=" if negated else "=="
    yield {"match": {"op": op, "left": left, "right": {"set": right(value)}}}


_PASSED_OVER: Final = frozenset(("--comment",))


def _port(field: str) -> Mapping[str, Any]:
    return {"payload": {"protocol": "th", "field": field}}


def _ports(value: str) -> list[Any]:
    found: list[Any] = []
    for each in value.split(","):
        first, parted, last = each.partition(":")
        found.append({"range": [first or "0", last or "65535"]} if parted else first)
    return found


def _networks(value: str) -> list[Any]:
    found: list[Any] = []
    for each in value.split(","):
        address, parted, length = each.partition("/")
        found.append({"prefix": {"addr": address, "len": length}} if parted else address)
    return found


def _words(value: str) -> list[Any]:
    return value.lower().split(",")


def _names(value: str) -> list[Any]:
    return [f"{value[:-1]}*" if value.endswith("+") else value]


_STATE: Final = ({"ct": {"key": "state"}}, _words)
_MATCHES: Final[Mapping[str, tuple[Mapping[str, Any], Callable[[str], list[Any]]]]] = {
    "-i": ({"meta": {"key": "iifname"}}, _names),
    "-o": ({"meta": {"key": "oifname"}}, _names),
    "-p": ({"meta": {"key": "l4proto"}}, _words),
    "-s": ({"payload": {"protocol": "ip", "field": "saddr"}}, _networks),
    "-d": ({"payload": {"protocol": "ip", "field": "daddr"}}, _networks),
    **dict.fromkeys(("--dport", "--dports"), (_port("dport"), _ports)),
    **dict.fromkeys(("--sport", "--sports"), (_port("sport"), _ports)),
    **dict.fromkeys(("--ctstate", "--state"), _STATE),
    "--dst-type": ({"fib": {"result": "type", "flags": ["daddr"]}}, _words),
    "--pkt-type": ({"meta": {"key": "pkttype"}}, _words),
}
