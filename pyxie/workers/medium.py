"""A worker that reads one medium, says what it holds, and ends; within limits, as all of them."""

from __future__ import annotations

import json
import os
import socket
from typing import Final

from pydantic import TypeAdapter

from pyxie.bounds import MEDIUM_CPU, MEDIUM_MEMORY
from pyxie.media.extents import MediumError
from pyxie.media.facts import Facts
from pyxie.media.isoreader import look
from pyxie.workers.frames import packed
from pyxie.workers.walls import bound_cpu, confine

FACTS: Final = TypeAdapter(Facts)


def read(line: socket.socket, number: int) -> None:
    """Say by ``line`` what the open file of that number holds."""
    confine(MEDIUM_MEMORY.whole)
    bound_cpu(MEDIUM_CPU.most)
    line.sendall(_said(number))


def _said(number: int) -> bytes:
    try:
        with os.fdopen(number, "rb", closefd=False) as image:
            seen = look(image)
        facts = FACTS.dump_python(seen.facts, mode="json")
        return packed(json.dumps({"facts": facts}).encode(), "\n".join(seen.index))
    except MediumError as exc:
        return _error(str(exc))
    except MemoryError:
        return _error(f"takes more than {MEDIUM_MEMORY.whole} MiB to be read", exhausted=True)
    except OSError as exc:
        return _error(f"cannot be read: {exc.strerror}")
    except Exception as exc:  # noqa: BLE001 - pycdlib trusts some numbers more than others
        return _error(f"cannot be read: what it says cannot be ({type(exc).__name__})")


def _error(why: str, *, exhausted: bool = False) -> bytes:
    return packed(json.dumps({"error": why, "exhausted": exhausted}).encode())
