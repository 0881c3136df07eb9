"""Do this host's firewall rules let a boot through? Pure: told the rules, as nft prints them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from pyxie.doctor.found import Finding, Severity, shown
from pyxie.doctor.iptables import translated
from pyxie.doctor.ruleset import Place, Ruleset
from pyxie.doctor.traffic import Packet, Served, answered, incoming, outgoing
from pyxie.doctor.walk import End, ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What was found out.

    Attributes:
        nft: What ``nft -j list ruleset`` has printed, parsed.
        iptables: What ``iptables-save`` has, or that of the former iptables; empty if that is
            not known.
        legacy: The kernel has rules of the former iptables, which nft does not show.
    """

    nft: Any
    iptables: str = ""
    legacy: bool = False


def is_opaque(nft: Any) -> bool:
    """Tell whether nft shows rules that it does not understand, which iptables has made."""
    try:
        return Ruleset(nft).opaque
    except ValueError:
        return False


def judge(rules: Rules, served: Iterable[Served]) -> Iterator[Finding]:
    """Yield what is in the way of a boot, for each interface.

    Args:
        rules: Of this host.
        served: Where machines boot from.
    """
    if rules.legacy and not rules.iptables:
        what = "this host has rules of iptables-legacy, which cannot be read here"
        how = "iptables-legacy -S INPUT     # does one drop UDP 67, 69, 4011, or TCP 8090?"
        yield Finding("firewall-unread", Severity.LOOK, what, (how,))
    try:
        ruleset = Ruleset(rules.nft, translated(rules.iptables))
    except ValueError as exc:
        what = f"what nft says of the firewall is not understood: {exc}"
        yield Finding("firewall-unread", Severity.LOOK, what, ("nft list ruleset",))
        return
    found = [(each, [*_of(ruleset, each)]) for each in served]
    is_open = any(all(one.severity is not Severity.STOPS for one in each) for _, each in found)
    for interface, each in found:
        # Machines boot by that which is open; of another it need not be a mistake.
        aside = is_open and not interface.named
        yield from (_less(one) if aside else one for one in each)


def _less(finding: Finding) -> Finding:
    if finding.severity is not Severity.STOPS:
        return finding
    hint = "or name those that machines boot from, in config.yaml: interfaces: [NAME]"
    return replace(finding, severity=Severity.LOOK, remedy=(*finding.remedy, hint))


def _of(ruleset: Ruleset, served: Served) -> Iterator[Finding]:
    dropped: dict[Place, list[Packet]] = {}
    perhaps: dict[Place, list[Packet]] = {}
    elsewhere: dict[Place, list[Packet]] = {}
    for packet in incoming(served):
        found = ends(ruleset, packet)
        if End.PASSES not in found and End.DROPPED in found:
            dropped.setdefault(found[End.DROPPED], []).append(packet)
        elif End.ELSEWHERE in found:
            elsewhere.setdefault(found[End.ELSEWHERE], []).append(packet)
        elif End.DROPPED in found:
            perhaps.setdefault(found[End.DROPPED], []).append(packet)
    for place, packets in dropped.items():
        yield Finding(
            "firewall-drops",
            Severity.STOPS,
            f"the firewall drops {_named(packets)} on {served.interface}: {shown(str(place))}",
            _open(ruleset, place, packets, served),
        )
    for place, packets in perhaps.items():
        yield Finding(
            "firewall-may-drop",
            Severity.LOOK,
            f"the firewall may drop {_named(packets)} on {served.interface}, by"
            f" {shown(str(place))}: {_unsure(ruleset)}",
            (_listed(place), *_open(ruleset, place, packets, served)),
        )
    for place, packets in elsewhere.items():
        yield Finding(
            "firewall-diverts",
            Severity.LOOK,
            f"the firewall sends {_named(packets)} on {served.interface} elsewhere, by"
            f" {shown(str(place))}",
            (_listed(place), "is it meant so? pyxie does not see what is sent elsewhere"),
        )
    if not any(packet.port == served.tftp for each in dropped.values() for packet in each):
        yield from _of_data(ruleset, served)
    yield from _of_output(ruleset, served)


