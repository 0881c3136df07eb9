"""The shape of the code: what imports what, who ends the process."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import pyxie
from tests.readawaitwrite import found

ROOT = Path(pyxie.__file__).parent
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
    if "share" not in path.parts
}
PACKAGES = frozenset(name for name, path in MODULES.items() if path.name == "__init__.py")
_RUAMEL = re.compile(r"ruamel\b").match
MIGRATION = re.compile(r"pyxie\.store\.migrations\.").match
IMPORTER = re.compile(r"pyxie\.importers\b").match
IMPORTING = "pyxie.commands.importing"

PURE = frozenset(
    f"pyxie.{name}"
    for name in (
        "access.attempts",
        "access.scope",
        "access.sessions",
        "adhoc.boots",
        "adhoc.leading",
        "advice.asking",
        "advice.cmdline",
        "advice.ending",
        "advice.entering",
        "advice.naming",
        "advice.unused",
        "architectures",
        "bootapi.answer",
        "bootapi.memory",
        "builds.elapsed",
        "builds.life",
        "compat.contract",
        "config.inforce",
        "config.place",
        "config.publicmirrors",
        "config.values",
        "dhcp.alike",
        "dhcp.backlog",
        "descriptors",
        "diagnosis.appliances",
        "diagnosis.daemons",
        "diagnosis.remedies",
        "diagnosis.remedy",
        "dhcp.chain",
        "dhcp.strangers",
        "dhcp.decide",
        "dhcp.firmware",
        "dhcp.glance",
        "dhcp.identify",
        "dhcp.bpf",
        "dhcp.message",
        "dhcp.onwards",
        "dhcp.reply",
        "dhcp.others",
        "dhcp.overheard",
        "dhcp.sieve",
        "dhcp.udp",
        "dhcp.unanswered",
        *(f"diagnosis.{name}" for name in ("belonging", "chainloading", "course", "diagnose")),
        *(f"diagnosis.{name}" for name in ("english", "finding", "findings", "hosting")),
        *(f"diagnosis.{name}" for name in ("imaging", "installing", "makers", "nearness")),
        *(f"diagnosis.{name}" for name in ("offering", "patience", "rivals", "situation")),
        *(f"diagnosis.{name}" for name in ("saying", "sayings.beforehand", "sayings.ofimages")),
        *(f"diagnosis.{name}" for name in ("sayings.ofloaders", "sayings.ofoffers", "waited")),
        *("diagnosis.tochange", "builds.durations", "dhcp.sightings"),
        *(f"doctor.{name}" for name in ("bootloaders", "firewall", "found", "hostclock")),
        *(f"doctor.{name}" for name in ("iptables", "lan", "links", "matching", "ports")),
        *(f"doctor.{name}" for name in ("rights", "ruleset", "sources", "storage", "traffic")),
        "doctor.walk",
        "errors",
        "hooks.shellwords",
        "http.cookies",
        "http.crowd",
        "http.arrivals",
        "http.examples",
        *(f"http.page.{name}" for name in ("bulkview", "machinesview", "machineswanted", "seals")),
        "http.gate",
        *("http.keptanswers", "http.knownheads"),
        "http.pace",
        *("http.page.bootrow", "http.page.checklist", "http.page.commandline"),
        "http.page.waitingview",
        "http.page.track",
        *(f"http.page.{name}" for name in ("badges", "contentpolicy", "nowview", "ownpath")),
        *(f"http.page.{name}" for name in ("screens", "spokentimes")),
        *("http.page.hub", "http.page.serverevents"),
        *(f"http.page.{name}" for name in ("bootview", "buildview", "editorview", "filelines")),
        *(f"http.page.{name}" for name in ("copiesview", "healthview", "imagesview", "mediaview")),
        *(f"http.page.{name}" for name in ("actionview", "longtext", "machineview")),
        "importers.cobbler.callbacks",
        "importers.languages.cheetah",
        "importers.languages.gotemplate.pipelines",
        "importers.languages.gotemplate.converter",
        "importers.languages.jinja",
        "importers.languages.pongo2.blocks",
        "importers.languages.pongo2.expression",
        "importers.languages.pongo2.filtermap",
        "importers.languages.pongo2.lexer",
        "importers.languages.pongo2.variables",
        "importers.languages.pongo2.converter",
        "importers.languages.pongo2.tags",
        "importers.notes",
        "leasing.leases",
        "leasing.plan",
        "loaders.pe",
        "loaders.signers",
        "media.asrecipe",
        "media.extents",
        "media.facts",
        "media.cpio",
        "media.guess",
        "media.installermedia",
        "media.knownmedia",
        "media.livemedia",
        "media.loaderconfig",
        "media.marks",
        "images.foreign",
        "images.length",
        "images.load",
        "images.fitting",
        "images.heldback",
        "images.lately",
        "images.pieces",
        "imagestore.entry",
        "imagestore.mirrored",
        "imagestore.policy",
        "probing.acts",
        "probing.choice",
        "probing.conclusion",
        "probing.loaded",
        "probing.questions",
        "probing.spoken",
        "probing.stages",
        "probing.target",
        "probing.ethernet",
        "probing.heard",
        "outbound.mark",
        "outbound.phrases",
        "outbound.reach",
        "net.address",
        "outbound.proxies",
        "loaders.catalogue",
        "loaders.autoexec",
        "loaders.own",
        "loaders.ipxeboot",
        "grub.texts",
        "render.grubwords",
        "loaders.lanes",
        "loaders.shims",
        "loaders.probes",
        "loaders.securestates",
        "loaders.programs",
        "rate",
        "lines",
        "announcement",
        "render.asked",
        "templateblocks",
        "bylines",
        "bounded",
        "bounds",
        "recipes.cookbook",
        "recipes.filling",
        "recognition.adopting",
        "recognition.discovered",
        "recognition.listed",
        "recognition.news",
        "recognition.recognise",
        "registry.addresses",
        "recognition.systeminfo",
        "render.disk",
        "registry.edit",
        "registry.glob",
        "registry.identity",
        "registry.nicsetup",
        "registry.placeholder",
        "registry.select",
        "registry.selector",
        "registry.spelling",
        "registry.veil",
        "syntax.golexer",
        "syntax.tokenizer",
        "tftp.askers",
        "tftp.deadlines",
        "tftp.framing",
        "tftp.limits",
        "tftp.lockstep",
        "tftp.handover",
        "tftp.packet",
        "tftp.report",
        "tftp.roundtrip",
        "tftp.tidings",
        "tftp.transfer",
        "urls",
        "verification.digests",
        "verification.expected",
        "verification.faults",
        "verification.judging",
        "verification.openpgp",
        "verification.release",
        "wiping.alpine",
        "wiping.cloud",
        "wiping.kernelwords",
        "wiping.forecast",
        "wiping.ignition",
        "wiping.kickstart",
        "wiping.packed",
        "wiping.preseed",
        "wiping.profile",
        "wiping.wipers",
        "wiping.proxmox",
        "wiping.reading",
        "wiping.shell",
        "wiping.structured",
        "wiping.verdict",
        "wiping.shellparts",
        "events.datagrams",
        "events.english",
        "events.event",
        "events.kind",
        "events.kinds",
        "events.lastboots",
        "events.meter",
        "events.trouble",
        "wire",
        "workers.frames",
        "workers.turns",
    )
)
"""Told the bytes and the time; they open nothing and ask nobody."""

HARMLESS = frozenset(
    (
        "__future__",
        "base64",
        "binascii",
        "collections",
        "dataclasses",
        "enum",
        "functools",
        "heapq",
        "hmac",  # for compare_digest
        "ipaddress",
        "itertools",
        "math",
        "operator",
        "re",
        "shlex",
        "struct",
        "types",
        "typing",
        "urllib",
    )
)
"""What of the standard library does not reach outside, by its first name."""

EXTRA = {
    "pyxie.access.scope": {"hashlib"},  # from bytes to what they are sought by
    "pyxie.adhoc.boots": {"pyxie.registry.machine", "pyxie.registry.nic"},  # what is booted
    "pyxie.render.asked": {"pyxie.registry.machine"},  # a model of pydantic's
    "pyxie.advice.asking": {"pyxie.advice.served"},  # as of the next
    "pyxie.advice.cmdline": {"pyxie.advice.served", "pyxie.registry.machine"},  # as of ending
    "pyxie.advice.ending": {"pyxie.advice.served"},  # whose machine is a model of pydantic's
    "pyxie.advice.entering": {"pyxie.advice.served", "pyxie.render.asked"},  # likewise
    "pyxie.advice.naming": {"pyxie.advice.served"},
    "pyxie.advice.unused": {"pyxie.advice.served", "pyxie.config.validate"},  # for `nearest`
    "pyxie.builds.durations": {"json"},  # from text to data
    "pyxie.compat.contract": {"json"},  # from bytes to data
    "pyxie.config.publicmirrors": {"pydantic"},
    "pyxie.config.values": {"pydantic"},
    "pyxie.dhcp.firmware": {"uuid"},  # for a UUID from bytes
    "pyxie.doctor.storage": {"pathlib"},  # for the type
    "pyxie.errors": {"pathlib"},  # for the type: a Problem names a file
    "pyxie.outbound.proxies": {"pathlib"},  # the same
    "pyxie.loaders.catalogue": {"pyxie.config.validate", "pyxie.config.words"},  # near names
    "pyxie.loaders.own": {"pyxie.config.build", "pyxie.config.checksums"},  # what a machine boots
    "pyxie.loaders.ipxeboot": {"gzip", "io", "posixpath", "tarfile", "zlib"},  # bytes to bytes
    "pyxie.loaders.signers": {
        "datetime",  # for a date
        *("cryptography.hazmat.primitives.serialization", "cryptography.x509"),  # from bytes
        "cryptography.x509.oid",
    },
    "pyxie.descriptors": {"pyxie.config.settings"},  # for the type of its limits
    "pyxie.http.gate": {"pyxie.config.settings"},  # for the type of its settings
    "pyxie.http.page.healthview": {"pyxie.config.settings", "pathlib"},  # the settings' type
    "pyxie.http.page.spokentimes": {"datetime"},  # for a date of a number
    "pyxie.http.page.machineswanted": {"pydantic", "pyxie.config.validate"},  # its query
    "pyxie.http.page.seals": {"hmac", "json"},  # from texts to a text
    "pyxie.http.page.filelines": {"difflib"},  # texts, compared
    "pyxie.outbound.phrases": {"http"},  # for what a status means
    "pyxie.images.heldback": {"hashlib"},  # from bytes to bytes
    "pyxie.imagestore.entry": {"hashlib", "json"},  # from bytes to data, and to a name
    "pyxie.images.load": {"pyxie.config.initrd"},  # for what a name is
    "pyxie.recipes.cookbook": {
        "pydantic",  # what is said is to fit the model of a build
        *("pyxie.config.build", "pyxie.config.nodes", "pyxie.config.validate"),
        "pyxie.recipes.recipe",
    },
    "pyxie.recipes.filling": {"pyxie.config.simple"},  # for the type of plain data
    "pyxie.media.asrecipe": {"pyxie.config.simple"},  # for the type of plain data
    "pyxie.media.loaderconfig": {"posixpath"},  # names on a medium, joined
    "pyxie.recognition.adopting": {"pyxie.config.simple"},  # for the type of plain data
    "pyxie.recognition.systeminfo": {"json"},  # from bytes to data
    "pyxie.registry.edit": {
        "pathlib",  # a document has a name
        *("pyxie.config.nodes", "pyxie.config.simple", "yaml.nodes"),
    },
    "pyxie.registry.nicsetup": {"pyxie.registry.nic"},  # what is to be set up
    "pyxie.registry.selector": {
        "pyxie.config.words",
        "pyxie.registry.match",
    },  # what is selected by
    "pyxie.verification.expected": {"pyxie.config.checksums"},  # for a word
    "pyxie.verification.release": {"datetime"},  # from a date as it is written
    "pyxie.wiping.structured": {"json", "tomllib", "yaml"},  # from text to data
    "pyxie.wiping.packed": {"zlib"},  # from bytes to bytes
    "pyxie.wiping.profile": {"xml.etree"},
    "pyxie.registry.spelling": {
        "io",  # for a StringIO
        "pyxie.config.simple",
        *("ruamel.yaml", "ruamel.yaml.comments", "ruamel.yaml.nodes", "ruamel.yaml.resolver"),
        "ruamel.yaml.scalarstring",
    },
}
"""What single pure modules may import as well, each with its reason."""

_ITSELF = frozenset(("self", "cls"))
_SETS_ANOTHERS = re.compile(
    r"pyxie\.events\.kind$"  # a decorator, on the class that it has just made
    r"|pyxie\.diagnosis\.finding$"  # the same
    r"|pyxie\.config\.validate$"  # what pydantic is to count as set, in the copy it has made
    r"|pyxie\.render\.strict$"  # the bucket that Jinja2 gives its bytecode cache to be filled
    r"|pyxie\.importers\."  # a translator's notes on the block that it is in
    r"|pyxie\.outbound\.inflow$"  # how much asyncio's transport takes at once
    r"|pyxie\.latemethods$"  # a method's name, and the method, in the class that it is of
    r"|pyxie\.outbound\.certificates$"  # what OpenSSL is asked by, while aiohttp is loaded
    r"|pyxie\.registry\.spelling$"  # how ruamel.yaml is set up
).match
"""Modules that assign to attributes of others' objects, none of which is a part of the daemon."""

