"""The life of a service: all are bound, then all serve, then all stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Protocol, Self

from pyxie.errors import ServiceEndedError, StartError

log = logging.getLogger(__name__)


class Service(Protocol):
    """Entering binds, ``serve`` works until cancelled, ``drain`` winds down."""

    @property
    def name(self) -> str:
        """What the log calls it."""
        ...

    async def __aenter__(self) -> object: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None: ...

    async def serve(self) -> None:
        """Run until cancelled; to return is an error."""
        ...

    async def drain(self) -> None:
        """Take no new work; return when the work in hand is done."""
        ...


class Unbound:
    """The parts of a service that opens nothing and has nothing in hand when it is to stop."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    async def drain(self) -> None:
        """Nothing is ever in hand."""


class WhenAsked(Unbound):
    """The parts of a service that works when it is asked, in its caller's time or in tasks."""

    async def serve(self) -> None:
        """Wait to be cancelled."""
        await asyncio.Event().wait()


def refusal(group: ExceptionGroup[Exception]) -> StartError | None:
    """Return the first of what died that has a sentence on why it cannot run; None if none has."""
    for each in group.exceptions:
        found = refusal(each) if isinstance(each, ExceptionGroup) else each
        if isinstance(found, StartError):
            return found
    return None


async def next_tick(seconds: float) -> None:
    """Sleep until the loop's clock is a multiple of ``seconds``, as `until_tick` has it.

    All that look now and then wake at once, since it is the waking that costs.
    """
    await asyncio.sleep(until_tick(asyncio.get_running_loop().time(), seconds))


def until_tick(now: float, seconds: float) -> float:
    """Return how long it is until the next multiple of ``seconds`` that is not just now.

    A timer goes off a moment early, which is not to be another tick.
    """
    if not seconds:
        return 0.0
    left = seconds - now % seconds
    return left if left > seconds / 100 else left + seconds


async def end_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and wait until all of them have ended, however they do."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


async def supervise(
    services: Sequence[Service],
    stop: asyncio.Event,
    *,
    grace: float = 5.0,
    bound: Callable[[], None] = lambda: None,
) -> None:
    """Run all services until ``stop`` is set, then wind them down.

    Every socket is bound before the first request is answered, so a port that is taken
    fails the start and leaves nothing half up. If one service dies, all others are
    cancelled and its exception is the one that comes out.

    Args:
        services: In the order in which they are bound; closed in the reverse.
        stop: Set by a signal.
        grace: Seconds for what is in hand when ``stop`` is set; 0 gives it up at once.
        bound: Called once all are bound and none has answered yet: the place to drop
            privileges and to tell the service manager.

    Raises:
        ExceptionGroup: What the services that died raised.
        OSError: An address could not be bound.
    """
    async with AsyncExitStack() as stack:
        for service in services:
            await stack.enter_async_context(service)
        bound()
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(_endless(each), name=each.name) for each in services]
            await stop.wait()
            if grace:
                await _wind_down(services, grace)
            for task in running:
                task.cancel()


async def _wind_down(services: Sequence[Service], grace: float) -> None:
    log.info("stopping; %g s for what is in hand", grace)
    try:
        async with asyncio.timeout(grace), asyncio.TaskGroup() as winding_down:
            for service in services:
                winding_down.create_task(service.drain())
    except TimeoutError:
        log.warning("work was still in hand after %g s; dropped", grace)


async def _endless(service: Service) -> None:
    await service.serve()
    raise ServiceEndedError(service.name)
