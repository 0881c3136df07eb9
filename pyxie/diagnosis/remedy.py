"""What a remedy is: the lines to change in another DHCP server, and what they need to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType
from typing import Any, Final

BOOT_FILES: Final[Mapping[int, str]] = MappingProxyType(
    {0x00: "undionly.kpxe", 0x07: "ipxe.efi", 0x09: "ipxe.efi", 0x0B: "ipxe-arm64.efi"}
)
"""What clients are handed that need a name from their DHCP server, by option 93's code."""

TAGS: Final[Mapping[int, str]] = MappingProxyType(
    {0x00: "bios", 0x06: "efi-ia32", 0x07: "efi-x64", 0x09: "efi-x64", 0x0B: "efi-arm64"}
)


class Wish(StrEnum):
    """What the other server should do."""

    NEXT_SERVER = "next-server"
    """Give pyxie's address as next-server, without a file name: Debian's signed GRUB goes by it."""
    SILENT = "no-boot-options"
    """Send no boot options, which are in the proxy's way."""
    BOOT_FILE = "boot-file"
    """Name pyxie's boot file by architecture, where pyxie itself cannot be heard."""
    RELAY = "relay"
    """Let pyxie hear the clients of another network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the lines name. What is not known is a word in capitals.

    Attributes:
        address: pyxie's, as the clients reach it.
        network: That of the clients.
        server: The address of the server that hands out addresses.
        router: The address of the router in the clients' network.
        http_port: Of pyxie.
        files: Boot files by option 93's code.
    """

    address: IPv4Address
    network: IPv4Network | None = None
    server: IPv4Address | str = "DHCP-SERVER"
    router: IPv4Address | str = "ROUTER"
    http_port: int = 8090
    files: Mapping[int, str] = field(default_factory=lambda: BOOT_FILES)

    @property
    def script(self) -> str:
        """What iPXE is told to fetch."""
        return f"http://{self.address}:{self.http_port}/boot.ipxe"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to change in one kind of server.

    Attributes:
        server: What kind, by its name.
        where: The file, menu or shell.
        lines: What to add, or to do, line by line.
        out: What to take out first: each line that begins with one of these.
        then: The command by which it comes into force; empty if it is at once.
        note: What else to know, in sentences; may be empty.
        remove: How people are told of ``out``.
        give: How they are told of ``lines``.
    """

    server: str
    where: str
    lines: tuple[str, ...] = ()
    out: tuple[str, ...] = ()
    then: str = ""
    note: str = ""
    remove: str = "take out what begins with"
    give: str = "add"

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "server": self.server,
            "where": self.where,
            "take_out": list(self.out),
            "add": list(self.lines),
            "then": self.then,
            "note": self.note,
        }

    def text(self) -> Iterator[str]:
        """Yield it for people, line by line."""
        yield f"{self.server}: {self.where}"
        if self.out:
            yield f"  {self.remove}"
            yield from (f"    {line.rstrip()}" for line in self.out)
        if self.lines:
            yield f"  and {self.give}" if self.out else f"  {self.give}"
            yield from (f"    {line}" for line in self.lines)
        if self.then:
            yield f"  then: {self.then}"
        if self.note:
            yield f"  {self.note}"


def by_file(site: Site) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return boot files, each with a short name for those that get it, and their codes."""
    codes: dict[str, list[int]] = {}
    for code, file in sorted(site.files.items()):
        codes.setdefault(file, []).append(code)
    return [
        (file, TAGS.get(each[0], f"arch-{each[0]}"), tuple(each)) for file, each in codes.items()
    ]
