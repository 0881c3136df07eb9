"""IP addresses as machine files spell them: checked, and joined with their prefix. Pure.

waitron 1 has ``ipaddress``, ``netmask`` and ``gateway``; waitron 2 and 3 have lists of addresses
whose ``cidr`` is the address with its prefix.
"""

from __future__ import annotations

import re
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv6Address,
    IPv6Interface,
    ip_address,
    ip_interface,
)

Ip = IPv4Address | IPv6Address
Addressed = IPv4Interface | IPv6Interface
"""An address with its prefix."""

_BITS = {4: 32, 6: 128}
_HEX_MASK = re.compile(r"[0-9a-f]{8}|[0-9a-f]{32}")
_MOST_VLAN = 4094


def ip(text: str) -> Ip:
    """Return an address, without its prefix if it is written with one.

    Raises:
        ValueError: It is none.
    """
    try:
        return ip_address(text.partition("/")[0].strip())
    except ValueError as exc:
        raise ValueError(f"{text[:80]!r} is not an IP address like 192.0.2.21") from exc


def prefix(text: str, version: int) -> int:
    """Return the length of a prefix: of ``24``, ``/24``, ``255.255.255.0``, or in Go's spelling.

    Args:
        text: As a file has it.
        version: 4 or 6.

    Raises:
        ValueError: It is none of that version.
    """
    bits = _BITS[version]
    written = text.strip().removeprefix("/").lower()
    if re.fullmatch("[0-9]{1,3}", written):
        if int(written) > bits:
            raise ValueError(f"{text[:80]!r} is over {bits}, the longest prefix of IPv{version}")
        return int(written)
    try:
        # Go prints a mask as bare hex digits, and so do inventories that are written in it.
        whole = int(written, 16) if _HEX_MASK.fullmatch(written) else int(ip_address(written))
        host = whole ^ ((1 << bits) - 1)
        if 0 <= host < 1 << bits and not host & (host + 1):
            return bits - host.bit_length()
    except ValueError:
        pass
    like = "255.255.255.0 or 24" if version == 4 else "64"
    raise ValueError(f"{text[:80]!r} is not a netmask like {like}")


def addressed(ipaddress: str, netmask: str = "", cidr: str = "") -> Addressed | None:
    """Return an address with its prefix; None if there is no address.

    Args:
        ipaddress: An address, which may have its prefix.
        netmask: In any of the spellings of `prefix`.
        cidr: The address with its prefix, or the prefix alone.

    Raises:
        ValueError: It has no prefix, or what is written of it does not agree.
    """
    own, slash, length = cidr.rpartition("/")
    host = ipaddress or own
    if not host:
        return None
    address = ip(host)
    if own and ip(own) != address:
        raise ValueError(f"'cidr' {cidr[:80]} is not of 'ipaddress' {ipaddress[:80]}")
    written = [host.partition("/")[2], netmask, length if slash or cidr else ""]
    lengths = {prefix(each, address.version) for each in written if each}
    if not lengths:
        raise ValueError(f"{address} has no 'netmask'")
    if len(lengths) > 1:
        said = " and ".join(f"/{each}" for each in sorted(lengths))
        raise ValueError(f"{address} has more than one prefix: {said}")
    return ip_interface(f"{address}/{lengths.pop()}")


def gateway(text: str, addresses: list[Addressed]) -> str:
    """Return a gateway's address, if a machine with these addresses can reach it.

    Args:
        text: As a file has it.
        addresses: Of the same NIC.

    Raises:
        ValueError: It is no address, is the machine's own, or is in none of the networks.
    """
    there = ip(text)
    same = [each for each in addresses if each.version == there.version]
    if any(each.ip == there for each in same):
        raise ValueError(f"{there} is the NIC's own address")
    # A router may be on the link without being in the network: of a single address, or of IPv6.
    alone = any(each.network.prefixlen == _BITS[each.version] for each in same)
    near = alone or there.is_link_local or any(there in each.network for each in same)
    if same and not near:
        networks = " and ".join(str(each.network) for each in same)
        raise ValueError(f"{there} is not in {networks}, the network of the NIC's address")
    return str(there)


def vlan(text: str) -> int:
    """Return a VLAN's tag; 0 for none.

    Raises:
        ValueError: It is no number from 0 to 4094 (IEEE 802.1Q section 9.6).
    """
    written = text.strip()
    if re.fullmatch("[0-9]{1,4}", written) and int(written) <= _MOST_VLAN:
        return int(written)
    raise ValueError(f"{text[:80]!r} is not a VLAN's tag, which is from 1 to {_MOST_VLAN}")
