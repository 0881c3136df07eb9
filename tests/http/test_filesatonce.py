"""A file that is sent at once is the one that would be sent, and leaves the same traces."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import hypothesis
import pytest
from hypothesis import strategies as st

from pyxie.events.kinds import ImageFetching
from pyxie.http.sending import Sending
from tests.http.site import ALL_LOCAL, CONFIG, HOST, LOCAL, MACHINE, Served, serving
from tests.http.test_atonce import Line, build, end, line, settings
from tests.http.upstream import File, Mirror, mirror
from tests.support import eventually

KERNEL = bytes(range(256)) * 4096
INITRD = KERNEL[::-1] * 3
LARGE = bytes(64 << 20)
"""What no buffer holds."""
ANOTHER = b"another" * 1000
AT = f"/boot/{HOST}/kernel/linux"
SECOND = f"/boot/{HOST}/initrd/0/initrd.gz"
USUAL = "Cookie: a=1\r\n"
"""A header that nothing at once is known by."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Sending]:
    """What was sent at once."""
    seen: list[Sending] = []
    begin = Sending.begin

    def noting(self: Sending, *args: object) -> bool:
        done = begin(self, *args)  # type: ignore[arg-type]
        if done:
            seen.append(self)
        return done

    monkeypatch.setattr(Sending, "begin", noting)
    return seen


