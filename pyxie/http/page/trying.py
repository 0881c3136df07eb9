"""What a button of the page does, and what is said where that is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pyxie.errors import BusyError, NotServedError, PyxieError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of it.

    Attributes:
        said: What was done, in a sentence; empty if it was refused.
        why: Why it was refused, in a sentence; empty if it was done.
        status: Of the answer.
    """

    said: str = ""
    why: str = ""
    status: int = 200


NOTHING: Final = Outcome()
"""Of what was not tried."""


async def tried(act: Callable[[], Awaitable[str]]) -> Outcome:
    """Do something that returns what to say of it; what refuses it is told, and raises nothing."""
    try:
        return Outcome(said=await act())
    except web.HTTPException as exc:
        return Outcome(why=exc.text or exc.reason, status=exc.status)
    except NotServedError as exc:
        return Outcome(why=str(exc), status=404)
    except BusyError as exc:
        return Outcome(why=str(exc), status=503)
    except PyxieError as exc:
        return Outcome(why=str(exc), status=409)
    except OSError as exc:
        return Outcome(why=f"cannot be written: {exc.strerror}", status=503)
