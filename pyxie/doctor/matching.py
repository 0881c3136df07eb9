"""Does an expression of nftables fit a packet? Pure.

Told JSON as libnftables-json(5) has it. What is not understood, or depends on what nobody knows
beforehand (a rate, a mark), is `Fit.MAYBE`: an answer that is wrong would be worse than none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final

from pyxie.doctor.traffic import BROADCAST, Packet

Value = int | str | IPv4Address | IPv4Network
Sets = Mapping[str, list[Any]]
"""Elements of the named sets and maps of a table, by their name."""


class Fit(Enum):
    """Whether it fits."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


_PORTS: Final = ("udp", "tcp", "th")
_NUMBERS: Final = {"udp": 17, "tcp": 6}
_NAMED: Final = {
    "domain": 53,
    "bootps": 67,
    "bootpc": 68,
    "tftp": 69,
    "http": 80,
    "ssh": 22,
    "https": 443,
    "http-alt": 8080,
}
_OTHERS: Final = ("ip6", "icmp", "icmpv6", "arp", "sctp", "udplite", "dccp", "esp", "ah")
"""Protocols that no packet of a boot is of."""
_STATES: Final = frozenset(("new", "established", "related", "invalid", "untracked"))


def fits(match: Any, packet: Packet, sets: Sets) -> Fit:
    """Tell whether a ``match`` of a rule fits a packet.

    Args:
        match: With ``op``, ``left`` and ``right``.
        packet: That is looked at.
        sets: What names like ``@ports`` stand for.
    """
    if not isinstance(match, Mapping):
        return Fit.MAYBE
    left, right, op = match.get("left"), match.get("right"), match.get("op")
    if _of_another_protocol(left, packet):
        return Fit.NO
    value = _value(left, packet)
    if value is None:
        return Fit.MAYBE
    if op in ("==", "in"):
        return _one_of(value, _listed(right, sets))
    if op == "!=":
        return _NOT[_one_of(value, _listed(right, sets))]
    if op in ("<", ">", "<=", ">=") and isinstance(value, int) and isinstance(right, int):
        fitting = {"<": value < right, ">": value > right}
        fitting |= {"<=": value <= right, ">=": value >= right}
        return Fit.YES if fitting[op] else Fit.NO
    return Fit.MAYBE


def chosen(vmap: Any, packet: Packet, sets: Sets) -> list[tuple[Fit, Any]]:
    """Return the verdicts of a verdict map that a packet may meet; none if it meets none."""
    if not isinstance(vmap, Mapping):
        return []
    elements = _listed(vmap.get("data"), sets)
    pairs = [each for each in elements if isinstance(each, list) and len(each) == 2]
    key = vmap.get("key")
    if _of_another_protocol(key, packet):
        return []
    value = _value(key, packet)
    found: list[tuple[Fit, Any]] = []
    for wanted, verdict in pairs:
        fit = Fit.MAYBE if value is None else _one_of(value, _listed(wanted, sets))
        if fit is not Fit.NO:
            found.append((fit, verdict))
    return found


_NOT: Final = {Fit.YES: Fit.NO, Fit.NO: Fit.YES, Fit.MAYBE: Fit.MAYBE}


def _of_another_protocol(left: Any, packet: Packet) -> bool:
    """Tell whether it looks into a header that the packet has not, as nft lets it imply that."""
    while isinstance(left, Mapping) and "&" in left and isinstance(left["&"], list):
        left = left["&"][0] if left["&"] else None  # a part of it, by a mask
    payload = left.get("payload") if isinstance(left, Mapping) else None
    protocol = payload.get("protocol") if isinstance(payload, Mapping) else None
    if protocol in ("udp", "tcp"):
        return bool(protocol != packet.protocol)
    return protocol in _OTHERS


def _value(left: Any, packet: Packet) -> Value | None:
    """Return what an expression is of a packet; None if that is not known."""
    if not isinstance(left, Mapping) or len(left) != 1:
        return None
    ((kind, said),) = left.items()
    if not isinstance(said, Mapping):
        return None
    if kind == "payload":
        return _field(said, packet)
    if kind == "meta":
        return _meta(said.get("key"), packet)
    if kind == "ct" and said.get("key") in ("state", "status"):
        # Nothing was translated for it: where something is, the packet is sent elsewhere.
        return packet.state if said["key"] == "state" else "none"
    if kind == "fib" and said.get("result") == "type" and said.get("flags") == ["daddr"]:
        return _kind_of_target(packet)
    return None


