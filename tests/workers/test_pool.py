"""Nothing that a template does holds up others, takes the memory or outlives its time."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pyxie.bounds import RENDER_CPU, RENDER_TIME, RENDER_WAITING
from pyxie.config.settings import Settings
from pyxie.errors import BusyError, ExhaustedError, RenderError
from pyxie.metrics import Metrics
from pyxie.workers import lane, walls
from pyxie.workers.forkserver import ForkServer
from pyxie.workers.jobs import Judged, ScreenJob, ScriptJob, TemplateJob
from pyxie.workers.lane import Lane, Size
from pyxie.workers.made import Made
from pyxie.workers.pool import Pool
from tests.procfs import children
from tests.render.site import CONTEXT, machine, settings
from tests.support import Clock, Passing, eventually
from tests.workers.threads import Threads

ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
INCLUDES = ENDLESS.replace("%}{% endfor", "%}{% include 'i.j2' %}{% endfor", 1)
DOUBLES = "{{% set n = namespace(x={}) %}}{{% for a in range(99) %}}{}{{% endfor %}}"
EXPONENTIAL = (
    "{% set n = namespace(a=[1], b=[1]) %}{% for i in range(60) %}"
    "{% set n.a = [n.a, n.a] %}{% set n.b = [n.b, n.b] %}{% endfor %}{{ n.a == n.b }}"
)
"""A comparison that ends in no time of ours, in one call of C that no signal gets into."""

TIME = r"p\.j2:1: took over (0\.3 s of the processor|3\.2 s), and was stopped"
MEMORY = r"p\.j2:1: took more memory than a template may have, and was stopped"
WORST = {
    "a loop in a loop": (ENDLESS, TIME),
    "a loop in a loop that includes": (INCLUDES, r"(p|i)\.j2:?1?: took over (0\.3|3\.2) s"),
    "a text that is doubled": (DOUBLES.format("'x'", "{% set n.x = n.x ~ n.x %}"), MEMORY),
    "a list that is doubled": (DOUBLES.format("[1]", "{% set n.x = n.x + n.x %}"), MEMORY),
    "a list of lists": (
        DOUBLES.format("[1]", "{% set n.x = [n.x, n.x] %}") + "{{ n.x }}",
        f"{TIME}|{MEMORY}",
    ),
    "a text that is padded": ("{{ '%2000000000s' | format('x') }}", MEMORY),
    "a text that is padded by a method": ("{{ 'x'.ljust(2000000000) }}", MEMORY),
    "a text that is centred": ("{{ 'x' | center(2000000000) }}", MEMORY),
    "a text that is formatted": ("{{ '{:>2000000000}'.format('x') }}", MEMORY),
    "a text that is indented": ("{{ ('x\\n' * 99999) | indent(99999) }}", MEMORY),
    "words without end": ("{{ lipsum(n=99999999) }}", f"{TIME}|{MEMORY}"),
    "a macro that calls itself": (
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "includes or calls itself without end",
    ),
    "a file that includes itself": ("{% include 'p.j2' %}", "includes or calls itself without end"),
    "a pattern that goes back": (
        "{{ ('a' * 99) | regex_search('(a+)+$b') }}",
        "was still searching after 0.5 s|^$",
    ),
    "a number that is squared": (
        DOUBLES.format(3, "{% set n.x = n.x * n.x %}"),
        "a product too large for a template",
    ),
    "a range": ("{{ range(10**12) | list }}", "Range too big"),
    "a comparison": (EXPONENTIAL, "took over 4 s, and was ended"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RENDER_CPU, "most", 0.3)
    monkeypatch.setattr(RENDER_TIME, "most", 4.0)
    # By the clock on the wall: who comes last on a busy host would not have begun by then.
    monkeypatch.setattr(walls, "_NICE", 0)


class Running:
    """A pool at work, on a site whose machines have the preseed ``p.j2``."""

    def __init__(self, pool: Pool, site: Settings, metrics: Metrics, clock: Clock) -> None:
        self.pool = pool
        self.site = site
        self.metrics = metrics
        self.clock = clock

    def write(self, text: str, name: str = "p.j2") -> None:
        (self.site.templatepath / name).write_text(text)

    async def preseed(self, host: str = "bad.example.org", file: str = "p.j2") -> Made:
        job = TemplateJob(machine(hostname=host, preseed=file), "preseed", CONTEXT)
        return await self.pool.run(job, self.site, Lane.BOOT)

    async def script(self, host: str = "good.example.org") -> str:
        none: Judged = "no"
        job = ScriptJob(machine(hostname=host), CONTEXT, CONTEXT.base_url, none)
        return (await self.pool.run(job, self.site, Lane.BOOT)).text

    def counted(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def running(
    forks: ForkServer, folder: Path, sizes: dict[Lane, Size] | None = None
) -> AsyncIterator[Running]:
    site, metrics, clock = settings(folder), Metrics(), Clock()
    given = sizes or {Lane.BOOT: Size(1, 2)}
    async with Pool(forks, lambda: site, metrics, sizes=given, clock=clock) as pool:
        serving = asyncio.create_task(pool.serve())
        yield Running(pool, site, metrics, clock)
        serving.cancel()
        await asyncio.wait([serving])


@pytest.fixture
def patient(soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what loops go on for as long as a test takes."""
    monkeypatch.setattr(RENDER_CPU, "most", 60.0)
    monkeypatch.setattr(RENDER_TIME, "most", 6000.0)


