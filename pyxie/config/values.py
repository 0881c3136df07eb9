"""The kinds of value that settings and machine files share."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

AMD64: Final = "amd64"
ARM64: Final = "arm64"
CPUS: Final = {AMD64: "x86_64", ARM64: "aarch64"}
"""What processors are called by Debian, and by `uname`: distributions' paths have either."""
_HEX = re.compile(r"[0-9a-f]{12}")
_SPELT = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_INFINIBAND = re.compile(r"(0x|20)?[0-9a-f]{16}|[0-9a-f]{40}")
"""A GUID of 8 bytes, as ``BOOTIF=20-…`` has it too, or IPoIB's address of 20 (RFC 4391)."""


def mac(text: str) -> str:
    """Return a MAC address in pyxie's one spelling, ``52:54:00:12:34:56``.

    Accepts colons, dashes, Cisco's dots or nothing between the digits, in either case.

    Raises:
        ValueError: It is none.
    """
    if _SPELT.fullmatch(text):
        return text
    digits = re.sub("[:.-]", "", text.strip().lower())
    if _INFINIBAND.fullmatch(digits):
        raise ValueError(
            f"{text[:80]!r} is the address of an InfiniBand port, by which pyxie boots no machine:"
            " give the MAC address of an Ethernet port"
        )
    if not _HEX.fullmatch(digits):
        raise ValueError(f"{text[:80]!r} is not a MAC address like 52:54:00:12:34:56")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def dashed(address: str) -> str:
    """Return a MAC address as file names and URLs carry it, ``52-54-00-12-34-56``."""
    return address.replace(":", "-")


def unicast(text: str) -> str:
    """Return a MAC address as `mac`, if it can be that of a NIC."""
    address = mac(text)
    if int(address[:2], 16) & 1 or address == "00:00:00:00:00:00":
        raise ValueError(f"{text!r} is no address of a single NIC")
    return address


def listed(value: Any) -> Any:
    """Return one text as a list of it, and anything else as it is."""
    return [value] if isinstance(value, str) else value


def one_or_more(value: Any) -> Any:
    """Return one text or mapping as a list of it, and anything else as it is."""
    return [value] if isinstance(value, str | dict) else value


def _params(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "" if inner is None else inner for key, inner in value.items()}
    return value


def _address(text: str) -> str:
    try:
        return str(ip_address(text.strip()))
    except ValueError as exc:
        raise ValueError(f"{text[:80]!r} is not an IP address like 192.0.2.1") from exc


def arch_name(text: str) -> str:
    """Return the name of an architecture, ``amd64`` or ``arm64``, in whatever spelling.

    Raises:
        ValueError: It is another.
    """
    word = text.strip().lower()
    found = {**CPUS, **{cpu: arch for arch, cpu in CPUS.items()}}
    if word not in found:
        raise ValueError(f"{text[:80]!r} is not one of {', '.join(CPUS)}")
    return word if word in CPUS else found[word]


SecureBootWish = Literal["auto", "always", "never"]
"""Whether firmware is handed a signed chain of loaders."""

_LOADER = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_.+-]*(/[A-Za-z0-9_+][A-Za-z0-9_.+-]*)*")
_LONGEST_LOADER = 100


def loader_name(text: str) -> str:
    """Return a boot loader's name, perhaps in a folder: ``arm64-efi/snponly.efi``.

    It stands in DHCP's boot file name, 127 bytes with the MAC address before it, and in URLs.

    Raises:
        ValueError: It cannot.
    """
    if len(text) > _LONGEST_LOADER or not _LOADER.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is not a boot loader's name like snponly.efi")
    return text


def http_url(text: str) -> str:
    """Return ``text`` if it is an absolute http or https URL.

    Raises:
        ValueError: It is not.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or any(c.isspace() or ord(c) < 32 for c in text):
        raise ValueError(f"{text[:200]!r} is not a URL like http://192.0.2.1:8090")
    return text


Mac = Annotated[str, AfterValidator(unicast)]
"""A NIC's address in any spelling; held as ``52:54:00:12:34:56``."""

ArchName = Annotated[str, AfterValidator(arch_name)]
"""A processor's architecture; held as `CPUS` has it."""

Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(listed)]
"""One name, or a list of them."""

Addresses = Annotated[tuple[Annotated[str, AfterValidator(_address)], ...], BeforeValidator(listed)]
"""One IP address, or a list of them."""

Params = Annotated[dict[str, str], BeforeValidator(_params)]
"""The operator's own values; each keeps the text it was written with."""

HttpUrl = Annotated[str, AfterValidator(http_url)]
"""An absolute http or https URL, as it was written."""