@pytest.fixture(autouse=True)
def _lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host may be too busy to ask twice within a second."""
    monkeypatch.setattr("pyxie.imagestore.readycopies._FOR", 30.0)
    monkeypatch.setattr("pyxie.lingering._FOR", 30.0)
    monkeypatch.setattr("pyxie.render.lastseen._FOR", math.inf)


@asynccontextmanager
async def booting(
    folder: Path, files: dict[str, File] | None = None, config: str = CONFIG
) -> AsyncIterator[tuple[Served, Mirror]]:
    """Serve a machine in build mode with both files in the store."""
    async with AsyncExitStack() as stack:
        kept: dict[str, File] = {"linux": KERNEL, "initrd.gz": INITRD}
        there = await stack.enter_async_context(mirror(files if files is not None else kept))
        machine = MACHINE.replace("http://files.internal:81/bookworm/amd64", there.url)
        served = await stack.enter_async_context(serving(folder, config=config, machine=machine))
        await served.build()
        yield served, there


async def known(served: Served, *paths: str) -> None:
    """Have files in the store, and open, and the head of a request known."""
    async with line(served) as one:
        for path in paths or (AT, SECOND):
            await one.ask(path)
            await eventually(lambda: not served.parts.image_store.fetching())
            await one.ask(path, USUAL)


class TestAFileAtOnce:
    @pytest.mark.parametrize("path", [AT, SECOND])
    @pytest.mark.parametrize("more", ["", "Connection: close\r\n"])
    async def test_is_the_usual_one(
        self, tmp_path: Path, sent: list[Sending], path: str, more: str
    ) -> None:
        async def asked(more: str) -> tuple[str, bytes]:
            async with line(served) as one:
                found = await one.ask(path, more)
                if "close" in more:
                    assert await one.reader.read() == b""
                return found

        async with booting(tmp_path) as (served, there):
            await asked(more)
            await eventually(lambda: not served.parts.image_store.fetching())
            usual = await asked(more + USUAL)
            assert sent == []

            again = [await asked(more) for _ in range(3)]

            assert again == [usual] * 3
            assert len(sent) == 3
            assert len(there.asked) == 1

    async def test_leaves_the_same_traces(
        self, tmp_path: Path, sent: list[Sending], caplog: pytest.LogCaptureFixture
    ) -> None:
        async with booting(tmp_path) as (served, _), line(served) as one:
            await known(served)
            traces = []
            for more in (USUAL, ""):
                served.clock.now += 60
                caplog.clear()
                with caplog.at_level(logging.INFO, "pyxie.access"):
                    await one.ask(SECOND, more)
                    await eventually(lambda: bool(_lines(caplog)))
                events = served.parts.trace.recent(host=HOST)
                newest = [each for each in events if isinstance(each.what, ImageFetching)][-1]
                active = served.parts.index.active(HOST)
                assert active is not None
                entry = next(
                    e for e in served.parts.image_store.cache.entries() if "initrd" in e.url
                )
                traces.append(
                    (
                        [each.rpartition(",")[0] for each in _lines(caplog)],
                        (newest.at - served.clock.now, newest.what, newest.mac, newest.peer),
                        active.given,
                        entry.used - served.clock.now,
                        served.parts.image_store.cache._served,
                    )
                )
            counted = served.counted("pyxie_image_store_requests_total", outcome="kept")
            text = served.parts.metrics.text().decode()

        assert len(sent) == 1
        assert traces[0] == traces[1]
        assert traces[0][0] == [f'127.0.0.1 "GET {SECOND}" 200']
        assert counted == 4
        route = 'method="GET",route="/boot/{hostname}/initrd/{at}/{name}",status="200"'
        assert f"pyxie_http_requests_total{{{route}}} 4.0" in text

    async def test_is_followed_by_what_came_meanwhile(
        self, tmp_path: Path, sent: list[Sending]
    ) -> None:
        async with booting(tmp_path) as (served, _), line(served) as one:
            await known(served)
            first = await one.ask(SECOND)

            for _ in range(3):
                one.send(SECOND)
                await asyncio.sleep(0.01)
                one.send(AT, USUAL)
                await asyncio.sleep(0.01)
                assert await one.hear() == first
                assert (await one.hear())[1] == KERNEL

        assert len(sent) == 4

    async def test_is_whole_for_a_client_that_took_nothing_for_a_while(
        self, tmp_path: Path, sent: list[Sending]
    ) -> None:
        """So there is no room for all of the head."""
        async with booting(tmp_path, {"linux": LARGE}) as (served, _):
            await known(served, AT)
            async with line(served) as one:
                for _ in range(3):
                    one.send(AT)
                await asyncio.sleep(0.3)

                found = [await one.hear() for _ in range(3)]

        assert [len(body) for _, body in found] == [len(LARGE)] * 3

    async def test_to_a_client_that_leaves_is_told_so(
        self, tmp_path: Path, sent: list[Sending], caplog: pytest.LogCaptureFixture
    ) -> None:
        async with booting(tmp_path, {"linux": LARGE}) as (served, _):
            await known(served, AT)
            with caplog.at_level(logging.INFO, "pyxie.access"):
                caplog.clear()
                async with line(served) as one:
                    one.send(AT)
                    await one.reader.readexactly(1000)
                    one.writer.transport.abort()

                    await eventually(lambda: bool(_lines(caplog)))

            assert len(sent) == 1
            assert _lines(caplog)[0].startswith(f'127.0.0.1 "GET {AT}" 499')
            assert not served.parts.image_store.cache._served
            assert await served.get(AT) is not None

    async def test_is_broken_off_at_the_end(
        self, tmp_path: Path, sent: list[Sending], caplog: pytest.LogCaptureFixture
    ) -> None:
        async with AsyncExitStack() as stack:
            served, _ = await stack.enter_async_context(booting(tmp_path, {"linux": LARGE}))
            await known(served, AT)
            one = await stack.enter_async_context(line(served))
            one.send(AT)
            await one.reader.readexactly(1000)
            with caplog.at_level(logging.INFO, "pyxie.access"):
                caplog.clear()

                await served.server.__aexit__(None, None, None)

            assert len(sent) == 1
            assert _lines(caplog)[0].startswith(f'127.0.0.1 "GET {AT}" 503')

    async def test_is_waited_for_when_pyxie_is_to_end(
        self, tmp_path: Path, sent: list[Sending]
    ) -> None:
        async with AsyncExitStack() as stack:
            served, _ = await stack.enter_async_context(booting(tmp_path, {"linux": LARGE}))
            await known(served, AT)
            one = await stack.enter_async_context(line(served))
            one.send(AT)
            await one.reader.readexactly(1000)
            draining = asyncio.create_task(served.server.drain())
            await asyncio.sleep(0.1)

            assert len(await one.reader.read()) > len(LARGE) - 1000

            await draining
            assert len(sent) == 1

    @pytest.mark.parametrize(
        "more", ["Range: bytes=1-5\r\n", 'If-None-Match: "a"\r\n', "Accept-Charset: a\r\n"]
    )
    async def test_is_none_that_is_asked_for_otherwise(
        self, tmp_path: Path, sent: list[Sending], more: str
    ) -> None:
        async with booting(tmp_path) as (served, _), line(served) as one:
            await known(served)
            for _ in range(3):
                await one.ask(AT, more)
                await one.ask(AT, method="HEAD")
            for path in (f"{AT}?a=1", AT.replace("linux", "a/linux"), AT.replace("linux", "other")):
                await served.get(path)

        assert sent == []

    async def test_is_begun_the_usual_way_where_threads_have_enough_to_do(
        self, tmp_path: Path, sent: list[Sending], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with booting(tmp_path) as (served, _), line(served) as one:
            await known(served)
            monkeypatch.setattr("pyxie.writers.Writers.is_full", property(lambda _: True))

            assert (await one.ask(AT))[1] == KERNEL

            assert sent == []
            assert not served.parts.image_store.cache._served

    async def test_is_none_that_a_browser_may_take_for_a_page(
        self, tmp_path: Path, sent: list[Sending]
    ) -> None:
        async with booting(tmp_path) as (served, there), line(served) as one:
            there.kind = "text/html"
            await known(served)

            head, _ = await one.ask(AT)

        assert "Content-Security-Policy: sandbox" in head
        assert sent == []


OURS = f"/boot/{HOST}/initrd/0/initrd.gz"


@asynccontextmanager
async def ours(folder: Path, digest: str = "") -> AsyncIterator[Served]:
    """Serve a machine in build mode with files in the folder ``images``."""
    said = f"{{url: deb/initrd.gz, sha256: {digest}}}" if digest else "deb/initrd.gz"
    machine = LOCAL.replace("[deb/initrd.gz, firmware.cpio]", f"[{said}]")
    (folder / "images/deb").mkdir(parents=True)
    (folder / "images/deb/initrd.gz").write_bytes(INITRD)
    (folder / "images/deb/linux").write_bytes(KERNEL)
    async with serving(folder, config=ALL_LOCAL, machine=machine) as served:
        await served.build()
        yield served


def linked(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to("linux")


EDITS: dict[str, Callable[[Path], object]] = {
    "written": lambda file: file.write_bytes(ANOTHER),
    "written anew": lambda file: (
        file.with_name("new").write_bytes(KERNEL),
        file.with_name("new").replace(file),
    ),
    "removed": lambda file: file.unlink(missing_ok=True),
    "a link": linked,
    "its folder moved away": lambda file: (
        file.parent.replace(file.parents[1] / "away")
        if file.parent.exists() and not (file.parents[1] / "away").exists()
        else None
    ),
    "and there again": lambda file: file.parent.mkdir(exist_ok=True),
}


class TestAFileOfOurs:
    @pytest.mark.parametrize("digest", ["", hashlib.sha256(INITRD).hexdigest()])
    async def test_is_sent_at_once_as_usual(
        self, tmp_path: Path, sent: list[Sending], digest: str
    ) -> None:
        async with ours(tmp_path, digest) as served, line(served) as one:
            usual = [await one.ask(OURS) for _ in range(2)]
            before = len(sent)
            again = [await one.ask(OURS, more) for more in ("", USUAL, "")]
            events = served.parts.trace.recent(host=HOST)
            told = [each.what for each in events if isinstance(each.what, ImageFetching)]
            active = served.parts.index.active(HOST)

        by = "its 'sha256'" if digest else None
        assert {*usual, *again} == {usual[0]}
        assert usual[0][1] == INITRD
        assert len(sent) >= before + 2
        assert told == [ImageFetching(part="initrd 0", total=len(INITRD), verified=by)]
        assert active is not None
        assert [each.sha256 for each in active.given] == ([digest] if digest else [])

    async def test_is_sent_the_usual_way_where_its_digest_is_not_known(
        self, tmp_path: Path, sent: list[Sending]
    ) -> None:
        async with ours(tmp_path, hashlib.sha256(INITRD).hexdigest()) as served:
            async with line(served) as one:
                for _ in range(2):
                    await one.ask(OURS)
                before = len(sent)
                served.parts.own_files._known.clear()

                assert (await one.ask(OURS))[1] == INITRD

            assert len(sent) == before

    @hypothesis.settings(
        max_examples=10, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(st.lists(st.sampled_from(sorted(EDITS)), max_size=5))
    def test_is_the_one_that_is_there(self, steps: list[str]) -> None:
        async def compare() -> None:
            with tempfile.TemporaryDirectory() as folder:
                async with ours(Path(folder)) as served, line(served) as one:
                    for step in ("", *steps):
                        if step:
                            with suppress(FileNotFoundError):
                                EDITS[step](Path(folder) / "images/deb/initrd.gz")
                        for _ in range(3):
                            said = await one.ask(OURS)
                            assert said == await one.ask(OURS, USUAL), step

        asyncio.run(compare())


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == "pyxie.access"]


Change: TypeAlias = Callable[[Served], Awaitable[object]]


async def newer(served: Served) -> None:
    store = served.parts.image_store
    for each in store.cache.entries():
        there = FILES[each.url.rpartition("/")[2]]
        FILES[each.url.rpartition("/")[2]] = ANOTHER if there != ANOTHER else KERNEL
    await served.get("/api/v1/images")
    for each in store.cache.entries():
        await served.ask("POST", "/api/v1/images/fetches", f'{{"what": ["{each.url}"]}}'.encode())
    await asyncio.sleep(0.1)
    await eventually(lambda: not store.fetching())


async def removed(served: Served) -> None:
    for each in served.parts.image_store.cache.entries():
        await served.ask("DELETE", f"/api/v1/images/{each.key}")
    await served.parts.image_store.cache.prune()


async def later(served: Served) -> None:
    served.clock.now += 100_000


FILES: dict[str, File] = {}
CHANGES: dict[str, Change] = {
    "a build begins": build,
    "it ends": end,
    "another content": newer,
    "removed": removed,
    "a day later": later,
    "asked about always": settings(CONFIG + "image_store: {revalidate: always}\n"),
    "never": settings(CONFIG + "image_store: {revalidate: never}\n"),
    "none are kept": settings(CONFIG + "image_store: {size: 0}\n"),
    "the settings as they were": settings(CONFIG),
}


class TestForAnyOrderOfChanges:
    @hypothesis.settings(
        max_examples=8, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(st.lists(st.sampled_from(sorted(CHANGES)), max_size=4))
    def test_what_is_sent_at_once_is_what_would_be_sent(self, steps: list[str]) -> None:
        async def compare() -> None:
            FILES.clear()
            FILES.update({"linux": KERNEL, "initrd.gz": INITRD})
            with tempfile.TemporaryDirectory() as folder:
                async with booting(Path(folder), FILES) as (served, _), line(served) as one:
                    for step in ("", *steps):
                        if step:
                            await CHANGES[step](served)
                        for path in (AT, SECOND) * 3:
                            said = await asked(one, path)
                            assert said == await asked(one, path, USUAL), (step, path)
                            await eventually(lambda: not served.parts.image_store.fetching())

        async def asked(one: Line, path: str, more: str = "") -> tuple[str, bytes]:
            """A copy that is on its way has no ETag yet."""
            head, body = await one.ask(path, more)
            return "\n".join(x for x in head.split("\n") if not x.lower().startswith("etag")), body

        asyncio.run(compare())
