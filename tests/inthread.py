"""What renders in the place of processes: a thread, with the same messages to and from it."""

from __future__ import annotations

import asyncio
import os
import pickle
from dataclasses import replace

from pyxie.config.settings import Settings
from pyxie.errors import NotServedError, RenderError
from pyxie.media.extents import read
from pyxie.media.facts import Contents
from pyxie.media.isoreader import look
from pyxie.openfile import OpenFile
from pyxie.render.rendering import Rendering
from pyxie.render.uses import noting
from pyxie.workers.jobs import Job
from pyxie.workers.lane import Lane
from pyxie.workers.made import Made, fault_of, from_plain, plain


class InThread:
    """A `pyxie.workers.trials.Runner` without processes, and so without limits."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._rendering: Rendering | None = None

    async def run(self, job: Job, settings: Settings, lane: Lane) -> Made:
        sent = pickle.dumps(job)
        if self._rendering is None or self._rendering.settings is not settings:
            self._rendering = Rendering(settings)
        made = await asyncio.to_thread(_done, self._rendering, sent)
        if made.error is not None:
            raise made.error.error()
        return made


def _done(rendering: Rendering, sent: bytes) -> Made:
    job: Job = pickle.loads(sent)
    with noting() as uses:
        try:
            made = job.do(rendering)
        except (NotServedError, RenderError) as exc:
            made = Made(error=fault_of(exc))
    made = replace(made, files=uses.files, lasting=uses.lasting)
    return from_plain(plain(made), made.text)


async def look_in_thread(image: OpenFile) -> Contents:
    """Read a medium, as `pyxie.workers.looks.Looks` has it done, without a process."""
    with image.descriptor as number:
        return await asyncio.to_thread(_looked, os.dup(number))


def _looked(number: int) -> Contents:
    with os.fdopen(number, "rb") as image:
        seen = look(image)
        return Contents(seen.facts, read(seen.index, os.fstat(number).st_size))
