"""Operations: what can be asked of pyxie over HTTP, each declared once, at its handler.

The routes, the scope that the gate asks for, the OpenAPI document and the check of
docs/rest.md are all made of these declarations.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias, TypedDict, TypeVar, Unpack

from aiohttp import web
from pydantic import BaseModel

from pyxie.access.scope import Scope
from pyxie.bounds import BODY_LENGTH, Bound
from pyxie.builds.life import Build
from pyxie.config.validate import Model
from pyxie.http.caller import Client
from pyxie.http.knownheads import Head
from pyxie.http.sending import FileReply

JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
LINES: Final = "application/x-ndjson"
MERGE_PATCH: Final = "application/merge-patch+json"
"""RFC 7396."""
TEXT: Final = "text/plain"
YAML: Final = "application/yaml"
"""RFC 9512."""
NOTHING: Final = ""
"""The media type of an answer without a body."""
OPEN: Final = None
"""The scope of what is open to all."""

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)


class Call(NamedTuple):
    """A GET that may be answered at once.

    Attributes:
        app: Has the parts.
        client: Who asks.
        word: What stands in its path for the pattern at the end, if there is one.
        head: All that it says.
        words: What stands in its path for patterns, where there are several, by their names.
    """

    app: web.Application
    client: Client
    word: str
    head: Head
    words: Mapping[str, str] = {}


class Reply(NamedTuple):
    """An answer with status 200.

    Attributes:
        kind: Its media type.
        body: Its bytes.
        build: The machine's, where the same head is answered by the same bytes for as long as
            that build, machine files, settings, interfaces and templates are the same; see
            `pyxie.http.keptanswers`.
        tell: Takes note of what each such request tells, by who sends it, this one's too.
        first: What is waited for before it is sent, once that is told; of none that is kept.
    """

    kind: str
    body: bytes
    build: Build | None = None
    tell: Callable[[Client], None] = lambda _client: None
    first: Callable[[], Awaitable[None]] | None = None


AtOnce: TypeAlias = Callable[[Call], Reply | None]
"""Answers as the handler would, without waiting for more than it says, or not at all: None, if that
is not ready. Then nothing is told; and nothing is changed, but by what is told."""
SentAtOnce: TypeAlias = Callable[[Call], FileReply | None]
"""The same of what answers with a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    Attributes:
        method: In capitals.
        path: As aiohttp writes patterns.
        handler: Answers it; its docstring is what the document says of it.
        scope: What a token needs for it; `OPEN` if it needs none.
        head: It answers HEAD too.
        answer: The model of what it answers, or a media type if that is no JSON; None for
            what is not in the OpenAPI document.
        status: Of success.
        query: Its parameters.
        body: The model of what it takes.
        bodies: The media types that the body may have.
        may_be_empty: The body may be left out.
        errors: Statuses, beside those that all calls may answer.
        matched: It takes ``If-Match``.
        created: It also takes ``If-None-Match: *``, and then answers 201.
        most: Bytes of a body that are taken.
        lenient: Its path may have doubled slashes, and some at its end.
        audited: It is a change, of which the audit log is told.
        at_once: What answers it where all is ready; see `pyxie.http.atonce`.
        sent_at_once: The same, where that is a file.
    """

    method: str
    path: str
    handler: Handler
    scope: Scope | None
    head: bool = False
    answer: type[BaseModel] | str | None = None
    status: int = 200
    query: type[Model] | None = None
    body: type[Model] | None = None
    bodies: tuple[str, ...] = (JSON,)
    may_be_empty: bool = True
    errors: tuple[int, ...] = ()
    matched: bool = False
    created: bool = False
    most: Bound = BODY_LENGTH
    lenient: bool = False
    audited: bool = True
    at_once: AtOnce | None = None
    sent_at_once: SentAtOnce | None = None


class Declared(TypedDict, total=False):
    """What a declaration may say of an `Operation` beside its method and paths."""

    scope: Scope | None
    answer: type[BaseModel] | str
    status: int
    query: type[Model]
    body: type[Model]
    bodies: tuple[str, ...]
    may_be_empty: bool
    errors: tuple[int, ...]
    matched: bool
    created: bool
    most: Bound
    lenient: bool
    audited: bool
    at_once: AtOnce
    sent_at_once: SentAtOnce


class Routes:
    """The operations of a module, in the order in which they are declared.

    A decorator declares the same for each of its paths. Without a scope, GET needs ``read``
    and all else ``admin``.
    """

    def __init__(self) -> None:
        self._operations: list[Operation] = []

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    def get(
        self, *paths: str, allow_head: bool = True, **declared: Unpack[Declared]
    ) -> Callable[[H], H]:
        """Declare a GET; without ``allow_head`` HEAD is 405, for what changes something."""
        return self._declare("GET", paths, {"scope": Scope.READ, **declared}, head=allow_head)

    def called(self, *paths: str, most: Bound = BODY_LENGTH) -> Callable[[H], H]:
        """Declare what installers call with the token of their build, open to all.

        POST is as good as GET, since some can do nothing else (cloud-init's ``phone_home``);
        HEAD is neither. An address that was put together with a slash too many is meant, too.
        """

        def declare(handler: H) -> H:
            for declared in (
                self.get(*paths, allow_head=False, scope=OPEN, lenient=True, most=most),
                self.post(*paths, scope=OPEN, lenient=True, most=most),
            ):
                declared(handler)
            return handler

        return declare

    def post(self, *paths: str, **declared: Unpack[Declared]) -> Callable[[H], H]:
        """Declare a POST."""
        return self._declare("POST", paths, {"scope": Scope.ADMIN, **declared})

    def put(self, *paths: str, **declared: Unpack[Declared]) -> Callable[[H], H]:
        """Declare a PUT."""
        return self._declare("PUT", paths, {"scope": Scope.ADMIN, **declared})

    def patch(self, *paths: str, **declared: Unpack[Declared]) -> Callable[[H], H]:
        """Declare a PATCH."""
        return self._declare("PATCH", paths, {"scope": Scope.ADMIN, **declared})

    def delete(self, *paths: str, **declared: Unpack[Declared]) -> Callable[[H], H]:
        """Declare a DELETE."""
        return self._declare("DELETE", paths, {"scope": Scope.ADMIN, **declared})

    def _declare(
        self, method: str, paths: tuple[str, ...], declared: Declared, *, head: bool = False
    ) -> Callable[[H], H]:
        def declare(handler: H) -> H:
            for path in paths:
                self._operations.append(
                    Operation(method=method, path=path, handler=handler, head=head, **declared)
                )
            return handler

        return declare


def pattern(operation: Operation) -> str:
    """Return the path of an operation as aiohttp is to match it."""
    if not operation.lenient:
        return operation.path
    first, *rest = operation.path.split("/")[1:]
    more = "".join(f"/{{_{at}:/*}}{part}" for at, part in enumerate(rest, 1))
    return f"/{{_0:/*}}{first}{more}{{_:/*}}"


Routed: TypeAlias = dict[web.AbstractRoute, Operation]
"""Which operation a route of the application is of."""


def install(router: web.UrlDispatcher, operations: Iterable[Operation]) -> Routed:
    """Make the routes of ``operations``, in their order."""
    routed: Routed = {}
    for operation in operations:
        resource = router.add_resource(pattern(operation))
        for method in ("HEAD", operation.method) if operation.head else (operation.method,):
            routed[resource.add_route(method, operation.handler)] = operation
    return routed
