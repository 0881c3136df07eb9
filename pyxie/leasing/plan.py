"""What dnsmasq is told to give out, and what it says when it cannot. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Final

from pyxie.errors import StartError

LONGEST_WAIT: Final = 300.0
"""Seconds until it is started anew, at most."""
_FIRST_WAIT: Final = 1.0
_STEADY: Final = 60.0
"""Seconds after which one that has died then had been well."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which addresses are given, where, and with what.

    Attributes:
        interface: Its name.
        server: Our address there, by which machines go on to boot.
        netmask: Of the network.
        first, last: Of the addresses.
        gateway: None for none.
        nameservers: May be none.
        lease_time: Seconds.
    """

    interface: str
    server: IPv4Address
    netmask: IPv4Address
    first: IPv4Address
    last: IPv4Address
    gateway: IPv4Address | None
    nameservers: tuple[IPv4Address, ...]
    lease_time: int


def where(
    first: IPv4Address, last: IPv4Address, present: Mapping[str, Sequence[IPv4Interface]]
) -> Plan:
    """Return the plan for a range, without gateway, name servers and lease time.

    Args:
        first: Of the range.
        last: Of it.
        present: The addresses of the interfaces that are served, by their names.

    Raises:
        StartError: No network of these has the range, or our own address is in it.
    """
    for name, addresses in present.items():
        for own in addresses:
            network = own.network
            if first not in network or last not in network:
                continue
            if first <= own.ip <= last:
                raise StartError(
                    f"dhcp.range {first}-{last} has this host's own address {own.ip}: leave it out"
                )
            if first == network.network_address or last == network.broadcast_address:
                raise StartError(
                    f"dhcp.range {first}-{last} has an address that no machine of {network} can"
                    " have: leave out the network's first and last"
                )
            return Plan(name, own.ip, own.netmask, first, last, None, (), 0)
    have = "; ".join(f"{name} {', '.join(map(str, own))}" for name, own in present.items() if own)
    have = have or "none has an address"
    raise StartError(
        f"dhcp.range {first}-{last} is in no network of an interface that is served ({have}): give"
        " one of them an address there, or correct the range"
    )


def arguments(plan: Plan, leases: str, account: tuple[str, str] | None) -> tuple[str, ...]:
    """Return dnsmasq's arguments; it reads no file.

    Args:
        plan: What to give.
        leases: The file in which it keeps who has which address.
        account: User and group that it becomes, where it is started as root.
    """
    servers = "".join(f",{each}" for each in plan.nameservers)
    router = f",{plan.gateway}" if plan.gateway is not None else ""
    who = (f"--user={account[0]}", f"--group={account[1]}") if account is not None else ()
    return (
        *("--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--log-facility=-"),
        *who,
        # No name server, and nothing read of this host's.
        *("--port=0", "--no-hosts", "--no-resolv"),
        *(f"--interface={plan.interface}", "--bind-interfaces"),
        f"--dhcp-range={plan.first},{plan.last},{plan.netmask},{plan.lease_time}",
        f"--dhcp-lease-max={int(plan.last) - int(plan.first) + 1}",
        f"--dhcp-leasefile={leases}",
        # What is left empty is not sent; dnsmasq would name itself.
        f"--dhcp-option=option:router{router}",
        f"--dhcp-option=option:dns-server{servers}",
        # The next server without a file: the boot file is ours to say, as to whom.
        f"--dhcp-boot=,,{plan.server}",
        # Nobody else gives addresses here: who comes with another's is told so at once.
        "--dhcp-authoritative",
        # Firmware, iPXE and installer call themselves by different names: one address for all.
        "--dhcp-ignore-clid",
        "--quiet-dhcp",
    )


def is_ready(line: str) -> bool:
    """Tell whether a line of its log says that it serves."""
    return line.startswith("DHCP, IP range")


def is_routine(line: str) -> bool:
    """Tell whether a line of its log says what it says at each start."""
    return line.startswith(("DHCP, ", "started, version ", "compile time options: "))


_CAUSES: Final = (
    (
        "missing required capability",
        (
            "the DHCP server needs CAP_NET_ADMIN: under systemd,"
            " packaging/systemd/pyxie.service.d/serve.conf gives it"
        ),
    ),
    (
        "Address already in use",
        (
            "another program on this host has UDP port 67 (ss -lunp 'sport = :67'): stop it, or"
            " set dhcp: {mode: answer} to answer beside it"
        ),
    ),
    ("unknown interface", "its interface is not there"),
    (
        "cannot open or create lease file",
        "the file of its leases cannot be written: look at 'dhcp.leases' in config.yaml",
    ),
)


def cause(lines: Sequence[str]) -> str:
    """Say why it ended, by the last lines of its log."""
    said = [each.strip() for each in lines if each.strip() and not is_routine(each)]
    for line in reversed(said):
        for part, sentence in _CAUSES:
            if part in line:
                return sentence
    return f"dnsmasq said: {said[-1]}" if said else "dnsmasq did not say why"


def wait(before: float, lasted: float) -> float:
    """Return how many seconds after its end it is started again: longer each time.

    Args:
        before: The wait before this one, 0 for the first.
        lasted: Seconds that it has run.
    """
    if lasted >= _STEADY or not before:
        return _FIRST_WAIT
    return min(2 * before, LONGEST_WAIT)
