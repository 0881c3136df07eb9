"""Are the ports that pyxie needs free, or its own? Pure: told the sockets of this host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pyxie.doctor.found import Finding, Severity, shown

_LISTENING: Final = 0x0A
"""TCP_LISTEN of net/tcp_states.h."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that waits for somebody.

    Attributes:
        protocol: UDP or TCP.
        port: Its port.
        address: Its address, in hex as the kernel writes it.
        inode: Of the socket, by which its owner is found.
    """

    protocol: Literal["udp", "tcp"]
    port: int
    address: str
    inode: int


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that has a socket.

    Attributes:
        pid: Its number.
        name: Of the program, as the kernel knows it.
        words: Its command line.
        unit: The systemd unit that it belongs to; empty if there is none.
    """

    pid: int
    name: str
    words: tuple[str, ...] = ()
    unit: str = ""

    @property
    def is_pyxie(self) -> bool:
        """Whether it is a pyxie that serves."""
        serves = any(each in ("serve", "boot") for each in self.words)
        named = any(each.rpartition("/")[2] == "pyxie" for each in self.words)
        return named and serves


@dataclass(frozen=True, slots=True)
class Needed:
    """A port that pyxie needs.

    Attributes:
        protocol: UDP or TCP.
        port: Its port.
        what: For what, as people say it.
        setting: The key of ``config.yaml`` by which it may be another; empty if it may not.
    """

    protocol: Literal["udp", "tcp"]
    port: int
    what: str
    setting: str = ""


def listeners(table: str, protocol: Literal["udp", "tcp"]) -> Iterator[Listener]:
    """Yield the sockets of a table of the kernel's, as ``/proc/net/udp``; what is broken is not."""
    for line in table.splitlines()[1:]:
        cells = line.split()
        try:
            address, _, port = cells[1].rpartition(":")
            if protocol == "tcp" and int(cells[3], 16) != _LISTENING:
                continue
            yield Listener(protocol, int(port, 16), address, int(cells[9]))
        except (IndexError, ValueError):
            continue


def judge(
    needed: Iterable[Needed],
    found: Iterable[Listener],
    owners: Mapping[int, Owner],
) -> Iterator[Finding]:
    """Yield the ports that another program has.

    Args:
        needed: What pyxie needs.
        found: All that listen on this host.
        owners: By the socket's inode, as far as they are known.
    """
    everybody = list(found)
    for each in needed:
        taken = [one for one in everybody if (one.protocol, one.port) == (each.protocol, each.port)]
        others = [one for one in taken if not _is_ours(owners.get(one.inode))]
        if not others or (len(others) < len(taken) and not _known(others, owners)):
            continue
        owner = next((owners[one.inode] for one in others if one.inode in owners), None)
        yield Finding(
            "port-taken",
            Severity.STOPS,
            f"{each.protocol.upper()} port {each.port}, for {each.what}, is taken by {_who(owner)}",
            tuple(_remedy(each, owner)),
        )


def _is_ours(owner: Owner | None) -> bool:
    return owner is not None and owner.is_pyxie


def _known(others: Iterable[Listener], owners: Mapping[int, Owner]) -> bool:
    return any(each.inode in owners for each in others)


def _who(owner: Owner | None) -> str:
    if owner is None:
        return "another program, which only root may see"
    unit = f" of {shown(owner.unit)}" if owner.unit else ""
    return f"{shown(owner.name)} (process {owner.pid}{unit})"


def _remedy(needed: Needed, owner: Owner | None) -> Iterator[str]:
    if owner is None:
        yield f"sudo ss -l{needed.protocol[0]}np sport = :{needed.port}     # who has it"
    elif owner.name == "dnsmasq" and needed.port == 69:
        yield "take enable-tftp out of dnsmasq's configuration, then: systemctl restart dnsmasq"
    elif owner.pid == 1:
        yield f"systemctl list-sockets | grep ':{needed.port} '     # which unit; then"
        yield "systemctl disable --now NAME.socket"
    elif owner.unit.endswith((".service", ".socket")):
        yield f"systemctl disable --now {shown(owner.unit)}"
    else:
        yield f"stop it: kill {owner.pid}"
    if needed.setting:
        yield f"or give pyxie another port, in config.yaml: {needed.setting}"