@pytest.fixture
def forks(soon: None) -> Iterator[ForkServer]:
    with ForkServer() as started:
        yield started


async def outcome(asked: asyncio.Task[Made]) -> str:
    try:
        return (await asked).text
    except RenderError as exc:
        return str(exc)


@pytest.mark.parametrize(("text", "said"), WORST.values(), ids=WORST.keys())
async def test_the_worst_template_is_ended_and_others_are_served_meanwhile(
    tmp_path: Path, text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What ends it is not to be forestalled by another bound on a host that is slow or busy.
    if "took over 4 s" not in said:
        monkeypatch.setattr(RENDER_TIME, "most", 60.0)
    if "took over" not in said:
        monkeypatch.setattr(RENDER_CPU, "most", 30.0)
    with ForkServer() as forks:
        await is_ended_and_others_are_served(forks, tmp_path, text, said)


async def is_ended_and_others_are_served(
    forks: ForkServer, tmp_path: Path, text: str, said: str
) -> None:
    async with running(forks, tmp_path) as site:
        site.write(text)
        site.write("x", "i.j2")
        await site.script()

        bad = asyncio.create_task(site.preseed())
        await asyncio.sleep(0.05)
        assert "web01" not in await site.script("other.example.org")
        assert not bad.done() or "took over 4 s" not in said

        assert re.search(said, await outcome(bad))
        assert await site.script("third.example.org")


class TestWhatWasStopped:
    async def test_is_refused_at_once_until_a_file_of_it_changes(
        self, forks: ForkServer, tmp_path: Path
    ) -> None:
        async with running(forks, tmp_path) as site:
            site.write("{% include 'i.j2' %}")
            site.write(ENDLESS, "i.j2")
            with pytest.raises(ExhaustedError) as first:
                await site.preseed()

            with pytest.raises(ExhaustedError) as second:
                await site.preseed()

            assert str(second.value) == str(first.value)
            assert site.counted("pyxie_render_seconds_count", lane="boot") == 1
            assert site.pool.problems == [f"stopped: {first.value}"]
            site.write("mended", "i.j2")
            assert (await site.preseed()).text == "mended"

    async def test_is_tried_again_after_a_minute(self, forks: ForkServer, tmp_path: Path) -> None:
        async with running(forks, tmp_path) as site:
            site.write(EXPONENTIAL)
            with pytest.raises(ExhaustedError, match=r"p\.j2: took over 4 s, and was ended"):
                await site.preseed()
            site.write("mended")
            with pytest.raises(ExhaustedError):
                await site.preseed()

            site.clock.now += 61

            assert (await site.preseed()).text == "mended"
            assert site.pool.problems == []

    async def test_is_counted_by_how_it_was(self, forks: ForkServer, tmp_path: Path) -> None:
        async with running(forks, tmp_path) as site:
            for host, text in (("a", ENDLESS), ("b", "{{ 'x' | center(2000000000) }}")):
                site.write(text)
                with pytest.raises(ExhaustedError):
                    await site.preseed(host)
            site.write(EXPONENTIAL)
            with pytest.raises(ExhaustedError):
                await site.preseed("c")

            name = "pyxie_render_stopped_total"
            assert site.counted(name, lane="boot", why="exhausted") == 2
            assert site.counted(name, lane="boot", why="killed") == 1


class TestAMachineThatAsksOften:
    async def test_holds_one_worker_and_has_so_many_wait(
        self, forks: ForkServer, tmp_path: Path
    ) -> None:
        async with running(forks, tmp_path) as site:
            site.write(ENDLESS)
            asked = [
                asyncio.create_task(site.preseed("bad", f"./{'/' * n}p.j2")) for n in range(17)
            ]
            await asyncio.sleep(0)

            with pytest.raises(BusyError, match="bad: more is asked for than is rendered yet"):
                await site.preseed("bad", "other.j2")

            await site.script()

            assert not all(each.done() for each in asked)
            for each in asked:
                each.cancel()
            await asyncio.wait(asked)


class TestWorkers:
    async def test_rest_when_nothing_is_asked_for_and_are_there_when_it_is(
        self, forks: ForkServer, tmp_path: Path
    ) -> None:
        time = Passing()
        async with running(forks, tmp_path, {Lane.BOOT: Size(1, 2, idle=600)}) as site:
            for host in ("one.example.org", "another.example.org"):
                assert await site.script(host)
                assert workers_of(forks)

                while workers_of(forks):
                    await time.on(601)
                    await asyncio.sleep(0.01)

    @pytest.mark.usefixtures("patient")
    async def test_do_not_rest_while_one_of_them_works(
        self, forks: ForkServer, tmp_path: Path
    ) -> None:
        time = Passing()
        async with running(forks, tmp_path, {Lane.BOOT: Size(1, 2, idle=600)}) as site:
            site.write(ENDLESS)
            bad = asyncio.create_task(site.preseed())
            await eventually(lambda: workers_of(forks))

            await time.on(601)

            assert (bad.done(), len(workers_of(forks))) == (False, 1)
            bad.cancel()
            await asyncio.wait([bad])


class TestAWorker:
    async def test_that_dies_while_it_is_idle_is_replaced(
        self, forks: ForkServer, tmp_path: Path
    ) -> None:
        async with running(forks, tmp_path) as site:
            await site.script()
            for pid in workers_of(forks):
                os.kill(pid, signal.SIGKILL)
            await eventually(lambda: not workers_of(forks))
            await asyncio.sleep(0.05)

            assert await site.script("another.example.org")

    async def test_that_dies_in_the_middle_fails_that_job_alone(
        self, forks: ForkServer, tmp_path: Path
    ) -> None:
        async with running(forks, tmp_path) as site:
            site.write(ENDLESS)
            bad = asyncio.create_task(site.preseed())
            await eventually(lambda: workers_of(forks))
            await asyncio.sleep(0.1)
            for pid in workers_of(forks):
                os.kill(pid, signal.SIGKILL)

            with pytest.raises(
                ExhaustedError, match=r"p\.j2: the process that rendered it has died"
            ):
                await bad
            assert await site.script()

    @pytest.mark.usefixtures("patient")
    async def test_beyond_those_kept_ready_is_started_for_what_takes_long(
        self, forks: ForkServer, tmp_path: Path
    ) -> None:
        async with running(forks, tmp_path) as site:
            await site.script()
            site.write(ENDLESS)
            bad = asyncio.create_task(site.preseed())
            await asyncio.sleep(0.05)

            await site.script()

            assert (bad.done(), len(workers_of(forks))) == (False, 2)
            bad.cancel()
            await asyncio.wait([bad])

    @pytest.mark.parametrize(("patience", "workers"), [(60.0, 1), (0.0, 2)])
    async def test_beyond_those_kept_ready_is_started_where_jobs_have_waited_for_long(
        self,
        forks: ForkServer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        patience: float,
        workers: int,
    ) -> None:
        """However many wait: one worker gives hundreds a second where the event loop is idle."""
        monkeypatch.setattr(lane, "_SHORT", 60.0)
        monkeypatch.setattr(lane, "_LONG", patience)
        async with running(forks, tmp_path) as site:
            await site.script()

            await asyncio.gather(*(site.script(f"web{at}.example.org") for at in range(12)))

            assert len(workers_of(forks)) == workers

    async def test_that_answers_what_is_no_answer_is_ended(self, tmp_path: Path) -> None:
        def lies(line: socket.socket) -> None:
            line.sendall(b"\n")
            line.recv(9)
            line.sendall(b"\xff" * 8)
            line.recv(1 << 20)

        forks = Threads(lies)
        site = settings(tmp_path)
        async with Pool(forks, lambda: site, Metrics()) as pool:
            job = ScreenJob("ask", ("52:54:00:00:00:0a", "http://192.0.2.1"))

            with pytest.raises(ExhaustedError, match="has died: it announced"):
                await pool.run(job, site, Lane.BOOT)

        assert forks.killed
        forks.close()

    async def test_that_cannot_be_started_is_said(self, tmp_path: Path) -> None:
        forks = Threads(lambda line: line.shutdown(socket.SHUT_RDWR))
        site = settings(tmp_path)
        async with Pool(forks, lambda: site, Metrics()) as pool:
            job = ScreenJob("ask", ("52:54:00:00:00:0a", "http://192.0.2.1"))

            with pytest.raises(BusyError, match=r"ask\.ipxe\.j2: no process to render it can be"):
                await pool.run(job, site, Lane.BOOT)

        forks.close()


class TestThePool:
    async def test_ends_once_no_worker_can_be_started_any_more(self, tmp_path: Path) -> None:
        forks = Threads()
        site = settings(tmp_path)
        async with Pool(forks, lambda: site, Metrics()) as pool:
            serving = asyncio.create_task(pool.serve())
            await asyncio.sleep(0)

            forks.far.close()

            async with asyncio.timeout(60):
                await serving
        forks.close()

    async def test_refuses_what_it_has_no_place_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(RENDER_WAITING, "most", 2)
        forks = Threads(hangs)
        site = settings(tmp_path)
        async with Pool(forks, lambda: site, Metrics(), sizes={Lane.BOOT: Size(0, 1)}) as pool:
            jobs = [ScreenJob("ask", (f"52:54:00:00:00:0{n}", "http://x")) for n in range(4)]
            asked = [asyncio.create_task(pool.run(job, site, Lane.BOOT)) for job in jobs[:3]]
            await asyncio.sleep(0)

            with pytest.raises(BusyError, match="templates: 2 wait already; try again"):
                await pool.run(jobs[3], site, Lane.BOOT)

            for each in asked:
                each.cancel()
            await asyncio.wait(asked)
        forks.close()


def hangs(line: socket.socket) -> None:
    while line.recv(1 << 20):
        pass


def workers_of(forks: ForkServer) -> list[int]:
    """Return the processes that are there."""
    return children(forks._pid)
