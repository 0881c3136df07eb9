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
from pyxie.http.answers import Problem
from pyxie.http.routing import JSON, Operation
from pyxie.registry.machine import Machine

_REF: Final = "#/components/schemas/"
_MACHINE: Final = "Machine"
"""What a machine's file is called; its schema is the one that editors get."""
_MEANS: Final = {
    400: "What was sent does not fit.",
    401: "The token is good for nothing.",
    403: "Who asks may not manage pyxie, or its token's scope is too small.",
    404: "There is no such thing.",
    409: "It is not so that this could be done.",
    412: "The file is no longer what `If-Match` says.",
    413: "The body is too large.",
    415: "The body is of another type.",
    428: "`If-Match` is missing.",
    500: "The state cannot be read, or a bug.",
    507: "The disk is full.",
}
_ALWAYS: Final = (400, 401, 403, 500)
_ABOUT: Final = {
    "hostname": "The machine's name, or the name of its file without ending.",
    "mac": "The NIC's address, in any spelling.",
    "name": "The token's name.",
    "kind": "`preseed`, `finish`, a name of its `templates`, `cmdline`, `script` or `meta-data`.",
}
_DESCRIPTION: Final = (
    "Machines and their builds. Management is open to the host itself, to the networks in"
    " `api.allow`, and to bearers of a token with the scope that a call names. Errors are problem"
    " details (RFC 9457)."
)


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the document.

    Args:
        operations: All that there are; it tells of those that say what they answer.
    """
    told = [each for each in operations if each.answer is not None]
    paths: dict[str, dict[str, Any]] = {}
    for each in sorted(told, key=lambda operation: operation.path):
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
            "schemas": _schemas(told),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    summary, _, more = inspect.cleandoc(operation.handler.__doc__ or "").partition("\n")
    about = f"{more.strip()}\n\nA token needs the scope `{operation.scope}`.".strip()
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
        body = {kind: {"schema": ref} for kind in operation.bodies}
        found["requestBody"] = {"content": body, "required": not operation.may_be_empty}
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
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _in_query(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    properties = schema(operation.query, "")["properties"]
    plain = operation.query.model_json_schema(ref_template=_REF + "{model}")["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "schema": _without_null(each),
            "description": properties[name].get("description", ""),
        }
        for name, each in plain.items()
    ]


def _without_null(value: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or is not; it is never null."""
    kept = {key: each for key, each in value.items() if key not in ("title", "default")}
    arms = [each for each in kept.pop("anyOf", []) if each != {"type": "null"}]
    return {**kept, **(arms[0] if arms else {})}


def _in_headers(operation: Operation) -> list[dict[str, Any]]:
    if not operation.matched:
        return []
    about = "An ETag that `GET` gave, or `*`."
    named = [{"name": "If-Match", "in": "header", "description": about}]
    if operation.created:
        about = "`*`, instead of `If-Match`, to create the machine."
        named.append({"name": "If-None-Match", "in": "header", "description": about})
    return [{**each, "schema": {"type": "string"}} for each in named]


def _responses(operation: Operation) -> dict[str, Any]:
    well: dict[str, Any] = {"description": "It went well."}
    if isinstance(operation.answer, type):
        well["content"] = {JSON: {"schema": {"$ref": _REF + operation.answer.__name__}}}
    elif operation.answer:
        well["content"] = {operation.answer: {"schema": {"type": "string"}}}
    found = {str(operation.status): well}
    if operation.created:
        found["201"] = {**well, "description": "A new machine's file was written."}
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
            found[_name(operation.body)] = operation.body.model_json_schema(
                ref_template=_REF + "{model}"
            )
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
    return dict(sorted(found.items()))


@cache
def document_text(operations: tuple[Operation, ...]) -> bytes:
    """Return the document as JSON; made once."""
    return json.dumps(document(operations)).encode()
