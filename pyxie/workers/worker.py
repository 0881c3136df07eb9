"""A worker: a process that renders what it is sent, within limits, and holds nothing else."""

from __future__ import annotations

import pickle
import resource
import socket
import traceback
from contextlib import suppress
from dataclasses import replace
from typing import Final

from pyxie.bounds import RENDER_CPU, RENDER_MEMORY
from pyxie.config.settings import Settings
from pyxie.errors import ExhaustedError, NotServedError, RenderError
from pyxie.render.deadline import TimeIsUpError, deadline
from pyxie.render.rendering import Rendering
from pyxie.render.uses import noting
from pyxie.workers.frames import HEAD, READY, packed
from pyxie.workers.jobs import Job
from pyxie.workers.made import Made, fault_of, plain
from pyxie.workers.walls import bound_cpu, confine

_LONGEST_BUG: Final = 8192
_GROWN: Final = 48 << 20
"""Bytes beyond what it began with, after which another takes its place."""


def work(line: socket.socket) -> None:
    """Do the jobs that come by ``line``, until it is closed or one has taken much."""
    confine(RENDER_MEMORY.whole)
    line.sendall(READY)
    rendering: Rendering | None = None
    at_first = _resident()
    while (message := _message(line)) is not None:
        sent: Settings | Job = pickle.loads(message)  # noqa: S301  (the daemon's own)
        if isinstance(sent, Settings):
            rendering = _ready(sent)
            continue
        assert rendering is not None  # noqa: S101
        with noting() as uses:
            made = _done(rendering, sent)
        # Who knows what it was in the middle of; and what it took, it may keep.
        last = _is_exhausted(made) or _resident() - at_first > _GROWN
        made = replace(made, files=uses.files, lasting=uses.lasting, last=last)
        line.sendall(packed(plain(made), made.text))
        if last:
            return


def _ready(settings: Settings) -> Rendering:
    """Return what renders, with what each boot needs at hand."""
    rendering = Rendering(settings)
    with suppress(Exception), deadline():  # it fails again where somebody is told
        rendering.read_script()
    return rendering


def _done(rendering: Rendering, job: Job) -> Made:
    bound_cpu(RENDER_CPU.most)
    try:
        with deadline():
            return job.do(rendering)
    except (NotServedError, RenderError) as exc:
        return Made(error=fault_of(exc))
    except TimeIsUpError as exc:
        return Made(error=fault_of(ExhaustedError(job.what, 0, str(exc))))
    except MemoryError:
        why = "took more memory than may be used for it, and was stopped"
        return Made(error=fault_of(ExhaustedError(job.what, 0, why)))
    except Exception:  # noqa: BLE001  (the daemon logs it)
        return Made(bug=traceback.format_exc()[-_LONGEST_BUG:])


def _is_exhausted(made: Made) -> bool:
    return made.error is not None and made.error.kind == "exhausted"


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _message(line: socket.socket) -> bytes | None:
    head = _exactly(line, HEAD.size)
    return _exactly(line, HEAD.unpack(head)[0]) if head else None


def _exactly(line: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        more = line.recv(size - len(data))
        if not more:
            return None
        data += more
    return bytes(data)
