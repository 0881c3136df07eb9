"""A machine's definition: its own file, and all that it inherits.

The layers, the most general first: the settings, the build type that a file names, the group
of its domain, the groups it names, its file, the build type that the call names, the body of the
call. Who asks for `rescue` must not get what the machine's file installs. The recipe of a system
that one of them names lies beneath that one (`pyxie.registry.systems`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from pyxie.bounds import YAML_PROBLEMS
from pyxie.config.build import BuildKeys
from pyxie.config.nodes import Document, Plain
from pyxie.config.settings import Settings
from pyxie.config.unfold import first_of
from pyxie.config.validate import meant, nearest, sentence_of, validate
from pyxie.errors import ConfigError, Problem, PyxieError
from pyxie.recipes.cookbook import Cookbook
from pyxie.registry.machine import Machine
from pyxie.registry.merge import Layer, Merged, merge
from pyxie.registry.systems import with_recipe

_NOTHING = Document(Path("config.yaml"), {}, None)
_OF_SETTINGS = {
    **{key: key for key in (*BuildKeys.model_fields, "when_idle")},
    **{f"default_{key}": key for key in ("cmdline", "kernel", "initrd", "image_url")},
}


class UnknownTypeError(PyxieError):
    """No build type has that name."""

    def __init__(self, name: str, near: str | None) -> None:
        super().__init__(name, near)
        self.name = name
        self.near = near

    def __str__(self) -> str:
        hint = f"; did you mean {self.near!r}?" if self.near else ""
        return f"build type {self.name[:80]!r} is not one of 'build_types' in config.yaml{hint}"


@dataclass(frozen=True, slots=True)
class Common:
    """What all machines may inherit.

    Attributes:
        settings: ``config.yaml``.
        types: Its ``build_types``, by name.
        groups: The files of ``grouppath``, by their names without ending.
        cookbook: The recipes of systems.
    """

    settings: Layer = field(default_factory=lambda: Layer("settings", _NOTHING))
    types: Mapping[str, Layer] = field(default_factory=dict)
    groups: Mapping[str, Document] = field(default_factory=dict)
    cookbook: Cookbook = field(default_factory=Cookbook)


@dataclass(frozen=True, slots=True)
class Definition:
    """What a machine is built from.

    Attributes:
        machine: With all that it inherits.
        build_type: The one of ``build_types`` that was laid under it; empty for none.
        made: Gives ``merged``.
    """

    machine: Machine
    build_type: str
    made: Callable[[], Merged] = field(repr=False)

    @property
    def merged(self) -> Merged:
        """The same as plain data, with the place of every value."""
        return self.made()


def common(settings: Settings, document: Document | None = None) -> Common:
    """Return what the settings give to every machine.

    Args:
        settings: ``config.yaml``.
        document: The same with marks; without it, values have no line to be found at.
    """
    if document is None:
        keys = {*BuildKeys.model_fields, "when_idle", "build_types"}
        data = settings.model_dump(mode="json", include=keys, exclude_unset=True)
        document = Document(Path("config.yaml"), data, None)
    return Common(
        Layer("settings", document, keys=_OF_SETTINGS),
        MappingProxyType(
            {
                name: Layer(f"build type {name}", document, ("build_types", name))
                for name in settings.build_types
            }
        ),
        cookbook=Cookbook(mirrors=settings.mirrors),
    )


def define(
    shared: Common,
    own: Document,
    build_type: str | None = None,
    body: Document | None = None,
    *,
    beneath: bool = False,
) -> Definition:
    """Return a machine with all that it inherits.

    Args:
        shared: What there is to inherit.
        own: The machine's file, which is valid.
        build_type: The type that the call asks for; None for the one that the body, the
            machine's file or the last of its groups names.
        body: What the call itself says.
        beneath: The call's type gives way to groups and machine too, as waitron 3 has it.

    Raises:
        UnknownTypeError: The call asks for a type that there is not.
        ConfigError: The body is wrong, or a group, type or system that is named is not there.
    """
    mine = _mapping(own)
    if body is not None:
        _judge(body, str(mine["hostname"]))
        mine = {**mine, **_said(_mapping(body))}
    groups = _groups(shared, mine, own, body)
    chosen = build_type or _type_of(mine, groups)
    if build_type and build_type not in shared.types:
        raise UnknownTypeError(build_type, nearest(build_type, list(shared.types)))
    if chosen and chosen not in shared.types:
        layers = [*groups, Layer("", own), *([Layer("", body)] if body else [])]
        place = merge(layers).place(("build_type",))
        refusal = UnknownTypeError(chosen, nearest(chosen, list(shared.types)))
        raise ConfigError([place.problem(str(refusal)) if place else own.problem((), str(refusal))])
    of_type = [shared.types[chosen]] if chosen else []
    over = bool(build_type) and not beneath
    layers = [
        shared.settings,
        *([] if over else of_type),
        *groups,
        Layer("machine", own),
        *(of_type if over else []),
        *([Layer("call", body)] if body is not None else []),
    ]
    merged = merge(with_recipe(layers, shared.cookbook))
    try:
        machine = Machine.model_validate(merged.data)
    except ValidationError as exc:
        errors = exc.errors()
        problems = [_misfit(merged, own, error) for error in errors[: YAML_PROBLEMS.whole]]
        raise ConfigError(first_of(problems, len(errors))) from exc
    return Definition(machine, chosen, lambda: merged)


def _mapping(document: Document) -> dict[str, Plain]:
    return document.data if isinstance(document.data, dict) else {}


def _said(data: dict[str, Plain]) -> dict[str, Plain]:
    return {key: value for key, value in data.items() if value != ""}


def _judge(body: Document, host: str) -> None:
    """Check what a call says; a machine's name is not the call's to change."""
    data = body.data
    if not isinstance(data, dict):
        raise ConfigError([body.problem((), "must be a mapping of keys to values")])
    written = data.get("hostname")
    if isinstance(written, str) and written and written.lower() != host.lower():
        raise ConfigError([body.problem(("hostname",), f"is not {host}, which is being built")])
    for key in ("match", "when_idle"):
        if data.get(key):
            raise ConfigError([body.problem((key,), "is for the machine's file", at_key=True)])
    validate(replace(body, data={**data, "hostname": host}), Machine)


def _groups(
    shared: Common, mine: dict[str, Plain], own: Document, body: Document | None
) -> list[Layer]:
    missing = []
    written = mine.get("groups")
    for at, name in enumerate(_named(mine)):
        if name.lower() in shared.groups:
            continue
        place = body if body is not None and "groups" in _mapping(body) else own
        loc = ("groups", at) if isinstance(written, list) else ("groups",)
        sentence = (
            f"there is no group {name[:80]!r} in 'grouppath'{meant(name, list(shared.groups))}"
        )
        missing.append(place.problem(loc, sentence))
    if missing:
        raise ConfigError(missing)
    return groups_of(shared, mine)


def groups_of(shared: Common, mine: Mapping[str, Plain]) -> list[Layer]:
    """Return the groups of a machine that there are, the most general first.

    Args:
        shared: What there is to inherit.
        mine: What its file says.
    """
    host = str(mine["hostname"]).lower()
    domain = str(mine.get("domain") or host.partition(".")[2]).lower()
    names = dict.fromkeys([domain, *(name.lower() for name in _named(mine))])
    return [Layer(f"group {name}", shared.groups[name]) for name in names if name in shared.groups]


def type_of(shared: Common, own: Document) -> str:
    """Return the build type that a machine's file, or the last of its groups, names."""
    mine = _mapping(own)
    return _type_of(mine, groups_of(shared, mine))


def _named(mine: Mapping[str, Plain]) -> list[str]:
    written = mine.get("groups")
    return [written] if isinstance(written, str) else [str(name) for name in written or []]


def _type_of(mine: dict[str, Plain], groups: list[Layer]) -> str:
    if "build_type" in mine:
        return str(mine["build_type"] or "")
    named = [_mapping(layer.document).get("build_type") for layer in groups]
    return next((str(name) for name in reversed(named) if name), "")


def _misfit(merged: Merged, own: Document, error: Any) -> Problem:
    place = merged.place(error["loc"])
    sentence = sentence_of(error)
    return place.problem(sentence) if place else own.problem((), sentence)
