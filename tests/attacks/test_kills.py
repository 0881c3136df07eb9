"""Power cuts while all goes on: builds, hooks, calls for many, and files on their way to the store.

``KILLS=500 SEED=7 make attacks TESTS=tests/attacks/test_kills.py`` has more of them, by those dice;
so many take a quarter of an hour.
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.daemon import Forks, Home, free_port
from tests.http.site import HOST
from tests.support import eventually, until
from tests.test_daemon import Paid, Walk, add

KILLS = int(os.environ.get("KILLS", "20"))
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
MANY = tuple(f"many{at:02}.internal" for at in range(4))
FILES = {
    "linux": random.Random(1).randbytes(300_000),
    "initrd.gz": random.Random(2).randbytes(900_000),
}
PATIENCE = 600
"""Seconds of one kill and what comes before it, after which the test hangs."""
BROKEN = (aiohttp.ClientError, OSError)


@asynccontextmanager
async def slow_mirror() -> AsyncIterator[str]:
    """Serve the files a piece at a time, and parts of them."""

    async def serve(request: web.Request) -> web.StreamResponse:
        whole = FILES[request.path.rpartition("/")[2]]
        start, stop, _ = request.http_range.indices(len(whole))
        headers = {"ETag": f'"{sha256(whole).hexdigest()}"', "Content-Length": str(stop - start)}
        if request.http_range.start is not None:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(whole)}"
        answer = web.StreamResponse(
            status=206 if "Content-Range" in headers else 200, headers=headers
        )
        await answer.prepare(request)
        with suppress(ConnectionError):
            for at in range(start, stop, 32_768):
                await answer.write(whole[at : min(at + 32_768, stop)])
                await asyncio.sleep(0.004)
        return answer

    app = web.Application()
    app.router.add_get("/{name:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        await runner.cleanup()


@dataclass
class Many:
    """Calls for several machines, and what those load."""

    home: Home
    tokens: dict[str, str] = field(default_factory=dict)
    """Of the builds that were answered for, by machine."""
    known: bool = True
    """The last call was answered; else each of them has what it had, or what that began."""
    calls: int = 0
    loaded: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.home.http}"

    async def go_on(self, session: aiohttp.ClientSession) -> None:
        """Begin all their builds, again and again, until nobody answers."""
        with suppress(*BROKEN):
            while True:
                body = {"hosts": list(MANY), "replace": True}
                self.known, self.tokens = False, {}
                async with session.post(f"{self.url}/api/v1/builds", json=body) as answer:
                    assert answer.status == 200, await answer.text()
                    results = (await answer.json())["results"]
                self.calls += 1
                assert all(each["build"] for each in results), results
                assert [each["host"] for each in results] == list(MANY)
                self.tokens = {each["host"]: each["build"]["token"] for each in results}
                self.known = True
                await asyncio.sleep(0.03)

    async def load(self, session: aiohttp.ClientSession, part: str, name: str) -> None:
        """Load a file as a machine does, again and again; what comes is the file's."""
        with suppress(*BROKEN):
            while True:
                got = b""
                async with session.get(f"{self.url}/boot/{MANY[0]}/{part}/{name}") as answer:
                    if answer.status == 200:
                        try:
                            async for piece in answer.content.iter_any():
                                got += piece
                        finally:
                            assert FILES[name].startswith(got)
                        assert got == FILES[name]
                        self.loaded += 1
                await asyncio.sleep(0.01)

    async def check(self, session: aiohttp.ClientSession) -> None:
        """Compare what the daemon says now with what it had answered."""
        for at, host in enumerate(MANY):
            async with session.get(f"{self.url}/api/v1/machines/{host}") as answer:
                assert answer.status == 200, await answer.text()
                build = (await answer.json())["build"]
            if self.known and host not in self.tokens:
                assert build is None, (host, build)
            if build is None:
                assert host not in self.tokens, host
                continue
            assert build["state"] in ("pending", "installing"), (host, build)
            # What has begun is whole: it boots.
            async with session.get(f"{self.url}/ipxe/52-54-00-00-01-{at:02x}") as answer:
                assert answer.status == 200, (host, answer.status, await answer.text())
                assert "\nkernel " in await answer.text(), host
            if self.known:
                url = f"{self.url}/template/preseed/{host}/{self.tokens[host]}"
                async with session.get(url) as answer:
                    assert answer.status == 200, (host, await answer.text())


