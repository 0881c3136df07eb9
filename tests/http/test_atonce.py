"""An answer at once is the usual one, to the byte, and leaves the same traces."""

from __future__ import annotations

import asyncio
import logging
import math
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import hypothesis
import pytest
from hypothesis import strategies as st

from pyxie.bounds import HTTP_IDLE, HTTP_READY_HEADS
from pyxie.events.kinds import ScriptSent
from pyxie.http.atonce import AnswersAtOnce
from pyxie.http.caller import Client
from pyxie.http.keptanswers import Kept, KeptAnswers
from pyxie.http.outright import Answer, Begins
from pyxie.loaders.lanes import SecureBoot
from tests.http.site import CONFIG, HOST, MAC, MACHINE, Served, serving
from tests.support import Passing

DASHED = MAC.replace(":", "-")
READY = [f"/ipxe/{DASHED}", f"/ipxe/{MAC}?sb=01", f"/v1/boot/{MAC}"]


class Line:
    """A connection that stays open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, path: str, more: str = "", method: str = "GET") -> tuple[str, bytes]:
        self.send(path, more, method)
        return await self.hear(body=method != "HEAD")

    def send(self, path: str, more: str = "", method: str = "GET") -> None:
        self.writer.write(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n".encode())

    async def hear(self, *, body: bool = True) -> tuple[str, bytes]:
        """Return an answer's head, without its date, and its body."""
        async with asyncio.timeout(60):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            size = next(int(each[16:]) for each in lines if each.startswith("Content-Length: "))
            found = await self.reader.readexactly(size if body else 0)
        return "\n".join(each for each in lines if not each.startswith("Date: ")), found


@asynccontextmanager
async def line(served: Served) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was answered at once."""
    seen: list[bytes] = []
    answer = AnswersAtOnce.answer

    def noting(self: AnswersAtOnce, data: bytes, client: Client) -> Answer | Begins | None:
        found = answer(self, data, client)
        if found is not None:
            seen.append(data)
        return found

    monkeypatch.setattr(AnswersAtOnce, "answer", noting)
    # A host may be too busy to ask twice within a second.
    monkeypatch.setattr("pyxie.render.lastseen._FOR", math.inf)
    return seen


@pytest.fixture
def kept(at_once: list[bytes], monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was answered by an answer that is kept."""
    seen: list[bytes] = []
    find = KeptAnswers.find

    def noting(self: KeptAnswers[Client], via: str, data: bytes) -> Kept[Client] | None:
        found = find(self, via, data)
        if found is not None:
            seen.append(data)
        return found

    monkeypatch.setattr(KeptAnswers, "find", noting)
    return seen


class TestAnAnswerAtOnce:
    @pytest.mark.parametrize("path", READY)
    async def test_is_the_usual_one(self, tmp_path: Path, at_once: list[bytes], path: str) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            await served.build()
            usual = await one.ask(path)
            assert await one.ask(path) == usual  # by a look at its files
            assert at_once == []

            again = await one.ask(path)

        assert again == usual
        assert len(at_once) == 1

    @pytest.mark.parametrize("path", READY)
    async def test_ends_the_connection_where_that_is_asked_for(
        self, tmp_path: Path, at_once: list[bytes], path: str
    ) -> None:
        async def asked() -> tuple[str, bytes]:
            async with line(served) as one:
                found = await one.ask(path, "Connection: close\r\n")
                assert await one.reader.read() == b""
                return found

        async with serving(tmp_path) as served:
            await served.build()
            usual = await asked()
            assert await asked() == usual  # by a look at its files
            assert at_once == []

            again = [await asked(), await asked()]

        assert again == [usual, usual]
        assert "Connection: close" in usual[0]
        assert len(at_once) == 2

    async def test_of_health_is_what_strangers_are_told(
        self, tmp_path: Path, at_once: list[bytes]
    ) -> None:
        async with serving(tmp_path, to_strangers=True) as served, line(served) as one:
            usual = await one.ask("/health")

            again = await one.ask("/health")

        assert again == usual
        assert again[1] == b'{"State": "OK"}'
        assert len(at_once) == 1

    async def test_leaves_the_same_traces(
        self, tmp_path: Path, at_once: list[bytes], caplog: pytest.LogCaptureFixture
    ) -> None:
        path = f"/ipxe/{DASHED}"
        async with serving(tmp_path) as served, line(served) as one:
            await served.build()
            await one.ask(path)
            served.clock.now += 60
            traces = []
            for _ in range(2):
                caplog.clear()
                with caplog.at_level(logging.INFO, "pyxie.access"):
                    await one.ask(path)
                await asyncio.sleep(0)
                said = [each for each in caplog.records if each.name == "pyxie.access"]
                events = served.parts.trace.recent(host=HOST)
                newest = [each for each in events if isinstance(each.what, ScriptSent)][-1]
                traces.append(
                    (
                        [each.getMessage().rpartition(",")[0] for each in said],
                        [getattr(each, "about", None) for each in said],
                        replace(newest, at=0.0),
                    )
                )
                served.clock.now += 60
            counted = served.parts.metrics.text().decode()

        assert len(at_once) == 1
        assert traces[0] == traces[1]
        assert traces[0][0] == [f'127.0.0.1 "GET {path}" 200']
        route = 'method="GET",route="/ipxe/{mac}",status="200"'
        assert f"pyxie_http_requests_total{{{route}}} 3.0" in counted

    async def test_notes_what_ipxe_says_of_secure_boot(
        self, tmp_path: Path, at_once: list[bytes]
    ) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            await served.build()
            for _ in range(2):
                await one.ask(f"/ipxe/{MAC}?sb=00")

            await one.ask(f"/ipxe/{MAC}?sb=01")

            assert str(served.parts.secure_boot.of(MAC)) == "on"
        assert len(at_once) == 1


