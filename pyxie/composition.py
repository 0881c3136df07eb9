"""The composition root: it makes every part, hands it to those that use it, and does nothing else.

Each part comes through a constructor, so none can be used before it is whole; what changes while
pyxie runs, settings and machines, is asked for anew at each use.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from typing import Final

from pyxie import systemd
from pyxie.access.attempts import Attempts
from pyxie.access.audit import Audit
from pyxie.access.sessions import Sessions
from pyxie.access.tokens import Tokens
from pyxie.adhoc.boots import AdHocBoots
from pyxie.bootapi.lookup import BootApi
from pyxie.bootapi.memory import Memory
from pyxie.bounds import DESCRIPTORS
from pyxie.boundwatch import BoundWatch
from pyxie.builds.builds import Builds
from pyxie.builds.definitions import Definitions
from pyxie.builds.index import BuildIndex
from pyxie.builds.paces import Paces
from pyxie.builds.records import BuildRecords
from pyxie.builds.stale import StaleWatch, threshold
from pyxie.builds.troubles import TroubledBuilds
from pyxie.clock import steady
from pyxie.compat import contract
from pyxie.config.live import Derived, LiveSettings
from pyxie.config.settings import image_store_folder, leases_file
from pyxie.dhcp.chain import ChainMemory
from pyxie.dhcp.others import Others
from pyxie.dhcp.sightings import Sightings
from pyxie.diagnosis.diagnostician import Diagnostician
from pyxie.diagnosis.standings import Standings
from pyxie.diagnosis.standstill import Standstill
from pyxie.events.archive import Archive
from pyxie.events.trace import Trace
from pyxie.grub.texts import ENTRY
from pyxie.hooks.executor import Executor
from pyxie.hooks.names import HookNames
from pyxie.hooks.netboots import Netboots
from pyxie.hooks.runner import Hooks
from pyxie.hooks.unknown import UnknownHooks
from pyxie.http.gate import Gate
from pyxie.http.page.audience import Audience
from pyxie.http.page.machinesknown import MachineList
from pyxie.http.parts import Parts
from pyxie.images.lately import Lately
from pyxie.images.upstream import Upstreams
from pyxie.imagestore.checkup import Checkup
from pyxie.imagestore.copies import ImageStore
from pyxie.imagestore.needed import needed_by
from pyxie.imagestore.prefetches import Prefetches
from pyxie.imagestore.through import dropped, may_pass, through
from pyxie.imagestore.trust import Trust
from pyxie.leasing.serving import Leases
from pyxie.loaders.folders import Loaders
from pyxie.loaders.securestates import SecureStates, told_of
from pyxie.loaders.signedpairs import packaged
from pyxie.loaders.statekeeper import StateKeeper
from pyxie.media.fetches import Fetches
from pyxie.media.lacking import Lacking
from pyxie.media.shelf import Look, Shelf
from pyxie.media.wishes import Wishes
from pyxie.metrics import Metrics
from pyxie.net.baseurl import BaseUrl, names_of
from pyxie.net.interfaces import Interfaces
from pyxie.net.watch import InterfaceWatch
from pyxie.outbound.proxies import DIRECTLY, Proxies
from pyxie.recognition.discovered import DiscoveredMachines
from pyxie.recognition.discovery import Discovery
from pyxie.recognition.news import News
from pyxie.recognition.recogniser import Recogniser
from pyxie.registry.asbuilt import KeptDefinitions
from pyxie.registry.folder import Early
from pyxie.registry.machines import Machines
from pyxie.servers import look_out, serve_addresses, serve_dhcp, serve_http, serve_tftp
from pyxie.service import Service
from pyxie.store.database import Database
from pyxie.store.pending import PendingHooks
from pyxie.store.statewatch import StateWatch
from pyxie.tftp.apart import Starts
from pyxie.threads import Pools
from pyxie.verification.lists import Lists
from pyxie.verification.ownfiles import OwnFiles
from pyxie.verification.verifier import Verifier
from pyxie.workers.child import Forks
from pyxie.workers.lastasked import LastAsked
from pyxie.workers.looks import Looks
from pyxie.workers.pool import Pool
from pyxie.workers.quiet import Quiet
from pyxie.workers.renders import Renders
from pyxie.workers.scriptsahead import Ahead
from pyxie.workers.trials import Runner
from pyxie.workers.verdictsahead import VerdictsAhead

_GIVES_WAY: Final = 0.05
"""Seconds that who looks for what stands still gives way for at once, while there is much to do."""
_OURS: Final = IPv4Address("127.0.0.1")
"""Stands for any address of this host."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """A whole pyxie that has not begun to run.

    Attributes:
        settings: Those of now, when called.
        machines: The snapshot of now, when called.
        index: The newest build of each machine.
        loaders: Boot loaders.
        interfaces: The watch on them.
        workers: The processes that render.
        pools: Threads.
        services: In the order in which they are to be started.
    """

    settings: LiveSettings
    machines: Machines
    index: BuildIndex
    loaders: Loaders
    interfaces: InterfaceWatch
    workers: Pool
    pools: Pools
    services: tuple[Service, ...]


def compose(
    settings: LiveSettings,
    forks: Forks,
    *,
    carriers: Starts | None = None,
    strict: bool = False,
    proxies: Proxies = DIRECTLY,
    files: int = DESCRIPTORS.whole,
    by_address: bool = True,
    early: Early | None = None,
) -> Daemon:
    """Make a daemon.

    Args:
        settings: What to run.
        forks: Starts the processes that render.
        carriers: Starts the one for big TFTP transfers; without it, there is none.
        strict: Refuse to start while a machine file is broken.
        proxies: By way of which other servers are reached.
        files: How many files the host lets it open.
        by_address: Whether this host may manage it without a token.
        early: Has read some of the machine files.
    """
    database = Database(settings().state)
    watch = InterfaceWatch(lambda: settings().interfaces or None)
    metrics = Metrics()
    pool = Pool(forks, settings, metrics)
    parts = assemble(
        settings,
        database,
        lambda: watch.current,
        pool,
        Looks(forks),
        metrics=metrics,
        strict=strict,
        proxies=proxies,
        by_address=by_address,
        early=early,
    )
    standstill = Standstill(
        *(parts.index, parts.standings, parts.trace, parts.paces.refresh),
        gives_way=partial(Quiet().wait, _GIVES_WAY),
    )
    stale = StaleWatch(parts.builds, lambda build: threshold(parts.definitions.of(build)))
    services: list[Service] = [
        systemd.Watchdog(),
        pool,
        watch,
        database,
        parts.state,
        parts.builds,
        parts.machines,
    ]
    services += [parts.audit, parts.archive, parts.hooks, stale, standstill]
    services.append(StateKeeper(database, parts.secure_boot))
    services += [
        parts.upstreams,
        parts.verifier,
        parts.image_store,
        parts.prefetches,
        parts.ahead,
        parts.verdicts,
        parts.checkup,
        parts.media,
    ]
    services += [parts.media_fetches, parts.media_lacking, parts.bound_watch]
    if parts.boot_api.is_set:
        services.append(parts.boot_api)
    services.append(serve_tftp(parts, lambda: watch.current, files=files, forks=carriers))
    services.append(parts.audience)
    services.append(serve_http(parts, settings().http.listen, settings().http.port, files=files))
    if settings().dhcp.mode == "serve":
        services.append(serve_addresses(parts, lambda: watch.current))
    if settings().dhcp.mode != "off":
        services.append(serve_dhcp(parts, lambda: watch.current))
        services.append(look_out(parts, lambda: watch.current))
    return Daemon(
        settings,
        parts.machines,
        parts.index,
        parts.loaders,
        watch,
        pool,
        parts.pools,
        tuple(services),
    )


def assemble(
    settings: LiveSettings,
    database: Database,
    interfaces: Callable[[], Interfaces],
    runner: Runner,
    look: Look,
    *,
    metrics: Metrics | None = None,
    strict: bool = False,
    proxies: Proxies = DIRECTLY,
    records: Callable[..., BuildRecords] = BuildRecords,
    clock: Callable[[], float] = time.time,
    steady: Callable[[], float] = steady,
    by_address: bool = True,
    early: Early | None = None,
) -> Parts:
    """Make the parts that are not servers.

    Args:
        settings: What to run.
        database: To be entered before they are used.
        interfaces: Those of now.
        runner: Renders.
        look: Reads media.
        metrics: Counters, if there are some already.
        strict: Refuse to start while a machine file is broken.
        proxies: By way of which other servers are reached.
        records: Makes the records of builds.
        clock: Seconds since the epoch, of all that is dated.
        steady: Seconds, by a clock that is never set, of all that lasts.
        by_address: As for `compose`.
        early: As for `compose`.
    """
    pools = Pools()
    metrics, index, said, news = metrics or Metrics(), BuildIndex(), Memory(), News()
    settings.follow(lambda _: news.of_anybody())
    machines = Machines(settings, metrics, strict=strict, changed=news.of_anybody, early=early)
    definitions, kept = Definitions(machines, index.active_now), KeptDefinitions()
    machines.prepare(definitions.preparing)
    machine_list = MachineList(machines)
    machines.prepare(machine_list.preparing)
    adhoc = AdHocBoots(steady, news.of_anybody)
    recogniser = Recogniser(machines, index, settings, said, adhoc)
    trace = Trace(recogniser.host_of, clock=clock, steady=steady)
    stored = records(database, keep=lambda: settings().limits.builds_per_machine)
    base_url = BaseUrl(settings, interfaces)
    last = LastAsked()
    rendering = Renders(settings, runner, last)
    pending = PendingHooks(database)
    hooks = Hooks(
        pending,
        stored,
        Executor(
            rendering.order,
            HookNames(definitions, settings, base_url),
            trace,
            metrics,
            proxies=proxies,
            clock=clock,
        ),
        clock=clock,
    )
    builds = Builds(
        index,
        stored,
        trace,
        metrics,
        hooks_after=definitions.hooks_after,
        hooks_stored=hooks.wake,
        begun=news.of_anybody,
        clock=clock,
        steady=steady,
    )
    boot_api = BootApi(
        settings().boot_api,
        contract,
        said,
        trace,
        metrics,
        proxies=proxies,
        learned=news.of,
    )
    discovered = DiscoveredMachines()
    tokens = Tokens(database, clock=clock, steady=steady)
    sessions = Sessions(steady)

    shelf = Shelf(
        lambda: settings().isos,
        lambda: settings().recipepath,
        lambda name: name in machines().shared.cookbook.shipped,
        look,
        pools.media,
        steady=steady,
    )

    def is_own(address: IPv4Address) -> bool:
        return interfaces().is_own(address)

    lists = Lists(proxies, ca=settings().image_store.ca)
    verifier = Verifier(lists, lambda: settings().keyrings, clock=clock, steady=steady)
    lately = Lately(steady)
    trust = Trust(verifier, lately)
    image_store = ImageStore(
        image_store_folder(settings()),
        lambda: settings().image_store,
        proxies,
        metrics=metrics,
        first_byte=lambda: settings().limits.first_byte,
        trust=trust,
        needed=needed_by(index.active_now, definitions),
        ca=settings().image_store.ca,
        clock=clock,
    )
    settings.follow(lambda _: image_store.wake())

    state = StateWatch(database, metrics)
    others, sightings, paces = Others(steady), Sightings(clock), Paces(stored)
    secure_boot = SecureStates(
        recogniser.knows, clock, lambda mac, now: trace.record(told_of(now), mac=mac)
    )
    diagnostician = Diagnostician(
        machines,
        index,
        definitions,
        recogniser,
        trace,
        settings,
        interfaces,
        lambda: base_url(_OURS, settings().http.port),
        lambda: (state.problem, image_store.problem),
        others,
        sightings,
        paces,
        secure_boot,
        clock=clock,
    )
    return Parts(
        settings=settings,
        machines=machines,
        recogniser=recogniser,
        news=news,
        discovery=Discovery(
            recogniser,
            discovered,
            boot_api,
            UnknownHooks(
                pending,
                lambda: settings().unknownbuild_commands,
                hooks.wake,
                clock=clock,
                steady=steady,
            ),
            clock=clock,
            steady=steady,
        ),
        discovered=discovered,
        adhoc=adhoc,
        interfaces=interfaces,
        state=state,
        builds=builds,
        index=index,
        records=stored,
        machine_list=machine_list,
        definitions=definitions,
        kept=kept,
        rendering=rendering,
        ahead=Ahead(
            index.active,
            definitions.of,
            rendering.script_of,
            base_url=base_url,
            first=lambda: interfaces().first(),
            port=lambda: settings().http.port,
        ),
        verdicts=VerdictsAhead(
            machines,
            settings,
            index.lately,
            lambda: base_url(_OURS, settings().http.port),
            rendering.trials.rehearse_ahead,
            rendering.trials.outdated,
            metrics,
            kept,
            last,
        ),
        base_url=base_url,
        loaders=Loaders(
            lambda: settings().ipxe,
            pairs=packaged,
            entry=ENTRY.encode(),
            http_port=lambda: settings().http.port,
            clock=steady,
        ),
        upstreams=Upstreams(
            proxies,
            first_byte=lambda: settings().limits.first_byte,
            ca=settings().image_store.ca,
            lately=lately,
        ),
        image_store=image_store,
        checkup=Checkup(verifier, proxies, ca=settings().image_store.ca),
        prefetches=Prefetches(image_store, trace, steady=steady),
        chains=ChainMemory(),
        others=others,
        sightings=sightings,
        paces=paces,
        bound_watch=BoundWatch(clock),
        secure_boot=secure_boot,
        leases=Leases(lambda: leases_file(settings())),
        media=shelf,
        media_lacking=Lacking(machines, shelf, pools.management),
        media_fetches=Fetches(
            lambda: settings().isos,
            partial(through, image_store),
            pools.media,
            shelf.add,
            Wishes(image_store_folder(settings()) / "isos"),
            may_pass,
            drop=partial(dropped, image_store),
        ),
        boot_api=boot_api,
        hooks=hooks,
        netboots=Netboots(definitions, hooks),
        trace=trace,
        troubles=TroubledBuilds(index, trace.troubles, metrics),
        archive=Archive(
            database,
            trace,
            metrics,
            keep=lambda: settings().limits.events,
            restored=discovered.restore,
        ),
        metrics=metrics,
        gate=Derived(
            settings,
            lambda now: Gate(
                now.api,
                is_own,
                tokens.find,
                names_of(now.baseurl),
                sessions.find,
                by_address=by_address,
            ),
        ),
        tokens=tokens,
        sessions=sessions,
        attempts=Attempts(),
        audience=Audience(trace, pools.screens),
        audit=Audit(database, metrics, keep=lambda: settings().limits.audit, clock=clock),
        pools=pools,
        verifier=verifier,
        trust=trust,
        own_files=OwnFiles(),
        diagnostician=diagnostician,
        standings=Standings(diagnostician, trace, clock=clock),
        clock=clock,
    )
