"""Which boot loaders a client may be handed: by ``loader`` and ``secure_boot`` of its layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Any, NamedTuple

from pyxie.builds.definitions import Definitions
from pyxie.builds.life import Build
from pyxie.config.build import BuildKeys
from pyxie.config.settings import Settings
from pyxie.images.load import Program, program_of
from pyxie.loaders.catalogue import Choice
from pyxie.loaders.folders import Loaders
from pyxie.loaders.lanes import Facts, SecureBoot
from pyxie.loaders.own import is_debians, own_shim
from pyxie.loaders.securestates import SecureStates
from pyxie.media.asrecipe import MEDIUM, without_cpio
from pyxie.recognition.recognise import AdHoc, Known, Recognised, Unknown, boots, settled


class Leaning(NamedTuple):
    """What the choice goes by that is not written in files.

    Attributes:
        ipxe: The client is an iPXE: nothing else counts.
        state: What is known of the machine's Secure Boot.
        server: The ``siaddr`` that its own DHCP server is known to give it.
    """

    ipxe: bool
    state: SecureBoot = SecureBoot.UNKNOWN
    server: IPv4Address | None = None

    @property
    def lasts(self) -> bool:
        """Whether it is the same until more is learnt, however often the machine asks.

        Not with what is known to be off: each transaction may raise a doubt of that.
        """
        return self.ipxe or self.state is not SecureBoot.OFF


class LoaderChoice:
    """Tells it from memory: a DHCP answer waits for it.

    Args:
        loaders: Which there are.
        definitions: What the machines of builds are built from.
        settings: Those of now.
        states: What is known of machines' Secure Boot.
        boot_server: The ``siaddr`` that a client's own DHCP server is known to give it, by its
            MAC; None if nothing is known.
        is_own: Whether an address is this host's.
    """

    def __init__(
        self,
        loaders: Loaders,
        definitions: Definitions,
        settings: Callable[[], Settings],
        states: SecureStates,
        *,
        boot_server: Callable[[str], IPv4Address | None] = lambda _: None,
        is_own: Callable[[IPv4Address], bool] = lambda _: False,
    ) -> None:
        self._loaders = loaders
        self._definitions = definitions
        self._settings = settings
        self._states = states
        self._boot_server = boot_server
        self._is_own = is_own

    def usual(self, client: Recognised) -> Choice:
        """Return what an iPXE may be handed, or a GRUB goes on to: there are no lanes for them."""
        said = self._said(client, self._installed(client), "loader")
        return self._loaders.catalogue.choice(said)

    def over_dhcp(
        self, client: Recognised, mac: str, *, ipxe: bool = False, xid: int | None = None
    ) -> Choice:
        """Return what a client that asks over DHCP may be handed.

        Args:
            client: Who asks.
            mac: Its NIC.
            ipxe: It is an iPXE.
            xid: Of its DISCOVER; None for what follows one.
        """
        return self.by(client, self._leaning(client, mac, xid, ipxe=ipxe))

    def leaning(self, mac: str, ipxe: bool, xid: int) -> Leaning:
        """Note that a machine in build mode asks, and return what else counts; see `by`.

        Args:
            mac: Its NIC.
            ipxe: It is an iPXE.
            xid: Of its DISCOVER.
        """
        if ipxe:
            self._states.runs_ipxe(mac)
            return _OF_IPXE
        return Leaning(False, self._states.asked(mac, xid), self._boot_server(mac))

    def _leaning(self, client: Recognised, mac: str, xid: int | None, *, ipxe: bool) -> Leaning:
        if ipxe or (xid is not None and boots(client)):
            return self.leaning(mac, ipxe, xid or 0)
        return Leaning(False, self._states.of(mac), self._boot_server(mac))

    def of(self, client: Recognised, mac: str, *, xid: int | None = None) -> Choice:
        """Return what firmware may be handed, by the best lane.

        Args:
            client: Who asks.
            mac: Its NIC.
            xid: Of its DISCOVER; None for what follows one.
        """
        return self.by(client, self._leaning(client, mac, xid, ipxe=False))

    def by(self, client: Recognised, leaning: Leaning) -> Choice:
        """Return what a client may be handed, by what is known of it."""
        if leaning.ipxe:
            return self.usual(client)
        server = leaning.server
        machine = self._installed(client)
        own, own_codes = own_shim(machine) if machine else ("", frozenset())
        facts = Facts(
            wish=self._said(client, machine, "secure_boot") or "auto",
            code=0,
            usual=None,
            state=leaning.state,
            from_us=None if server is None else self._is_own(server),
            foreign=machine is not None and not is_debians(machine),
            by_grub=machine is not None and _by_grub(machine),
        )
        return self._loaders.catalogue.by_lanes(
            self._said(client, machine, "loader"), facts, own, own_codes
        )

    def _installed(self, client: Recognised) -> BuildKeys | None:
        """Return what is being installed: only that has loaders of its own."""
        match settled(client):
            case Known(build=Build(active=True) as build):
                return self._definitions.of(build)
            case _:
                return None

    def _said(self, client: Recognised, installed: BuildKeys | None, key: str) -> Any:
        return getattr(self._layer(client, key) if installed is None else installed, key)

    def _layer(self, client: Recognised, key: str) -> BuildKeys:
        settings = self._settings()
        layer: BuildKeys = settings
        match settled(client):
            case AdHoc(boot=boot):
                layer = boot.machine
            case Unknown(build_type=str(name)) if name in settings.build_types:
                own = getattr(settings.build_types[name], key)
                layer = settings.build_types[name] if own else settings
            case _:  # what is known of it by now says nothing of a loader
                pass
        return layer


_OF_IPXE = Leaning(True)


def _by_grub(machine: BuildKeys) -> bool:
    """Tell whether GRUB can boot what a machine installs as well as iPXE can.

    As far as that is known from what is written: a template may come to something else. An initrd
    that is a whole medium takes GRUB, by TFTP, half an hour.
    """
    kernel = machine.kernel if isinstance(machine.kernel, str) else machine.kernel.url
    initrds = tuple(each if isinstance(each, str) else each.url for each in machine.initrd)
    return _grub_can(kernel, initrds, machine.cmdline)


@lru_cache(maxsize=256)
def _grub_can(kernel: str, initrds: tuple[str, ...], cmdline: str) -> bool:
    name = kernel.partition("?")[0].rpartition("/")[2]
    media = [each.removeprefix(MEDIUM).partition("/")[0] for each in initrds if MEDIUM in each]
    return (
        program_of(name, "quiet") is Program.LINUX
        and not name.lower().endswith(".efi")
        and "${" not in cmdline
        and all(without_cpio(each) == each for each in media)
    )
