"""One declaration of an operation makes its route, says who may call it, and is true."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.http.routing import OPEN, Operation, Routes, install, pattern
from pyxie.operations import operations
from pyxie.registry.machine import Machine
from tests.http.site import Served, serving

ALL = {
    (each.method, each.path, each.handler): each
    for version in (1, 3)
    for each in operations(version)
}


async def handler(_request: web.Request) -> web.Response:
    return web.Response()


class TestDeclaration:
    def test_without_a_scope_reading_needs_read_and_all_else_admin(self) -> None:
        routes = Routes()
        for declare in (routes.get, routes.post, routes.put, routes.patch, routes.delete):
            declare("/a")(handler)

        assert [(each.method, each.scope) for each in routes] == [
            ("GET", Scope.READ),
            ("POST", Scope.ADMIN),
            ("PUT", Scope.ADMIN),
            ("PATCH", Scope.ADMIN),
            ("DELETE", Scope.ADMIN),
        ]

    def test_holds_for_each_of_its_paths(self) -> None:
        routes = Routes()

        routes.put("/a", "/b", scope=Scope.BUILD)(handler)

        assert list(routes) == [
            Operation(method="PUT", path="/a", handler=handler, scope=Scope.BUILD),
            Operation(method="PUT", path="/b", handler=handler, scope=Scope.BUILD),
        ]

    def test_of_what_installers_call_is_of_get_and_post_open_and_lenient(self) -> None:
        routes = Routes()

        routes.called("/done/{hostname}/{token}")(handler)

        assert [(each.method, each.scope, each.lenient, each.head) for each in routes] == [
            ("GET", OPEN, True, False),
            ("POST", OPEN, True, False),
        ]
        assert {pattern(each) for each in routes} == {
            "/{_0:/*}done/{_1:/*}{hostname}/{_2:/*}{token}{_:/*}"
        }

    def test_of_a_get_is_one_of_head_too_unless_it_says_no(self) -> None:
        routes = Routes()
        routes.get("/a", scope=OPEN)(handler)
        routes.get("/b", allow_head=False)(handler)
        routes.put("/b")(handler)

        routed = install(web.UrlDispatcher(), routes)

        assert [(route.method, operation.scope) for route, operation in routed.items()] == [
            ("HEAD", OPEN),
            ("GET", OPEN),
            ("GET", Scope.READ),
            ("PUT", Scope.ADMIN),
        ]


class TestAllOperations:
    @pytest.mark.parametrize("version", [1, 3])
    def test_none_is_declared_twice(self, version: int) -> None:
        declared = [(each.method, each.path) for each in operations(version)]

        assert len(declared) == len(set(declared))

    @pytest.mark.parametrize(
        "operation", ALL.values(), ids=lambda each: f"{each.method} {each.path}"
    )
    def test_the_handler_reads_what_is_declared(self, operation: Operation) -> None:
        """A machine's file, which a handler reads as text, is judged by the registry."""
        declared = {
            ("query", operation.query),
            ("body", None if operation.body is Machine else operation.body),
        }

        assert set(read(operation)) == {each for each in declared if each[1] is not None}


def read(operation: Operation) -> Iterator[tuple[str, object]]:
    """Yield by which models a handler reads its query and its body."""
    function = inspect.unwrap(operation.handler)
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        match node:
            case ast.Call(
                func=ast.Name(id="query" | "body" as what),
                args=[ast.Name(id="request"), ast.Name(id=model)],
            ):
                yield what, inspect.getclosurevars(function).globals[model]
            case _:
                pass


class TestRouteThatIsNotDeclared:
    async def test_is_not_open(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            _add(served, "/undeclared")

            assert (await served.get("/undeclared")).status == 403


def _add(served: Served, path: str) -> None:
    assert served.server._runner is not None
    router = served.server._runner.app.router
    router._frozen = False
    router.add_get(path, handler)
