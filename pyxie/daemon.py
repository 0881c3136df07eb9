"""The composition root: settings become services, and run until they are told to stop."""

from __future__ import annotations

import asyncio
import codecs
import gc
import logging
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from pyxie import __version__, privileges, systemd
from pyxie.builds.builds import Builds
from pyxie.builds.records import BuildRecords
from pyxie.builds.stale import StaleWatch
from pyxie.config.nodes import Document
from pyxie.config.settings import Settings
from pyxie.dhcp.server import DhcpServer
from pyxie.errors import ConfigError, StartError
from pyxie.events.trace import Trace
from pyxie.http.server import HttpServer
from pyxie.logs import configure
from pyxie.metrics import Metrics
from pyxie.net.watch import InterfaceWatch
from pyxie.registry.edit import written
from pyxie.service import Service, Unbound, supervise
from pyxie.site import Site
from pyxie.store.database import Database
from pyxie.tftp.limits import Limits
from pyxie.tftp.server import TftpServer

log = logging.getLogger(__name__)

_OPEN_FILES = 65_536
"""As in packaging/systemd/pyxie.service."""

_RESCAN = 1.0
"""Seconds between looks at the machine files; a look is one readdir and a stat a file."""


class MachineWatch(Unbound):
    """The service that notices changed machine files."""

    name = "machines"

    def __init__(self, site: Site, *, strict: bool) -> None:
        self._site = site
        self._strict = strict

    async def __aenter__(self) -> Self:
        registry = await self._site.refresh()
        if self._strict and registry.problems:
            raise ConfigError(registry.problems)
        return self

    async def serve(self) -> None:
        """Look again, until cancelled."""
        while True:
            await asyncio.sleep(_RESCAN)
            await self._site.refresh()


def compose(
    file: Path, settings: Settings, *, strict: bool, document: Document | None = None
) -> tuple[Site, list[Service]]:
    """Return the parts of a daemon, in the order in which they are to be started.

    Args:
        file: Where ``settings`` were read from.
        settings: What to run.
        strict: Refuse to start while a machine file is broken.
        document: ``file`` with its marks.
    """
    metrics = Metrics()
    watch = InterfaceWatch(settings.interfaces or None)
    trace = Trace()
    database = Database(settings.state)
    records = BuildRecords(database, keep=settings.limits.builds_per_machine)
    builds = Builds(records, trace, metrics)
    site = Site(
        settings,
        file,
        database=database,
        builds=builds,
        trace=trace,
        metrics=metrics,
        interfaces=lambda: watch.current,
        document=document,
    )
    trace.host_of = site.host_of
    stale = StaleWatch(builds, lambda build: site.machine_of(build).stale_build_threshold_secs)
    services: list[Service] = [systemd.Watchdog(), watch, database, builds]
    services += [MachineWatch(site, strict=strict), site.archive, site.hooks, stale]
    if site.boot_api.is_set:
        services.append(site.boot_api)
    limits = settings.limits
    services.append(
        TftpServer(
            site.loaders,
            recorder=trace,
            metrics=metrics,
            serves=lambda index: watch.current.served(index),  # noqa: PLW0108  (current changes)
            port=settings.tftp.port,
            limits=Limits(
                per_client=limits.tftp_per_address,
                total=limits.tftp_total,
                max_blksize=limits.tftp_blksize,
                max_windowsize=limits.tftp_windowsize,
            ),
        )
    )
    services.append(HttpServer(site, settings.http.listen, settings.http.port))
    if settings.dhcp.mode != "off":
        dhcp = DhcpServer(
            interfaces=lambda: watch.current,
            standing=site.standing,
            loaders=lambda: site.loaders.by_architecture,
            http_port=settings.http.port,
            recorder=trace,
            metrics=metrics,
            bind=settings.dhcp.bind,
            mode=settings.dhcp.mode,
            limit=limits.dhcp_per_mac,
            heard=site.heard,
        )
        site.forget_chain = dhcp.forget_chain
        services.append(dhcp)
    return site, services


