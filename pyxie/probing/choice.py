"""Which answer a client's firmware goes by, and why. Pure.

Firmware waits for offers and sorts them. What EDK2, which is in most UEFI firmware, makes of them
is in its PxeBcDhcp4.c (`PxeBcSelectDhcp4Offer`) and HttpBootDhcp4.c (`HttpBootSelectDhcpOffer`);
iPXE's order is in its src/net/udp/dhcp.c. Of BIOS ROMs the order of PXE 2.1 is told, from which
some deviate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final, NamedTuple

from pyxie.dhcp.message import Option, encapsulated
from pyxie.errors import WireError
from pyxie.probing.heard import Heard
from pyxie.probing.questions import Client, Order

_DISCOVERY: Final = frozenset((6, 7, 8, 9, 10))
"""Of option 43: control, multicast address, servers, menu, prompt (PXE 2.1 section 2.4)."""
_MTFTP: Final = frozenset((1, 2, 3, 4, 5))
_TAKE_THIS: Final = 8
"""In option 43.6: take the boot file from here, look no further."""
_SERVER: Final = 67
"""The port of DHCP servers."""
_DNS: Final = 6
"""The option of DNS servers."""
_PROXY_WAIT: Final = 2.0
"""Seconds, of iPXE's (src/config/dhcp.h)."""
_TIMER: Final = 3.0
"""Seconds after which iPXE, which sends at 0, 1 and 3 s, looks whether that is over."""
_NAMED: Final = ("http://", "https://")


class Question(NamedTuple):
    """What is asked on port 4011, and of whom.

    Attributes:
        server: Its address.
        item: The type of the menu's entry, if it is one.
    """

    server: IPv4Address
    item: bytes | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What the firmware goes by.

    Attributes:
        lease: Whose address it takes.
        boot: Whose boot information it goes by; may be the same.
        why: In a sentence.
        questions: It has to ask on port 4011 for the file's name, of each in turn until one
            answers; of nobody, if the offer names it.
    """

    lease: Heard
    boot: Heard
    why: str
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Stuck:
    """It does not go on.

    Attributes:
        code: ``nobody``, ``no-address`` or ``no-boot-file``.
        why: In a sentence.
    """

    code: str
    why: str


def choose(client: Client, offers: Sequence[Heard]) -> Taken | Stuck:
    """Return what firmware of that kind takes of what it was offered.

    Args:
        client: The firmware.
        offers: As they came.
    """
    if not offers:
        return Stuck("nobody", "nobody answers a machine that asks for an address here")
    match client.order:
        case Order.HTTP:
            found = _by_http(offers)
        case Order.IPXE:
            found = _by_ipxe(offers)
        case _:
            found = _by_pxe(offers, client.order)
    if found is not None:
        return found
    return _stuck(client, offers)


def _stuck(client: Client, offers: Sequence[Heard]) -> Stuck:
    if not any(each.lease for each in offers):
        why = "no DHCP server offers an address, without which no firmware goes on"
        return Stuck("no-address", why)
    kind = vendor(client)
    if any(each.file and not each.vendor.startswith(kind) for each in offers):
        why = f"no answer with a boot file in it is for such firmware, which wants option 60 {kind}"
        return Stuck("no-boot-file", why)
    return Stuck("no-boot-file", "no server offers a boot file")


def vendor(client: Client) -> str:
    """Return the option 60 by which such a client takes an answer for its own."""
    return "HTTPClient" if client.order is Order.HTTP else "PXEClient"


# PXE: EDK2 and BIOS ROMs


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Offers by EDK2's kinds, in the order in which they came."""

    full: list[Heard]
    """PXE with discovery options, and an address (DhcpPxe10)."""
    bare: list[Heard]
    """PXE without them, and an address (DhcpBinl)."""
    plain: list[Heard]
    """An address, and nothing of PXE (DhcpOnly)."""
    full_proxies: list[Heard]
    bare_proxies: list[Heard]