class TestIsNotAtOnce:
    async def test_once_the_machines_file_is_another(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            await served.build()
            for path in READY * 2:
                await one.ask(path)
            file = tmp_path / "machines" / f"{HOST}.yaml"
            file.write_text(MACHINE.replace("quiet", "loud"))
            await served.parts.machines.refresh()

            said = [(await one.ask(path))[1] for path in READY]

        assert [b"loud" in each for each in said] == [True] * 3

    @pytest.mark.parametrize("kept", READY)
    async def test_once_the_build_has_ended(
        self, tmp_path: Path, at_once: list[bytes], kept: str
    ) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            token = await served.build()
            for _ in range(2):
                await one.ask(kept)
            await served.get(f"/done/{HOST}/{token}")
            at_once.clear()

            said = (await one.ask(kept))[1]

        assert at_once == []
        assert b"not in build mode" in said.lower() or b"installed" in said

    async def test_once_the_boot_script_is_written_anew(
        self, tmp_path: Path, at_once: list[bytes]
    ) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            await served.build()
            for _ in range(2):
                await one.ask(READY[0])
            at_once.clear()
            (tmp_path / "ipxe/boot.ipxe.j2").write_text("#!ipxe\necho another\n")

            said = (await one.ask(READY[0]))[1]

        assert at_once == []
        assert said == b"#!ipxe\necho another\n"

    async def test_where_hooks_are_to_run(self, tmp_path: Path, at_once: list[bytes]) -> None:
        hooked = MACHINE + "pxeevent_commands: [{command: 'true'}]\n"
        async with serving(tmp_path, machine=hooked) as served, line(served) as one:
            await served.build()

            for _ in range(3):
                assert b"kernel" in (await one.ask(READY[0]))[1]

        assert at_once == []

    @pytest.mark.parametrize(
        ("method", "path", "more"),
        [
            ("HEAD", READY[0], ""),
            ("GET", f"/ipxe/{MAC}?asked=1", ""),
            ("GET", f"/v1/boot/{MAC}?x=1", ""),
            ("GET", READY[0], "Cookie: pyxie=1\r\n"),
            ("GET", READY[0], "Authorization: Bearer x\r\n"),
            ("GET", READY[0], "Content-Encoding: gzip\r\n"),
            ("GET", READY[0], "Content-Length: 2\r\n"),
            ("GET", "/ipxe/nothing", ""),
            ("GET", "/v1/boot/nothing", ""),
            ("GET", f"/v1/boot/{MAC[:-1]}1", ""),
            ("GET", f"/ipxe/{MAC[:-1]}1", ""),
            ("GET", f"/ipxe/{MAC}/", ""),
            ("GET", "/health", ""),
        ],
    )
    async def test_what_is_another_question(
        self, tmp_path: Path, at_once: list[bytes], method: str, path: str, more: str
    ) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            await served.build()
            await one.ask(READY[0])
            if "Length" in more:
                one.send(path, more)
                one.writer.write(b"{}")
                await one.hear()
            else:
                await one.ask(path, more, method)
                await one.ask(path, more, method)

        assert at_once == []


class TestOneConnection:
    async def test_is_answered_in_its_order(self, tmp_path: Path, at_once: list[bytes]) -> None:
        """Who asks for several things at once (RFC 9112 section 9.3.2)."""
        async with serving(tmp_path) as served, line(served) as one:
            await served.build()
            for path in READY * 2:
                await one.ask(path)
            at_once.clear()

            one.send("/health")
            one.send(READY[0])
            one.send(READY[2])
            said = [(await one.hear())[1] for _ in range(3)]

        assert [each[:6] for each in said] == [b'{"Stat', b"#!ipxe", b'{"kern']

    async def test_on_which_a_body_was_sent_has_its_requests_read_by_aiohttp(
        self, tmp_path: Path, at_once: list[bytes]
    ) -> None:
        """What looks like a request may be a part of a body."""
        async with serving(tmp_path) as served, line(served) as one, line(served) as other:
            await served.build()
            for _ in range(2):
                await other.ask(READY[0])
            at_once.clear()
            inner = f"GET {READY[0]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            one.send("/health", f"Content-Length: {len(inner)}\r\n")
            assert (await one.hear())[1].startswith(b'{"State"')

            one.writer.write(inner.encode())
            said = await one.ask("/nothing")

        assert "404" in said[0]
        assert at_once == []

    async def test_in_whose_pieces_a_head_comes_is_answered_once(
        self, tmp_path: Path, at_once: list[bytes]
    ) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            await served.build()
            for _ in range(2):
                usual = await one.ask(READY[0])
            at_once.clear()

            one.writer.write(b"GET /ipxe/00-de-ad-90")
            await asyncio.sleep(0.05)
            one.writer.write(b"-74-60 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            said = await one.hear()
            again = await one.ask(READY[0])

        assert said == again == usual
        assert at_once == []

    async def test_stays_open_while_it_is_used_and_is_closed_once_it_is_not(
        self, tmp_path: Path, at_once: list[bytes]
    ) -> None:
        before = HTTP_IDLE.times
        async with serving(tmp_path) as served, line(served) as one:
            async with line(served) as other:
                await served.build()
                for _ in range(2):
                    await other.ask(READY[0])
            await one.ask("/status")
            time = Passing()
            for _ in range(6):
                await time.on(HTTP_IDLE.most / 3)
                await one.ask(READY[0])

            await time.on(HTTP_IDLE.most)
            async with asyncio.timeout(60):
                rest = await one.reader.read()

        assert rest == b""
        assert len(at_once) == 6
        assert HTTP_IDLE.times > before


class TestIsKept:
    """An answer to a head of a machine in build mode, as bytes."""

    async def test_and_leaves_the_same_traces_each_time(
        self, tmp_path: Path, kept: list[bytes], caplog: pytest.LogCaptureFixture
    ) -> None:
        path = f"/ipxe/{DASHED}?sb=01"
        async with serving(tmp_path) as served, line(served) as one:
            await served.build()
            usual = [await one.ask(path) for _ in range(3)]
            assert kept == []
            for _ in range(3):
                served.clock.now += 60
                served.parts.chains.remember(MAC, 1, 0.0)
                served.parts.secure_boot.learn(MAC, SecureBoot.OFF, "GRUB")
                with caplog.at_level(logging.INFO, "pyxie.access"):
                    assert await one.ask(path) == usual[0]
                await asyncio.sleep(0)
                assert str(served.parts.secure_boot.of(MAC)) == "on"
                assert len(served.parts.chains) == 0
                events = served.parts.trace.recent(host=HOST)
            counted = served.parts.metrics.text().decode()

        assert len(kept) == 3
        sent = [each for each in events if isinstance(each.what, ScriptSent)]
        assert [(each.mac, each.peer, each.text) for each in sent] == [
            (MAC, "127.0.0.1", sent[0].text)
        ] * 4
        lines = [each.getMessage() for each in caplog.records if each.name == "pyxie.access"]
        said = [each.rpartition(",")[0] for each in lines]
        assert said == [f'127.0.0.1 "GET /ipxe/{DASHED}" 200'] * 3
        route = 'method="GET",route="/ipxe/{mac}",status="200"'
        assert f"pyxie_http_requests_total{{{route}}} 6.0" in counted

    async def test_of_few_heads_of_a_machine_and_of_none_that_boots_nothing(
        self, tmp_path: Path, kept: list[bytes]
    ) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            await served.build()
            for at in range(256):
                spelt = "".join(
                    each.upper() if at >> place & 1 else each for place, each in enumerate(DASHED)
                )
                for path in (f"/ipxe/{spelt}", f"/ipxe/02-00-00-00-00-{at:02x}"):
                    await one.ask(path)
            answers = served.server._answers
            assert answers is not None
            assert answers._kept is not None

            assert len(answers._kept) == HTTP_READY_HEADS.whole

    async def test_of_no_machine_that_is_told_by_what_it_reports(
        self, tmp_path: Path, kept: list[bytes]
    ) -> None:
        """Another NIC may report the same, or its file may be told from another by it."""
        told = MACHINE.partition("network:")[0] + "match: {hostname: web01}\n"
        async with serving(tmp_path, machine=told) as served, line(served) as one:
            await served.build()
            for _ in range(5):
                await one.ask(f"/ipxe/{DASHED}?asked=1&hostname=web01")
                await one.ask(READY[0])

        assert kept == []


Change: TypeAlias = Callable[[Served], Awaitable[object]]


async def build(served: Served) -> None:
    await served.ask("PUT", f"/build/{HOST}")


async def end(served: Served) -> None:
    active = served.parts.index.active(HOST)
    if active is not None:
        await served.get(f"/done/{HOST}/{active.token}")


def machine(text: str) -> Change:
    async def change(served: Served) -> None:
        (served.folder / "machines" / f"{HOST}.yaml").write_text(text)
        await served.parts.machines.refresh()

    return change


def another(text: str | None) -> Change:
    async def change(served: Served) -> None:
        file = served.folder / "machines" / "other.yaml"
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(text)
        await served.parts.machines.refresh()

    return change


def template(text: str | None) -> Change:
    async def change(served: Served) -> None:
        file = served.folder / "ipxe/boot.ipxe.j2"
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(text)

    return change


def settings(text: str) -> Change:
    async def change(served: Served) -> None:
        (served.folder / "config.yaml").write_text(text)
        await served.parts.settings.reload()

    return change


OTHER = MACHINE.replace(HOST, "other.internal")
CHANGES: dict[str, Change] = {
    "a build begins": build,
    "it ends": end,
    "another command line": machine(MACHINE.replace("quiet", "loud")),
    "the machine as it was": machine(MACHINE),
    "another NIC": machine(MACHINE.replace("74:60", "74:61")),
    "a mistake in its file": machine(MACHINE.replace("cmdline", "cmdlime")),
    "hooks": machine(MACHINE + "pxeevent_commands: [{command: 'true'}]\n"),
    "its NIC in another file": another(OTHER),
    "in no other file": another(None),
    "another boot script": template("#!ipxe\necho {{ kernel_url }}\n"),
    "the shipped one": template(None),
    "another URL": settings(CONFIG.replace("boot.internal", "other.internal")),
    "no URL": settings(CONFIG.replace("baseurl", "#")),
    "the settings as they were": settings(CONFIG),
}


class TestForAnyOrderOfChanges:
    @hypothesis.settings(
        max_examples=12, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(st.lists(st.sampled_from(sorted(CHANGES)), max_size=6))
    def test_what_comes_at_once_is_what_would_be_made(self, steps: list[str]) -> None:
        async def compare() -> None:
            with tempfile.TemporaryDirectory() as folder:
                async with serving(Path(folder)) as served, line(served) as one:
                    await served.build()
                    for step in ("", *steps):
                        if step:
                            await CHANGES[step](served)
                        for path in READY * 3:
                            said = await one.ask(path)
                            # It has a header that nothing at once is known by.
                            assert said == await one.ask(path, "Cookie: a=1\r\n"), (step, path)

        asyncio.run(compare())


async def test_a_mistake_in_what_answers_at_once_costs_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path) as served, line(served) as one:
        await served.build()
        usual = await one.ask(READY[0])

        def broken(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("pyxie.workers.renders.Renders.script_ready", broken)

        assert await one.ask(READY[0]) == usual
    assert "a bug, while answering at once" in caplog.text
