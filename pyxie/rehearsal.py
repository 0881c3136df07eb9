"""Everything that a build will serve, rendered once before it begins.

What fails here would have failed on the machine, half-way through its installation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial

from pyxie.errors import NotServedError, RenderError
from pyxie.hooks.orders import KINDS, order
from pyxie.images.spec import Images, check_local, images_of
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext, template_names
from pyxie.render.rendering import Rendering, kinds


def rehearse(rendering: Rendering, machine: Machine, context: BuildContext) -> None:
    """Render all that the machine would be given.

    Args:
        rendering: Makes it.
        machine: With all that it inherits.
        context: Of a build that has not begun.

    Raises:
        NotServedError: A file, or a kernel's name, is missing.
        RenderError: A template cannot be rendered.
    """
    for error in faults(rendering, machine, context):
        raise error


def faults(
    rendering: Rendering, machine: Machine, context: BuildContext
) -> Iterator[NotServedError | RenderError]:
    """Yield all that keeps ``machine`` from being built; as `rehearse`."""
    if not machine.macs and machine.match is None:
        why = f"{machine.hostname} has no 'macaddress' and no 'match'"
        yield NotServedError("network", why)
    known = replace(context, mac=next(iter(machine.macs), ""))
    folder = rendering.settings.images
    steps: list[Callable[[], object]] = [
        *(
            partial(rendering.script, machine, replace(context, mac=mac), context.base_url)
            for mac in machine.macs or ("",)
        ),
        *(partial(check_local, each, folder) for each in _singly(machine)),
        *(partial(rendering.template, machine, kind, known) for kind in kinds(machine)),
        *_hooks(rendering, machine, known),
    ]
    for step in steps:
        try:
            step()
        except (NotServedError, RenderError) as exc:
            yield exc


def _singly(machine: Machine) -> list[Images]:
    with suppress(NotServedError):  # no kernel is named, of which the script tells
        images = images_of(machine)
        return [Images(image, ()) for image in (images.kernel, *images.initrds)]
    return []


def _hooks(
    rendering: Rendering, machine: Machine, context: BuildContext
) -> Iterator[Callable[[], object]]:
    names = template_names(machine, rendering.settings, context)
    for kind in KINDS:
        for hook in getattr(machine, f"{kind}_commands"):
            known = {**names, "event": kind, "attempt": 1}
            yield partial(order, rendering.renderer, kind, hook, known)
