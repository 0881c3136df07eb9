"""Why does it not boot? All rules, in the order in which they are asked. Pure.

What is wrong with pyxie and with the registry comes first, for nothing boots before that is mended;
then how far the last boot came. Each rule tells what it found, or lets the next one look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from pyxie.diagnosis import belonging, chainloading, hosting, imaging, installing, offering
from pyxie.diagnosis.course import Course, course
from pyxie.diagnosis.finding import Diagnosis, Standing
from pyxie.diagnosis.findings import Waiting
from pyxie.diagnosis.situation import Situation
from pyxie.recognition.recognise import Known, Mode

Rule: TypeAlias = Callable[[Situation, Course], Diagnosis | None]

OF_WHOM: Final[tuple[Rule, ...]] = (belonging.place, belonging.mode)
"""Is it to boot?"""
OF_PYXIE: Final[tuple[Rule, ...]] = (hosting.silent, hosting.clock, hosting.disk)
"""Can pyxie have it boot?"""
OF_ITS_WAY: Final[tuple[Rule, ...]] = (
    installing.token,
    *(offering.absent, offering.unanswered, offering.offered, offering.confirmed),
    *(chainloading.loader, chainloading.ipxe, chainloading.script),
    *(imaging.images, installing.kernel, installing.installer),
)
"""How far did it come? But for the first, each is of a stage of its own."""


def diagnose(now: Situation) -> Diagnosis:
    """Return why a machine does not boot, or what it waits for."""
    client = now.client
    build = client.build if isinstance(client, Known) and client.mode is Mode.IN_BUILD else None
    way = course(now.events, build.begun if build is not None else None)
    for rule in () if now.by_hand else OF_WHOM:
        found = rule(now, way)
        if found is not None:
            return found
    found = _on_its_way(now, way)
    served = belonging.served(now, way)
    if served is not None and (found is None or found.standing is not Standing.STUCK):
        return replace(served, until=found.until) if found is not None else served
    return found or Diagnosis(what=Waiting(step="discover", seconds=0.0, patience=0.0))


def _on_its_way(now: Situation, way: Course) -> Diagnosis | None:
    for rule in OF_PYXIE:
        found = rule(now, way)
        if found is not None:
            return found
    found = next(filter(None, (rule(now, way) for rule in OF_ITS_WAY)), None)
    loop = installing.loop(now, way)
    return loop if loop is not None and (found is None or not _says_why(found)) else found


def _says_why(found: Diagnosis) -> bool:
    """Tell whether more is known than that nothing more came."""
    return found.standing is Standing.STUCK and found.code not in _VAGUE


_VAGUE: Final = ("kernel-unstarted", "images-unasked", "installer-silent", "tftp-unreached")