def images(mirror: str) -> str:
    """Return the keys that have a machine load the files, by their digests."""
    digests = {name: sha256(content).hexdigest() for name, content in FILES.items()}
    return "".join(
        f"{key}: {{url: '{mirror}{name}', sha256: {digests[name]}}}\n"
        for key, name in (("kernel", "linux"), ("initrd", "initrd.gz"))
    )


def is_whole(store: Path) -> None:
    """See that each content of the image store is what its name says, and little is left over."""
    blobs = [path for path in (store / "blobs").rglob("*") if path.is_file()]
    for path in blobs:
        assert sha256(path.read_bytes()).hexdigest() == path.name, path
    assert len(list((store / "partial").iterdir())) <= 2 * len(FILES)


async def test_at_any_moment_nothing_is_lost_and_nothing_is_half(tmp_path: Path) -> None:
    print(f"SEED={SEED} KILLS={KILLS}")
    dice = random.Random(SEED)
    told = tmp_path / "told"
    told.touch()
    hooks = "".join(
        f"{kind}_commands:\n"
        f"- {{command: 'echo {{{{ Token }}}} >> {told}', shell: true, timeout_seconds: 20}}\n"
        for kind in ("postbuild", "failedbuild", "cancelbuild")
    )
    home = Home(tmp_path, f"{hooks}limits: {{builds_per_machine: 1000}}\n")
    add(home, "linux002.internal", "00:de:ad:90:74:62")
    walks = [Walk(home, HOST), Walk(home, "linux002.internal")]
    async with slow_mirror() as mirror:
        for at, host in enumerate(MANY):
            text = (tmp_path / "machines" / f"{HOST}.yaml").read_text()
            text = re.sub(r"(?m)^(image_url|kernel|initrd):.*\n", "", text) + images(mirror)
            text = text.replace(HOST, host).replace("00:de:ad:90:74:60", f"52:54:00:00:01:{at:02x}")
            (tmp_path / "machines" / f"{host}.yaml").write_text(text)
        many = Many(home)

        def walked() -> int:
            return sum(walk.answered for walk in walks)

        counts = (walked, lambda: many.calls, lambda: many.loaded)

        with closing(Forks(home)) as forks:
            for _ in range(KILLS):
                # A series may take longer than one test (faulthandler_timeout in pyproject.toml).
                faulthandler.dump_traceback_later(PATIENCE, exit=True, file=2)
                async with aiohttp.ClientSession() as session:
                    with forks.running():
                        await asyncio.gather(
                            *(walk.check(session) for walk in walks), many.check(session)
                        )
                        count = dice.choice(counts)  # it is in the middle of all three
                        enough = count() + dice.randrange(4)
                        going = [
                            *(asyncio.create_task(walk.go_on(session, dice)) for walk in walks),
                            asyncio.create_task(many.go_on(session)),
                            asyncio.create_task(many.load(session, "kernel", "linux")),
                            asyncio.create_task(many.load(session, "initrd/0", "initrd.gz")),
                        ]
                        await eventually(lambda: count() >= enough, seconds=60)  # noqa: B023
                        await asyncio.sleep(dice.uniform(0, 0.1))  # into the next
                    await asyncio.gather(*going)
                is_whole(tmp_path / "state" / "image-store")
            with forks.running():
                paid = Paid(tmp_path / "state/pyxie.sqlite")
                until(paid.whole, "the hooks that are owed to have been run", seconds=120)

    ended, again = paid.ended()
    assert set(told.read_text().split()) >= ended  # at least once
    assert len(told.read_text().split()) <= len(ended) + again
    assert many.calls
    assert many.loaded
    assert list((tmp_path / "state" / "image-store" / "blobs").rglob("*"))
    print(json.dumps({"calls": many.calls, "loaded": many.loaded, "hooks": len(ended)}))
