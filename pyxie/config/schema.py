"""JSON Schema (2020-12) of the operator's files, made of the models, for editors.

It takes what pyxie takes: values are texts there, so an editor's number or boolean is one
too, a key with nothing behind it counts as not written, and one text does for a list.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import AliasChoices, BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pyxie.config.values import listed, one_or_more

_TEXT = ["string", "number", "boolean"]
_ENTRY = re.compile(r"^    ([\w, ]+): (.*(?:\n     .*)*)", re.MULTILINE)
_NETWORKS = tuple({"format": f"ipv{version}network", "type": "string"} for version in (4, 6))


def schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    """Return the schema of a file that is read as ``model``."""
    found = model.model_json_schema(schema_generator=_Generator)
    definitions: dict[str, Any] = found.get("$defs", {})
    for inner in (found, *definitions.values()):
        if "properties" in inner:
            inner["properties"] = {key: _or_null(each) for key, each in inner["properties"].items()}
            inner.pop("required", None)  # a machine without ``hostname`` has its file's name
    for field in model.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            first, *others = map(str, field.validation_alias.choices)
            for other in others:
                text = f"An older name of {first!r}; only one of both."
                found["properties"][other] = {**found["properties"][first], "description": text}
    found |= {"title": title}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _or_null(value: dict[str, Any]) -> dict[str, Any]:
    """Allow for a key with nothing behind it; also drop what tells nothing."""
    kept = {key: each for key, each in value.items() if key != "title"}
    if not kept.get("default") or isinstance(kept["default"], dict):
        kept.pop("default", None)
    if "type" in kept:
        types = kept["type"] if isinstance(kept["type"], list) else [kept["type"]]
        return {**kept, "type": [*types, "null"]}
    if "enum" in kept:
        return {**kept, "enum": [*kept["enum"], None]}
    about: dict[str, Any] = {
        key: kept.pop(key) for key in ("description", "default") if key in kept
    }
    arms = kept.pop("anyOf", None) or [kept]
    if {"type": "null"} not in arms:
        arms = [*arms, {"type": "null"}]
    return {**about, "anyOf": arms}


class _Generator(GenerateJsonSchema):
    """pydantic's, with values as an editor's YAML has them."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        return {**super().str_schema(schema), "type": list(_TEXT)}

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return {**super().int_schema(schema), "type": ["integer", "string"], "pattern": "^[0-9]+$"}

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:  # noqa: ARG002
        return {"enum": [True, False, "yes", "no", "on", "off"]}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        inner = found.get("additionalProperties")
        if isinstance(inner, dict):
            found["additionalProperties"] = _or_null(inner)
        return found

    def function_before_schema(
        self, schema: core_schema.BeforeValidatorFunctionSchema
    ) -> JsonSchemaValue:
        found = super().function_before_schema(schema)
        if found.get("anyOf") == list(_NETWORKS):
            return {"type": "string"}
        if schema["function"]["function"] in (listed, one_or_more) and "items" in found:
            return {"anyOf": [found["items"], found]}
        return found

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        model = schema["cls"]
        found["description"] = (inspect.getdoc(model) or "").partition("\n")[0]
        described = _attributes(model)
        for key, value in found.get("properties", {}).items():
            if key in described:
                if "$ref" in value:
                    value = {"anyOf": [value]}  # noqa: PLW2901
                found["properties"][key] = {**value, "description": described[key]}
        return found


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """Return what the docstrings of a model and its bases say of each key."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        _, _, section = (inspect.cleandoc(each.__doc__ or "")).partition("Attributes:\n")
        for names, text in _ENTRY.findall(section):
            plain = " ".join(text.split()).replace("``", "'")
            found |= dict.fromkeys(re.split(r", ", names), plain)
    return found
