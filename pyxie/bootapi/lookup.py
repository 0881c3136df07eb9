"""Asks an API server of pixiecore's what unknown machines boot; a service.

DHCP goes by what is remembered and never waits: a DISCOVER starts the question, and is answered
when there is word, if the client still listens. iPXE waits for its script, and so does the
request for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Final, Protocol, Self

import aiohttp
from aiohttp import hdrs
from pydantic import SecretStr

from pyxie import __version__
from pyxie.bootapi.answer import MOST_BYTES, Answer, AnswerError
from pyxie.bootapi.memory import MOST, Memory, Nothing, Pace
from pyxie.bounded import note
from pyxie.bounds import (
    BOOT_API_BYTES,
    BOOT_API_MACHINES,
    BOOT_API_PATIENCE,
    BOOT_API_WAITING,
)
from pyxie.errors import BusyError
from pyxie.events.event import Recorder
from pyxie.events.kinds import BootApiBoots, BootApiMalformed
from pyxie.metrics import Metrics
from pyxie.outbound.fetcher import Fetcher, RedirectError
from pyxie.outbound.proxies import DIRECTLY, Proxies, ProxyError
from pyxie.outbound.reach import OutOfReachError, Reach, named_from
from pyxie.outbound.requests import reason
from pyxie.rate import Once
from pyxie.service import end_all
from pyxie.threads import Pool
from pyxie.urls import origin, shown

log = logging.getLogger(__name__)

TIMEOUT: Final = BOOT_API_PATIENCE.most
"""Seconds for a whole answer, as pixiecore's ``--api-request-timeout`` has it."""
JUST_NOW: Final = 5.0
"""Seconds within which a script is made of an answer that DHCP has asked for."""
_REDIRECTS: Final = 5
_POLL: Final = 0.1
_AWAY: Final = frozenset((407, 429, 502, 503, 504))
"""What speaks for a server that is away, or for a proxy that lets nobody through to it; 500 is
waitron 3's word for a machine without a job."""


class _FailedError(Exception):
    """The server gave no answer; the text says how."""


class Contract(Protocol):
    """What an API server is asked, and answers, see `pyxie.compat.contract`."""

    def boot_url(self, base: str, mac: str) -> str:
        """Return where to ask about a machine."""
        ...

    def parse(self, body: bytes, base: str) -> Answer:
        """Return what an answer means; raises AnswerError where it is none."""
        ...


