"""What the REST API answers, as models; the OpenAPI document is made of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pyxie.access.scope import Scope
from pyxie.builds.life import State
from pyxie.diagnosis.finding import Standing
from pyxie.events.kind import Step


class Answer(BaseModel):
    """What all answers are: no key that is not described.

    Models are built when they are asked for, as by the OpenAPI document: a start needs none.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Problem(Answer):
    """An error (RFC 9457).

    ``problems`` lists everything that is wrong with a machine's file; ``code`` is ``already``
    of a conflict in which what is asked for is so already.
    """

    type: str
    title: str
    status: int
    detail: str
    problems: list[str] = []
    code: Literal["already"] | None = None


class Wipes(Answer):
    """Which data a build takes, as was said when it began.

    ``unknown``: it cannot be told. ``disks`` are in words, as ``/dev/sda`` or ``the largest disk``.
    """

    answer: Literal["yes", "no", "unknown"]
    sentences: list[str]
    disks: list[str]


class Trouble(Answer):
    """The last trouble of a machine's build: an event's time, code and text."""

    at: float
    code: str
    text: str


class GivenFile(Answer):
    """A file that a machine was given, by its digest; ``verified``: by what, null for nothing."""

    sha256: str
    verified: str | None


class Build(Answer):
    """A build of a machine; times are in seconds since 1970.

    ``wipes`` is null of a build of before that was said.
    ``given``: what its machine was given last, by ``kernel`` and ``initrd`` with its number.
    ``trouble``: its last, unless something later shows that it is over.
    """

    host: str
    state: State
    begun: float
    changed: float
    mac: str | None
    build_type: str
    reason: str
    wipes: Wipes | None
    given: dict[str, GivenFile]
    trouble: Trouble | None


class NumberedBuild(Build):
    """A build in a list, with its number."""

    id: int


class BegunBuild(NumberedBuild):
    """A build that has just begun, with advice, and its token, which is in this answer only."""

    token: str
    advice: list[str]


class BuildResult(Answer):
    """What became of one machine in a call for several: its build, or why there is none."""

    host: str
    status: int
    detail: str
    code: Literal["already"] | None
    build: BegunBuild | None


class BuildResults(Answer):
    """What became of each, in the order in which they were named, then by hostname."""

    results: list[BuildResult]


class LoggedBuild(Build):
    """A failed build, with the end of its installer's log."""

    log: str


class Builds(Answer):
    """A page of builds."""

    builds: list[NumberedBuild]
    next: int | None


class Transition(Answer):
    """A change of a build's state, and its cause."""

    build: int
    at: float
    state: State
    cause: str
    peer: str | None


class HookRun(Answer):
    """A run of a hook: pending (``owed``), done, failed or skipped."""

    build: int | None
    command: str
    at: float
    kind: str
    state: Literal["owed", "done", "failed", "skipped"]
    attempts: int
    ended: float | None
    result: str
    output: str


class AdHocBoot(Answer):
    """What machines boot by hand: those of ``macs``, without any all that pyxie does not know.

    It ends ``seconds`` after its last renewal; one that is for ``once``, which nobody renews, so
    long after it began, or when its machines have loaded it. URLs are without passwords and
    queries.
    """

    id: str
    begun: float
    macs: list[str]
    os: str
    kernel: str
    initrd: list[str]
    seconds: int
    once: bool


class AdHocBoots(Answer):
    """All of them."""

    boots: list[AdHocBoot]


class BegunAdHocBoot(AdHocBoot):
    """One that has just begun, with where machines are answered, and the setting `dhcp.mode`.

    ``advice``: what of its files could not be verified, a sentence each.
    """

    interfaces: str
    dhcp: Literal["answer", "observe", "off"]
    advice: list[str]


class ListedMachine(Answer):
    """A machine in a list, with its newest build."""

    hostname: str
    macs: list[str]
    build: Build | None


