"""Rulesets as nft prints them, in few words."""

from __future__ import annotations

from typing import Any


def base(
    name: str, *rules: list[Any], hook: str = "input", policy: str = "accept", **said: Any
) -> list[dict[str, Any]]:
    """Return a chain at a hook, and its rules."""
    return chain(name, *rules, hook=hook, policy=policy, **{"prio": 0, **said})


def chain(
    name: str, *rules: list[Any], family: str = "inet", table: str = "filter", **said: Any
) -> list[dict[str, Any]]:
    """Return a chain that others jump to, and its rules, whose handles count from 1."""
    of = {"family": family, "table": table}
    made: list[dict[str, Any]] = [{"chain": {**of, "name": name, **said}}]
    made += [
        {"rule": {**of, "chain": name, "handle": at, "expr": rule}}
        for at, rule in enumerate(rules, 1)
    ]
    return made


def ruleset(*parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole document."""
    return {
        "nftables": [{"metainfo": {"version": "1.0.6"}}, *(each for part in parts for each in part)]
    }


def dport(*ports: int, protocol: str = "udp") -> dict[str, Any]:
    """Return a match of ports."""
    left = {"payload": {"protocol": protocol, "field": "dport"}}
    return {"match": {"op": "==", "left": left, "right": {"set": list(ports)}}}


def state(*states: str) -> dict[str, Any]:
    """Return a match of connection tracking's states."""
    return {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": list(states)}}


def iif(name: str) -> dict[str, Any]:
    """Return a match of the interface that a packet comes in by."""
    return {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": name}}


ACCEPT: dict[str, Any] = {"accept": None}
DROP: dict[str, Any] = {"drop": None}
LIMIT: dict[str, Any] = {"limit": {"rate": 3, "burst": 5, "per": "second"}}
COUNTER: dict[str, Any] = {"counter": {"packets": 0, "bytes": 0}}


def jump(name: str) -> dict[str, Any]:
    """Return a jump to a chain."""
    return {"jump": {"target": name}}