RANKS = (
    # Codecs, policies, values: nothing of pyxie's but each other.
    {
        *PURE,
        "pyxie.config.build",
        "pyxie.config.checksums",
        "pyxie.config.dhcpmode",
        "pyxie.config.initrd",
        "pyxie.config.imagestore",
        "pyxie.config.settings",
        "pyxie.config.counted",
        "pyxie.config.nodes",
        "pyxie.config.schema",
        "pyxie.config.simple",
        "pyxie.config.trees",
        "pyxie.config.unfold",
        "pyxie.config.validate",
        "pyxie.config.words",
        "pyxie.recipes.recipe",
        *("pyxie.registry.match", "pyxie.registry.nic", "pyxie.registry.machine"),
        "pyxie.advice.served",
    },
    # What is built of them without a server.
    {
        *("pyxie.eventloop", "pyxie.inotify", "pyxie.latemethods", "pyxie.lettercase"),
        "pyxie.uncollected",
        "pyxie.lingering",
        "pyxie.openfile",
        *("pyxie.slices", "pyxie.threads"),
        "pyxie.writers",
        *("pyxie.confined", "pyxie.shipped", "pyxie.systemd", "pyxie.privileges", "pyxie.service"),
        *(
            "pyxie.boundwatch",
            "pyxie.clock",
            "pyxie.leftout",
            "pyxie.logs",
            "pyxie.config.live",
            "pyxie.metrics",
            "pyxie.loaders",
            "pyxie.media",
            "pyxie.rehearsal",
            "pyxie.mending",
            "pyxie.workers",
        ),
        *(
            "pyxie.advice",
            "pyxie.registry",
            "pyxie.render",
            "pyxie.images",
            "pyxie.imagestore",
            "pyxie.builds",
            "pyxie.events",
            "pyxie.diagnosis",
        ),
        *(
            "pyxie.access",
            "pyxie.adhoc",
            "pyxie.bootapi",
            "pyxie.hooks",
            "pyxie.leasing",
            "pyxie.net",
            "pyxie.outbound",
            "pyxie.recognition",
            "pyxie.store",
            "pyxie.verification",
            "pyxie.tftp.source",
            "pyxie.tftp.files",
            "pyxie.importers",
        ),
    },
    # Servers.
    {"pyxie.dhcp", "pyxie.tftp", "pyxie.http"},
    {"pyxie.probing"},
    {"pyxie.compat", "pyxie.grub", "pyxie.operations"},
    {"pyxie.composition", "pyxie.daemon", "pyxie.launch", "pyxie.launched", "pyxie.servers"},
    # The command line, and what only it uses.
    {
        "pyxie.cli",
        "pyxie.commands",
        "pyxie.client",
        "pyxie.refusals",
        "pyxie.doctor",
        "pyxie.output",
        "pyxie.columns",
        "pyxie.checking",
        "pyxie.__main__",
    },
)
"""From what is imported to what imports; a package stands for its modules not named before."""

