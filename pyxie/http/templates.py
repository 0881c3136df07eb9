"""What every route that gives an installer a template has in common."""

from __future__ import annotations

from aiohttp import web

from pyxie.builds.life import Build
from pyxie.builds.unasked import check, is_spared
from pyxie.errors import BusyError, NotServedError, RenderError
from pyxie.events.kinds import TemplateFailed, TemplateFetched
from pyxie.http.edge import base_url, peer, text
from pyxie.http.parts import BUILDS, DEFINITIONS, RENDERING, TRACE
from pyxie.render.context import build_context
from pyxie.workers.jobs import Way


async def rendered(
    request: web.Request, build: Build, name: str, way: Way = "template"
) -> web.Response:
    """Answer with a template, and note that the machine of ``build`` is being installed.

    Args:
        request: With the build's token, which has been looked at.
        build: Whose template it is.
        name: What is asked for.
        way: How it is found.

    Raises:
        NotServedError: The machine has none of that name, or one that wipes a disk in a build
            that did not begin so; also in the trace.
        RenderError: It cannot be rendered; also in the trace.
        BusyError: Too much is asked for; also in the trace.
    """
    trace, at = request.app[TRACE], str(peer(request))
    machine = request.app[DEFINITIONS].of(build)
    context = build_context(build, machine, base_url(request))
    judged = is_spared(build, machine)
    try:
        made = await request.app[RENDERING].template(machine, name, context, way=way, judged=judged)
        check(build, machine, made.forecast)
    except (BusyError, NotServedError, RenderError) as exc:
        failed = TemplateFailed(name=name, why=str(exc))
        trace.record(failed, host=build.host, peer=at)
        raise
    await request.app[BUILDS].installing(build, f"fetched {name}", at, None)
    fetched = TemplateFetched(name=name)
    trace.record(fetched, mac=build.mac, host=build.host, peer=at)
    return web.Response(text=made.text, content_type="text/plain")


def unrendered(exc: NotServedError | RenderError) -> web.Response:
    """Answer in waitron's words that there is no template to give, and why."""
    return text(f"Unable to render template\n{exc}", 400)
