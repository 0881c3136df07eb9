"""Makes the servers of a daemon's parts."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import IPv4Address

from pyxie import eventloop
from pyxie.bounds import DESCRIPTORS
from pyxie.compat import waitron3
from pyxie.config.live import Derived
from pyxie.config.settings import Settings, leases_file
from pyxie.descriptors import held
from pyxie.dhcp.lookout import Lookout
from pyxie.dhcp.ready import Standing
from pyxie.dhcp.server import DhcpServer
from pyxie.dhcp.sockets import DhcpSocket, open_sockets
from pyxie.errors import StartError
from pyxie.grub.configs import GrubConfigs
from pyxie.http.admission import Admission, Patience
from pyxie.http.crowd import ConnectionLimits
from pyxie.http.gate import Side
from pyxie.http.parts import Parts
from pyxie.http.server import HttpServer, application
from pyxie.leasing.serving import AddressServer
from pyxie.loaders.choosing import LoaderChoice
from pyxie.loaders.ownloaders import OwnLoaders
from pyxie.net.address import Address
from pyxie.net.interfaces import Interfaces
from pyxie.operations import operations
from pyxie.probing import discover
from pyxie.probing.discover import ProbeError
from pyxie.probing.questions import Firmware
from pyxie.rate import TokenBuckets
from pyxie.tftp.apart import Starts
from pyxie.tftp.batches import line_of
from pyxie.tftp.kernels import Kernels
from pyxie.tftp.limits import Limits
from pyxie.tftp.server import TftpServer
from pyxie.tftp.sockets import RequestSocket, fitting, listen
from pyxie.tftp.source import Found
from pyxie.tftp.transferports import Line


def serve_dhcp(
    parts: Parts,
    interfaces: Callable[[], Interfaces],
    *,
    opener: Callable[[bool], tuple[DhcpSocket, ...]] = open_sockets,
    clock: Callable[[], float] = time.monotonic,
) -> DhcpServer:
    """Make the DHCP server.

    Args:
        parts: What it asks.
        interfaces: Those of now.
        opener: Opens its sockets.
        clock: Seconds, monotonic.
    """
    settings, choice = parts.settings, loader_choice(parts)
    return DhcpServer(
        interfaces=interfaces,
        recognise=parts.recogniser.over_dhcp,
        loaders=choice.over_dhcp,
        http_port=settings().http.port,
        recorder=parts.trace,
        metrics=parts.metrics,
        chains=parts.chains,
        bind=settings().dhcp.bind,
        observes=lambda: settings().dhcp.mode == "observe",
        limit=Derived(settings, lambda now: TokenBuckets(now.limits.dhcp_per_mac)),
        clock=clock,
        opener=lambda bind: _read_first(opener(bind)),
        discovered=parts.discovery.note,
        goes_on=parts.recogniser.goes_on,
        knows=parts.recogniser.knows,
        macs=parts.recogniser.macs,
        news=parts.news,
        others=parts.others,
        sightings=parts.sightings,
        standing=Standing(
            basis=lambda: (parts.machines(), settings(), parts.loaders.catalogue),
            in_build=parts.recogniser.in_build,
            active=parts.index.active,
            leaning=choice.leaning,
            loaders=choice.by,
            novel=lambda mac: parts.others.is_new(mac) and parts.secure_boot.learnt(mac) is None,
            building=parts.index.macs,
            learnt=lambda: parts.secure_boot.changes + parts.others.learnt,
        ),
        gather=parts.trace.gather,
        tell=parts.trace.gather_all,
    )


def _read_first(opened: tuple[DhcpSocket, ...]) -> tuple[DhcpSocket, ...]:
    """Have the event loop look for known machines' requests between all that it does."""
    for each in opened:
        if not each.strangers:
            eventloop.first(each.fileno())
    return opened


def look_out(parts: Parts, interfaces: Callable[[], Interfaces]) -> Lookout:
    """Make what overhears other DHCP servers; as for `serve_dhcp`."""
    bind = parts.settings().dhcp.bind
    return Lookout(parts.others, interfaces, parts.trace, bind=bind)


def serve_addresses(parts: Parts, interfaces: Callable[[], Interfaces]) -> AddressServer:
    """Make what gives addresses, for ``dhcp.mode: serve``; as for `serve_dhcp`."""
    settings = parts.settings()
    leases = leases_file(settings)
    return AddressServer(settings.dhcp, leases, settings.user, interfaces, parts.others, offering)


async def offering(
    interface: str, seconds: float = discover.SECONDS
) -> list[tuple[IPv4Address, str]]:
    """Return the servers that offer an address on an interface, and their MACs.

    Args:
        interface: By its name.
        seconds: That they are waited for.

    Raises:
        StartError: They cannot be asked.
    """
    try:
        heard = await discover.servers(interface, None, Firmware.UEFI_X64, seconds)
    except ProbeError as exc:
        raise StartError(f"dhcp.mode is serve: {exc}") from exc
    return [(each.server, each.link) for each in heard if each.lease is not None]