SHARED_NAMES = {
    # A subject: the part itself, its routes, its commands.
    "access": "tokens and the audit log",
    "adhoc": "boots by hand: `pyxie boot`",
    "builds": "builds",
    "checkup": "whether what recipes name is still there",
    "doctor": "what of a host keeps machines from booting",
    "discovered": "unknown machines that were seen, and what they reported",
    "english": "what is data elsewhere, in sentences",
    "events": "what happened",
    "imagestore": "copies of other servers' files",
    "images": "kernels and initrds, and where they come from",
    "live": "what changes while it is in use",
    "leases": "who has which address of pyxie",
    "loaders": "boot loaders",
    "media": "ISO images",
    "machines": "the machines that have a file",
    "recipes": "where systems' installers are",
    "registry": "the machines that have a file, as a snapshot",
    "render": "what is rendered for a machine",
    "schema": "JSON Schemas of the operator's files",
    "settings": "config.yaml",
    "tokens": "tokens of the API",
    "why": "why a machine does not boot",
    # A role in a package.
    "converter": "a template language of the importers, to Jinja2",
    "files": "files as they are sent, by HTTP and by TFTP",
    "importer": "what `pyxie import` makes of one source",
    "server": "one protocol's service: its sockets and its life",
    "sockets": "one protocol's sockets",
}
"""Names that several modules or packages have, with the one meaning that all of them have."""