class Machines(Answer):
    """A page of machines, what is wrong with files, and what of config.yaml is not in force."""

    machines: list[ListedMachine]
    problems: list[str]
    not_in_force: list[str]
    next: str | None


class SecureBootState(Answer):
    """What is known of a machine's Secure Boot, by one of its NICs: which loader of it said so."""

    mac: str
    state: Literal["on", "off"]
    by: str
    at: float


class ShownMachine(ListedMachine):
    """A machine with its builds' history, its hooks, and what its file says.

    ``not_in_force``: what of config.yaml is not. ``secure_boot``: of NICs of which it is known.
    """

    secure_boot: list[SecureBootState]
    history: list[Transition]
    hooks: list[HookRun]
    definition: Any
    problems: list[str]
    not_in_force: list[str]


class Origin(Answer):
    """Where a value comes from: the layer, and its place in a file."""

    path: str
    value: str | None
    layer: str
    file: str
    line: int
    column: int


class HiddenValue(Answer):
    """A value that one of another layer hides."""

    path: str
    layer: str
    file: str
    line: int
    by_layer: str
    by_file: str
    by_line: int


class DefinedImage(Answer):
    """A kernel or an initrd, where it is from, and by what it is verified; ``null`` for nothing."""

    part: str
    source: str
    verified: str | None


class Definition(Answer):
    """A machine with everything it inherits, and where each value comes from."""

    hostname: str
    build_type: str
    secure_boot: list[SecureBootState]
    definition: dict[str, Any]
    origins: list[Origin]
    problems: list[str]
    advice: list[str]
    wipes: Wipes | None
    hidden: list[HiddenValue]
    images: list[DefinedImage]


class Where(Answer):
    """Where a machine is, by its DHCP messages; empty for what they do not tell.

    ``network`` is its subnet, or with a ``relay`` an address in it; ``port`` and ``switch`` are
    what the relay agent adds, as ``circuit_id`` and ``remote_id`` of a ``match`` have them.
    """

    interface: str
    network: str
    relay: str
    port: str
    switch: str


class DiscoveredMachine(Answer):
    """A discovered machine without a machine file; ``told`` is what it reported of itself.

    ``where`` is null until it is heard over DHCP.
    """

    mac: str
    first: float
    last: float
    told: dict[str, str]
    where: Where | None


class DiscoveredMachines(Answer):
    """A page of discovered machines."""

    machines: list[DiscoveredMachine]
    next: str | None


class DhcpOptions(Answer):
    """What a server says to boot; empty for what it leaves out, ``43`` in hexadecimal."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    vendor_options: str = Field(alias="43")
    vendor_class: str = Field(alias="60")
    tftp_server: str = Field(alias="66")
    bootfile: str = Field(alias="67")


class OtherDhcpServer(Answer):
    """Another DHCP or PXE server, by its latest reply to a machine.

    ``here``: it is on pyxie's own host. ``addresses``: it gives addresses; one that does not is a
    PXE server. ``siaddr`` is the next server that it names, ``last`` when it was heard.
    """

    server: str
    source: str
    interface: str
    here: bool
    addresses: bool
    kind: Literal["OFFER", "ACK"]
    siaddr: str
    file: str
    options: DhcpOptions
    last: float


class OtherDhcpServers(Answer):
    """The LAN's other DHCP and PXE servers, as far as they were overheard."""

    servers: list[OtherDhcpServer]


class AddressLease(Answer):
    """An address that a machine has; ``expires`` is null where that is for ever.

    ``host``: the machine's file, ``name``: what it calls itself; empty if not known.
    """

    address: str
    mac: str
    host: str
    name: str
    expires: float | None


class AddressLeases(Answer):
    """Who has which address of ``range``, where pyxie gives them; ``serves``: it does so now."""

    serves: bool
    range: str
    leases: list[AddressLease]


class MediumName(Answer):
    """What an ISO image is called that was taken."""

    name: str


