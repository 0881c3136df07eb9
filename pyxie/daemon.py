"""The daemon: runs what `pyxie.composition` has made until it is told to stop.

It is begun by `pyxie.launch`.
"""

from __future__ import annotations

import asyncio
import codecs
import gc
import logging
import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pyxie import __version__, privileges, systemd
from pyxie.announcement import whom
from pyxie.composition import Daemon, compose
from pyxie.config.live import LiveSettings
from pyxie.config.nodes import Document
from pyxie.config.settings import Settings, image_store_folder
from pyxie.descriptors import lowered
from pyxie.errors import BusyError, StartError
from pyxie.eventloop import Loop
from pyxie.imagestore.ondisk import ENTRIES
from pyxie.launched import Launched
from pyxie.leftout import LeftOut
from pyxie.logs import configure
from pyxie.outbound.certificates import of_host
from pyxie.registry.edit import written
from pyxie.service import Service, refusal, supervise

log = logging.getLogger(__name__)

_COLLECT: Final = (700, 10, 1000)
"""How often garbage is collected: as Python would (gc.set_threshold), but for the oldest objects.
To go through those of thousands of held connections took a third of a second, every few seconds,
and found next to nothing that the younger ones' turns had not."""


def serve(
    file: Path,
    settings: Settings,
    document: Document | None,
    launched: Launched,
    *,
    strict: bool,
    beside: Sequence[Service],
    grace: float,
    by_address: bool,
    own: Sequence[Path],
) -> None:
    """Run the daemon until SIGTERM or SIGINT; what each argument is, tells `pyxie.launch.run`.

    Raises:
        StartError: It cannot start; the text says what to do.
        ConfigError: ``strict``, and a machine file is broken.
        ExceptionGroup: A service died.
    """
    live = LiveSettings(file, settings, document, pid=systemd.by_hand())
    daemon = compose(
        live,
        launched.forks,
        carriers=launched.forks,
        strict=strict,
        proxies=launched.proxies,
        files=launched.files,
        by_address=by_address,
        early=launched.early,
    )
    services = (LeftOut(launched.lines), *daemon.services, *beside)
    try:
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(_run(daemon, services, launched, grace, own))
    except ExceptionGroup as group:
        raise refusal(group) or group from None


async def _run(
    daemon: Daemon,
    services: Sequence[Service],
    launched: Launched,
    grace: float,
    own: Sequence[Path],
) -> None:
    live = daemon.settings
    settings = live()
    live.follow(lambda now: configure(now.log, launched.lines))
    tell_lowered = _Lowered(launched.files)
    live.follow(tell_lowered)
    stop = asyncio.Event()

    def bound() -> None:
        # What was made so far stays as long as the daemon: it need not be looked through again.
        gc.freeze()
        gc.set_threshold(*_COLLECT)
        gc.enable()
        if settings.user:
            # What lies in a folder before it: as long as that is root's, nobody moves it.
            for folder in (*_own_folders(settings), *own):
                privileges.chown_state(folder, settings.user)
            _load_late()
            daemon.workers.become(settings.user)
            privileges.drop(settings.user)
        for sentence in daemon.loaders.missing():
            log.warning("%s", sentence)
        if not settings.api.allow and not settings.api.tokens:
            log.info("only this host may manage builds, and who has a token: `pyxie token create`")
        tell_lowered(settings)
        log.info("pyxie %s serves; %s", __version__, _whom(daemon))
        systemd.ready(_status(daemon))
        reloads.bound()

    gc.disable()  # it would go through all machines over and over while they are read
    reloads = Reloads(daemon)
    with _signals(stop, reloads.begin):
        try:
            await supervise(services, stop, grace=grace, bound=bound)
        except OSError as exc:
            raise StartError(f"cannot start: {exc}") from exc
        finally:
            gc.unfreeze()
            gc.enable()
    log.info("stopped")


