"""The OpenAPI 3.1 document, made of the operations that are declared, and of their models."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from pyxie import __version__
from pyxie.config.schema import schema
from pyxie.config.validate import Model
from pyxie.http.answers import Problem
from pyxie.http.examples import ANSWERS, PARAMETERS, REQUESTS, YAML_MACHINE
from pyxie.http.routing import BYTES, JSON, YAML, Operation
from pyxie.registry.machine import Machine

_REF: Final = "#/components/schemas/"
_MACHINE: Final = "Machine"
"""What a machine's file is called; its schema is the one that editors get."""
_MEANS: Final = {
    400: "The request is invalid; `detail` says why.",
    401: "The token is invalid.",
    403: "The caller has no management access, or its token's scope does not suffice.",
    404: "Not found: the machine, or what is asked about it, does not exist.",
    409: "The request conflicts with the current state; `detail` says how.",
    412: "A precondition failed: the file has changed, is missing, or exists already.",
    413: "The request body is too large.",
    415: "The media type of the request body is not supported.",
    428: "The header `If-Match` is required.",
    500: "The state database cannot be read, or pyxie has a bug; its log has the details.",
    503: "pyxie is busy, or a file system hangs; `Retry-After` says when to ask again.",
    507: "It could not be stored, for example because the disk is full.",
}
_ALWAYS: Final = (400, 401, 403, 500, 503)
_ABOUT: Final = {
    "hostname": "The machine's hostname, or the name of its file without the ending.",
    "mac": "The MAC address of the machine's NIC, in any notation.",
    "name": "The token's name.",
    "boot": "The `id` of a boot by hand.",
    "medium": "What an ISO image is called: its file's name in lower case, without `.iso`.",
    "recipe": "The name of a recipe, as `os` has it.",
    "image": "The `id` of a copy in the image store.",
    "kind": (
        "What to render: `preseed`, `finish`, a name of the machine's `templates`, `cmdline`,"
        " `script` (the iPXE script) or `meta-data`."
    ),
}
_DESCRIPTION: Final = (
    "Machines and their builds. All calls need management access: from the host itself, from a"
    " network in `api.allow`, or with a token that has the scope a call requires. Errors are"
    " problem details (RFC 9457)."
)


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the document.

    Args:
        operations: All that there are; those with an ``answer`` are in it.
    """
    described = [each for each in operations if each.answer is not None]
    paths: dict[str, dict[str, Any]] = {}
    for each in sorted(described, key=lambda operation: operation.path):
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "pyxie",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(described),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    summary, _, more = inspect.cleandoc(operation.handler.__doc__ or "").partition("\n")
    about = f"{more.strip()}\n\nRequired token scope: `{operation.scope}`.".strip()
    found: dict[str, Any] = {
        "operationId": f"{operation.method.lower()}{_camel(operation.path)}",
        "summary": summary.replace("``", "'"),
        "description": about.replace("``", "`"),
        "tags": [operation.path.split("/")[3]],
        "security": [{}, {"token": [str(operation.scope)]}],
        "parameters": [*_in_path(operation.path), *_in_query(operation), *_in_headers(operation)],
        "responses": _responses(operation),
    }
    if operation.body is not None:
        ref = {"$ref": _REF + _name(operation.body)}
        sent = REQUESTS[operation.method, operation.path]
        body = {
            kind: {"schema": ref, "example": YAML_MACHINE if kind == YAML else sent}
            for kind in operation.bodies
        }
        found["requestBody"] = {"content": body, "required": not operation.may_be_empty}
    elif operation.bodies == (BYTES,):
        bytes_ = {"schema": {"type": "string", "format": "binary"}, "example": "…"}
        found["requestBody"] = {"content": {BYTES: bytes_}, "required": True}
    return found


def _camel(path: str) -> str:
    words = re.findall(r"[a-z]+", path.removeprefix("/api/v1"))
    return "".join(word.capitalize() for word in words)


def _in_path(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _ABOUT[name],
            "example": PARAMETERS[name],
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _in_query(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    return [
        {
            "name": name,
            "in": "query",
            "description": each.pop("description"),
            "schema": _without_null(each),
        }
        for name, each in _described(operation.query)["properties"].items()
    ]


def _described(model: type[Model]) -> dict[str, Any]:
    """Return a model's schema, with what its docstring says of it and of each key."""
    words = schema(model, "")
    found = model.model_json_schema(ref_template=_REF + "{model}")
    found["description"] = words["description"]
    for name, each in found["properties"].items():
        each["description"] = words["properties"][name]["description"]
    return found


def _without_null(value: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or is not; it is never null."""
    kept = {key: each for key, each in value.items() if key not in ("title", "default")}
    arms = [each for each in kept.pop("anyOf", []) if each != {"type": "null"}]
    return {**kept, **(arms[0] if arms else {})}


def _in_headers(operation: Operation) -> list[dict[str, Any]]:
    if not operation.matched:
        return []
    about = "The ETag that `GET` returned, or `*` for any."
    named = [
        {
            "name": "If-Match",
            "in": "header",
            "description": about,
            "example": PARAMETERS["If-Match"],
        }
    ]
    if operation.created:
        about = "`*` to create the machine, instead of `If-Match`."
        named.append({"name": "If-None-Match", "in": "header", "description": about})
    return [{**each, "schema": {"type": "string"}} for each in named]


def _responses(operation: Operation) -> dict[str, Any]:
    well: dict[str, Any] = {"description": "Success."}
    if operation.answer:
        kind, fits = str(operation.answer), {"type": "string"}
        if isinstance(operation.answer, type):
            kind, fits = JSON, {"$ref": _REF + operation.answer.__name__}
        example = ANSWERS[operation.method, operation.path]
        well["content"] = {kind: {"schema": fits, "example": example}}
    found = {str(operation.status): well}
    if operation.created:
        found["201"] = {**well, "description": "The machine was created."}
    errors = {*_ALWAYS, *operation.errors, *((413,) if operation.body else ())}
    for status in sorted(errors):
        content = {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}}
        found[str(status)] = {"description": _MEANS[status], "content": content}
    return found


def _name(body: type[BaseModel]) -> str:
    if body is Machine:
        return _MACHINE
    return f"{body.__module__.rpartition('.')[2].removesuffix('s').capitalize()}{body.__name__}"


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return all schemas, by the names that the rest refers to."""
    found: dict[str, Any] = {}
    given: set[type[BaseModel]] = {Problem}
    for operation in operations:
        if isinstance(operation.answer, type):
            given.add(operation.answer)
        if operation.body is not None and operation.body is not Machine:
            found[_name(operation.body)] = _described(operation.body)
        if operation.query is not None:
            found |= operation.query.model_json_schema().get("$defs", {})
    ordered = sorted(given, key=lambda model: model.__name__)
    _, answers = models_json_schema(
        [(each, "serialization") for each in ordered], ref_template=_REF + "{model}"
    )
    found |= answers["$defs"]
    machine = json.loads(json.dumps(schema(Machine, _MACHINE)).replace("#/$defs/", _REF))
    found |= machine.pop("$defs", {})
    machine.pop("$schema", None)
    found[_MACHINE] = machine
    for each in list(found.values()):
        found |= each.pop("$defs", {})
    for each in found.values():
        if "description" in each:
            each["description"] = each["description"].replace("``", "`")
    return dict(sorted(found.items()))


@cache
def document_text(operations: tuple[Operation, ...]) -> bytes:
    """Return the document as JSON; made once."""
    return json.dumps(document(operations)).encode()