@cache
def parsed(path: Path) -> ast.Module:
    """Return a module's tree, which is parsed once for all tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return all that is in a module's tree."""
    return tuple(ast.walk(parsed(path)))


def imported(path: Path, *, at_once: bool = False) -> Iterator[str]:
    """Walk the modules that a file imports: anywhere in it, or as soon as it is imported itself."""
    for node in parsed(path).body if at_once else nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def rank(module: str) -> int:
    """Return where in RANKS a module stands: at its own name, else at its packages'."""
    parts = module.split(".")
    for name in (".".join(parts[:length]) for length in range(len(parts), 1, -1)):
        for at, names in enumerate(RANKS):
            if name in names:
                return at
    raise AssertionError(f"{module} has no place in RANKS")


def package(module: str) -> str:
    """Return the package right below `pyxie` that a module is in, or the module itself."""
    return ".".join(module.split(".")[:2])


def part_of_importers(module: str) -> str:
    """Return the folder of `pyxie.importers` that a module is in; empty for what all share."""
    return module.split(".")[2] if module.count(".") > 2 else ""


class TestPureModules:
    def test_do_no_io_and_read_no_clock(self) -> None:
        strays = {
            (module, name)
            for module in PURE
            for name in imported(MODULES[module])
            if name.split(".")[0] not in HARMLESS
            and name not in PURE
            and name not in EXTRA.get(module, ())
        }

        assert strays == set()

    def test_open_no_files_by_the_builtin_either(self) -> None:
        called = {
            (module, node.func.id if isinstance(node.func, ast.Name) else node.func.attr)
            for module in PURE
            for node in nodes(MODULES[module])
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
        }

        forbidden = {
            "open",
            "read_text",
            "read_bytes",
            "write_text",
            "write_bytes",
            "print",
            "input",
        }
        assert {(module, name) for module, name in called if name in forbidden} == set()