def _of_data(ruleset: Ruleset, served: Served) -> Iterator[Finding]:
    packet = answered(served)
    found = ends(ruleset, packet) if packet is not None else {End.PASSES: Place("", "", "")}
    place = found.get(End.DROPPED)
    if place is None or packet is None:
        return
    certain = End.PASSES not in found
    yield Finding(
        "firewall-drops-transfers" if certain else "firewall-may-drop-transfers",
        Severity.STOPS if certain else Severity.LOOK,
        f"the firewall {'drops' if certain else 'may drop'} {packet.what} on {served.interface}"
        f" after its first block, by {shown(str(place))}: it goes on from a port of its own",
        (
            _established(place),
            "or have pyxie send from port 69 alone, in config.yaml: tftp: {single_port: true}",
        ),
    )


def _of_output(ruleset: Ruleset, served: Served) -> Iterator[Finding]:
    dropped: dict[Place, list[Packet]] = {}
    for packet in outgoing(served):
        found = ends(ruleset, packet)
        if End.PASSES not in found and End.DROPPED in found:
            dropped.setdefault(found[End.DROPPED], []).append(packet)
    for place, packets in dropped.items():
        yield Finding(
            "firewall-drops-answers",
            Severity.STOPS,
            f"the firewall drops what pyxie sends on {served.interface}: {_named(packets)}, by"
            f" {shown(str(place))}",
            (
                (
                    f"nft insert rule {_chain(place)} oifname {served.interface} udp sport"
                    f" {{ 67, 69, 4011, 1024-65535 }} accept"
                ),
                (
                    f"nft insert rule {_chain(place)} oifname {served.interface} tcp sport"
                    f" {served.http} accept"
                ),
                _LASTING,
            ),
        )


def _named(packets: Iterable[Packet]) -> str:
    names = [packet.what for packet in packets]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _unsure(ruleset: Ruleset) -> str:
    if ruleset.opaque:
        return "iptables has made it, and nft does not show what its rules look at"
    return "it depends on what is not known before a packet comes, as a rate or a mark"


def _listed(place: Place) -> str:
    return f"nft -a list chain {_chain(place)}"


_LASTING: Final = "and the same in /etc/nftables.conf, or it is gone at the next start"


def _open(
    ruleset: Ruleset, place: Place, packets: Iterable[Packet], served: Served
) -> tuple[str, ...]:
    """Return the commands that open ports, in the words of whoever has made the rules."""
    ports: dict[str, list[int]] = {}
    for packet in packets:
        ports.setdefault(packet.protocol, []).append(packet.port)
    name = served.interface
    if "firewalld" in ruleset.tables:
        zone = f"--zone=$(firewall-cmd --get-zone-of-interface={name})"
        opened = " ".join(
            f"--add-port={port}/{protocol}" for protocol, each in ports.items() for port in each
        )
        return (f"firewall-cmd --permanent {zone} {opened}", "firewall-cmd --reload")
    if any(chain.startswith("ufw-") for _, _, chain in ruleset.chains):
        return tuple(
            f"ufw allow in on {name} proto {protocol} to any port {','.join(map(str, each))}"
            for protocol, each in ports.items()
        )
    if place.chain == "INPUT":
        return (
            *(
                f"iptables -I INPUT -i {name} -p {protocol} -m multiport"
                f" --dports {','.join(map(str, each))} -j ACCEPT"
                for protocol, each in ports.items()
            ),
            "netfilter-persistent save     # or as this host keeps its rules otherwise",
        )
    return (
        *(
            f"nft insert rule {_chain(place)} iifname {name} {protocol} dport"
            f" {{ {', '.join(map(str, each))} }} accept"
            for protocol, each in ports.items()
        ),
        _LASTING,
    )


def _established(place: Place) -> str:
    if place.chain == "INPUT":
        return "iptables -I INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
    return f"nft insert rule {_chain(place)} ct state established,related accept"


def _chain(place: Place) -> str:
    return f"{place.family} {shown(place.table)} {shown(place.chain)}"
