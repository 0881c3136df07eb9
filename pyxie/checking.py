"""`pyxie check`: every mistake that can be seen without a network, at once."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from pyxie.advice.adviser import advise, placed
from pyxie.config.build import BuildKeys
from pyxie.config.nodes import Document, Loc, read
from pyxie.config.settings import Settings, load_marked
from pyxie.errors import ConfigError, NotServedError, Problem
from pyxie.images.spec import Images, OnMedium, check_ours
from pyxie.loaders.catalogue import Wanted
from pyxie.loaders.folders import Loaders
from pyxie.loaders.signedpairs import packaged
from pyxie.media.bootedof import named
from pyxie.mending import Mending, shown
from pyxie.outbound.proxies import problem, proxies_of
from pyxie.registry.define import Definition, common
from pyxie.registry.folder import Folder
from pyxie.registry.hiding import by_type, of_type
from pyxie.registry.machine import Machine
from pyxie.registry.origins import own
from pyxie.registry.registry import Registry
from pyxie.rehearsal import rehearse
from pyxie.render.asked import file_of
from pyxie.render.context import BuildContext
from pyxie.render.deadline import deadline
from pyxie.render.rendering import Rendering, kinds

_BASE_URL = "http://192.0.2.1:8090"
_TOKEN = "0" * 36
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Checked:
    """What there is to say.

    Attributes:
        problems: All mistakes, sorted.
        advice: What is no mistake, and will hardly be wanted; sorted.
        machines: How many are without a mistake.
        notes: Of a build type that was asked for, which keys it hides, and which hide its own.
        file: ``config.yaml``, absolute.
        machinepath: Where their files are.
        files: How many there are.
        templates: The names of those that machines have, each tried with what they are for.
    """

    problems: list[Problem]
    advice: list[Problem]
    machines: int
    file: Path
    machinepath: Path
    files: int
    templates: frozenset[str] = frozenset()
    notes: list[Problem] = field(default_factory=list)


def check(file: Path, build_type: str | None = None, environ: Mapping[str, str] = _NONE) -> Checked:
    """Check ``config.yaml`` and all it leads to, and the proxies of the environment.

    Args:
        file: ``config.yaml``.
        build_type: The type to try every machine with; None for its own.
        environ: The environment; empty if it is not to be looked at.

    Raises:
        UnknownTypeError: There is no such type.
    """
    seen = _of_files(file, build_type)
    wrong = [(each.fatal, problem(each)) for each in proxies_of(environ).mistakes]
    problems = [each for fatal, each in wrong if fatal]
    advice = [each for fatal, each in wrong if not fatal]
    return replace(
        seen,
        problems=sorted([*seen.problems, *problems]),
        advice=sorted([*seen.advice, *advice]),
    )


def _of_files(file: Path, build_type: str | None) -> Checked:
    try:
        settings, document = load_marked(file)
    except ConfigError as exc:
        registry = _machines_despite(file)
        found = {*exc.problems, *registry.problems}
        folder, files = _machines_folder(file), len(registry.files)
        return Checked(
            sorted(found), [], len(registry.machines), _whole(file), _whole(folder), files
        )
    registry = scan(settings, document)
    found = set(registry.problems)
    advice: dict[Problem, list[str]] = {}
    asides: dict[str, Problem] = {}
    notes: dict[Problem, list[str]] = {}
    rendering, loaders = Rendering(settings), Loaders(lambda: settings.ipxe, pairs=packaged)
    common_faults = set(_of_loaders(loaders, settings, document))
    found |= common_faults
    trial = context(settings)
    failed = 0
    templates: set[str] = set()
    for machine in registry.machines.values():
        try:
            definition = registry.define(machine, build_type)
        except ConfigError as exc:
            found |= set(exc.problems)
            failed += 1
            continue
        templates |= {file_of(definition.machine, kind) for kind in kinds(definition.machine)}
        for note in _hiding(registry, machine, definition, settings) if build_type else ():
            notes.setdefault(note, []).append(machine.hostname)
        where = Mending(settings, definition, registry.documents[machine.hostname])
        with deadline():
            tried = rehearse(rendering, definition.machine, trial, own(definition.merged))
        faults = [*tried.faults, *_fault_of(loaders, definition.machine.loader)]
        theirs = {where.problem(fault) for fault in faults}
        found |= {each for each in theirs if not _is_common(each, common_faults)}
        failed += bool(theirs)
        for each in () if theirs else advise(tried.served):
            place = placed(each, definition)
            if each.aside:  # a note that is in a thousand files is told once
                place = asides.setdefault(each.sentence, place)
            advice.setdefault(place, []).append(machine.hostname)
    found |= set(_of_media(registry, settings, found))
    told, noted = (
        sorted(_for_all(problem, hosts) for problem, hosts in each.items())
        for each in (advice, notes)
    )
    return Checked(
        sorted(found),
        told,
        len(registry.machines) - failed,
        _whole(file),
        _whole(settings.machinepath),
        len(registry.files),
        frozenset(templates),
        noted,
    )


def _of_media(registry: Registry, settings: Settings, found: set[Problem]) -> Iterator[Problem]:
    """Yield what build types, groups and settings name of media that are not there.

    Machines that were tried have told it; whether one can be read is known to the daemon alone.
    """
    said = [each.sentence for each in found]
    for each in named(registry):
        what = OnMedium(each.medium, each.file)
        try:
            check_ours(Images(what, ()), settings.images, settings.isos)
        except NotServedError as exc:
            if not any(exc.why in sentence for sentence in said):
                yield each.place.problem(f"{exc.what}: {exc.why}")


def _hiding(
    registry: Registry, machine: Machine, definition: Definition, settings: Settings
) -> Iterator[Problem]:
    """Walk what a build type hides that the call names; of waitron 3's routes, what hides it."""
    name = definition.build_type
    yield from by_type(definition.merged, name)
    yield from of_type(definition.merged, name)
    if settings.waitron_api == 3:
        with suppress(ConfigError):
            merged = registry.define(machine, name, beneath=True).merged
            for each in of_type(merged, name):
                yield replace(each, sentence=f"{each.sentence}, by PUT /build as waitron 3 has it")


