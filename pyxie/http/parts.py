"""The parts of pyxie that HTTP handlers use, each under a key of its own.

A handler asks the application for the two or three that it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from pyxie.access.attempts import Attempts
from pyxie.access.audit import Audit
from pyxie.access.sessions import Sessions
from pyxie.access.tokens import Tokens
from pyxie.adhoc.boots import AdHocBoots
from pyxie.bootapi.lookup import BootApi
from pyxie.boundwatch import BoundWatch
from pyxie.builds.builds import Builds
from pyxie.builds.definitions import Definitions
from pyxie.builds.index import BuildIndex
from pyxie.builds.paces import Paces
from pyxie.builds.records import BuildRecords
from pyxie.builds.troubles import TroubledBuilds
from pyxie.config.live import LiveSettings
from pyxie.dhcp.chain import ChainMemory
from pyxie.dhcp.others import Others
from pyxie.dhcp.sightings import Sightings
from pyxie.diagnosis.diagnostician import Diagnostician
from pyxie.diagnosis.standings import Standings
from pyxie.events.archive import Archive
from pyxie.events.trace import Trace
from pyxie.hooks.netboots import Netboots
from pyxie.hooks.runner import Hooks
from pyxie.http.gate import Gate
from pyxie.http.page.audience import Audience
from pyxie.http.page.machinesknown import MachineList
from pyxie.images.upstream import Upstreams
from pyxie.imagestore.checkup import Checkup
from pyxie.imagestore.copies import ImageStore
from pyxie.imagestore.prefetches import Prefetches
from pyxie.imagestore.trust import Trust
from pyxie.leasing.serving import Leases
from pyxie.loaders.folders import Loaders
from pyxie.loaders.securestates import SecureStates
from pyxie.media.fetches import Fetches
from pyxie.media.lacking import Lacking
from pyxie.media.shelf import Shelf
from pyxie.metrics import Metrics
from pyxie.net.baseurl import BaseUrl
from pyxie.net.interfaces import Interfaces
from pyxie.recognition.discovered import DiscoveredMachines
from pyxie.recognition.discovery import Discovery
from pyxie.recognition.news import News
from pyxie.recognition.recogniser import Recogniser
from pyxie.registry.asbuilt import KeptDefinitions
from pyxie.registry.machines import Machines
from pyxie.store.statewatch import StateWatch
from pyxie.threads import Pools
from pyxie.verification.ownfiles import OwnFiles
from pyxie.verification.verifier import Verifier
from pyxie.workers.renders import Renders
from pyxie.workers.scriptsahead import Ahead
from pyxie.workers.verdictsahead import VerdictsAhead


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them, as `pyxie.composition` has put them together.

    Attributes:
        settings: Those of now, when called.
        machines: The snapshot of now, when called.
        machine_list: What their list on the page is made of.
        recogniser: Who a client is.
        news: Who may be another than a moment before.
        discovery: Takes note of unknown machines.
        discovered: What those reported.
        adhoc: What `pyxie boot` gives machines.
        interfaces: The host's of now, when called.
        state: Looks whether it can be written.
        builds: Begins, changes and ends them.
        index: The newest of each machine.
        records: All that are stored.
        definitions: What their machines are built from.
        kept: What machines are built from whose next call says nothing of its own.
        rendering: Scripts and templates by the settings of now.
        ahead: Makes scripts before machines ask for them.
        verdicts: Has builds tried before anybody asks for them.
        base_url: How clients reach us.
        loaders: Boot loaders.
        upstreams: Streams images.
        image_store: Copies of them.
        checkup: Looks whether recipes' files are there.
        prefetches: Fetches some before machines ask for them.
        chains: Which iPXE was handed the better one.
        secure_boot: What is known of machines' Secure Boot.
        leases: Who has which address, where pyxie gives them.
        others: The LAN's other DHCP and PXE servers, and what they give which machine.
        media: The ISO images in the folder ``isos``.
        media_fetches: Those on their way there.
        media_lacking: Those that are named, and cannot be booted of.
        boot_api: The API server for unknown machines.
        hooks: Runs them.
        netboots: Begins those of a boot.
        trace: Recent events, in memory.
        troubles: The last of each build.
        archive: Events on disk.
        metrics: Counters.
        gate: Who may do what by the settings of now, when called.
        tokens: Of the API.
        sessions: Who has signed in with one.
        attempts: How often that failed.
        audience: Those who have the page open.
        audit: Who changed what.
        pools: Threads, of the boot's and of management.
        verifier: Which digests other servers' files must have.
        trust: Judges whether what comes of them is what it should be.
        own_files: Checks those of this host.
        sightings: What known machines do over DHCP that makes no event.
        paces: How long builds took before.
        bound_watch: When bounds were reached.
        diagnostician: Says why a machine does not boot.
        standings: How those in build mode stand.
        clock: Seconds since the epoch, of all that is dated.
    """

    settings: LiveSettings
    machines: Machines
    machine_list: MachineList
    recogniser: Recogniser
    news: News
    discovery: Discovery
    discovered: DiscoveredMachines
    adhoc: AdHocBoots
    interfaces: Callable[[], Interfaces]
    state: StateWatch
    builds: Builds
    index: BuildIndex
    records: BuildRecords
    definitions: Definitions
    kept: KeptDefinitions
    rendering: Renders
    ahead: Ahead
    verdicts: VerdictsAhead
    base_url: BaseUrl
    loaders: Loaders
    upstreams: Upstreams
    image_store: ImageStore
    checkup: Checkup
    prefetches: Prefetches
    chains: ChainMemory
    others: Others
    secure_boot: SecureStates
    leases: Leases
    media: Shelf
    media_fetches: Fetches
    media_lacking: Lacking
    boot_api: BootApi
    hooks: Hooks
    netboots: Netboots
    trace: Trace
    troubles: TroubledBuilds
    archive: Archive
    metrics: Metrics
    gate: Callable[[], Gate]
    tokens: Tokens
    sessions: Sessions
    attempts: Attempts
    audience: Audience
    audit: Audit
    pools: Pools
    verifier: Verifier
    trust: Trust
    own_files: OwnFiles
    sightings: Sightings
    paces: Paces
    bound_watch: BoundWatch
    diagnostician: Diagnostician
    standings: Standings
    clock: Callable[[], float]


