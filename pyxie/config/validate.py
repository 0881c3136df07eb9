"""Plain data to a pydantic model, and pydantic's errors to problems with a place."""

from __future__ import annotations

import difflib
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from pyxie.bounds import YAML_PROBLEMS
from pyxie.config.nodes import Document
from pyxie.config.unfold import first_of
from pyxie.errors import ConfigError, Problem


class Model(BaseModel):
    """What all of the operator's files are made of: frozen, no unknown keys.

    A key with nothing after it, or with an empty text, counts as not written: so it was
    with waitron, and so a section may stay whose keys are all commented out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_absent(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = _known(cls)
        return {
            key: value
            for key, value in data.items()
            if key not in known or (value is not None and value != "")
        }


M = TypeVar("M", bound=BaseModel)


def validate(document: Document, model: type[M]) -> M:
    """Return ``document`` as a ``model``.

    Raises:
        ConfigError: With every problem of the file.
    """
    if not isinstance(document.data, dict):
        shape = document.problem((), "must be a mapping of keys to values")
        raise ConfigError([*document.problems, shape])
    try:
        folder = document.file.absolute().parent
        found = model.model_validate(document.data, context={"folder": folder})
    except ValidationError as exc:
        tree = document.tree  # held, for many places in it are asked for
        errors = exc.errors()
        some = errors[: YAML_PROBLEMS.whole]
        problems = dict.fromkeys(_problem(document, model, error) for error in some)
        all_of = [*document.problems, *problems]
        del tree
        raise ConfigError(first_of(all_of, len(all_of) + len(errors) - len(some))) from exc
    if document.problems:
        raise ConfigError(document.problems)
    return found


def slimmed(model: M) -> M:
    """Return ``model``, with one set of written keys for all that have the same ones.

    pydantic keeps a set of its own in each model, 700 bytes of a machine and as many of its
    NIC; of ten thousand machines nearly all have the same keys. Models are frozen: nobody
    changes the set.
    """
    written = frozenset(model.model_fields_set)
    shared = _WRITTEN.setdefault(written, model.model_fields_set)
    if len(_WRITTEN) > _MOST_SHAPES:
        _WRITTEN.clear()
    object.__setattr__(model, "__pydantic_fields_set__", shared)
    return model


_WRITTEN: dict[frozenset[str], set[str]] = {}
_MOST_SHAPES = 1000


def all_told(model: type[BaseModel], exc: ValidationError, what: str = "key") -> list[str]:
    """Return what is wrong with data that stand in no file, as `told`; of very much, the first."""
    errors, most = exc.errors(), YAML_PROBLEMS.whole
    found = [told(model, each, what) for each in errors[:most]]
    if len(errors) > most:
        YAML_PROBLEMS.reached()
        found.append(f"… and {len(errors) - most:,} more mistakes")
    return found


def told(model: type[BaseModel], error: ErrorDetails, what: str = "key") -> str:
    """Return what is wrong with data that stand in no file: where in it, and a sentence.

    Args:
        model: What it was to be.
        error: pydantic's.
        what: What a key is called.
    """
    loc = error["loc"]
    where = ".".join(map(str, loc))[:80]
    if error["type"] == "extra_forbidden":
        parent = _model_at(model, loc[:-1])
        sentence = f"unknown {what}{meant(str(loc[-1]), _keys(parent) if parent else [])}"
    elif error["type"] == "missing":
        sentence = "missing"
    else:
        sentence = sentence_of(error)
    text = f"{where}: {sentence}" if where else sentence
    # A client's bytes that are no UTF-8 come as lone surrogates.
    return text.encode(errors="backslashreplace").decode()


def _problem(document: Document, model: type[BaseModel], error: ErrorDetails) -> Problem:
    loc = _written(document, error["loc"])
    if error["type"] == "extra_forbidden":
        parent = _model_at(model, loc[:-1])
        hint = _hint(str(loc[-1]), parent) if parent else ""
        return document.problem(loc, f"unknown key{hint}", at_key=True)
    if error["type"] == "missing":
        return document.problem(loc, "missing")
    return document.problem(loc, sentence_of(error))


def _hint(key: str, parent: type[BaseModel]) -> str:
    """Say what an unknown key was most likely meant to be, or where it belongs."""
    keys = _keys(parent)
    if near := meant(key, keys):
        return near
    for section in keys:
        inside = _model_at(parent, (section,))
        for each in _keys(inside) if inside else ():
            if each == key or (len(key) >= 3 and each.startswith(key)):
                return f"; did you mean {each!r} below {section!r}?"
    return "; a value for templates goes below 'params'" if "params" in keys else ""


def sentence_of(error: ErrorDetails) -> str:
    """Return pydantic's message in one sentence that quotes the value."""
    value = error.get("input")
    if error["type"] in ("value_error", "assertion_error"):
        return error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if error["type"] in _SHAPES:
        kind = {list: "a list", dict: "a mapping", type(None): "nothing"}.get(type(value))
        return f"must be {_SHAPES[error['type']]}, not {kind or repr(str(value)[:80])}"
    text = error["msg"].removeprefix("Input ")
    text = text[0].lower() + text[1:]
    return f"{str(value)[:80]!r} {text}"