def _for_all(problem: Problem, hosts: list[str]) -> Problem:
    """Return an advice with the machines that it is for, which may be all of a site's."""
    others = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
    return replace(problem, sentence=f"{problem.sentence} (for {hosts[0]}{others})")


def context(settings: Settings) -> BuildContext:
    """Return what templates see of a build that is only tried."""
    return BuildContext(base_url=settings.baseurl or _BASE_URL, token=_TOKEN, mac="")


def _of_loaders(loaders: Loaders, settings: Settings, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with the loaders of the settings, and of build types.

    Those count for unknown machines too, so that no machine need inherit them.
    """
    places: list[tuple[Loc, BuildKeys]] = [((), settings)]
    places += [(("build_types", name), keys) for name, keys in settings.build_types.items()]
    for loc, keys in places:
        for fault in _fault_of(loaders, keys.loader):
            yield document.problem((*loc, "loader"), fault.why)


def _fault_of(loaders: Loaders, wanted: Wanted) -> list[NotServedError]:
    try:
        loaders.check(wanted)
    except NotServedError as exc:
        return [exc]
    return []


def _is_common(problem: Problem, common: Collection[Problem]) -> bool:
    place = problem.file, problem.line, problem.column
    return any(place == (each.file, each.line, each.column) for each in common)


def scan(settings: Settings, document: Document) -> Registry:
    """Return the machines that the settings lead to, with files named as from here."""
    return Folder(
        settings.machinepath,
        shown=shown(settings.machinepath),
        shared=common(settings, document),
        groups=settings.grouppath,
        groups_shown=shown(settings.grouppath),
        recipes=settings.recipepath,
        recipes_shown=shown(settings.recipepath),
    ).scan()


def signatures(file: Path) -> frozenset[tuple[object, ...]]:
    """Return what changes when a file changes that `check` looks at."""
    try:
        settings = load_marked(file)[0]
        folders = [settings.machinepath, settings.grouppath, settings.recipepath]
        folders += [settings.templatepath, settings.ipxe, settings.images, settings.isos]
    except ConfigError:
        folders = [_machines_folder(file)]
    found: set[tuple[object, ...]] = {_signature(file)}
    for top in folders:
        for folder, _, names in os.walk(top):
            found.update(_signature(Path(folder, name)) for name in names)
    return frozenset(found)


def _signature(path: Path) -> tuple[object, ...]:
    try:
        stat = path.stat()
    except OSError as exc:
        return (path, exc.errno)
    return (path, stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_ctime_ns)


def _machines_despite(file: Path) -> Registry:
    """Read the machines although ``file`` has mistakes, if it can be told where they are."""
    folder = _machines_folder(file)
    if folder == file.absolute().parent / "machines" and not folder.is_dir():
        return Registry()
    return Folder(folder, shown=shown(folder)).scan()


def _machines_folder(file: Path) -> Path:
    """Return where the machines are, as far as a file with mistakes tells."""
    try:
        data = read(file).data
    except ConfigError:
        data = None
    written = data.get("machinepath") if isinstance(data, dict) else None
    return file.absolute().parent / (written if isinstance(written, str) else "machines")


def _whole(path: Path) -> Path:
    """Return a path from the root, without steps back."""
    return Path(os.path.normpath(path.absolute()))
