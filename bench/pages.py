"""What open pages cost those who boot; run as root, for its namespaces.

    python -m bench.pages [--pages 50] [--machines 1000] [--seconds 8] [--rounds 3]

All machines are in build mode and ask in turn, 100 a second, and four connections fetch their boot
scripts, one after the other. In each round first nobody looks, then so many pages are open that
follow what changes: a half look at the same screen, the others at one of their own. Quoted are the
medians of the rounds; single figures move with the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp

from tests.lab.besieged import PORT, Besieged, besieged, host_of

ASKING = 100
_CONNECTS = 30.0
"""Seconds until all pages are open."""


class Seen(NamedTuple):
    """Milliseconds: of offers and of scripts, of half of them and of 99 of 100 at most."""

    offer: float
    offers: float
    script: float
    scripts: float


class Shown(NamedTuple):
    """What all pages were given, a second."""

    updates: float
    kilobytes: float


def measured(site: Besieged, machines: int, seconds: float) -> Seen:
    """Have machines ask, and fetch their scripts."""
    with site.fetching(machines=machines) as fetched:
        offers = site.offers(machines, ASKING, seconds)
    assert not fetched.failed, fetched.failed
    assert not offers.lost, offers
    cuts = statistics.quantiles(fetched.took, n=100)
    return Seen(*(each * 1000 for each in (offers.cut(50), offers.cut(99), cuts[49], cuts[98])))


@contextmanager
def looking(site: Besieged, pages: int) -> Iterator[Path]:
    """Have people look, from computers of their own; yield the file that they write to."""
    module = ("bench.pages", "--look", str(pages))
    process = site.run(site.server, "pages", *module)
    told = site.folder / "pages"
    try:
        deadline = time.monotonic() + _CONNECTS
        while "open" not in told.read_text():
            assert process.poll() is None, told.read_text()
            assert time.monotonic() < deadline, told.read_text()
            time.sleep(0.1)
        # Here they share the server's, which comes first, whatever they do (sched(7)).
        Path(f"/proc/{process.pid}/autogroup").write_text("19")
        os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))
        yield told
    finally:
        process.terminate()
        process.wait()


def shown(told: Path) -> tuple[float, int, int]:
    """Return what pages have been given so far: when, how many updates, how many bytes."""
    at, updates, size = json.loads(told.read_text().splitlines()[-1])
    return at, updates, size


def path_of(at: int) -> str:
    """Return what a page shows, by its number."""
    if at % 2 == 0:
        return "/"
    return f"/?page={1 + at // 2 % 10}"


async def look(pages: int) -> None:
    """Open the pages, and tell each second what they were given."""
    updates = size = 0

    async def follow(session: aiohttp.ClientSession, at: int, opened: asyncio.Event) -> None:
        nonlocal updates, size
        async with session.get(path_of(at), headers={"Accept": "text/html"}) as answer:
            page = await answer.text()
        url = page.partition('sse-connect="')[2].partition('"')[0].replace("&amp;", "&")
        assert url, f"{path_of(at)} follows nothing"
        async with session.get(url) as answer:
            assert answer.status == 200, await answer.text()
            opened.set()
            async for piece in answer.content.iter_any():
                updates += piece.count(b"\n\n")
                size += len(piece)

    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    base = f"http://127.0.0.1:{PORT}"
    async with (
        aiohttp.ClientSession(base, connector=connector, timeout=timeout) as session,
        asyncio.TaskGroup() as group,
    ):
        opened = [asyncio.Event() for _ in range(pages)]
        for at in range(pages):
            group.create_task(follow(session, at, opened[at]))
        for each in opened:
            await each.wait()
        print("open", flush=True)
        while True:
            print(json.dumps([time.monotonic(), updates, size]), flush=True)
            await asyncio.sleep(0.5)


def run(chosen: argparse.Namespace) -> None:
    """Measure, and print what was seen."""
    alone, beside, given = [], [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        besieged(Path(folder), chosen.machines) as site,
    ):
        # From the first machine on that is installed, the screen has no check list.
        assert site.ask("POST", f"/api/v1/builds/{host_of(0)}/done")[0] == 200
        assert site.ask("PUT", f"/build/{host_of(0)}")[0] == 200
        measured(site, chosen.machines, 2)  # each script once
        for _ in range(chosen.rounds):
            alone.append(measured(site, chosen.machines, chosen.seconds))
            with looking(site, chosen.pages) as told:
                time.sleep(5)  # by then all have had the whole screen
                began = shown(told)
                beside.append(measured(site, chosen.machines, chosen.seconds))
                ended = shown(told)
            seconds = ended[0] - began[0]
            given.append(
                Shown((ended[1] - began[1]) / seconds, (ended[2] - began[2]) / 1e3 / seconds)
            )
    for whose, seen in (("nobody looks", alone), (f"{chosen.pages} pages are open", beside)):
        found = Seen(*map(statistics.median, zip(*seen, strict=True)))
        print(
            f"{chosen.machines} machines, {whose}: an offer takes {found.offer:.1f} ms,"
            f" p99 {found.offers:.1f} ms; a script {found.script:.1f} ms,"
            f" p99 {found.scripts:.1f} ms",
            flush=True,
        )
    updates, kilobytes = map(statistics.median, zip(*given, strict=True))
    print(f"pages were given {updates:.0f} updates and {kilobytes:.0f} kB a second")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--machines", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--look", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.look:
        sys.exit(asyncio.run(look(chosen.look)))
    run(chosen)


if __name__ == "__main__":
    main()
