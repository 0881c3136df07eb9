"""Everything that a build will serve, rendered once before it begins.

What fails here would have failed on the machine, half-way through its installation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from pyxie.advice.adviser import advise, placed
from pyxie.advice.served import Advice, Served
from pyxie.config.build import Hook
from pyxie.config.nodes import Loc
from pyxie.errors import ExhaustedError, NotServedError, RenderError
from pyxie.events.wipes import in_words
from pyxie.hooks.orders import KINDS, order
from pyxie.images.length import cut, sentence
from pyxie.images.load import Load
from pyxie.images.spec import Images, check_ours, described, images_of, served_name
from pyxie.registry.define import Definition
from pyxie.registry.machine import Machine, codes_of
from pyxie.registry.merge import Place
from pyxie.registry.origins import own
from pyxie.render.asked import file_of, missing, no_template
from pyxie.render.context import BuildContext
from pyxie.render.deadline import TimeIsUpError
from pyxie.render.reads import reading
from pyxie.render.rendering import SCRIPT, Boot, Rendering, kinds
from pyxie.render.statics import served_folders, statics
from pyxie.wiping.forecast import Answer, Forecast, forecast, refusal

_KEYS: Final = ("cmdline", "initrd", "loader")
"""Keys that are at fault as a whole, not by a file that they name."""

_SOME_NIC: Final = "01-00-00-00-00-00-00"
"""Stands for the one that will boot: all are as long."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of it.

    Attributes:
        faults: All that keeps the machine from being built.
        served: What a build would serve; of what has a fault, nothing.
        forecast: What that would wipe.
    """

    faults: tuple[NotServedError | RenderError, ...]
    served: Served
    forecast: Forecast

    def sound(self) -> Served:
        """Return what a build would serve; raises the first of the faults."""
        for fault in self.faults:
            raise fault
        return self.served


def rehearse(
    rendering: Rendering,
    machine: Machine,
    context: BuildContext,
    written: frozenset[Loc] = frozenset(),
) -> Rehearsal:
    """Render all that the machine would be given.

    Args:
        rendering: Makes it.
        machine: With all that it inherits.
        context: Of a build that has not begun.
        written: The paths of what its own file says.
    """
    with reading() as reads:
        try:
            tried = _rehearsed(rendering, machine, context)
        except (ExhaustedError, TimeIsUpError) as exc:  # what is left has no time
            fault = (
                exc
                if isinstance(exc, ExhaustedError)
                else ExhaustedError(f"what {machine.hostname} is given", 0, str(exc))
            )
            none = Served(machine=machine, base_url=context.base_url, token=context.token, texts={})
            tried = Rehearsal((fault,), none, Forecast())
    served = replace(tried.served, reads=frozenset(reads), written=written)
    return replace(tried, served=served)


def _rehearsed(rendering: Rendering, machine: Machine, context: BuildContext) -> Rehearsal:
    faults: list[NotServedError | RenderError] = []
    if not machine.macs and machine.match is None:
        why = f"{machine.hostname} has no 'macaddress' and no 'match'"
        faults.append(NotServedError("network", why))

    def tried(step: Callable[[], str | None]) -> str:
        try:
            return step() or ""
        except ExhaustedError:
            raise
        except (NotServedError, RenderError) as exc:
            faults.append(exc)
            return ""

    known = replace(context, mac=next(iter(machine.macs), context.mac))
    # A command line may be another for each NIC; one that a match tells is in no file.
    nics = dict.fromkeys((*machine.macs, *filter(None, (context.mac,)))) or ("",)
    boots: list[Boot] = []

    def script(mac: str) -> str:
        asked = replace(context, mac=mac)
        text, boot = rendering.scripted(machine, asked, context.base_url)
        boots.append(boot)
        return text

    scripts = [tried(partial(script, mac)) for mac in nics]
    settings = rendering.settings
    ours = settings.images, settings.isos, settings.image_store.folders
    for each in _singly(boots[0].images if boots else _images(machine)):
        tried(partial(check_ours, each, *ours))
    texts = {
        kind: tried(partial(rendering.template, machine, kind, known)) for kind in kinds(machine)
    }
    hooks = {
        kind: [tried(hook) for hook in each] for kind, each in _hooks(rendering, machine, known)
    }
    boot = boots[0] if scripts[0] else None
    load = boot.load(_SOME_NIC, machine.bootif) if boot else None
    if load:
        tried(partial(_fits, load, machine))
    served = Served(
        machine=machine,
        base_url=context.base_url,
        token=context.token,
        cmdline=boot.cmdline if boot else "",
        kernel=served_name(boot.images.kernel) if boot else "",
        load=load,
        script=scripts[0],
        texts=texts,
        hooks=tuple(hooks["pxeevent"] + hooks["stalebuild"]),
    )
    faults += _asked_in_vain(served)
    wiped = forecast(
        {file_of(machine, kind): text for kind, text in texts.items()},
        " ".join((served.cmdline, *scripts)),
        served.base_url,
        scripts=(machine.finish,),
        files=statics(
            (*texts.values(), *scripts), served.base_url, served_folders(rendering.settings)
        ),
    )
    refused = refusal(wiped, None, forbidden=machine.wipes is False)
    if refused is not None:
        faults.append(NotServedError("wipes", refused))
    return Rehearsal(tuple(faults), served, wiped)


def _asked_in_vain(served: Served) -> Iterator[NotServedError]:
    """Yield what command line and script have the machine ask for, and it will not get."""
    told: set[str] = set()
    for what, text in (("cmdline", served.cmdline), (SCRIPT, served.script)):
        for word in missing(served.machine, text, served.token):
            if word not in told:
                told.add(word)
                yield NotServedError(what, no_template(served.machine, word))


def expected(
    rendering: Rendering, definition: Definition, context: BuildContext
) -> dict[str, object]:
    """Return what would come of a build, as the API tells of it."""
    tried = rehearse(rendering, definition.machine, context, own(definition.merged))
    advice = () if tried.faults else advise(tried.served)
    return told_of(definition, tried.faults, advice, tried.forecast)


def told_of(
    definition: Definition,
    faults: Sequence[NotServedError | RenderError],
    advice: Sequence[Advice],
    forecast: Forecast,
) -> dict[str, object]:
    """Return what would come of a build, as the API tells of it, once it has been tried."""
    # Of what cannot be rendered nobody knows what it wipes.
    known = not faults or forecast.answer is Answer.YES
    images: list[dict[str, str | None]] = []
    with suppress(NotServedError):  # no kernel is named, which is among the faults
        images = described(definition.machine)
    return {
        "images": images,
        "problems": [said(definition, fault) for fault in faults],
        "advice": [str(placed(each, definition)) for each in advice],
        "wipes": in_words(definition.machine.hostname, forecast) if known else None,
    }


def where_written(definition: Definition, fault: NotServedError | RenderError) -> Place | None:
    """Return where the param was written that is at fault, if it is one."""
    value = fault.value if isinstance(fault, RenderError) else ""
    params = definition.machine.params
    name = next((name for name, each in params.items() if value and each == value), None)
    return definition.merged.place(("params", name)) if name is not None else None


def said(definition: Definition, fault: NotServedError | RenderError) -> str:
    """Return a fault in one sentence, with the place where it is to be mended."""
    if isinstance(fault, NotServedError):
        written = definition.merged.place((fault.what,)) if fault.what in _KEYS else None
        return str(written.problem(fault.why)) if written else str(fault)
    written = where_written(definition, fault)
    return str(written.problem(fault.problem)) if written else str(fault)


def _fits(load: Load, machine: Machine) -> None:
    """Refuse a command line that would be cut; raises NotServedError."""
    over, all_of_them = cut(load, codes_of(machine))
    if all_of_them:
        raise NotServedError("cmdline", sentence(load, over[-1]))


def _singly(images: Images | None) -> list[Images]:
    return [Images(image, ()) for _, image in images.parts] if images else []


def _images(machine: Machine) -> Images | None:
    with suppress(NotServedError):  # no kernel is named, of which the script tells
        return images_of(machine)
    return None


def _hooks(
    rendering: Rendering, machine: Machine, context: BuildContext
) -> Iterator[tuple[str, list[Callable[[], str]]]]:
    names = rendering.names(machine, context)
    for kind in KINDS:
        known = {**names, "event": kind, "attempt": 1}
        hooks = getattr(machine, f"{kind}_commands")
        yield kind, [partial(_order, rendering, kind, hook, known) for hook in hooks]


def _order(rendering: Rendering, kind: str, hook: Hook, names: dict[str, object]) -> str:
    made = order(rendering.renderer, kind, hook, names)
    return " ".join((*made.command, made.url))