def run(
    file: Path, settings: Settings, *, strict: bool = False, document: Document | None = None
) -> None:
    """Run the daemon until SIGTERM or SIGINT; arguments as of `compose`.

    Raises:
        StartError: It cannot start; the text says what to do.
        ConfigError: ``strict``, and a machine file is broken.
        ExceptionGroup: A service died.
    """
    configure(settings.log)
    _allow_files()
    asyncio.run(_run(file, settings, strict, document))


async def _run(file: Path, settings: Settings, strict: bool, document: Document | None) -> None:
    site, services = compose(file, settings, strict=strict, document=document)
    stop = asyncio.Event()

    def bound() -> None:
        # What was made so far stays as long as the daemon: it need not be looked through again.
        gc.freeze()
        gc.enable()
        if settings.user:
            database = Path(settings.state.partition(":///")[2])
            if settings.state.startswith("sqlite"):
                privileges.chown_state(_own_folder(database), settings.user)
            _load_late()
            privileges.drop(settings.user)
        for sentence in site.loaders.missing():
            log.warning("%s", sentence)
        if not settings.api.allow and not settings.api.tokens:
            log.info("only this host may manage builds; see 'api.allow' in %s", file)
        log.info("pyxie %s serves; DHCP mode is %s", __version__, settings.dhcp.mode)
        systemd.ready(f"{len(site.registry.machines)} machine(s)")

    gc.disable()  # it would go through all machines over and over while they are read
    with _signals(stop, lambda: _reload(site)):
        try:
            await supervise(services, stop, bound=bound)
        except OSError as exc:
            raise StartError(f"cannot start: {exc}") from exc
        finally:
            gc.unfreeze()
            gc.enable()
    log.info("stopped")


def _allow_files() -> None:
    """Raise the soft limit of open files: shells set 1,024, and 'limits' allows for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


def _load_late() -> None:
    """Load what is loaded at first use: the user may not be let at Python's files."""
    written({"hostname": "web01"})  # which loads the library that writes machine files
    for name in ("idna", "unicode-escape"):  # host names, Jinja2's lexer
        codecs.lookup(name)


def _own_folder(database: Path) -> Path:
    """Return the folder of the database, which is to become the user's with all in it.

    Raises:
        StartError: It holds what is not ours to give away.
    """
    folder = database.parent
    strays = sorted(
        each.name
        for each in folder.iterdir()
        if not each.name.startswith(database.name) and each.name != "lost+found"
    )
    if strays:
        raise StartError(
            f"user: {folder} holds {strays[0]!r} beside the state, and would become the user's; "
            "set 'state' in config.yaml to a path in a folder of its own"
        )
    return folder


def _reload(site: Site) -> None:
    """Read machines and loaders again; settings need a restart, and so does a new port."""

    async def reload() -> None:
        systemd.reloading()
        try:
            site.loaders.refresh()
            await site.refresh()
            log.info("reloaded: %d machine(s) are known", len(site.registry.machines))
            for sentence in site.loaders.missing():
                log.warning("%s", sentence)
        finally:
            systemd.ready(f"{len(site.registry.machines)} machine(s)")

    task = asyncio.get_running_loop().create_task(reload(), name="reload")
    _reloads.add(task)
    task.add_done_callback(_reloads.discard)


_reloads: set[asyncio.Task[None]] = set()


@contextmanager
def _signals(stop: asyncio.Event, reload: Callable[[], None]) -> Iterator[None]:
    """Set ``stop`` at the first SIGTERM or SIGINT, a second kills; SIGHUP reloads."""
    loop = asyncio.get_running_loop()
    ending = (signal.SIGTERM, signal.SIGINT)

    def once() -> None:
        systemd.stopping()
        stop.set()
        for number in ending:
            loop.remove_signal_handler(number)

    for number in ending:
        loop.add_signal_handler(number, once)
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for number in (*ending, signal.SIGHUP):
            with suppress(ValueError):
                loop.remove_signal_handler(number)