class TestDependencies:
    def test_point_one_way(self) -> None:
        wrong = {
            (module, name)
            for module, path in MODULES.items()
            if module not in PACKAGES and not MIGRATION(module)
            for name in imported(path)
            if name.startswith("pyxie.") and rank(name) > rank(module)
        }

        assert wrong == set()

    def test_of_migrations_are_on_nothing_that_may_change(self) -> None:
        for module in filter(MIGRATION, MODULES):
            assert not [name for name in imported(MODULES[module]) if name.startswith("pyxie")]

    def test_have_no_circles(self) -> None:
        needs = {
            module: {name for name in imported(path) if name in MODULES}
            for module, path in MODULES.items()
        }
        while True:
            free = {module for module, names in needs.items() if not names & needs.keys()}
            if not free:
                break
            needs = {module: names for module, names in needs.items() if module not in free}

        assert needs == {}

    def test_of_packages_on_each_other_have_no_circles(self) -> None:
        """A package stands for all below it; a module beside them for itself."""
        needs: dict[str, dict[str, set[str]]] = {}
        for module, path in MODULES.items():
            if module == "pyxie" or MIGRATION(module):
                continue
            mine = needs.setdefault(package(module), {})
            for name in imported(path):
                if name in MODULES and package(name) not in (package(module), "pyxie"):
                    mine.setdefault(package(name), set()).add(f"{module} -> {name}")
        while free := [unit for unit, used in needs.items() if not used.keys() & needs.keys()]:
            for unit in free:
                del needs[unit]

        circles = {unit: used for unit, used in needs.items() if used.keys() & needs.keys()}
        assert circles == {}

    def test_packages_themselves_import_nothing(self) -> None:
        """So that each name has one import path, and importing one part does not import all."""
        full = {
            module: names for module in PACKAGES if (names := sorted(imported(MODULES[module])))
        }

        assert full == {}

    @pytest.mark.parametrize("library", ["scapy", "tftpy"])
    def test_on_the_slow_libraries_are_the_probes_alone(self, library: str) -> None:
        users = {
            module
            for module, path in MODULES.items()
            if any(name.split(".")[0] == library for name in imported(path))
        }

        assert {user for user in users if not user.startswith("pyxie.probing.")} == set()

    def test_of_the_command_line_on_the_database_wait_until_it_is_asked_for(self) -> None:
        """SQLAlchemy is a third of what every other command would start with."""
        from pyxie.cli import ONDEMAND  # not above: tests.cover sees modules being imported

        loaded, left = set[str](), ["pyxie.cli", *ONDEMAND.modules]
        while left:
            module = left.pop()
            if module not in loaded:
                loaded.add(module)
                left += [
                    each for each in imported(MODULES[module], at_once=True) if each in MODULES
                ]

        assert {module for module in loaded if module.startswith("pyxie.store")} == set()

    def test_on_the_importers_is_their_command_alone(self) -> None:
        """Which imports each source only when it is asked for."""
        at_once = {
            name
            for name in imported(MODULES[IMPORTING], at_once=True)
            if IMPORTER(name) and name.count(".") > 2
        }
        users = {
            module
            for module, path in MODULES.items()
            if any(map(IMPORTER, imported(path))) and not IMPORTER(module)
        }

        assert users == {IMPORTING}
        assert at_once == set()

    def test_among_importers_are_from_a_source_to_languages_to_what_all_share(self) -> None:
        wrong = set()
        for module in filter(IMPORTER, MODULES):
            own = part_of_importers(module)
            allowed = {"", own} if own in ("", "languages") else {"", "languages", own}
            wrong |= {
                (module, name)
                for name in imported(MODULES[module])
                if IMPORTER(name)
                and name not in PACKAGES
                and part_of_importers(name) not in allowed
            }

        assert wrong == set()

    def test_on_the_library_that_writes_yaml_is_one_module(self) -> None:
        users = {module for module, path in MODULES.items() if any(map(_RUAMEL, imported(path)))}

        assert users == {"pyxie.registry.spelling"}

    def test_all_are_declared(self) -> None:
        """What is imported is in pyproject.toml, so that an empty environment has it."""
        project = (ROOT.parent / "pyproject.toml").read_text(encoding="utf-8")
        named = {
            "passlib": "libpass",
            "prometheus_client": "prometheus-client",
            "yaml": "pyyaml",
            "ruamel": "ruamel.yaml",
        }

        missing = {
            first
            for path in MODULES.values()
            for first in {name.split(".")[0] for name in imported(path)}
            if first not in sys.stdlib_module_names
            and first != "pyxie"
            and f'"{named.get(first, first)}' not in project.lower()
            and first != "pydantic_core"
        }

        assert missing == set()


