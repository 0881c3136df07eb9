"""What a kind of event is: a frozen value with a code and a step, known by its code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeVar, dataclass_transform


class Step(StrEnum):
    """Where a machine is on its way; the values are part of the REST API."""

    OFFER = "offer"
    """A DISCOVER was answered, or a request on port 4011; or another server offers something."""
    SILENCE = "silence"
    """A network-boot client was not answered, for a reason."""
    LOADER = "loader"
    """A boot loader was sent, over TFTP or HTTP."""
    SCRIPT = "script"
    """The iPXE script was sent."""
    IMAGE = "image"
    """A kernel or an initrd was sent."""
    BOOTING = "booting"
    """The machine leaves iPXE for its kernel."""
    TEMPLATE = "template"
    """The installer fetched a template with its token."""
    BUILD = "build"
    """The build changed its state: begun, done, cancelled."""
    DISCOVERED = "discovered"
    """An unknown machine reported what it is."""
    ASKED = "asked"
    """The API server of ``boot_api`` has something to boot for an unknown machine."""
    HOOK = "hook"
    """A hook was run."""
    TROUBLE = "trouble"
    """Something went wrong for this machine."""


class Kind:
    """What happened, as data; each kind of event is a dataclass of its own, see `kind`.

    Attributes:
        code: Names the kind for programs; part of the REST API, like the fields' names.
        step: Where on its way the machine is.
        passing: It goes to those who follow as it happens, and is kept nowhere.
        repeats: One that says the same a moment later is a client that repeats itself; where
            this is False, each one counts.
    """

    __slots__ = ()

    code: ClassVar[str]
    step: ClassVar[Step]
    passing: ClassVar[bool]
    repeats: ClassVar[bool] = True


K = TypeVar("K", bound=Kind)

BY_CODE: Final[dict[str, type[Kind]]] = {}
"""Every kind of event by its code, once the modules that define them are imported."""
_NAMES: Final[dict[type[Kind], tuple[str, ...]]] = {}
"""Of the fields of those that were asked for."""
_PLAIN: Final = frozenset((str, int, float, bool, type(None)))
"""The types, not what is derived of them, of which nothing has to be made for JSON."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def kind(
    code: str, step: Step, *, passing: bool = False, repeats: bool = True
) -> Callable[[type[K]], type[K]]:
    """Make a class a frozen dataclass, and the kind of event that ``code`` names.

    Its fields are numbers, texts, booleans, None, and mappings of such, with no secrets.

    Args:
        code: Dotted, in lower case.
        step: Where on its way the machine is.
        passing: As of `Kind`.
        repeats: As of `Kind`.
    """

    def made(cls: type[K]) -> type[K]:
        if code in BY_CODE:
            raise TypeError(f"two kinds of event have the code {code}")
        done = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        done.code, done.step, done.passing, done.repeats = code, step, passing, repeats
        BY_CODE[code] = done
        return done

    return made


def names(of: Kind | type[Kind]) -> tuple[str, ...]:
    """Return the names of the fields."""
    kind = of if isinstance(of, type) else type(of)
    found = _NAMES.get(kind)
    if found is None:
        found = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]  # a dataclass
        _NAMES[kind] = found
    return found


def data(what: Kind) -> dict[str, Any]:
    """Return the fields of ``what`` by their names, fit for JSON."""
    return {name: _plain(getattr(what, name)) for name in names(what)}


def from_data(code: str, found: Mapping[str, Any]) -> Kind | None:
    """Return what `data` gave, as of ``code``; None if there is no such kind with such fields."""
    of = BY_CODE.get(code)
    if of is None or not set(found) <= set(names(of)):
        return None
    try:
        return of(**{name: _restored(value) for name, value in found.items()})
    except TypeError:  # it has a field more by now
        return None


def shortened(what: Kind, most: int) -> Kind:
    """Return ``what`` with no text in it longer than ``most`` letters: peers make some up."""
    cut = {name: _cut(getattr(what, name), most) for name in names(what)}
    return replace(what, **cut)  # type: ignore[type-var]  # as above


def changed(what: Kind, how: Callable[[str], str]) -> Kind:
    """Return ``what`` with each text in it as ``how`` gives it; not in mappings.

    Those are what machines report.
    """
    texts = {name: getattr(what, name) for name in names(what)}
    found = {name: how(each) for name, each in texts.items() if isinstance(each, str)}
    return replace(what, **found)  # type: ignore[type-var]  # as above


def _plain(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, str) else value


def _restored(value: Any) -> Any:
    return tuple(map(_restored, value)) if isinstance(value, list) else value


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, Mapping):
        return {key: _cut(each, most) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(_cut(each, most) for each in value)
    return f"{value[: most - 1]}…" if isinstance(value, str) and len(value) > most else value