def _field(said: Mapping[str, Any], packet: Packet) -> Value | None:
    protocol, field = said.get("protocol"), said.get("field")
    if protocol in _PORTS and field in ("dport", "sport"):
        return packet.port if field == "dport" else packet.source_port
    if protocol == "ip" and field in ("saddr", "daddr"):
        return packet.source if field == "saddr" else packet.target
    if protocol == "ip" and field in ("protocol", "version"):
        return packet.protocol if field == "protocol" else 4
    return None


def _meta(key: Any, packet: Packet) -> Value | None:
    inwards = packet.hook == "input"
    if key in ("iif", "iifname"):
        return packet.interface if inwards else None
    if key in ("oif", "oifname"):
        return None if inwards else packet.interface
    known: dict[str, Value] = {"l4proto": packet.protocol, "nfproto": "ipv4", "protocol": "ip"}
    if key == "pkttype" and inwards:
        return "broadcast" if packet.target == BROADCAST else "host"
    return known.get(str(key))


def _kind_of_target(packet: Packet) -> Value:
    if packet.target == BROADCAST:
        return "broadcast"
    return "local" if packet.hook == "input" else "unicast"


def _listed(right: Any, sets: Sets) -> list[Any]:
    """Return what a value may be one of."""
    if isinstance(right, str) and right.startswith("@"):
        return sets.get(right[1:], [right])
    if isinstance(right, Mapping) and isinstance(right.get("set"), list):
        return list(right["set"])
    return list(right) if isinstance(right, list) else [right]


def _one_of(value: Value, wanted: Iterable[Any]) -> Fit:
    found = [_is(value, each) for each in wanted]
    if Fit.YES in found:
        return Fit.YES
    return Fit.MAYBE if Fit.MAYBE in found else Fit.NO


def _is(value: Value, wanted: Any) -> Fit:
    if isinstance(wanted, Mapping) and isinstance(wanted.get("elem"), Mapping):
        wanted = wanted["elem"].get("val")  # an element with a timeout, or a counter
    try:
        if isinstance(value, int):
            return _is_number(value, wanted)
        if isinstance(value, str):
            return _is_word(value, wanted)
        return _is_address(value, wanted)
    except (ValueError, TypeError, KeyError, IndexError):
        return Fit.MAYBE


def _is_number(value: int, wanted: Any) -> Fit:
    if isinstance(wanted, str) and wanted in _NAMED:
        wanted = _NAMED[wanted]
    if isinstance(wanted, Mapping):
        first, last = wanted["range"]
        return _truly(int(first) <= value <= int(last))
    return _truly(value == int(wanted))


def _is_word(value: str, wanted: Any) -> Fit:
    if isinstance(wanted, int):
        return _truly(_NUMBERS.get(value) == wanted)
    if not isinstance(wanted, str) or wanted.startswith("@"):
        return Fit.MAYBE
    if wanted.endswith("*"):
        return _truly(value.startswith(wanted[:-1]))
    if value in _STATES and "," in wanted:
        return _truly(value in wanted.split(","))
    return _truly(value == wanted)


def _is_address(value: IPv4Address | IPv4Network, wanted: Any) -> Fit:
    ours = IPv4Network(value)
    if isinstance(wanted, Mapping) and "range" in wanted:
        first, last = (IPv4Address(each) for each in wanted["range"])
        if first <= ours.network_address and ours.broadcast_address <= last:
            return Fit.YES
        apart = ours.broadcast_address < first or last < ours.network_address
        return Fit.NO if apart else Fit.MAYBE
    if isinstance(wanted, Mapping):
        prefix = wanted["prefix"]
        theirs = IPv4Network(f"{prefix['addr']}/{prefix['len']}", strict=False)
    else:
        theirs = IPv4Network(str(wanted))
    if ours.subnet_of(theirs):
        return Fit.YES
    return Fit.MAYBE if ours.overlaps(theirs) else Fit.NO


def _truly(fitting: bool) -> Fit:
    return Fit.YES if fitting else Fit.NO