class TestWiring:
    def test_is_done_by_constructors_alone(self) -> None:
        """Nothing is assigned to an attribute of another object after that was made."""
        paths = [
            path
            for name, path in MODULES.items()
            if not MIGRATION(name) and not _SETS_ANOTHERS(name)
        ]
        places = [
            f"{path}:{target.lineno}: {ast.unparse(target)}"
            for path in paths
            for target in _assigned(parsed(path))
            if isinstance(target, ast.Attribute)
            and not (isinstance(target.value, ast.Name) and target.value.id in _ITSELF)
        ]
        setters = [
            f"{path}:{node.lineno}: {ast.unparse(node)[:60]}"
            for path in paths
            for node in nodes(path)
            if isinstance(node, ast.Call)
            and ast.unparse(node.func).rpartition(".")[2] in ("setattr", "__setattr__")
            and ast.unparse(node.args[0]) != "self"
        ]

        assert places + setters == []


class TestAssigned:
    @pytest.mark.parametrize(
        "line",
        [
            "a.b = 1",
            "a.b, c = 1, 2",
            "[c, (*a.b, d)] = x",
            "a.b += 1",
            "a.b: int = 1",
            "del a.b",
            "for a.b in x: pass",
            "with x as a.b: pass",
            "[1 for a.b in x]",
        ],
    )
    def test_is_seen_however_it_is_written(self, line: str) -> None:
        found = [each for each in _assigned(ast.parse(line)) if isinstance(each, ast.Attribute)]
        assert [ast.unparse(each) for each in found] == ["a.b"]