class MediumEntry(Answer):
    """What a loader of a medium offers, or a file there that is called as kernels are."""

    label: str
    kernel: str
    initrds: list[str]
    cmdline: str
    source: str


class Medium(Answer):
    """An ISO image, and what of it boots.

    ``state``: ``looking`` while it is being written or read; ``ready`` once it can be booted;
    ``guess`` while ``recipe`` is to be confirmed; ``broken``. ``why`` says what is in the way.
    ``written``: there is a file with a recipe, of which ``recipe`` may differ. ``names``: of which
    file system its names are; ``left_out``: how many files cannot be served for theirs.
    """

    name: str
    file: str
    size: int
    state: Literal["looking", "ready", "guess", "broken"]
    why: str
    title: str
    volume: str
    names: str
    files: int
    left_out: int
    recipe: dict[str, Any] | None
    written: bool
    entries: list[MediumEntry]
    loaders: list[str]


class Media(Answer):
    """All ISO images in the folder ``isos``."""

    media: list[Medium]


class Token(Answer):
    """A token, without its secret."""

    name: str
    scope: Scope
    created: float
    expires: float | None


class NewToken(Token):
    """A token with its secret, which is in this answer only, and advice on it."""

    token: str


class Tokens(Answer):
    """All tokens."""

    tokens: list[Token]


class AuditEntry(Answer):
    """A change that was requested: when, by whom, from where, and the answer's status."""

    id: int
    at: float
    who: str
    peer: str
    method: str
    path: str
    status: int


class Audit(Answer):
    """A page of the audit log."""

    entries: list[AuditEntry]
    next: int | None


class Event(Answer):
    """An event of a machine's boot or build, as it is kept on disk."""

    id: int
    at: float
    step: Step
    code: str | None
    text: str
    data: dict[str, Any]
    mac: str | None
    host: str | None
    peer: str | None


class Evidence(Answer):
    """An event by which something is known."""

    at: float
    step: Step
    code: str
    text: str
    data: dict[str, Any]
    mac: str | None
    host: str | None
    peer: str | None


class Remedy(Answer):
    """What to change in one kind of other DHCP server, line by line."""

    server: str
    text: list[str]


class Why(Answer):
    """Why a machine does not boot, or how far it is.

    ``code`` names what was found, ``data`` has its facts, and ``evidence`` the events that it
    rests on; ``sentence`` says it. ``steps``: what to try next, the likeliest first.
    ``certain_by``: what would make it certain; empty if it is. ``remedies``: what to change in
    another DHCP server that is in the way, for each kind of them. ``until``: when a look is worth
    while again though nothing happens.
    """

    host: str | None
    macs: list[str]
    at: float
    code: str
    standing: Standing
    sentence: str
    steps: list[str]
    certain_by: str
    remedies: list[Remedy]
    since: float | None
    until: float | None
    data: dict[str, Any]
    evidence: list[Evidence]


class Events(Answer):
    """A page of events."""

    events: list[Event]
    next: int | None


class Settings(Answer):
    """The settings in force, and what of the file is not."""

    file: str
    not_in_force: list[str]
    settings: dict[str, Any]


class LoaderSigner(Answer):
    """Who signed a boot loader: ``ca`` is whose key the firmware, or shim, has to have.

    ``expires``: when that CA's certificate ends; null where it is not enclosed.
    """

    name: str
    ca: str
    expires: str | None


class BootLoader(Answer):
    """A file that one kind of machine can be handed; with an empty ``name``, there is none.

    ``codes``: of option 93. ``usual``: it is what they are handed where nothing else is asked
    for. ``missing``: what brings one, where there is none.
    """

    client: str
    codes: list[int]
    name: str
    path: str
    size: int
    version: str
    signers: list[LoaderSigner]
    usual: bool
    missing: str


class BootLoaders(Answer):
    """All of them, by client, the usual one first."""

    loaders: list[BootLoader]
