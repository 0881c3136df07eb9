"""Nothing that was not asked to install may serve what wipes a disk.

It was asked for when the build began. A template that is edited since then, or a build type,
may install what began as a rescue; so what is sent is looked at again, of such builds.
"""

from __future__ import annotations

from aiohttp import web

from pyxie.builds.life import Build
from pyxie.errors import NotServedError
from pyxie.http.parts import POOLS, RENDERING
from pyxie.registry.machine import Machine
from pyxie.rehearsal import rehearse
from pyxie.render.asked import file_of
from pyxie.render.context import BuildContext
from pyxie.render.statics import served_folders, statics
from pyxie.wiping.forecast import Answer, Forecast, forecast, refusal


def is_spared(build: Build, machine: Machine) -> bool:
    """Tell whether what a build serves may not wipe a disk."""
    began = build.forecast
    return machine.wipes is False or (began is not None and began.answer is not Answer.YES)


def check_text(build: Build, machine: Machine, kind: str, text: str, base_url: str) -> None:
    """Check one template that is about to be sent.

    Args:
        build: Whose it is.
        machine: What that is built from, now.
        kind: The template, as it was asked for.
        text: As it would be sent.
        base_url: How its installer reaches us.

    Raises:
        NotServedError: It wipes a disk, and may not.
    """
    if is_spared(build, machine):
        _check(build, machine, _of_one(machine, kind, text, base_url))


async def check_boot(
    request: web.Request, build: Build, machine: Machine, context: BuildContext
) -> None:
    """Check all that a machine will be sent that is about to boot; raises as `check_text`.

    Args:
        request: Who asks.
        build: Of the machine.
        machine: What it is built from, now.
        context: Of the NIC that boots.
    """
    if is_spared(build, machine):
        tried = await request.app[POOLS].boot.run(
            rehearse, request.app[RENDERING](), machine, context
        )
        _check(build, machine, tried.forecast)


async def check_unknown(request: web.Request, machine: Machine, script: str, base_url: str) -> None:
    """Check what a machine without a file is about to boot; raises as `check_text`.

    It has no templates, for these are a build's; its answers may be a file of ours.
    """
    if machine.wipes is False:
        folders = served_folders(request.app[RENDERING]().settings)
        files = await request.app[POOLS].boot.run(statics, (script,), base_url, folders)
        why = refusal(forecast({}, script, base_url, files=files), None, forbidden=True)
        if why is not None:
            raise NotServedError("wipes", why)


def _of_one(machine: Machine, kind: str, text: str, base_url: str) -> Forecast:
    file = file_of(machine, kind)
    return forecast({file: text}, "", base_url, scripts=(machine.finish,))


def _check(build: Build, machine: Machine, now: Forecast) -> None:
    why = refusal(now, build.forecast, forbidden=machine.wipes is False)
    if why is not None:
        raise NotServedError("wipes" if machine.wipes is False else build.host, why)