def _sorted(offers: Sequence[Heard]) -> _Sorted:
    kinds = _Sorted([], [], [], [], [])
    for each in offers:
        is_pxe = each.vendor.startswith("PXEClient")
        inner = frozenset(vendor_options(each)) if is_pxe else frozenset[int]()
        if not is_pxe:
            if each.lease:
                kinds.plain.append(each)
        elif inner & _DISCOVERY:
            (kinds.full if each.lease else kinds.full_proxies).append(each)
        elif not inner >= _MTFTP:  # multicast TFTP, which nobody speaks any more
            (kinds.bare if each.lease else kinds.bare_proxies).append(each)
    return kinds


def _by_pxe(offers: Sequence[Heard], order: Order) -> Taken | None:
    kinds = _sorted(offers)
    if kinds.full:
        [first, *_] = kinds.full
        why = "the DHCP server itself offers PXE (options 60 and 43), which comes before all else"
        return Taken(first, first, why, questions(first))
    if kinds.plain and kinds.full_proxies:
        [proxy, *_] = kinds.full_proxies
        why = _beside(kinds.plain[0])
        if order is Order.EDK2:
            why += "; UEFI firmware of before 2023 drops the first such answer"
        return Taken(kinds.plain[0], proxy, why, questions(proxy))
    if kinds.bare:
        [first, *_] = kinds.bare
        why = (
            "the DHCP server says PXEClient (option 60): firmware asks it on port 4011, and"
            " no other server"
        )
        return Taken(first, first, why, (_at(first),))
    if kinds.plain and kinds.bare_proxies:
        why = f"{_beside(kinds.plain[0])}; it is asked for the file's name on port 4011"
        asked = tuple(map(_at, kinds.bare_proxies))
        return Taken(kinds.plain[0], kinds.bare_proxies[0], why, asked)
    for each in kinds.plain:
        if each.file:
            return Taken(each, each, "nobody but the DHCP server itself names a boot file")
    return None


def _beside(lease: Heard) -> str:
    if lease.file:
        return "a proxy's answer comes before a boot file of the DHCP server's"
    return "a proxy offers a boot, and the DHCP server none"


def vendor_options(heard: Heard) -> Mapping[int, bytes]:
    """Return what is in option 43; of one that cannot be read, nothing."""
    try:
        return encapsulated(heard.options.get(Option.VENDOR_SPECIFIC, b""))
    except WireError:
        return {}


def questions(heard: Heard) -> tuple[Question, ...]:
    """Return whom an answer with PXE's discovery options has asked on port 4011; maybe nobody."""
    inner = vendor_options(heard)
    if _skips(inner) and heard.file:
        return ()
    item = inner.get(9, b"")[:2]
    if len(item) < 2 or item == b"\0\0":  # no menu; or its first entry is to boot from the disk
        return () if heard.file else (_at(heard),)
    listed = dict(_boot_servers(inner.get(8, b"")))
    found = listed.get(item, ())
    return tuple(Question(each, item) for each in found) or (_at(heard, item),)


def _skips(inner: Mapping[int, bytes]) -> bool:
    control = inner.get(6, b"")
    return bool(control) and bool(control[0] & _TAKE_THIS)


def _boot_servers(value: bytes) -> Iterator[tuple[bytes, tuple[IPv4Address, ...]]]:
    """Yield types and their servers' addresses, as far as the list can be read."""
    at = 0
    while at + 3 <= len(value):
        end = at + 3 + 4 * value[at + 2]
        if end > len(value):
            return
        packed = value[at + 3 : end]
        addresses = (IPv4Address(packed[each : each + 4]) for each in range(0, len(packed), 4))
        yield value[at : at + 2], tuple(addresses)
        at = end


def _at(heard: Heard, item: bytes | None = None) -> Question:
    # EDK2's PxeBcRetryBinlOffer: siaddr first, then option 54.
    return Question(heard.next_server or heard.server, item)


# UEFI HTTP Boot