SETTINGS: web.AppKey[LiveSettings] = web.AppKey("settings", LiveSettings)
MACHINES: web.AppKey[Machines] = web.AppKey("machines", Machines)
MACHINE_LIST: web.AppKey[MachineList] = web.AppKey("machine_list", MachineList)
RECOGNISER: web.AppKey[Recogniser] = web.AppKey("recogniser", Recogniser)
DISCOVERY: web.AppKey[Discovery] = web.AppKey("discovery", Discovery)
DISCOVERED: web.AppKey[DiscoveredMachines] = web.AppKey("discovered", DiscoveredMachines)
ADHOC: web.AppKey[AdHocBoots] = web.AppKey("ad hoc", AdHocBoots)
INTERFACES: web.AppKey[Callable[[], Interfaces]] = web.AppKey("interfaces")
STATE: web.AppKey[StateWatch] = web.AppKey("state", StateWatch)
BUILDS: web.AppKey[Builds] = web.AppKey("builds", Builds)
INDEX: web.AppKey[BuildIndex] = web.AppKey("index", BuildIndex)
RECORDS: web.AppKey[BuildRecords] = web.AppKey("records", BuildRecords)
DEFINITIONS: web.AppKey[Definitions] = web.AppKey("definitions", Definitions)
KEPT: web.AppKey[KeptDefinitions] = web.AppKey("kept", KeptDefinitions)
RENDERING: web.AppKey[Renders] = web.AppKey("rendering", Renders)
AHEAD: web.AppKey[Ahead] = web.AppKey("ahead", Ahead)
BASE_URL: web.AppKey[BaseUrl] = web.AppKey("base_url", BaseUrl)
LOADERS: web.AppKey[Loaders] = web.AppKey("loaders", Loaders)
UPSTREAMS: web.AppKey[Upstreams] = web.AppKey("upstreams", Upstreams)
IMAGE_STORE: web.AppKey[ImageStore] = web.AppKey("image_store", ImageStore)
CHECKUP: web.AppKey[Checkup] = web.AppKey("checkup", Checkup)
PREFETCHES: web.AppKey[Prefetches] = web.AppKey("prefetches", Prefetches)
CHAINS: web.AppKey[ChainMemory] = web.AppKey("chains", ChainMemory)
LEASES: web.AppKey[Leases] = web.AppKey("leases", Leases)
OTHERS: web.AppKey[Others] = web.AppKey("others", Others)
SECURE_BOOT: web.AppKey[SecureStates] = web.AppKey("secure_boot", SecureStates)
MEDIA_FETCHES: web.AppKey[Fetches] = web.AppKey("media_fetches", Fetches)
MEDIA_LACKING: web.AppKey[Lacking] = web.AppKey("media_lacking", Lacking)
MEDIA: web.AppKey[Shelf] = web.AppKey("media", Shelf)
BOOT_API: web.AppKey[BootApi] = web.AppKey("boot_api", BootApi)
HOOKS: web.AppKey[Hooks] = web.AppKey("hooks", Hooks)
NETBOOTS: web.AppKey[Netboots] = web.AppKey("netboots", Netboots)
TRACE: web.AppKey[Trace] = web.AppKey("trace", Trace)
TROUBLES: web.AppKey[TroubledBuilds] = web.AppKey("troubles", TroubledBuilds)
ARCHIVE: web.AppKey[Archive] = web.AppKey("archive", Archive)
METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)
GATE: web.AppKey[Callable[[], Gate]] = web.AppKey("gate")
TOKENS: web.AppKey[Tokens] = web.AppKey("tokens", Tokens)
SESSIONS: web.AppKey[Sessions] = web.AppKey("sessions", Sessions)
ATTEMPTS: web.AppKey[Attempts] = web.AppKey("attempts", Attempts)
AUDIENCE: web.AppKey[Audience] = web.AppKey("audience", Audience)
AUDIT: web.AppKey[Audit] = web.AppKey("audit", Audit)
POOLS: web.AppKey[Pools] = web.AppKey("pools", Pools)
VERIFIER: web.AppKey[Verifier] = web.AppKey("verifier", Verifier)
TRUST: web.AppKey[Trust] = web.AppKey("trust", Trust)
OWN_FILES: web.AppKey[OwnFiles] = web.AppKey("own_files", OwnFiles)
BOUND_WATCH: web.AppKey[BoundWatch] = web.AppKey("bound_watch", BoundWatch)
DIAGNOSTICIAN: web.AppKey[Diagnostician] = web.AppKey("diagnostician", Diagnostician)
STANDINGS: web.AppKey[Standings] = web.AppKey("standings", Standings)
PACES: web.AppKey[Paces] = web.AppKey("paces", Paces)
CLOCK: web.AppKey[Callable[[], float]] = web.AppKey("clock")