_SHAPES = {
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "string_type": "text",
    "string_too_short": "text",
    "tuple_type": "a list",
    "list_type": "a list",
    "path_type": "a path",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


def nearest(name: str, names: list[str]) -> str | None:
    """Return the one of ``names`` that ``name`` was most likely meant to be."""
    if len(name) <= 3:  # in so few letters any two are alike: 'mac' is not meant to be 'match'
        names = [each for each in names if abs(len(each) - len(name)) <= 1]
    close = difflib.get_close_matches(name[:80].lower(), names, n=1, cutoff=0.6)
    return close[0] if close else None


def meant(name: str, names: list[str]) -> str:
    """Return the end of a sentence that asks whether the `nearest` was meant; empty for none."""
    near = nearest(name, names)
    return f"; did you mean {near!r}?" if near else ""


def _written(document: Document, loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Drop the steps that pydantic adds for the arms of a union (``str``, ``list[str]``)."""
    kept: list[int | str] = []
    data: Any = document.data
    for at, step in enumerate(loc):
        if isinstance(data, dict) and isinstance(step, str):
            if step not in data and at < len(loc) - 1:
                continue  # the arm of a union, whose keys come next
            kept.append(step)
            data = data.get(step, _BEYOND)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            kept.append(step)
            data = data[step]
        elif at == len(loc) - 1 and data is _BEYOND:
            kept.append(step)
    return tuple(kept)


_BEYOND = object()


@cache
def _known(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(_keys(model))


def _keys(model: type[BaseModel]) -> list[str]:
    return [key for name, field in model.model_fields.items() for key in _spellings(name, field)]


def _spellings(name: str, field: FieldInfo) -> list[str]:
    if isinstance(field.validation_alias, AliasChoices):
        return [key for key in field.validation_alias.choices if isinstance(key, str)]
    return [name]


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    here: Any = model
    for step in loc:
        if isinstance(step, int):
            continue  # _unwrap() has already stepped into the list
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(step)
            here = _unwrap(field.annotation) if field else None
        else:
            here = None
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _unwrap(annotation: Any) -> Any:
    """Return the model inside ``list[Model]``, ``tuple[Model, ...]`` or ``Model | None``."""
    if get_origin(annotation) is Annotated:
        return _unwrap(get_args(annotation)[0])
    if get_origin(annotation) in (list, tuple, Union, UnionType):
        models = [_unwrap(arm) for arm in get_args(annotation)]
        return next((m for m in models if isinstance(m, type) and issubclass(m, BaseModel)), None)
    return annotation
