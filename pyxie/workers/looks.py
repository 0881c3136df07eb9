"""What the daemon has read of media: asked of a process each, and checked when it answers."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from typing import Final

from pyxie.bounds import MEDIUM_CPU, MEDIUM_INDEX, MEDIUM_MEMORY, MEDIUM_TIME
from pyxie.errors import BusyError
from pyxie.media.asrecipe import LINES
from pyxie.media.extents import MediumError, read
from pyxie.media.facts import Contents, check
from pyxie.openfile import OpenFile
from pyxie.threads import Pool
from pyxie.workers.child import Forks
from pyxie.workers.frames import HEAD, FrameError, lengths, letters_of
from pyxie.workers.medium import FACTS

_PATIENCE: Final = 60.0
"""Seconds for checking an answer in a thread."""


class Looks:
    """Has media read, one at a time.

    Args:
        forks: Starts the processes that read them.
        patience: Seconds for one.
    """

    def __init__(self, forks: Forks, *, patience: float = MEDIUM_TIME.most) -> None:
        self._forks = forks
        self._patience = patience
        self._turn = asyncio.Lock()
        self._reading = Pool("lists of media", most=1, patience=_PATIENCE)

    async def __call__(self, image: OpenFile) -> Contents:
        """Return what is on a medium.

        Args:
            image: Stays open meanwhile.

        Raises:
            MediumError: It is none, or takes more than it may.
            BusyError: No process can be started.
        """
        async with self._turn:
            try:
                with image.descriptor as number:
                    worker, line = self._forks.start(number)
            except OSError as exc:
                raise BusyError("a medium", f"no process to read it can be started: {exc}") from exc
            try:
                data, text = await self._heard(line)
            finally:
                self._forks.kill(worker)
        return await self._reading.run(_checked, data, text, image.size)

    async def _heard(self, line: socket.socket) -> tuple[bytes, bytes]:
        line.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=line)
        try:
            async with asyncio.timeout(self._patience):
                plain, text = lengths(await reader.readexactly(HEAD.size))
                if text > MEDIUM_INDEX.whole:
                    MEDIUM_INDEX.reached()
                    raise MediumError(f"has a list of files of {text:,} bytes")
                return await reader.readexactly(plain), await reader.readexactly(text)
        except TimeoutError:
            MEDIUM_TIME.reached()
            why = f"takes over {self._patience:g} s to be read, and was given up"
            raise MediumError(why) from None
        except FrameError as exc:
            raise MediumError(f"cannot be read: what read it {exc}") from exc
        except (OSError, EOFError) as exc:
            MEDIUM_CPU.reached()
            raise MediumError("ended the process that read it: it takes too much") from exc
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _checked(data: bytes, text: bytes, size: int) -> Contents:
    try:
        said = json.loads(data)
        if "error" in said:
            MEDIUM_MEMORY.reached(bool(said.get("exhausted")))
            raise MediumError("".join(c if c.isprintable() else "?" for c in str(said["error"])))
        facts = FACTS.validate_python(said["facts"])
        lines = letters_of(text).splitlines()
    except (ValueError, KeyError, TypeError, RecursionError, FrameError) as exc:
        why = f"cannot be read: what read it answers nonsense ({type(exc).__name__})"
        raise MediumError(why) from exc
    tree = read(lines, size)
    check(facts, tree, LINES)
    return Contents(facts, tree)
