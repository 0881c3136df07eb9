"""Lines for DHCP servers of routers, and for Windows Server. Pure.

Nobody has tried these lines on the devices here. RouterOS: the words are those of MikroTik's manual
("DHCP", generic matchers of 7.4), and of exports of such routers. OPNsense: the menus of its manual
for Dnsmasq, Kea and DHCRelay, and of the plugin for ISC DHCP. Windows Server: the DhcpServer module
of PowerShell; its ``-VendorClass`` wants the name of a class, with ``*`` for whatever follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyxie.diagnosis.daemons import dnsmasq_boot_file, dnsmasq_next_server
from pyxie.diagnosis.remedy import Remedy, Site, Wish, by_file

_MIKROTIK: Final = ("MikroTik RouterOS", "in a terminal of the router")
_OPNSENSE_DNSMASQ: Final = "OPNsense with Dnsmasq"
_OPNSENSE_FILE: Final = "/usr/local/etc/dnsmasq.conf.d/pyxie.conf"
_OPNSENSE_OUT: Final = (
    "Services > Dnsmasq DNS & DHCP > DHCP boot: all entries",
    "Services > Dnsmasq DNS & DHCP > DHCP options: 60, 66 and 67",
)
_OPNSENSE_THEN: Final = "Services > Dnsmasq DNS & DHCP > Apply, or restart it"
_OPNSENSE_KEA: Final = (
    "OPNsense with Kea",
    "Services > Kea DHCP > Kea DHCPv4 > Subnets > the clients' network",
)
_OPNSENSE_ISC: Final = (
    "OPNsense with ISC DHCP",
    "Services > ISC DHCPv4 > the clients' interface > Network booting",
)
_APPLY: Final = "Save, Apply"
_ENTER: Final = "enter"
_SET: Final = "set"
_CLEAR: Final = "clear"
_WINDOWS: Final = ("Windows Server", "PowerShell, as administrator, on the DHCP server")
_WINDOWS_NOTE: Final = (
    "Options of the whole server (without -ScopeId), of policies and of reservations count, too: "
    "Get-DhcpServerv4OptionValue -All lists them. What is not set cannot be removed, which it says."
)


def mikrotik(wish: Wish, site: Site) -> Remedy:
    """Return what to change in RouterOS."""
    name, where = _MIKROTIK
    of = f"[find address={site.network}]" if site.network else "[find]"
    one = f"/ip dhcp-server network set {of}"
    removed = tuple(f"/ip dhcp-server option remove [find code={code}]" for code in (60, 66, 67))
    named = (
        "If a network, a lease or an option set names such an option, take it out there first: "
        "/ip dhcp-server network print detail shows it."
    )
    lines: tuple[str, ...]
    match wish:
        case Wish.NEXT_SERVER:
            lines = (f"{one} next-server={site.address} !boot-file-name", *removed)
            return Remedy(name, where, lines, note=named, give=_ENTER)
        case Wish.SILENT:
            lines = (f"{one} !next-server !boot-file-name", *removed)
            return Remedy(name, where, lines, note=named, give=_ENTER)
        case Wish.BOOT_FILE:
            lines = (f"{one} next-server={site.address} !boot-file-name", *_mikrotik_files(site))
            note = (
                "Needs RouterOS 7.4. SERVER and POOL are in /ip dhcp-server print. The matcher for "
                "iPXE has to stand above the others."
            )
            return Remedy(name, where, lines, note=note, give=_ENTER)
        case Wish.RELAY:  # pragma: no branch  (mypy: these are all)
            servers = f"{site.server},{site.address}"
            relay = "/ip dhcp-relay add name=pyxie interface=INTERFACE"
            lines = (f"{relay} dhcp-server={servers} local-address={site.router} disabled=no",)
            note = (
                "Not on an interface that has a DHCP server of the router's own: there it has to "
                "name a boot file."
            )
            return Remedy(name, where, lines, note=note, give=_ENTER)


def _mikrotik_files(site: Site) -> Iterator[str]:
    named: list[tuple[str, str, tuple[str, ...]]]
    named = [(site.script, "ipxe", ("code=77 value=iPXE",))]
    named += [
        (file, tag, tuple(f"code=93 value=0x{code:04x}" for code in codes))
        for file, tag, codes in by_file(site)
    ]
    for file, tag, fitting in named:
        yield f"/ip dhcp-server option add name=pyxie-{tag} code=67 value=\"s'{file}'\""
        yield f"/ip dhcp-server option sets add name=pyxie-{tag} options=pyxie-{tag}"
        for at, fits in enumerate(fitting):
            label = f"pyxie-{tag}-{at}" if at else f"pyxie-{tag}"
            yield (
                f"/ip dhcp-server matcher add name={label} server=SERVER address-pool=POOL"
                f" {fits} option-set=pyxie-{tag}"
            )


def opnsense_dnsmasq(wish: Wish, site: Site) -> Remedy:
    """Return what to change in OPNsense whose DHCP server is Dnsmasq, its usual one."""
    name, where = _OPNSENSE_DNSMASQ, _OPNSENSE_FILE
    lines: tuple[str, ...]
    match wish:
        case Wish.NEXT_SERVER:
            lines = (*dnsmasq_next_server(site),)
            return Remedy(name, where, lines, _OPNSENSE_OUT, _OPNSENSE_THEN, remove=_CLEAR)
        case Wish.SILENT:
            where = "Services > Dnsmasq DNS & DHCP"
            return Remedy(name, where, (), _OPNSENSE_OUT, _OPNSENSE_THEN, remove=_CLEAR)
        case Wish.BOOT_FILE:
            lines = (*dnsmasq_boot_file(site),)
            return Remedy(name, where, lines, _OPNSENSE_OUT, _OPNSENSE_THEN, remove=_CLEAR)
        case Wish.RELAY:  # pragma: no branch  (mypy: these are all)
            return _opnsense_relay(name, site)


def opnsense_kea(wish: Wish, site: Site) -> Remedy:
    """Return what to change in OPNsense whose DHCP server is Kea."""
    name, where = _OPNSENSE_KEA
    empty = ("TFTP server: empty", "TFTP bootfile name: empty", "Options: none of 60, 66 and 67")
    lines: tuple[str, ...]
    match wish:
        case Wish.NEXT_SERVER:
            return Remedy(
                name, where, (f"Next server: {site.address}", *empty), then=_APPLY, give=_SET
            )
        case Wish.SILENT:
            return Remedy(name, where, ("Next server: empty", *empty), then=_APPLY, give=_SET)
        case Wish.BOOT_FILE:
            lines = (*_opnsense_kea_files(site),)
            note = (
                "Needs the tab Options of OPNsense 26.1.5 or newer; older ones know one file only."
            )
            return Remedy(name, where, lines, then=_APPLY, note=note, give=_SET)
        case Wish.RELAY:  # pragma: no branch  (mypy: these are all)
            return _opnsense_relay(name, site)


def _opnsense_kea_files(site: Site) -> Iterator[str]:
    yield f"Next server: {site.address}"
    yield f"TFTP server: {site.address}"
    yield "Options: all of the following, which are made in the tab Options"
    for file, tag, codes in by_file(site):
        for code in codes:
            yield (
                f"pyxie-{tag}-{code}: Match Code client-system [93], Match Encoding uint16,"
                f" Match Data {code}; Set Code bootfile-name [67], Set Encoding string,"
                f" Set Data {file}"
            )
    yield (
        "pyxie-ipxe: Match Code user-class [77], Match Encoding string, Match Data iPXE;"
        f" Set Code bootfile-name [67], Set Encoding string, Set Data {site.script}"
    )


def opnsense_isc(wish: Wish, site: Site) -> Remedy:
    """Return what to change in OPNsense with the plugin for ISC DHCP, its former one."""
    name, where = _OPNSENSE_ISC
    options = "Additional Options: none of 60, 66 and 67; TFTP server: empty"
    lines: tuple[str, ...]
    match wish:
        case Wish.NEXT_SERVER:
            lines = (
                "Enable network booting: yes",
                f"Set next-server IP: {site.address}",
                "all file names: empty",
                options,
            )
            return Remedy(name, where, lines, then=_APPLY, give=_SET)
        case Wish.SILENT:
            return Remedy(
                name, where, ("Enable network booting: no", options), then=_APPLY, give=_SET
            )
        case Wish.BOOT_FILE:
            lines = (
                "Enable network booting: yes",
                f"Set next-server IP: {site.address}",
                f"Set default bios filename: {site.files.get(0, '')}",
                f"Set x86 UEFI (32-bit) filename: {site.files.get(6, '')}",
                f"Set x64 UEFI/EBC (64-bit) filename: {site.files.get(7, '')}",
                f"Set iPXE boot filename: {site.script}",
            )
            return Remedy(name, where, lines, then=_APPLY, give=_SET)
        case Wish.RELAY:  # pragma: no branch  (mypy: these are all)
            return _opnsense_relay(name, site)


def _opnsense_relay(name: str, site: Site) -> Remedy:
    lines = (
        f"Destinations: Server {site.server},{site.address}",
        "Relays: Interface of the clients, with this destination",
    )
    note = (
        "It needs port 67 on that interface, so not beside OPNsense's own DHCP server: there that "
        "one has to name a boot file."
    )
    return Remedy(name, "Services > DHCRelay", lines, then=_APPLY, note=note, give=_SET)


def windows(wish: Wish, site: Site) -> Remedy:
    """Return what to change in Windows Server."""
    name, where = _WINDOWS
    scope = f"-ScopeId {site.network.network_address if site.network else 'SCOPE'}"
    remove = f"Remove-DhcpServerv4OptionValue {scope} -OptionId"
    give = f"Set-DhcpServerv4OptionValue {scope}"
    lines: tuple[str, ...]
    match wish:
        case Wish.NEXT_SERVER:
            lines = (f"{remove} 60", f"{remove} 67", f'{give} -OptionId 66 -Value "{site.address}"')
            note = f"Windows has no other place for next-server than option 66. {_WINDOWS_NOTE}"
            return Remedy(name, where, lines, note=note, give=_ENTER)
        case Wish.SILENT:
            lines = tuple(f"{remove} {option}" for option in (60, 66, 67))
            return Remedy(name, where, lines, note=_WINDOWS_NOTE, give=_ENTER)
        case Wish.BOOT_FILE:
            first = (f"{remove} 60", f'{give} -OptionId 66 -Value "{site.address}"')
            lines = (*first, *_windows_files(site, scope, give))
            return Remedy(name, where, lines, note=_WINDOWS_NOTE, give=_ENTER)
        case Wish.RELAY:  # pragma: no branch  (mypy: these are all)
            lines = (
                "Install-WindowsFeature Routing -IncludeManagementTools",
                "netsh routing ip relay install",
                f"netsh routing ip relay add dhcpserver {site.server}",
                f"netsh routing ip relay add dhcpserver {site.address}",
                'netsh routing ip relay add interface "INTERFACE"',
            )
            where = "PowerShell, as administrator, on a Windows Server that is the router"
            return Remedy(name, where, lines, give=_ENTER)


def _windows_files(site: Site, scope: str, give: str) -> Iterator[str]:
    # The first policy that sets an option wins, and iPXE has firmware's vendor class as well.
    yield 'Add-DhcpServerv4Class -Name "pyxie ipxe" -Type User -Data "iPXE"'
    yield (
        f'Add-DhcpServerv4Policy {scope} -Name "pyxie ipxe" -ProcessingOrder 1 -Condition OR'
        ' -UserClass EQ,"pyxie ipxe"'
    )
    yield f'{give} -PolicyName "pyxie ipxe" -OptionId 67 -Value "{site.script}"'
    for at, (file, tag, codes) in enumerate(by_file(site), 2):
        classes = [f"pyxie {tag} {code}" for code in codes]
        for each, code in zip(classes, codes, strict=True):
            data = f"PXEClient:Arch:{code:05}"
            yield f'Add-DhcpServerv4Class -Name "{each}" -Type Vendor -Data "{data}"'
        fits = ",".join(f'EQ,"{each}*"' for each in classes)
        yield (
            f'Add-DhcpServerv4Policy {scope} -Name "pyxie {tag}" -ProcessingOrder {at}'
            f" -Condition OR -VendorClass {fits}"
        )
        yield f'{give} -PolicyName "pyxie {tag}" -OptionId 67 -Value "{file}"'


def switch(site: Site) -> Remedy:
    """Return what to add to a router or a switch with Cisco's words, which many others have."""
    lines = ("interface INTERFACE", f" ip helper-address {site.address}")
    note = "Beside the line that names the DHCP server, not in its place."
    return Remedy("Cisco IOS and its like", "in configuration mode", lines, note=note, give=_ENTER)
