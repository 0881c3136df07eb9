"""``match`` of a machine's file: by what else than a MAC it is recognised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pyxie.config.validate import Model
from pyxie.config.values import listed
from pyxie.config.words import architectures
from pyxie.registry.placeholder import (
    is_placeholder,
    is_placeholder_id,
    is_placeholder_name,
    is_placeholder_option,
    is_placeholder_uuid,
)

Network: TypeAlias = IPv4Network | IPv6Network

_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})+")


def machine_uuid(text: str) -> str:
    """Return a UUID as RFC 9562 spells it, in lower case.

    Raises:
        ValueError: It is none, or one that boards have which were never given any.
    """
    try:
        found = UUID(text.strip())
    except ValueError as exc:
        raise ValueError(
            f"{text[:80]!r} is not a UUID like 01234567-89ab-cdef-0123-456789abcdef"
        ) from exc
    if is_placeholder_uuid(str(found)):
        raise ValueError(f"{text[:80]!r} is no machine's own UUID, but one that many boards have")
    return str(found)


def _own(text: str) -> str:
    """Return a serial number or an asset tag.

    Raises:
        ValueError: It is what firmware says where nobody has filled it in.
    """
    if is_placeholder(text):
        raise ValueError(f"{text[:80]!r} is no machine's own, but what many boards say")
    return text


def raw(text: str) -> bytes:
    """Return what a text stands for on the wire: ``0x`` and digits in hex, or itself."""
    return bytes.fromhex(text[2:]) if _HEX.fullmatch(text) else text.encode()


def _architecture(text: str) -> str:
    architectures(text)
    return text


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip()))
    except ValueError as exc:
        raise ValueError(f"{text[:80]!r} is not a subnet like 192.0.2.0/24: {exc}") from exc


def _code(value: Any) -> Any:
    if isinstance(value, str) and value.isdecimal() and len(value) < 4 and 0 < int(value) < 255:
        return int(value)
    if isinstance(value, int):  # as it was written into the state
        return value
    raise ValueError(f"{str(value)[:80]!r} is not the number of a DHCP option, 1 to 254")


def _own_name(text: str) -> str:
    """Return a hostname, or a pattern of one; raises as `_own`."""
    if is_placeholder_name(text):
        raise ValueError(f"{text[:80]!r} is no machine's own name, but what those send without one")
    return text


def _own_id(text: str) -> str:
    """Return a circuit or remote id; raises as `_own`."""
    if is_placeholder_id(raw(text)):
        raise ValueError(f"{text[:80]!r} is no port's or switch's own, but what nobody has set")
    return text


def _own_options(options: dict[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    """Return DHCP options; raises as `_own`."""
    for code, values in options.items():
        for text in values:
            if is_placeholder_option(code, raw(text)):
                raise ValueError(f"{code}: {text[:80]!r} is no machine's own, but what many send")
    return options


def _some(values: Iterable[str]) -> Any:
    return tuple(dict.fromkeys(values))


_Text = Annotated[str, Field(min_length=1, max_length=300)]
Texts = Annotated[tuple[_Text, ...], BeforeValidator(listed), AfterValidator(_some)]
"""One text, or several of which one has to fit."""
_Own = Annotated[
    tuple[Annotated[_Text, AfterValidator(_own)], ...],
    BeforeValidator(listed),
    AfterValidator(_some),
]
_OwnId = Annotated[
    tuple[Annotated[_Text, AfterValidator(_own_id)], ...],
    BeforeValidator(listed),
    AfterValidator(_some),
]
_OwnName = Annotated[
    tuple[Annotated[_Text, AfterValidator(_own_name)], ...],
    BeforeValidator(listed),
    AfterValidator(_some),
]


class Match(Model):
    """What a machine is recognised by; every key that is given must match.

    Attributes:
        uuid: Its SMBIOS UUID: option 97 (RFC 4578 section 2.3), or as iPXE reads it. Here and in
            all that follows, placeholders that many machines have are refused.
        serial, asset: Its SMBIOS serial number and asset tag, as iPXE reads them; letter case
            does not matter.
        circuit_id, remote_id: What a relay agent adds in option 82 (RFC 3046): the port and
            the switch; text, or ``0x`` and digits in hex.
        options: Any DHCP option by its number: text with ``*`` and ``?``, or hex as above.
        hostname: The name that it sends in option 12, with ``*`` and ``?``.
        subnet: The network of its relay, or of the interface that its requests come in on.
        arch: ``BIOS``, ``UEFI``, ``x64 UEFI`` or another of option 93's names, or ``0x0007``.
    """

    uuid: Annotated[
        tuple[Annotated[str, AfterValidator(machine_uuid)], ...], BeforeValidator(listed)
    ] = ()
    serial: _Own = ()
    asset: _Own = ()
    circuit_id: _OwnId = ()
    remote_id: _OwnId = ()
    options: Annotated[
        dict[Annotated[int, BeforeValidator(_code)], Texts], AfterValidator(_own_options)
    ] = Field(default_factory=dict)
    hostname: _OwnName = ()
    subnet: Annotated[
        tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(listed)
    ] = ()
    arch: Annotated[
        tuple[Annotated[str, AfterValidator(_architecture)], ...], BeforeValidator(listed)
    ] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Match:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("must say something, or every machine would be this one")
        return self
