"""Boot loaders: the operator's own, else the distribution's; over TFTP and HTTP alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address
from pathlib import Path
from types import MappingProxyType

from pyxie.architectures import ARCHITECTURES
from pyxie.config.values import mac as canonical
from pyxie.confined import find, normalise
from pyxie.errors import NotServedError
from pyxie.tftp.source import Found

DISTRIBUTION = (Path("/usr/lib/ipxe"), Path("/usr/share/ipxe"), Path("/usr/lib/ipxe/qemu"))
"""Where Debian and Ubuntu, Fedora, and Debian's ipxe-qemu put iPXE."""

_MAC = re.compile(r"[0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2}){5}")


class Loaders:
    """Finds loaders by name, and tells which one fits an architecture.

    Also the `pyxie.tftp.source.Source` of the TFTP server: a name may be led by the
    machine's MAC, as our DHCP answers write it, which tells the trace who asks.

    Args:
        folder: The operator's, as of now, all of whose files are served.
        distribution: Folders of which only the loaders that pyxie knows are served.
    """

    def __init__(
        self, folder: Callable[[], Path], distribution: Sequence[Path] = DISTRIBUTION
    ) -> None:
        self._folder = folder
        self._distribution = tuple(distribution)
        self.by_architecture: Mapping[int, str] = {}
        self.refresh()

    def refresh(self) -> None:
        """Look again which loaders are there."""
        found = {}
        for code, row in ARCHITECTURES.items():
            name = next((name for name in row.loaders if self._has(name)), None)
            if name is not None:
                found[code] = name
        self.by_architecture = MappingProxyType(found)

    def missing(self) -> list[str]:
        """Return a sentence for each common kind of machine that has no loader."""
        return [
            f"no boot loader for {ARCHITECTURES[code].name} machines: put "
            f"{ARCHITECTURES[code].loaders[0]} into {self._folder()} or install the package 'ipxe'"
            for code in (0x00, 0x07)
            if code not in self.by_architecture
        ]

    def find(self, name: str) -> Path:
        """Return the file of that name.

        Raises:
            NotServedError: There is none.
        """
        try:
            return find(self._folder(), name)
        except NotServedError:
            known = _KNOWN.get(name.lower(), "")
            for folder in self._distribution:
                if known and (folder / known).is_file():
                    return folder / known
            raise

    def open(self, name: str, local: IPv4Address, peer: IPv4Address) -> Found:  # noqa: ARG002
        """Return what a TFTP client asks for; see `pyxie.tftp.source.Source`."""
        plain = normalise(name)
        first, _, rest = plain.partition("/")
        mac = None
        if rest and _MAC.fullmatch(first):
            mac = canonical(first)
            if not self._has(plain):  # an operator may have a folder of that name
                plain = rest
        return Found(path=self.find(plain), mac=mac, what=plain)

    def _has(self, name: str) -> bool:
        try:
            self.find(name)
        except NotServedError:
            return False
        return True


_KNOWN = {name.lower(): name for row in ARCHITECTURES.values() for name in row.loaders}
"""What is served from the distribution's folders, by its name in lower case."""
