"""How a machine's NICs are to be set up: one form for both spellings of machine files. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pyxie.registry.addresses import Addressed, addressed, ip, vlan
from pyxie.registry.nic import Nic

_LONGEST = 15  # IFNAMSIZ, without the zero byte
_LISTS = ("addresses4", "addresses6")


@dataclass(frozen=True, slots=True)
class Static:
    """A static address, and where in the machine's file it stands.

    Attributes:
        address: With its prefix.
        keys: The paths of all that was written of it, ``network[0].ipaddress``.
    """

    address: Addressed
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A default gateway, and the path of its key; both empty if there is none."""

    address: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A NIC, or a tagged VLAN on it, as an installer is to set it up.

    Attributes:
        path: Where it stands, ``network[0]``; empty for one that is in no file.
        name: What the file calls it, as the kernel could call it, too; may be empty.
        macaddress: What it is found by; may be empty where the file has only a name.
        card: What the NIC itself is called, be it ``nic0`` where the file has no name for it;
            the same for all VLANs on it.
        alone: Nothing before this one sets up the NIC itself.
        booted: It is the NIC that the machine booted from.
        addresses: Static ones; without any it is set up by DHCP.
        gateway4, gateway6: Its default gateways.
        vlan: The tag of the VLAN that all of this is on; 0 for none.
    """

    path: str
    name: str
    macaddress: str
    card: str
    alone: bool = True
    booted: bool
    addresses: tuple[Static, ...] = ()
    gateway4: Gateway = Gateway()
    gateway6: Gateway = Gateway()
    vlan: int = 0


def interfaces(network: Sequence[Nic], booted: str) -> tuple[Interface, ...]:
    """Return how to set up the NICs of a machine, in the file's order.

    A machine that is known by something else than a MAC has the NIC that booted: as the only
    one, if its file has none, or as the one that is written without a MAC and a name.

    Args:
        network: The NICs as the file has them.
        booted: The MAC of the NIC that booted; empty while nobody knows it.

    Raises:
        ValueError: An address has no prefix, or a static address no NIC.
    """
    known = {nic.macaddress for nic in network}
    nameless = [nic for nic in network if not nic.macaddress and not nic.name]
    found = []
    for at, nic in enumerate(network):
        path = f"network[{at}]"
        mac = nic.macaddress or ""
        statics = _statics(path, nic)
        if not mac and not nic.name:
            if booted in known or len(nameless) > 1:
                if statics:
                    raise ValueError(f"{path} has an address, but neither 'macaddress' nor 'name'")
                continue
            mac = booted
            if not mac and not statics:
                continue
        found.append(_interface(path, nic, mac, statics, booted))
    if not network and booted:
        only = Interface(path="", name="", macaddress=booted, card="nic0", booted=True)
        found.append(only)
    return tuple(_with_cards(found))


def nameservers(text: str) -> tuple[str, ...]:
    """Return the addresses of name servers, which are written with spaces or commas between.

    Raises:
        ValueError: One is no IP address.
    """
    return tuple(str(ip(each)) for each in re.split(r"[\s,;]+", text) if each)


def _with_cards(found: list[Interface]) -> Iterator[Interface]:
    """Give each NIC its name; an entry without a VLAN is the NIC's own, wherever it stands."""
    own = {_key(each): at for at, each in reversed(list(enumerate(found)))}
    own |= {_key(each): at for at, each in reversed(list(enumerate(found))) if not each.vlan}
    names = [each.name for at, each in enumerate(found) if own[_key(each)] == at]
    for at, each in enumerate(found):
        first = own[_key(each)]
        name = found[first].name
        card = name if name and names.count(name) == 1 else f"nic{first}"
        yield replace(each, card=card, alone=first == at)


def _ifname(name: str) -> str:
    """Return a name without what no interface may be called (linux: dev_valid_name)."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:_LONGEST]


def _key(each: Interface) -> str:
    return each.macaddress or each.name


def _interface(
    path: str, nic: Nic, mac: str, statics: tuple[Static, ...], booted: str
) -> Interface:
    return Interface(
        path=path,
        name=_ifname(nic.name),
        macaddress=mac,
        card="",
        booted=bool(booted) and mac == booted,
        addresses=statics,
        gateway4=_gateway(path, nic, 4),
        gateway6=_gateway(path, nic, 6),
        vlan=vlan(nic.vlan_id) if nic.vlan_id else 0,
    )


def _statics(path: str, nic: Nic) -> tuple[Static, ...]:
    found = [_static(path, ("ipaddress", "netmask"), nic.ipaddress, nic.netmask)]
    for name in _LISTS:
        for at, each in enumerate(getattr(nic, name)):
            keys = ("ipaddress", "netmask", "cidr")
            where = f"{path}.{name}[{at}]"
            found.append(_static(where, keys, each.ipaddress, each.netmask, each.cidr))
    kept = {
        each.address: each for each in reversed(found) if each
    }  # a file may have both spellings
    return tuple(each for each in found if each and kept[each.address] is each)


def _static(path: str, names: tuple[str, ...], *written: str) -> Static | None:
    try:
        address = addressed(*written)
    except ValueError as exc:
        raise ValueError(f"{path}: {exc}") from exc
    keys = tuple(f"{path}.{name}" for name, text in zip(names, written, strict=True) if text)
    return Static(address, keys) if address else None


def _gateway(path: str, nic: Nic, version: int) -> Gateway:
    for name in (f"gateway{version}", "gateway"):
        written = getattr(nic, name)
        if written and ip(written).version == version:
            return Gateway(address=str(ip(written)), key=f"{path}.{name}")
    return Gateway()
