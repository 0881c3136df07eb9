"""Every call of ``/api/v1``: what it takes, what it answers, what may go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel

from pyxie.config.validate import Model
from pyxie.http import answers, api, builds, lists, machines, tokens
from pyxie.http.query import Newest

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
TEXT: Final = "text/plain"
LINES: Final = "application/x-ndjson"
MACHINE: Final = "Machine"
"""Stands for a machine's file; its schema is the one that editors get."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call.

    Attributes:
        answer: The model of what it answers, or the type of what is no JSON; None for nothing.
        status: Of a call that went well.
        query: Its parameters.
        body: What it takes: a model, `MACHINE`, or nothing.
        bodies: The types that the body may have.
        may_be_empty: The body may be left out.
        errors: Of those that all calls have beside 400, 401, 403 and 500.
        matched: It wants ``If-Match``, as the word says or may.
        created: It may answer 201 as well.
    """

    answer: type[BaseModel] | str | None
    status: int = 200
    query: type[Model] | None = None
    body: type[Model] | str | None = None
    bodies: tuple[str, ...] = (JSON,)
    may_be_empty: bool = True
    errors: tuple[int, ...] = ()
    matched: bool = False
    created: bool = False


_WHOLE: Final = (JSON, machines.YAML)
_WRITING: Final = (409, 412, 415, 428, 507)

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = MappingProxyType(
    {
        ("GET", "/api/v1/machines"): Operation(answers.Machines, query=lists.OfMachines),
        ("POST", "/api/v1/machines"): Operation(
            *(answers.ShownMachine, 201),
            body=MACHINE,
            bodies=_WHOLE,
            may_be_empty=False,
            errors=(409, 415, 507),
        ),
        ("GET", "/api/v1/machines/{hostname}"): Operation(answers.ShownMachine, errors=(404,)),
        ("PUT", "/api/v1/machines/{hostname}"): Operation(
            answers.ShownMachine,
            body=MACHINE,
            bodies=_WHOLE,
            may_be_empty=False,
            errors=_WRITING,
            matched=True,
            created=True,
        ),
        ("PATCH", "/api/v1/machines/{hostname}"): Operation(
            answers.ShownMachine,
            body=MACHINE,
            bodies=(JSON, MERGE_PATCH),
            may_be_empty=False,
            errors=(404, *_WRITING),
            matched=True,
        ),
        ("DELETE", "/api/v1/machines/{hostname}"): Operation(
            *(None, 204),
            query=machines.Forced,
            errors=(404, 409, 412, 428, 507),
            matched=True,
        ),
        ("GET", "/api/v1/machines/{hostname}/definition"): Operation(
            answers.Definition, query=builds.OfType, errors=(404,)
        ),
        ("GET", "/api/v1/machines/{hostname}/templates/{kind}"): Operation(
            TEXT, query=builds.OfType, errors=(404, 409)
        ),
        ("GET", "/api/v1/builds"): Operation(answers.Builds, query=lists.OfBuilds),
        ("PUT", "/api/v1/builds/{hostname}"): Operation(
            answers.BegunBuild, body=builds.Wanted, errors=(404, 409, 507)
        ),
        ("DELETE", "/api/v1/builds/{hostname}"): Operation(answers.Build, errors=(404,)),
        ("POST", "/api/v1/builds/{hostname}/done"): Operation(answers.Build, errors=(404,)),
        ("POST", "/api/v1/builds/{hostname}/failed"): Operation(
            answers.Build, body=builds.Failure, errors=(404,)
        ),
        ("GET", "/api/v1/builds/{hostname}/log"): Operation(answers.LoggedBuild, errors=(404,)),
        ("GET", "/api/v1/discovered"): Operation(answers.Strangers, query=lists.OfStrangers),
        ("GET", "/api/v1/discovered/{mac}"): Operation(answers.Stranger, errors=(404,)),
        ("GET", "/api/v1/events"): Operation(LINES, query=api.OfStream),
        ("GET", "/api/v1/events/history"): Operation(answers.Events, query=lists.OfEvents),
        ("GET", "/api/v1/settings"): Operation(answers.Settings),
        ("GET", "/api/v1/tokens"): Operation(answers.Tokens),
        ("POST", "/api/v1/tokens"): Operation(
            *(answers.NewToken, 201), body=tokens.Wanted, may_be_empty=False, errors=(409,)
        ),
        ("DELETE", "/api/v1/tokens/{name}"): Operation(None, 204, errors=(404,)),
        ("GET", "/api/v1/audit"): Operation(answers.Audit, query=Newest),
    }
)
"""By method and path."""