def _assigned(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets) | ast.Delete(targets=targets):
                yield from (each for target in targets for each in _unpacked(target))
            case (
                ast.AugAssign(target=target)
                | ast.AnnAssign(target=target)
                | ast.For(target=target)
                | ast.AsyncFor(target=target)
                | ast.comprehension(target=target)
                | ast.withitem(optional_vars=ast.expr() as target)
            ):
                yield from _unpacked(target)
            case _:
                pass


def _unpacked(target: ast.expr) -> Iterator[ast.expr]:
    match target:
        case ast.Tuple(elts=elts) | ast.List(elts=elts):
            for each in elts:
                yield from _unpacked(each)
        case ast.Starred(value=value):
            yield from _unpacked(value)
        case _:
            yield target


class TestThreads:
    def test_are_of_a_pool_of_their_kind(self) -> None:
        """Of asyncio's own, which is one for all, and waited for at the end, nothing is used."""
        bare = {
            f"{module}:{node.lineno}"
            for module, path in MODULES.items()
            for node in nodes(path)
            if (isinstance(node, ast.Attribute) and node.attr in _BARE)
            or (isinstance(node, ast.Name) and node.id in _BARE)
        }

        # The last is of a process without asyncio.
        of_pools = ("pyxie.threads:", "pyxie.writers:", "pyxie.tftp.readahead:")
        assert {each for each in bare if not each.startswith(of_pools)} == set()


_BARE = frozenset(
    ("to_thread", "run_in_executor", "set_default_executor", "ThreadPoolExecutor", "Thread")
)


class TestOtherServers:
    def test_are_reached_by_one_module_alone(self) -> None:
        """By which each fetch bears pyxie's mark, and goes where it may."""
        allowed = {"pyxie.outbound.fetcher", "pyxie.client"}

        found = {
            name
            for name, path in MODULES.items()
            for node in nodes(path)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("ClientSession", "TCPConnector", "urlopen", "HTTPConnection")
        }

        assert found <= allowed


