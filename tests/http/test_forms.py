"""What forms of the page send."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.http.bodies import fields, form
from pyxie.http.routing import Routes, install
from tests.http.site import Answer, Served, serving

FORM = "application/x-www-form-urlencoded"


def took(served: Served) -> None:
    """Have a site take forms at two paths of a test's own."""
    routes = Routes()

    @routes.post("/page/form", scope=Scope.BUILD)
    async def _form(request: web.Request) -> web.Response:
        return web.Response(text=repr(await form(request)))

    @routes.post("/page/fields", scope=Scope.BUILD)
    async def _fields(request: web.Request) -> web.Response:
        return web.Response(text=repr(await fields(request)))

    assert served.server._runner is not None
    router = served.server._runner.app.router
    router._frozen = False
    install(router, routes)


async def sent(served: Served, path: str, data: bytes, kind: str = FORM) -> Answer:
    return await served.ask("POST", path, data, Content_Type=kind)


class TestAForm:
    async def test_is_read_by_the_names_of_its_fields(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            took(served)

            answer = await sent(served, "/page/form", b"host=web01&note=&why=a+b%C3%A9")

            assert answer.text == repr({"host": "web01", "note": "", "why": "a bé"})

    async def test_may_have_a_field_several_times(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            took(served)

            answer = await sent(served, "/page/fields", b"host=web01&host=web02")

            assert answer.text == repr([("host", "web01"), ("host", "web02")])

    async def test_that_is_none_is_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            took(served)

            many = b"&".join(b"a=1" for _ in range(5001))
            assert (await sent(served, "/page/form", b"{}", "application/json")).status == 415
            assert (await sent(served, "/page/form", b"a=%ff")).status == 400
            assert (await sent(served, "/page/form", many)).status == 400
            assert (await sent(served, "/page/form", b"a" * (64 << 10) + b"a")).status == 413
