"""What a client has reported, over DHCP and by iPXE, and a bounded memory of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from pyxie.architectures import BY_IPXE
from pyxie.bounded import note
from pyxie.bounds import IDENTITIES
from pyxie.registry.placeholder import (
    is_placeholder,
    is_placeholder_id,
    is_placeholder_name,
    is_placeholder_uuid,
)

_LONGEST: Final = 300
ONE_BOOT: Final = 600.0
"""Seconds for which what iPXE has reported counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What one client has reported.

    Attributes:
        uuids: Its UUID, in each order of bytes that it may be meant in.
        serial, asset: None if not reported yet; empty if it has none, or a placeholder.
        circuit_id, remote_id: From the relay agent; None without one.
        options: All DHCP options, by code.
        hostname: Empty if it has sent none.
        address: One in its network; None if that is not known.
        arch: Option 93's code; None if that is not known.
        asked: When iPXE reported what only it can read, in seconds; None if it has not.
    """

    uuids: frozenset[str] = frozenset()
    serial: str | None = None
    asset: str | None = None
    circuit_id: bytes | None = None
    remote_id: bytes | None = None
    options: Mapping[int, bytes] = field(default_factory=dict)
    hostname: str = ""
    address: IPv4Address | IPv6Address | None = None
    arch: int | None = None
    asked: float | None = None

    def by_ipxe(
        self, fields: Mapping[str, str], address: IPv4Address | IPv6Address, now: float
    ) -> Identity:
        """Return the same with what a script's query says.

        Args:
            fields: ``uuid``, ``serial``, ``asset``, ``architecture``, ``hostname``.
            address: Where it came from.
            now: Seconds, monotonic.
        """
        clean = {name: text.strip()[:_LONGEST] for name, text in fields.items()}
        uuid, hostname = clean.get("uuid", "").lower(), clean.get("hostname", "")
        serial, asset = clean.get("serial", ""), clean.get("asset", "")
        arch = BY_IPXE.get(clean.get("architecture", ""))
        return replace(
            self,
            uuids=own_uuids((uuid,)) or self.uuids,
            serial="" if is_placeholder(serial) else serial,
            asset="" if is_placeholder(asset) else asset,
            hostname=own_name(hostname) or self.hostname,
            address=self.address or address,
            arch=arch if self.arch is None else self.arch,
            asked=now,
        )


def own_uuids(uuids: Iterable[str]) -> frozenset[str]:
    """Return those that are a machine's own: a placeholder counts as none."""
    return frozenset(each for each in uuids if each and not is_placeholder_uuid(each))


def own_name(name: str) -> str:
    """Return a hostname that is a machine's own; else none."""
    return "" if is_placeholder_name(name) else name


def own_id(value: bytes | None) -> bytes | None:
    """Return a circuit or remote id that says something; else none."""
    return None if value is None or is_placeholder_id(value) else value


_UNHEARD: Final = Identity()


class Identities:
    """What the last few thousand clients have reported, by MAC; the longest unseen goes first.

    Those that are a machine's have a table of their own, for anybody can make up the others.
    """

    def __init__(self, most: int = IDENTITIES.whole) -> None:
        self._known: dict[str, Identity] = {}
        self._strange: dict[str, Identity] = {}
        self._most = most

    def of(self, mac: str) -> Identity:
        """Return what is known of a client; perhaps nothing."""
        return self._known.get(mac) or self._strange.get(mac, _UNHEARD)

    def recognised(self, mac: str) -> None:
        """Note that a client is one of the machines, by what it has reported."""
        found = self._strange.pop(mac, None)
        if found is not None:
            note(self._known, mac, found, self._most)

    def has_recognised(self, mac: str) -> bool:
        """Tell whether a client has been one of the machines."""
        return mac in self._known

    def macs(self) -> tuple[str, ...]:
        """Return those of clients that have been one of the machines."""
        return tuple(self._known)

    def over_dhcp(self, mac: str, new: Identity, now: float) -> Identity:
        """Note what a client has sent over DHCP; return it with what iPXE reported before.

        Firmware, iPXE and an operating system send different things, so what is not sent
        again stays. With another UUID it is another machine, and nothing stays. What came
        over HTTP anyone may have sent, so that it is not held for longer than a boot takes.
        """
        old = self.of(mac)
        if old is not _UNHEARD and (not new.uuids or not old.uuids or new.uuids & old.uuids):
            recent = old.asked is not None and now - old.asked < ONE_BOOT
            new = replace(
                new,
                uuids=new.uuids & old.uuids or new.uuids or old.uuids,
                serial=old.serial if recent else None,
                asset=old.asset if recent else None,
                asked=old.asked if recent else None,
                options={**old.options, **new.options},
                hostname=new.hostname or old.hostname,
                arch=old.arch if new.arch is None else new.arch,
            )
        self.keep(mac, new)
        return new

    def keep(self, mac: str, new: Identity) -> None:
        """Note all that is known of a client."""
        table = self._known if mac in self._known else self._strange
        if len(table) >= self._most and mac not in table:
            IDENTITIES.reached()
        note(table, mac, new, self._most)