def put(app: web.Application, parts: Parts) -> None:
    """Put all of them into ``app``."""
    app[SETTINGS] = parts.settings
    app[MACHINES] = parts.machines
    app[MACHINE_LIST] = parts.machine_list
    app[RECOGNISER] = parts.recogniser
    app[DISCOVERY] = parts.discovery
    app[DISCOVERED] = parts.discovered
    app[ADHOC] = parts.adhoc
    app[INTERFACES] = parts.interfaces
    app[STATE] = parts.state
    app[BUILDS] = parts.builds
    app[INDEX] = parts.index
    app[RECORDS] = parts.records
    app[DEFINITIONS] = parts.definitions
    app[KEPT] = parts.kept
    app[RENDERING] = parts.rendering
    app[AHEAD] = parts.ahead
    app[BASE_URL] = parts.base_url
    app[LOADERS] = parts.loaders
    app[UPSTREAMS] = parts.upstreams
    app[IMAGE_STORE] = parts.image_store
    app[CHECKUP] = parts.checkup
    app[PREFETCHES] = parts.prefetches
    app[CHAINS] = parts.chains
    app[OTHERS] = parts.others
    app[SECURE_BOOT] = parts.secure_boot
    app[LEASES] = parts.leases
    app[MEDIA] = parts.media
    app[MEDIA_FETCHES] = parts.media_fetches
    app[MEDIA_LACKING] = parts.media_lacking
    app[BOOT_API] = parts.boot_api
    app[HOOKS] = parts.hooks
    app[NETBOOTS] = parts.netboots
    app[TRACE] = parts.trace
    app[TROUBLES] = parts.troubles
    app[ARCHIVE] = parts.archive
    app[METRICS] = parts.metrics
    app[GATE] = parts.gate
    app[TOKENS] = parts.tokens
    app[SESSIONS] = parts.sessions
    app[ATTEMPTS] = parts.attempts
    app[AUDIENCE] = parts.audience
    app[AUDIT] = parts.audit
    app[POOLS] = parts.pools
    app[VERIFIER] = parts.verifier
    app[TRUST] = parts.trust
    app[OWN_FILES] = parts.own_files
    app[BOUND_WATCH] = parts.bound_watch
    app[DIAGNOSTICIAN] = parts.diagnostician
    app[STANDINGS] = parts.standings
    app[PACES] = parts.paces
    app[CLOCK] = parts.clock