def _by_http(offers: Sequence[Heard]) -> Taken | None:
    leases = [each for each in offers if each.lease and not _is_http(each)]
    own = [each for each in offers if each.lease and _has_url(each)]
    proxies = [each for each in offers if not each.lease and _has_url(each)]
    resolving = [each for each in leases if _DNS in each.options]
    for each in own:
        if _by_address(each):
            why = "the DHCP server itself names a URL, which comes before a proxy's"
            return Taken(each, each, why)
    for each in own:
        if _DNS in each.options:
            why = "the DHCP server itself names a URL, and a DNS server to look its name up"
            return Taken(each, each, why)
    numbered = next(filter(_by_address, proxies), None)
    if leases and numbered is not None:
        plain = next((each for each in leases if each not in resolving), leases[0])
        return Taken(plain, numbered, "a proxy names a URL, and the DHCP server none")
    if resolving and proxies:
        why = "a proxy names a URL, and the DHCP server a DNS server to look its name up"
        return Taken(resolving[0], proxies[0], why)
    if resolving and own:
        why = "a DHCP server names a URL, and another one a DNS server to look its name up"
        return Taken(resolving[0], own[0], why)
    return None


def _is_http(heard: Heard) -> bool:
    return heard.vendor.startswith("HTTPClient")


def _has_url(heard: Heard) -> bool:
    return _is_http(heard) and heard.file.lower().startswith(_NAMED)


def _by_address(heard: Heard) -> bool:
    host = heard.file.split("/")[2].partition(":")[0]
    parts = host.split(".")
    return len(parts) == 4 and all(each.isascii() and each.isdecimal() for each in parts)


# iPXE


def _by_ipxe(offers: Sequence[Heard]) -> Taken | None:
    lease, proxy = _waited_for(offers)
    return None if lease is None else _with_ipxe(lease, proxy)


def _waited_for(offers: Sequence[Heard]) -> tuple[Heard | None, Heard | None]:
    """Return whose address and whose PXE answer iPXE has when it stops waiting."""
    lease: Heard | None = None
    proxy: Heard | None = None
    for each in sorted(offers, key=lambda one: one.after):
        if lease is not None and each.after > _TIMER:
            break
        rank = _priority(each)
        if each.lease and each.source_port == _SERVER and (not lease or rank >= _priority(lease)):
            lease = each
        if each.vendor.startswith("PXEClient") and (not proxy or rank >= _priority(proxy)):
            proxy = each
        waits = proxy is None and each.after <= _PROXY_WAIT
        if lease is not None and (not waits or _ignores_proxies(lease)):
            break
    return lease, proxy


def _with_ipxe(lease: Heard, proxy: Heard | None) -> Taken | None:
    if proxy is None or _ignores_proxies(lease):
        if not lease.file:
            return None
        why = "no proxy's answer was there when iPXE had waited for it"
        if _ignores_proxies(lease):
            why = "the DHCP server tells iPXE to listen to no proxy (option 175.176)"
        return Taken(lease, lease, why)
    if _has_menu(proxy):
        return Taken(lease, proxy, "its answer has a PXE menu, which comes first", questions(proxy))
    if proxy is not lease and lease.file:
        # Settings of one priority count in the order in which they were registered
        # (src/core/settings.c, reprioritise_settings).
        why = "the DHCP server names a boot file, which iPXE takes before a proxy's"
        return Taken(lease, lease, why)
    why = "a proxy's answer came while iPXE waited for it"
    if proxy is lease:
        why = "the DHCP server says PXEClient (option 60), so iPXE waits for no proxy"
    asked = () if proxy.next_server and proxy.file else (Question(proxy.server),)
    return Taken(lease, proxy, why, asked)


def _has_menu(heard: Heard) -> bool:
    """Tell whether iPXE boots from its menu (src/usr/autoboot.c, have_pxe_menu)."""
    inner = vendor_options(heard)
    return 9 in inner and not (_skips(inner) and heard.file)


def _priority(heard: Heard) -> int:
    value = _ipxe_options(heard).get(1, b"")
    return int.from_bytes(value[:1], signed=True)


def _ignores_proxies(heard: Heard) -> bool:
    return any(_ipxe_options(heard).get(176, b""))


def _ipxe_options(heard: Heard) -> Mapping[int, bytes]:
    try:
        return encapsulated(heard.options.get(Option.IPXE, b""))
    except WireError:
        return {}
