"""Lines for the DHCP servers that are configured by a file: dnsmasq, ISC dhcpd, Kea. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyxie.diagnosis.remedy import Remedy, Site, Wish, by_file

_DNSMASQ: Final = ("dnsmasq", "/etc/dnsmasq.conf, or a file in /etc/dnsmasq.d")
_DNSMASQ_THEN: Final = "dnsmasq --test && systemctl restart dnsmasq"
DNSMASQ_OUT: Final = (
    *("dhcp-boot=", "pxe-service=", "pxe-prompt="),
    *("dhcp-option=60,", "dhcp-option=option:vendor-class,"),
    *("dhcp-option=66,", "dhcp-option=option:tftp-server,"),
    *("dhcp-option=67,", "dhcp-option=option:bootfile-name,"),
)
_DNSMASQ_FORCED: Final = "They may stand as dhcp-option-force= and behind tag:, too."

_DHCPD: Final = ("ISC dhcpd", "/etc/dhcp/dhcpd.conf, in the braces of the subnet")
_DHCPD_THEN: Final = "dhcpd -t && systemctl restart isc-dhcp-server"
_DHCPD_OUT: Final = (
    *("filename ", "server-name ", "option vendor-class-identifier "),
    *("option tftp-server-name ", "option bootfile-name "),
)
_KEA: Final = ("Kea", "/etc/kea/kea-dhcp4.conf, in the braces of the subnet")
_KEA_THEN: Final = "kea-dhcp4 -t /etc/kea/kea-dhcp4.conf && systemctl restart kea-dhcp4-server"
_KEA_OUT: Final = (
    *('"boot-file-name": ', '"server-hostname": ', '{ "name": "vendor-class-identifier"'),
    *('{ "name": "tftp-server-name"', '{ "name": "boot-file-name"'),
)
_ANYWHERE: Final = "They may stand outside of the subnet, in classes, pools and single hosts, too."


def dnsmasq(wish: Wish, site: Site) -> Remedy:
    """Return what to change in dnsmasq."""
    name, where = _DNSMASQ
    lines: tuple[str, ...]
    match wish:
        case Wish.NEXT_SERVER:
            lines = (*dnsmasq_next_server(site),)
            return Remedy(name, where, lines, DNSMASQ_OUT, _DNSMASQ_THEN, _DNSMASQ_FORCED)
        case Wish.SILENT:
            return Remedy(name, where, (), DNSMASQ_OUT, _DNSMASQ_THEN, _DNSMASQ_FORCED)
        case Wish.BOOT_FILE:
            lines = (*dnsmasq_boot_file(site),)
            return Remedy(name, where, lines, ("dhcp-boot=", "pxe-service="), _DNSMASQ_THEN)
        case Wish.RELAY:  # pragma: no branch  (mypy: these are all)
            servers = (site.server, site.address)
            lines = tuple(f"dhcp-relay={site.router},{each}" for each in servers)
            note = (
                "A dnsmasq that hands out addresses on that network does not relay from it, too: "
                "there it has to name a boot file."
            )
            return Remedy(name, f"{where}, on the router", lines, (), _DNSMASQ_THEN, note)


def dnsmasq_next_server(site: Site) -> Iterator[str]:
    """Yield dnsmasq's lines for an address without a file name."""
    yield f"dhcp-boot=,,{site.address}"


def dnsmasq_boot_file(site: Site) -> Iterator[str]:
    """Yield dnsmasq's lines for a boot file by architecture."""
    yield "dhcp-match=set:ipxe,175"
    for file, tag, codes in by_file(site):
        yield from (f"dhcp-match=set:{tag},option:client-arch,{code}" for code in codes)
        yield f"dhcp-boot=tag:!ipxe,tag:{tag},{file},,{site.address}"
    yield f"dhcp-boot=tag:ipxe,{site.script}"


def dhcpd(wish: Wish, site: Site) -> Remedy:
    """Return what to change in ISC dhcpd."""
    name, where = _DHCPD
    lines: tuple[str, ...]
    out: tuple[str, ...]
    match wish:
        case Wish.NEXT_SERVER:
            lines = (f"next-server {site.address};",)
            return Remedy(name, where, lines, _DHCPD_OUT, _DHCPD_THEN, _ANYWHERE)
        case Wish.SILENT:
            out = (*_DHCPD_OUT, "next-server ")
            return Remedy(name, where, (), out, _DHCPD_THEN, _ANYWHERE)
        case Wish.BOOT_FILE:
            where = "/etc/dhcp/dhcpd.conf, before all subnets"
            lines = (*_dhcpd_boot_file(site),)
            out = ("filename ", "next-server ")
            return Remedy(name, where, lines, out, _DHCPD_THEN, _ANYWHERE)
        case Wish.RELAY:  # pragma: no branch  (mypy: these are all)
            return _isc_relay(name, site)


def _dhcpd_boot_file(site: Site) -> Iterator[str]:
    yield "option arch code 93 = unsigned integer 16;"
    yield f"next-server {site.address};"
    yield 'if exists user-class and option user-class = "iPXE" {'
    yield f'  filename "{site.script}";'
    for file, _, codes in by_file(site):
        fits = " or ".join(f"option arch = 00:{code:02x}" for code in codes)
        yield f"}} elsif {fits} {{"
        yield f'  filename "{file}";'
    yield "}"


def _isc_relay(name: str, site: Site) -> Remedy:
    where = "/etc/default/isc-dhcp-relay, by the package isc-dhcp-relay on the router"
    lines = (f'SERVERS="{site.server} {site.address}"',)
    note = "It relays beside any DHCP server that runs on another host."
    return Remedy(name, where, lines, ("SERVERS=",), "systemctl restart isc-dhcp-relay", note)


def kea(wish: Wish, site: Site) -> Remedy:
    """Return what to change in Kea."""
    name, where = _KEA
    lines: tuple[str, ...]
    out: tuple[str, ...]
    match wish:
        case Wish.NEXT_SERVER:
            lines = (f'"next-server": "{site.address}",',)
            return Remedy(name, where, lines, _KEA_OUT, _KEA_THEN, _ANYWHERE)
        case Wish.SILENT:
            out = ('"next-server": ', *_KEA_OUT)
            return Remedy(name, where, (), out, _KEA_THEN, _ANYWHERE)
        case Wish.BOOT_FILE:
            where = '/etc/kea/kea-dhcp4.conf, in the braces of "Dhcp4"'
            note = 'If there are "client-classes" already, these go among them.'
            out = ('"boot-file-name": ', '"next-server": ')
            return Remedy(name, where, (*_kea_boot_file(site),), out, _KEA_THEN, note)
        case Wish.RELAY:  # pragma: no branch  (mypy: these are all)
            return _isc_relay(name, site)


def _kea_boot_file(site: Site) -> Iterator[str]:
    yield '"client-classes": ['
    yield '  { "name": "pyxie-ipxe", "test": "option[175].exists",'
    yield f'    "boot-file-name": "{site.script}" }}'
    for file, tag, codes in by_file(site):
        fits = " or ".join(f"substring(option[93].hex,0,2) == 0x{code:04x}" for code in codes)
        yield f'  , {{ "name": "pyxie-{tag}", "next-server": "{site.address}",'
        yield f'    "test": "not member(\'pyxie-ipxe\') and ({fits})",'
        yield f'    "boot-file-name": "{file}" }}'
    yield "],"
