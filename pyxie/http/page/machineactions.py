"""What is done with one machine: a build of it begins, or ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.builds.life import Build
from pyxie.config.validate import Model
from pyxie.http.begin import begin
from pyxie.http.bodies import form
from pyxie.http.builds import cancelled, installed
from pyxie.http.page.actionview import review
from pyxie.http.page.bootrow import machine_path
from pyxie.http.page.bulkview import Action, Chosen
from pyxie.http.page.foreseeing import agreed, foreseen
from pyxie.http.page.frame import changed, shown
from pyxie.http.page.machinefacts import Facts, asked
from pyxie.http.page.machinelive import gathered
from pyxie.http.page.machineview import DONE
from pyxie.http.page.trying import Outcome
from pyxie.http.parts import SETTINGS
from pyxie.http.query import Text, query
from pyxie.http.routing import Routes

routes = Routes()

_PATH: Final = "/page/machines/{hostname}/"


class OfBuild(Model):
    """Which build.

    Attributes:
        type: One of ``build_types``; without, the machine's own.
    """

    type: Text = ""


@routes.get(f"{_PATH}build", scope=Scope.BUILD, query=OfBuild)
async def ask(request: web.Request) -> web.Response:
    """Show what a build would wipe, before it is begun."""
    return await _review(request, await asked(request), query(request, OfBuild).type)


@routes.post(f"{_PATH}build", scope=Scope.BUILD)
async def build(request: web.Request) -> web.Response:
    """Begin the build that was shown, if it is the same still."""
    of, sent = await asked(request), await form(request)
    build_type, sealed = sent.get("type", ""), sent.get("sealed", "")
    try:
        await begin(
            request,
            of.host,
            build_type or None,
            cause=f"POST {machine_path(of.host)}/build",
            replace="replace" in sent,
            agreed=agreed(request, of.host, sealed),
        )
    except web.HTTPClientError as exc:
        return await _review(request, of, build_type, exc)
    except web.HTTPInsufficientStorage as exc:
        return await _review(request, of, build_type, exc)
    raise web.HTTPSeeOther(f"{machine_path(of.host)}?done=begun")


async def _review(
    request: web.Request, of: Facts, build_type: str, refused: web.HTTPException | None = None
) -> web.Response:
    chosen = Chosen(action=Action.BUILD, hosts=(of.host,), build_type=build_type)
    (seen,) = await foreseen(request, chosen, {}, of.registry)
    why = "" if refused is None else refused.text or refused.reason
    view = review(machine_path(of.host), seen, build_type, request.app[SETTINGS]().build_types, why)
    status = 200 if refused is None else refused.status
    title = f"Build {of.host}"
    return await shown(
        request, "machine_build.html.j2", view, title=title, screen="machines", status=status
    )


@routes.post(f"{_PATH}cancel", scope=Scope.BUILD)
async def cancel(request: web.Request) -> web.Response:
    """Cancel the build that was shown."""
    return await _ended(request, cancelled, "cancelled")


@routes.post(f"{_PATH}done", scope=Scope.BUILD)
async def done(request: web.Request) -> web.Response:
    """Take the machine for installed by the build that was shown."""
    return await _ended(request, installed, "installed")


async def _ended(
    request: web.Request, end: Callable[[web.Request, int | None], Awaitable[Build]], done: str
) -> web.Response:
    number = (await form(request)).get("build", "")
    if not number.isdecimal():
        raise web.HTTPBadRequest(text="the form does not say which 'build'")
    await end(request, int(number))
    of = await asked(request)
    view = (await gathered(request.app, of, with_builds=False)).view()
    names = {"view": view, "outcome": Outcome(said=DONE[done])}
    path = f"{machine_path(of.host)}?done={done}"
    return await changed(request, path, "_machine_ended.html.j2", names)