class TestNames:
    def test_none_stands_for_two_modules_unless_both_mean_the_same(self) -> None:
        """`SHARED_NAMES` says what; one that is unique by now is to be taken out of it."""
        last = Counter(module.rpartition(".")[2] for module in MODULES)

        assert {name for name, times in last.items() if times > 1} == SHARED_NAMES.keys()


class TestBodies:
    def test_are_read_in_one_module_that_bounds_them(self) -> None:
        """Of ``request.content`` only whether there is more may be asked elsewhere."""
        whole = ("read", "text", "json", "post", "multipart")
        readers = set()
        for module, path in MODULES.items():
            for node in nodes(path):
                match node:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="request"), attr=name)):
                        if name in whole:
                            readers.add(module)
                    case ast.Attribute(
                        value=ast.Attribute(value=ast.Name(id="request"), attr="content"), attr=name
                    ):
                        if name != "is_eof":
                            readers.add(module)
                    case _:
                        pass

        assert readers == {"pyxie.http.bodies"}


NONE_ELSE_WRITES = {
    ("pyxie.http.server", "__aenter__", "self.port"): "entered once, before it serves",
    ("pyxie.http.page.nowlive", "ready", "self._listed"): "one at a time, of `audience`",
    ("pyxie.net.watch", "serve", "self._rung"): "is looked at anew after it is cleared",
    ("pyxie.tftp.apart", "close", "self._gone"): "what is waited for; to set it twice is no loss",
    ("pyxie.hooks.unknown", "_store", "self._due"): "one task alone takes out of it",
    ("pyxie.diagnosis.standstill", "look", "self._seen"): "one look at a time, of `serve`",
}
"""Where it is right all the same: module, function, attribute, and why."""


class TestSharedState:
    def test_is_not_written_by_what_was_read_before_an_await(self) -> None:
        """Else hold a lock from the read to the write, or read again after the ``await``."""
        places = {
            (module, each.function, each.name): f"{path}:{each.written}"
            for module, path in MODULES.items()
            for each in found(path.read_text(encoding="utf-8"))
        }

        wrong = {place for key, place in places.items() if key not in NONE_ELSE_WRITES}
        assert wrong == set()
        assert NONE_ELSE_WRITES.keys() <= places.keys(), "some are right by now: take them out"


RENDERS = re.compile(
    r"pyxie\.(?:render|workers|rehearsal|hooks\.orders"
    r"|checking|commands)\b"  # those of the command line, in a process of their own
).match


class TestRendering:
    def test_is_not_done_by_the_daemon(self) -> None:
        """A template may take any time and memory; `pyxie.workers` can end what it takes."""
        renderers = {"Renderer", "Rendering", "rehearse", "expected", "preview", "order"}
        used = {
            (module, alias.name)
            for module, path in MODULES.items()
            if not RENDERS(module)
            for node in nodes(path)
            if isinstance(node, ast.ImportFrom)
            and str(node.module).startswith(("pyxie.render.", "pyxie.rehearsal", "pyxie.hooks."))
            for alias in node.names
            if alias.name in renderers
        }

        assert used == set()


class TestTheEnd:
    def test_of_the_process_is_the_command_lines_alone(self) -> None:
        enders = set()
        for module, path in MODULES.items():
            for node in nodes(path):
                match node:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="sys" | "os"), attr=name)):
                        if name in ("exit", "_exit", "abort"):
                            enders.add(module)
                    case ast.Name(id="SystemExit" | "exit" | "quit"):
                        enders.add(module)
                    case _:
                        pass

        # A process that is forked off must not go on with what the daemon was about to do.
        forks = {"pyxie.registry.earlyread", "pyxie.workers.forkserver"}
        assert enders == {"pyxie.__main__", "pyxie.cli", *forks}

    def test_of_standard_output_is_the_command_lines_alone(self) -> None:
        printers = {
            module
            for module, path in MODULES.items()
            for node in nodes(path)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        }

        assert printers == {"pyxie.output"}
