"""The screen Machines: the list of all, filtered and ordered, a hundred at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aiohttp import web

from pyxie.http.bodies import aside
from pyxie.http.page.frame import by_htmx, shown
from pyxie.http.page.machinesview import Facts, MachinesView, machines_view
from pyxie.http.page.machineswanted import PATH, Wanted
from pyxie.http.page.subscription import subscription
from pyxie.http.parts import CLOCK, INDEX, MACHINE_LIST, MACHINES, TRACE, TROUBLES
from pyxie.http.query import query
from pyxie.http.routing import Routes

routes = Routes()


@routes.get(PATH, query=Wanted)
async def machines(request: web.Request) -> web.Response:
    """Show it."""
    wanted = query(request, Wanted)
    live = subscription(request, "machines", **wanted.said())
    view = await listed(request, wanted)
    if not by_htmx(request) and not set(request.query) <= set(view.wanted.said()):
        # A form sends all of its fields, and who keeps the address wants no more than it takes.
        raise web.HTTPSeeOther(view.url)
    answer = await shown(
        request,
        "machines.html.j2",
        view,
        title="Machines",
        screen="machines",
        part="machines_part.html.j2",
        live=live,
    )
    if by_htmx(request):
        answer.headers["HX-Push-Url"] = view.url
    return answer


async def refused(request: web.Request, wanted: Wanted, mistake: str) -> web.Response:
    """Show it with what was wrong with what was pressed there."""
    view = replace(await listed(request, wanted), mistake=mistake)
    return await shown(
        request, "machines.html.j2", view, title="Machines", screen="machines", status=422
    )


async def listed(request: web.Request, wanted: Wanted) -> MachinesView:
    """Return the list, made in a thread."""
    await request.app[MACHINES].refresh()
    facts, now = gathering(request.app), request.app[CLOCK]()
    return await aside(request, lambda: machines_view(facts(), wanted, now))


def gathering(app: web.Application) -> Callable[[], Facts]:
    """Return what gathers, in a thread, what there is to show; as it is now."""
    builds, boots, trouble = tuple(app[INDEX].all()), app[TRACE].boots.all(), app[TROUBLES].of
    machine_list = app[MACHINE_LIST]

    def facts() -> Facts:
        known = machine_list.of_now()
        return Facts(
            known=known.all,
            groups=known.groups,
            types=known.types,
            builds={each.host: each for each in builds},
            boots=boots,
            trouble=trouble,
        )

    return facts