class _Lowered:
    """Says what is lowered for want of open files: at the start, and when it has become other."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._said: str | None = None

    def __call__(self, settings: Settings) -> None:
        sentence = lowered(settings.limits, self._files)
        if sentence is not None and sentence != self._said:
            log.warning("%s", sentence)
        self._said = sentence


def _load_late() -> None:
    """Load what is loaded at first use: the user may not be let at Python's files."""
    written({"hostname": "web01"})  # which loads the library that writes machine files
    of_host()  # certificates: the settings of the environment may have them in a file of root's
    for name in ("idna", "unicode-escape"):  # host names, Jinja2's lexer
        codecs.lookup(name)


def _own_folders(settings: Settings) -> Iterator[Path]:
    """Walk the folders that are to become the user's with all in them.

    Raises:
        StartError: One holds what is not ours to give away.
    """
    store = image_store_folder(settings)
    if settings.state.startswith("sqlite"):
        database = Path(settings.state.partition(":///")[2])
        inside = {store.name} if store.parent == database.parent else set()
        _check_own(database.parent, inside, database.name, "the state", "state")
        yield database.parent
    if settings.image_store.size:
        _check_own(store, ENTRIES, None, "the image store", "image_store.path")
        yield store


def _check_own(
    folder: Path, names: Collection[str], prefix: str | None, what: str, key: str
) -> None:
    for name in sorted(each.name for each in folder.iterdir()) if folder.is_dir() else ():
        is_ours = name in names or (prefix is not None and name.startswith(prefix))
        if not is_ours and name != "lost+found":
            raise StartError(
                f"user: {folder} holds {name!r} beside {what}, and would become the user's; "
                f"set '{key}' in config.yaml to a path in a folder of its own"
            )


class Reloads:
    """Reads settings, machines and loaders again at SIGHUP, one reload after the other.

    Args:
        daemon: The one that runs.
    """

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._bound = asyncio.Event()
        self._wanted = False
        self._running: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin one, or see to it that one follows the one that runs; never waits."""
        self._wanted = True
        if self._running is None or self._running.done():
            loop = asyncio.get_running_loop()
            self._running = loop.create_task(self._reload_all(), name="reload")

    def bound(self) -> None:
        """Note that the start is over; a reload that is wanted before waits for it."""
        self._bound.set()

    async def _reload_all(self) -> None:
        await self._bound.wait()
        while self._wanted:
            self._wanted = False
            try:
                await self._reload()
            except BusyError as exc:
                log.error("not all is reloaded: %s", exc)  # noqa: TRY400
            except Exception:
                # A bug met here must not end the reloads that are to come.
                log.exception("a bug, while reloading")

    async def _reload(self) -> None:
        daemon = self._daemon
        systemd.reloading()
        try:
            settings = daemon.settings
            await settings.reload()
            await daemon.pools.loaders.run(daemon.loaders.refresh)
            daemon.interfaces.refresh()
            registry = await daemon.machines.refresh()
            what = "not the settings, which have mistakes; " if settings.problems else ""
            log.info("reloaded: %s%d machine(s) are known", what, len(registry.machines))
            for sentence in daemon.loaders.missing():
                log.warning("%s", sentence)
        finally:
            systemd.ready(_status(daemon))


def _whom(daemon: Daemon) -> str:
    settings = daemon.settings()
    return whom(
        settings.dhcp.mode,
        str(daemon.interfaces.current),
        building=len(daemon.index.active_now()),
        machines=len(daemon.machines().machines),
        unknown=settings.unknown,
        boot_api=settings.boot_api is not None,
    )


def _status(daemon: Daemon) -> str:
    """Return the line that ``systemctl status`` shows."""
    status = f"{len(daemon.machines().machines)} machine(s)"
    if daemon.settings.problems:
        status += f"; {daemon.settings.file} has mistakes"
    if daemon.settings.restart:
        status += f"; a restart is needed: {', '.join(daemon.settings.restart)}"
    return status


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
            signal.signal(number, signal.SIG_DFL)  # no KeyboardInterrupt, wherever we are

    for number in ending:
        loop.add_signal_handler(number, once)
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for number in (*ending, signal.SIGHUP):
            with suppress(ValueError):
                loop.remove_signal_handler(number)