def serve_tftp(
    parts: Parts,
    interfaces: Callable[[], Interfaces],
    *,
    listener: Callable[[str, int, bool], RequestSocket] = listen,
    opener: Callable[[IPv4Address], Line] = line_of,
    fits: Callable[[str, tuple[str, int]], int] = fitting,
    files: int = DESCRIPTORS.whole,
    forks: Starts | None = None,
) -> TftpServer:
    """Make the TFTP server.

    Args:
        parts: What it asks.
        interfaces: Those of now.
        listener: Opens the socket that requests are heard on.
        opener: Opens a socket for transfers, bound to an address of ours.
        fits: Tells the block size for the way from an address to a client.
        files: How many files the host lets it open.
        forks: Starts a process for big transfers.
    """
    first = files_of_machines(parts)
    return TftpServer(
        parts.loaders,
        recorder=parts.trace,
        metrics=parts.metrics,
        serves=lambda index: interfaces().served(index),
        port=parts.settings().tftp.port,
        single_port=parts.settings().tftp.single_port,
        limits=Derived(parts.settings, lambda now: _tftp_limits(now, files)),
        listener=listener,
        opener=opener,
        fits=fits,
        pool=parts.pools.loaders,
        first=first,
        ready=first.ready,
        forks=forks,
    )


def loader_choice(parts: Parts) -> LoaderChoice:
    """Make what tells which loader a client is handed."""
    return LoaderChoice(
        parts.loaders,
        parts.definitions,
        parts.settings,
        parts.secure_boot,
        boot_server=parts.others.boot_server,
        is_own=lambda address: parts.interfaces().is_own(address),
    )


class FilesOfMachines:
    """Finds files that are made, or fetched, for one machine; a `pyxie.tftp.opening.Finds`."""

    def __init__(self, parts: Parts) -> None:
        self._images, self._configs = kernels(parts), grub_configs(parts)
        self._own = OwnLoaders(parts.recogniser.of, self._images.find)
        self._loaders = parts.loaders

    async def __call__(self, name: str, peer: str, local: IPv4Address) -> Found | None:
        """Return what a name means to one machine; None if it is a loader's for all."""
        return (
            await self._configs.find(name, peer, local)
            or await self._own.find(name, peer)
            or await self._images.find(name, peer)
        )

    def ready(self, name: str, peer: str) -> Found | None:
        """Return the loader that is found where these find nothing, if that is known at once."""
        if self._own.may_mean(name, peer):
            return None
        return self._loaders.ready(name, peer)


def files_of_machines(parts: Parts) -> FilesOfMachines:
    """Return what finds files that are made, or fetched, for one machine."""
    return FilesOfMachines(parts)


def grub_configs(parts: Parts) -> GrubConfigs:
    """Make what gives each machine its GRUB's configuration."""
    return GrubConfigs(
        parts.recogniser,
        parts.definitions,
        parts.builds,
        parts.rendering,
        parts.base_url,
        lambda: parts.settings().http.port,
        parts.trace,
        parts.netboots,
        parts.secure_boot,
    )


def kernels(parts: Parts) -> Kernels:
    """Make what finds machines' kernels and initrds for TFTP."""
    return Kernels(
        parts.index,
        parts.definitions,
        parts.image_store,
        parts.own_files,
        parts.media,
        parts.settings,
        parts.pools.images,
        parts.trace,
        parts.builds.given,
    )


def serve_http(
    parts: Parts,
    listen: tuple[str, ...],
    port: int,
    *,
    patience: Patience = Patience(),  # noqa: B008  (frozen)
    files: int = DESCRIPTORS.whole,
) -> HttpServer:
    """Make the HTTP server.

    Args:
        parts: What its handlers use.
        listen: Addresses; none means all, IPv6 too.
        port: TCP port; 0 takes a free one, for tests.
        patience: How long a client is waited for.
        files: How many files the host lets it open.
    """

    def side(peer: Address, local: Address) -> Side:
        return parts.gate().side(peer, local)

    admission = Admission(
        Derived(parts.settings, lambda now: _connection_limits(now, files)), side, patience
    )
    declared = operations(parts.settings().waitron_api)
    app = application(parts, declared, admission)
    app[waitron3.JOBS] = waitron3.Jobs(parts.index, parts.records, parts.pools.management)
    arrivals = held(parts.settings().limits, files).arrivals
    return HttpServer(app, admission, listen, port, arrivals)


def _connection_limits(settings: Settings, files: int) -> ConnectionLimits:
    may = held(settings.limits, files)
    return ConnectionLimits(settings.limits.http_per_address, may.http, may.allowed, may.host)


def _tftp_limits(settings: Settings, files: int) -> Limits:
    limits = settings.limits
    return Limits(
        per_client=limits.tftp_per_address,
        total=held(limits, files).tftp,
        max_blksize=limits.tftp_blksize,
        max_windowsize=limits.tftp_windowsize,
    )
