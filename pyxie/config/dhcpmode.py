"""The section ``dhcp`` of ``config.yaml``."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pyxie.bounds import DHCP_LEASES
from pyxie.config.validate import Model
from pyxie.config.values import listed


def _ipv4(text: str) -> str:
    try:
        return str(IPv4Address(text.strip()))
    except ValueError as exc:
        raise ValueError(f"{text[:80]!r} is not an IPv4 address like 192.0.2.1") from exc


def _range(text: str) -> str:
    first, dash, last = text.partition("-")
    if not dash:
        raise ValueError(f"{text[:80]!r} is not a range like 192.0.2.100-192.0.2.199")
    begin, end = _ipv4(first), _ipv4(last)
    count = int(IPv4Address(end)) - int(IPv4Address(begin)) + 1
    if count < 1:
        raise ValueError(f"{text[:80]!r} ends before it begins")
    if count > DHCP_LEASES.whole:
        raise ValueError(f"{text[:80]!r} has {count} addresses, more than {DHCP_LEASES.whole}")
    return f"{begin}-{end}"


Address = Annotated[str, AfterValidator(_ipv4)]

_SHORTEST: Final = 120
"""Seconds; dnsmasq gives none for less."""


class Dhcp(Model):
    """How DHCP is received and answered.

    Attributes:
        bind: Bind UDP port 67 instead of listening beside whoever has it.
        mode: ``observe`` traces what would be answered; ``off`` opens no DHCP socket; ``serve``
            gives addresses as well, on a network where nobody else does.
        range: With ``serve``: the addresses that are given, ``192.0.2.100-192.0.2.199``.
        gateway: The router that machines are told; without, none.
        nameservers: The name servers that they are told.
        lease_time: Seconds for which a machine has its address.
        leases: The file in which it is kept who has which address.
    """

    bind: bool = False
    mode: Literal["answer", "observe", "off", "serve"] = "answer"
    range: Annotated[str, AfterValidator(_range)] | None = None
    gateway: Address | None = None
    nameservers: Annotated[tuple[Address, ...], BeforeValidator(listed)] = ()
    lease_time: Annotated[int, Field(ge=_SHORTEST, le=31_536_000)] = 3600
    leases: Path | None = None

    @model_validator(mode="after")
    def _can_serve(self) -> Dhcp:
        if self.mode == "serve" and self.range is None:
            raise ValueError("mode 'serve' needs 'range', like 192.0.2.100-192.0.2.199")
        if self.mode == "serve" and self.bind:
            raise ValueError("mode 'serve' has its server own port 67: leave 'bind' out")
        return self


def ends(written: str) -> tuple[IPv4Address, IPv4Address]:
    """Return first and last address of a range."""
    first, _, last = written.partition("-")
    return IPv4Address(first), IPv4Address(last)