class BootApi:
    """The API server, and what it has said; does nothing where none is set.

    Args:
        url: The setting.
        contract: How it is asked, and how its answers are to be read.
        memory: Where it notes what the server says.
        recorder: Takes events.
        metrics: Counts.
        proxies: By way of which it is reached.
        learned: Called with the MAC of a machine once ``memory`` has word about it.
        clock: Seconds, monotonic.
        patience: Seconds for an answer.
    """

    name = "boot API"

    def __init__(
        self,
        url: SecretStr | None,
        contract: Contract,
        memory: Memory,
        recorder: Recorder,
        metrics: Metrics,
        *,
        proxies: Proxies = DIRECTLY,
        learned: Callable[[str], None] = lambda _mac: None,
        clock: Callable[[], float] = time.monotonic,
        patience: float = TIMEOUT,
    ) -> None:
        self._base = url.get_secret_value() if url else ""
        self._contract = contract
        self._recorder = recorder
        self._metrics = metrics
        self._clock = clock
        self._patience = patience
        self._memory = memory
        self._learned = learned
        self._fetcher = Fetcher(
            proxies,
            headers={hdrs.ACCEPT: "application/json", hdrs.USER_AGENT: f"pyxie/{__version__}"},
            redirects=_REDIRECTS,
            whose="the boot API",
        )
        self._pool = Pool("boot API", most=1)  # several would only get in each other's way
        self._pace = Pace()
        self._once = Once()
        self._handed: dict[str, Answer] = {}
        self._asking: dict[str, asyncio.Task[Answer | Nothing]] = {}
        self._queued = 0

    @property
    def is_set(self) -> bool:
        """Whether there is a server to ask."""
        return bool(self._base)

    async def __aenter__(self) -> Self:
        if self.is_set:
            await self._fetcher.__aenter__()
            log.info("unknown machines are looked up at %s", shown(self._base))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.drain()
        await self._fetcher.__aexit__(kind, error, traceback)

    async def serve(self) -> None:
        """Wait to be cancelled: questions are tasks of their own."""
        await asyncio.Event().wait()

    async def drain(self) -> None:
        """Give up what is being asked."""
        await end_all(self._asking.values())

    def look_up(self, mac: str) -> None:
        """Have the server asked about a machine that was seen, if that is due; never waits."""
        if (
            self.is_set
            and mac not in self._asking
            and self._memory.is_due(mac, self._clock())
            and not self._begin(mac, waiting=False)
        ):
            self._metrics.boot_api.labels("dropped").inc()

    async def ask(self, mac: str) -> Answer | Nothing:
        """Return what a machine boots that waits for its script."""
        if self._memory.is_due(mac, self._clock(), JUST_NOW):
            await self._turn(mac)
        task = self._asking.get(mac)
        if task is not None:
            said = await asyncio.shield(task)
            if isinstance(said, Answer) or said.certain:
                return said
        known = self._memory.known(mac, self._clock())
        why = "does not answer" if self._pace.is_dead else "is asked too much at once"
        return known or Nothing(why, certain=False)

    async def _turn(self, mac: str) -> None:
        """Begin to ask, after a while if others are first; unless there are too many of them."""
        if mac in self._asking or self._begin(mac, waiting=True):
            return
        if self._queued >= BOOT_API_WAITING.most:
            BOOT_API_WAITING.reached()
        elif not self._pace.is_dead:
            self._queued += 1
            try:
                async with asyncio.timeout(self._patience):
                    # A turn comes by the clock too, which gives no signal.
                    while mac not in self._asking and not self._begin(mac, waiting=True):  # noqa: ASYNC110
                        await asyncio.sleep(_POLL)
                    return
            except TimeoutError:
                pass
            finally:
                self._queued -= 1
        self._metrics.boot_api.labels("dropped").inc()

    def hand(self, mac: str, answer: Answer | None) -> None:
        """Note that a machine got a script made of ``answer``, whose files it will fetch.

        None if it got another.
        """
        if answer is None:
            self._handed.pop(mac, None)
            return
        BOOT_API_MACHINES.reached(note(self._handed, mac, answer, MOST))

    def handed(self, mac: str) -> Answer | None:
        """Return the answer of which the machine has its script, if that is remembered."""
        return self._handed.get(mac)

    def reach(self, url: str, answer: Answer) -> Reach:
        """Return where a URL of ``answer`` may lead; to the API server itself in any case."""
        return Reach.ANYWHERE if origin(url) == origin(self._base) else answer.reach

    def _begin(self, mac: str, *, waiting: bool) -> bool:
        if not self._pace.take(mac, self._clock(), waiting=waiting):
            return False
        task = asyncio.get_running_loop().create_task(self._look(mac), name=f"boot API {mac}")
        self._asking[mac] = task
        task.add_done_callback(lambda _: self._asking.pop(mac, None))
        return True

    async def _look(self, mac: str) -> Answer | Nothing:
        began, failed = self._clock(), True
        said: Answer | Nothing
        try:
            said = await self._said(mac)
            failed = isinstance(said, Nothing) and not said.certain
        finally:
            now = self._clock()
            was_dead = self._pace.is_dead
            self._pace.give(mac, now, failed=failed)
        self._metrics.boot_api_seconds.observe(now - began)
        self._memory.learn(mac, said, now)
        self._learned(mac)
        if was_dead is not self._pace.is_dead:
            where = shown(self._base)
            if was_dead:
                log.info("the boot API at %s answers again", where)
            elif isinstance(said, Nothing):
                log.warning("the boot API at %s %s; it is asked less often now", where, said.why)
        return said

    async def _said(self, mac: str) -> Answer | Nothing:
        try:
            body, reach = await self._fetched(mac)
            parsed = await self._pool.run(self._contract.parse, body, self._base)
            answer = replace(parsed, reach=reach)
        except AnswerError as exc:
            # As with pixiecore it counts as nothing to boot; but the operator has to know.
            message = f"answers what cannot be booted: {exc}"
            self._metrics.boot_api.labels("malformed").inc()
            if self._once.news(message, self._clock()):
                self._recorder.record(BootApiMalformed(problem=str(exc)), mac=mac)
            return Nothing(message)
        except (_FailedError, BusyError) as exc:
            self._metrics.boot_api.labels("failed").inc()
            return Nothing(str(exc), certain=False)
        except _NothingError as exc:
            self._metrics.boot_api.labels("nothing").inc()
            return Nothing(str(exc))
        self._metrics.boot_api.labels("boots").inc()
        kernel = None if answer.script else shown(answer.kernel)
        self._recorder.record(BootApiBoots(kernel=kernel), mac=mac)
        return answer

    async def _fetched(self, mac: str) -> tuple[bytes, Reach]:
        """Return the body of an answer, and where its URLs may lead."""
        url = self._contract.boot_url(self._base, mac)
        try:
            async with (
                asyncio.timeout(self._patience),
                self._fetcher.get(url, Reach.ANYWHERE) as fetched,
            ):
                reply = fetched.answer
                if reply.status in _AWAY:
                    raise _FailedError(f"answers {reply.status}")
                if reply.status != 200:
                    raise _NothingError(f"answers {reply.status}")
                if reply.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
                    raise _FailedError("answers packed, which was not asked for")
                return await _read(reply), named_from(fetched.zone)
        except ProxyError as exc:
            raise _FailedError(f"cannot be reached: {exc}") from exc
        except (OutOfReachError, RedirectError) as exc:
            raise _FailedError(str(exc)) from exc
        except TimeoutError as exc:
            BOOT_API_PATIENCE.reached()
            raise _FailedError(f"does not answer within {self._patience:g} s") from exc
        except (aiohttp.ClientError, ValueError, OSError) as exc:
            raise _FailedError(f"cannot be reached: {reason(exc)}") from exc


class _NothingError(Exception):
    """The server has nothing for the machine; the text says how it said so."""


async def _read(reply: aiohttp.ClientResponse) -> bytes:
    """Return the body; of one that is too long the beginning, which is too long as well."""
    kept = bytearray()
    async for piece in reply.content.iter_any():
        kept += piece
        if len(kept) > MOST_BYTES:
            BOOT_API_BYTES.reached()
            reply.close()
            break
    return bytes(kept)
