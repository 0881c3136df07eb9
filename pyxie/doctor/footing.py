"""What the checks start from: the settings, and a daemon if one runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyxie.client import Client
from pyxie.config.settings import Settings
from pyxie.doctor.links import Links
from pyxie.doctor.ports import Listener, Owner
from pyxie.doctor.traffic import Served


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """What is known before the checks begin.

    Attributes:
        settings: In force, or of the file; their defaults if that has mistakes.
        links: The interfaces; none if the kernel did not tell.
        file: ``config.yaml``; None if there is none.
        state: The folder of the state; None if it is a database elsewhere.
        daemon: The one that answers; None if there is none.
        listeners: Sockets that wait for somebody.
        owners: Whose they are.
        systems: What machines are to boot, by the names of recipes.
        root: We are root.
        systemd: It manages this host.
        effective: Our own capabilities, as the kernel counts them.
        legacy: The kernel has rules of the former iptables.
        wait: Seconds that offers of a LAN's servers are waited for.
    """

    settings: Settings
    links: Links
    file: Path | None = None
    state: Path | None = None
    daemon: Client | None = None
    listeners: tuple[Listener, ...] = ()
    owners: Mapping[int, Owner] = field(default_factory=dict)
    systems: frozenset[str] = frozenset()
    root: bool = True
    systemd: bool = False
    effective: int = 0
    legacy: bool = False
    wait: float = 5.0

    @property
    def running(self) -> bool:
        """A pyxie serves on this host."""
        return self.daemon is not None or any(each.is_pyxie for each in self.owners.values())

    @property
    def served(self) -> list[Served]:
        """Where machines boot from, and by which ports."""
        settings = self.settings
        return [
            Served(
                interface=each.name,
                address=each.addresses[0].ip,
                network=each.addresses[0].network,
                tftp=settings.tftp.port,
                http=settings.http.port,
                dhcp=settings.dhcp.mode in ("answer", "serve"),
                single_port=settings.tftp.single_port,
                named=each.name in self.links.names,
            )
            for each in self.links.served
            if each.addresses and each.up
        ]
