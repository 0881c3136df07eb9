"""The API server is asked off the hot path, and whatever it does holds up nobody."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from pyxie.bootapi.answer import MOST_BYTES, Answer
from pyxie.bootapi.lookup import BootApi
from pyxie.bootapi.memory import FRESH, HELD, LANE, MOST, PATIENCE, REFUSED, Memory, Nothing
from pyxie.compat import contract
from pyxie.events.kind import Step
from pyxie.metrics import Metrics
from tests.bootapi.server import ApiServer, Reply, api_server
from tests.daemon import free_port
from tests.dhcp.packets import BIOS_FEATURES, discover, ipxe
from tests.dhcp.packets import MAC as CLIENT
from tests.dhcp.test_server import FakeRecorder, Lab
from tests.dhcp.test_server import serving as answering
from tests.http.site import CONFIG, MAC, serving
from tests.recognised import standing
from tests.support import Clock, eventually

NEW = "52:54:00:00:00:07"
KERNEL = "http://files.example/k"
BOOTS = {"kernel": KERNEL}
ANSWER = Answer(kernel=KERNEL)
SCRIPT = b"http://192.168.7.1:8080/ipxe/52-54-00-12-34-56"


class Asker:
    """A `BootApi`, its clock, and what it tells and counts."""

    def __init__(self, url: str, patience: float = 5.0) -> None:
        self.clock, self.recorder, self.metrics = Clock(0.0), FakeRecorder(), Metrics()
        self.memory = Memory()
        self.api = BootApi(
            SecretStr(url),
            contract,
            self.memory,
            self.recorder,
            self.metrics,
            clock=self.clock,
            patience=patience,
        )

    def known(self, mac: str = NEW) -> Answer | Nothing | None:
        return self.memory.known(mac, self.clock())

    def counted(self, outcome: str) -> float:
        name = "pyxie_boot_api_requests_total"
        return self.metrics.registry.get_sample_value(name, {"outcome": outcome}) or 0.0

    async def hear(self, mac: str = NEW) -> None:
        """Have a machine heard, and wait for what comes of it."""
        self.api.look_up(mac)
        await self.idle()

    async def idle(self) -> None:
        await eventually(lambda: not self.api._asking)

    def why(self, mac: str = NEW) -> str:
        said = self.known(mac)
        assert isinstance(said, Nothing)
        return said.why


@asynccontextmanager
async def asking(url: str, patience: float = 5.0) -> AsyncIterator[Asker]:
    asker = Asker(url, patience)
    async with asker.api:
        yield asker


class TestWithoutTheSetting:
    async def test_nobody_is_asked_and_nothing_known(self) -> None:
        api = BootApi(None, contract, Memory(), FakeRecorder(), Metrics())
        async with api:
            api.look_up(NEW)

            assert not api.is_set
            assert not api._asking


class TestHeard:
    async def test_the_first_discover_asks_and_the_next_knows(self) -> None:
        async with api_server(**{NEW: BOOTS}) as server, asking(server.url) as asker:
            asker.api.look_up(NEW)
            assert asker.known() is None
            await asker.idle()

            assert asker.known() == ANSWER
            assert server.asked == [f"/v1/boot/{NEW}"]
            assert server.headers[0]["Accept"] == "application/json"
            assert asker.recorder.events == [
                (Step.ASKED, f"is unknown, and the boot API has it boot {KERNEL}", NEW, None)
            ]
            assert asker.counted("boots") == 1
            seconds = "pyxie_boot_api_seconds_count"
            assert asker.metrics.registry.get_sample_value(seconds) == 1

    async def test_a_repeated_discover_asks_once(self) -> None:
        async with api_server(**{NEW: BOOTS}) as server, asking(server.url) as asker:
            server.may.clear()
            for _ in range(20):
                asker.api.look_up(NEW)
            server.may.set()
            await asker.idle()
            await asker.hear()

            assert len(server.asked) == 1
            assert asker.counted("dropped") == 0

    async def test_a_boot_is_asked_for_anew_in_the_background(self) -> None:
        async with api_server(**{NEW: BOOTS}) as server, asking(server.url) as asker:
            await asker.hear()
            server.says[NEW] = 404
            asker.clock.now += FRESH

            asker.api.look_up(NEW)
            assert asker.known() == ANSWER
            await asker.idle()

            assert asker.why() == "answers 404"

    async def test_a_refusal_ends_soon(self) -> None:
        async with api_server() as server, asking(server.url) as asker:
            await asker.hear()
            server.says[NEW] = BOOTS
            await asker.hear()
            assert asker.why() == "answers 404"

            asker.clock.now += REFUSED
            await asker.hear()

            assert asker.known() == ANSWER

    @pytest.mark.parametrize("slash", ["", "/"])
    async def test_the_path_of_the_url_stays(self, slash: str) -> None:
        async with api_server() as server, asking(f"{server.url}/a/b{slash}") as asker:
            await asker.hear()

            assert server.asked == [f"/a/b/v1/boot/{NEW}"]


class TestAServerThat:
    @pytest.mark.parametrize("status", [201, 204, 304, 400, 401, 404, 500, 501])
    async def test_answers_no_200_has_nothing_for_the_machine(self, status: int) -> None:
        """500 is what waitron 3 says of a machine without a job."""
        async with api_server(otherwise=status) as server, asking(server.url) as asker:
            for _ in range(PATIENCE + 1):
                await asker.hear()
                asker.clock.now += REFUSED

            assert await asker.api.ask(NEW) == Nothing(f"answers {status}")
            assert asker.counted("failed") == 0

    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    async def test_is_away_has_what_it_said_before(self, status: int) -> None:
        async with api_server(**{NEW: BOOTS}) as server, asking(server.url) as asker:
            await asker.hear()
            server.says[NEW] = status
            asker.clock.now += FRESH
            await asker.hear()

            assert asker.known() == ANSWER
            assert await asker.api.ask(NEW) == ANSWER
            asker.clock.now += HELD
            assert await asker.api.ask(NEW) == Nothing(f"answers {status}", certain=False)

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            (b"", "is not JSON"),
            (b"<html>", "is not JSON"),
            (b"{}", "kernel: missing"),
            (b" " * (MOST_BYTES * 8), "is over 64 KiB"),
            (b'{"kernel": "file:///etc/passwd"}', None),
            (gzip.compress(b'{"kernel": "http://x/"}', mtime=0), "is not JSON"),
        ],
    )
    async def test_answers_garbage_is_told_of_once(self, body: bytes, why: str | None) -> None:
        async with api_server(otherwise=body) as server, asking(server.url) as asker:
            why = why or "kernel: 'file:///etc/passwd' does not lead to a file by http or https"
            await asker.hear()
            await asker.hear("52:54:00:00:00:08")

            told = f"answers what cannot be booted: {why}"
            assert asker.why() == told
            assert asker.recorder.events == [(Step.TROUBLE, f"the boot API {told}", NEW, None)]
            assert asker.counted("malformed") == 2

    async def test_never_ends_its_answer_is_cut_off(self) -> None:
        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield b" " * 65536
                await asyncio.sleep(0)

        def reply(_: web.Request) -> web.Response:
            return web.Response(body=endless())

        async with api_server(otherwise=reply) as server, asking(server.url) as asker:
            await asker.hear()

            assert asker.why() == "answers what cannot be booted: is over 64 KiB"

    async def test_is_slow_is_given_up_on(self) -> None:
        async with api_server() as server, asking(server.url, patience=0.05) as asker:
            server.may.clear()
            await asker.hear()

            assert asker.why() == "does not answer within 0.05 s"
            assert asker.counted("failed") == 1

    async def test_is_dead_is_asked_less_often_and_told_of_twice(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, logger="pyxie.bootapi")
        async with (
            api_server(otherwise=503) as server,
            asking(server.url.replace("//", "//me:sesame@")) as asker,
        ):
            for number in range(50):
                await asker.hear(f"52:54:00:00:01:{number:02x}")
            assert len(server.asked) == PATIENCE
            assert asker.counted("dropped") == 50 - PATIENCE
            assert await asker.api.ask(NEW) == Nothing("does not answer", certain=False)

            server.otherwise = BOOTS
            asker.clock.now += 2
            await asker.hear()

            assert asker.known() == ANSWER
            assert [record.getMessage() for record in caplog.records] == [
                f"unknown machines are looked up at {server.url}",
                f"the boot API at {server.url} answers 503; it is asked less often now",
                f"the boot API at {server.url} answers again",
            ]

    async def test_nobody_listens_as(self) -> None:
        async with asking(f"http://127.0.0.1:{free_port()}") as asker:
            await asker.hear()

            assert asker.why() == "cannot be reached: Connection refused"

    @pytest.mark.parametrize("said", [b"SSH-2.0-x\r\n", b""])
    async def test_speaks_no_http(self, said: bytes) -> None:
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(said)
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server, asking(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as a:
            await a.hear()

            assert a.why().startswith("cannot be reached: ")

    async def test_redirects_is_followed_though_not_in_circles(self) -> None:
        def elsewhere(_: web.Request) -> web.Response:
            raise web.HTTPFound("/other")

        def round_and_round(request: web.Request) -> web.Response:
            raise web.HTTPFound(request.path)

        def away(_: web.Request) -> web.Response:
            raise web.HTTPFound("file:///etc/passwd")

        says: dict[str, Reply] = {
            NEW: elsewhere,
            "other": {"kernel": "k"},
            "a": round_and_round,
            "b": away,
        }
        async with api_server(**says) as server, asking(server.url) as asker:
            assert await asker.api.ask(NEW) == Answer(kernel=f"{server.url}/k")
            assert await asker.api.ask("a") == Nothing(
                "redirects in circles, or too often", certain=False
            )
            failed = await asker.api.ask("b")
            assert isinstance(failed, Nothing)
            assert failed.why == "redirects to what is no URL of HTTP"

    async def test_wants_a_password_gets_it_and_nobody_else_sees_it(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(1)
        caplog.set_level(logging.INFO, logger="asyncio")
        async with api_server(**{NEW: {"kernel": "k"}}) as server:
            url = server.url.replace("//", "//me:sesame@")
            async with asking(url) as asker:
                await asker.hear()
                server.otherwise = b"x"
                await asker.hear("52:54:00:00:00:08")
                server.otherwise = 503
                for number in range(5):
                    await asker.hear(f"52:54:00:00:01:{number:02x}")

        assert server.headers[0]["Authorization"] == "Basic bWU6c2VzYW1l"
        shown = "\n".join(f"{each.getMessage()} {each.__dict__}" for each in caplog.records)
        assert "sesame" not in shown + repr(asker.recorder.events)


class TestAFlood:
    async def test_of_made_up_machines_is_bounded(self) -> None:
        async with api_server() as server, asking(server.url) as asker:
            server.may.clear()
            for number in range(20_000):
                asker.api.look_up(f"made-up {number}")
            await eventually(lambda: server.at_once == LANE)
            assert len(asker.api._asking) == LANE

            server.may.set()
            await asker.idle()
            for number in range(20_000):
                asker.clock.now += 0.001
                await asker.hear(f"made-up {number}") if number % 20 == 0 else None

            assert server.most_at_once == LANE
            assert len(asker.api._memory) <= 2 * MOST

    async def test_a_machine_that_waits_for_its_script_is_asked_about_all_the_same(self) -> None:
        async with api_server(**{NEW: BOOTS}) as server, asking(server.url) as asker:
            server.may.clear()
            for number in range(1000):
                asker.api.look_up(f"made-up {number}")
            waiting = asyncio.create_task(asker.api.ask(NEW))
            await eventually(lambda: server.at_once == LANE + 1)
            server.may.set()

            assert await waiting == ANSWER

    async def test_of_scripts_keeps_none_waiting_for_long(self) -> None:
        async with api_server(**{NEW: BOOTS}) as server, asking(server.url, 0.3) as asker:
            server.may.clear()
            asks = [asyncio.create_task(asker.api.ask(f"made-up {n}")) for n in range(500)]
            await eventually(lambda: server.at_once == LANE)
            began = time.monotonic()
            done = await asyncio.wait_for(asyncio.gather(*asks), 60)

            assert time.monotonic() - began < 10
            assert all(isinstance(said, Nothing) and not said.certain for said in done)
            assert server.most_at_once == LANE


class TestAsk:
    async def test_waits_for_what_dhcp_has_asked(self) -> None:
        async with api_server(**{NEW: BOOTS}) as server, asking(server.url) as asker:
            server.may.clear()
            asker.api.look_up(NEW)
            waiting = asyncio.create_task(asker.api.ask(NEW))
            await eventually(lambda: server.at_once == 1)
            server.may.set()

            assert await waiting == ANSWER
            assert len(server.asked) == 1

    async def test_asks_anew_what_is_older_than_a_moment(self) -> None:
        async with api_server(**{NEW: BOOTS}) as server, asking(server.url) as asker:
            assert await asker.api.ask(NEW) == await asker.api.ask(NEW) == ANSWER
            assert len(server.asked) == 1

            server.says[NEW] = 404
            asker.clock.now += FRESH - 1
            assert await asker.api.ask(NEW) == Nothing("answers 404")

    async def test_a_client_that_leaves_does_not_end_the_question(self) -> None:
        async with api_server(**{NEW: BOOTS}) as server, asking(server.url) as asker:
            server.may.clear()
            waiting = asyncio.create_task(asker.api.ask(NEW))
            await eventually(lambda: server.at_once == 1)
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting
            server.may.set()
            await asker.idle()

            assert asker.known() == ANSWER

    async def test_answers_of_machines_that_have_their_script_are_bounded(self) -> None:
        async with asking("http://192.0.2.1") as asker:
            for number in range(MOST + 10):
                asker.api.hand(str(number), ANSWER)

            assert len(asker.api._handed) == MOST
            assert asker.api.handed("0") is None
            assert asker.api.handed(str(MOST)) is ANSWER


class TestTheEnd:
    async def test_gives_up_what_is_being_asked(self) -> None:
        async with api_server() as server:
            server.may.clear()
            async with asking(server.url) as asker:
                asker.api.look_up(NEW)
                await eventually(lambda: server.at_once == 1)
                serving_task = asyncio.create_task(asker.api.serve())
                await asker.api.drain()

                assert not asker.api._asking
                serving_task.cancel()


class TestDhcp:
    """The whole way: a DISCOVER, the site's word on its sender, the server's answer."""

    @asynccontextmanager
    async def lan(self, server: ApiServer, folder: Path, more: str = "") -> AsyncIterator[Lab]:
        config = f"{CONFIG}boot_api: {server.url}\n{more}"
        async with serving(folder, config=config) as served:
            parts = served.parts
            lab = Lab(recognise=parts.recogniser.over_dhcp, news=parts.news)
            lab.server._discovered = served.parts.discovery.note
            async with answering(lab):
                yield lab

    @pytest.mark.parametrize("answers_at", [0.5, 1.5, 2.5])
    async def test_a_discover_that_was_heard_is_answered_when_the_server_has_answered(
        self, tmp_path: Path, answers_at: float
    ) -> None:
        """An iPXE ROM sends one at 0 and at 1 s, and goes on without an offer at 3 s."""
        rom = ipxe(0, o175=BIOS_FEATURES)
        async with api_server(**{CLIENT: BOOTS}) as server, self.lan(server, tmp_path) as lab:
            server.may.clear()
            for lab.now in (at for at in (0.0, 1.0) if at < answers_at):
                lab.dhcp.deliver(rom)
                await lab.settle()
                assert lab.dhcp.sent == []
            await eventually(lambda: server.at_once == 1)

            lab.now = answers_at
            server.may.set()
            await eventually(lambda: lab.dhcp.sent)
            for lab.now in (at for at in (1.0,) if at > answers_at):
                lab.dhcp.deliver(rom)
                await lab.settle()

            offers = [(sent.message.xid, sent.message.file) for sent in lab.dhcp.sent]
            assert set(offers) == {(rom.xid, SCRIPT)}
            assert len(offers) == (2 if answers_at < 1 else 1)
            assert server.asked == [f"/v1/boot/{CLIENT}"]

    async def test_a_discover_is_not_answered_once_its_sender_has_gone_on(
        self, tmp_path: Path
    ) -> None:
        async with api_server(**{CLIENT: BOOTS}) as server, self.lan(server, tmp_path) as lab:
            server.may.clear()
            lab.dhcp.deliver(ipxe(0, o175=BIOS_FEATURES))
            await lab.settle()
            await eventually(lambda: server.at_once == 1)

            lab.now = 2.6
            server.may.set()
            await eventually(lambda: server.at_once == 0)
            await asyncio.sleep(0.05)
            assert lab.dhcp.sent == []

            lab.dhcp.deliver(ipxe(0, o175=BIOS_FEATURES))
            await lab.settle()
            assert [sent.message.file for sent in lab.dhcp.sent] == [SCRIPT]

    async def test_what_does_not_boot_from_the_network_is_not_asked_about(
        self, tmp_path: Path
    ) -> None:
        async with api_server() as server, self.lan(server, tmp_path) as lab:
            lab.dhcp.deliver(discover(7, o60=b"MSFT 5.0", o93=None))
            await lab.settle()
            await asyncio.sleep(0.05)

            assert server.asked == []

    async def test_a_server_that_hangs_holds_up_nobody(self, tmp_path: Path) -> None:
        async with api_server() as server, self.lan(server, tmp_path) as lab:
            server.may.clear()
            began = time.monotonic()
            for number in range(500):
                mac = bytes((2, 0, 0, 0, *divmod(number, 256)))
                lab.dhcp.deliver(replace(discover(7), chaddr=mac))
                if number % 50 == 0:
                    await lab.settle()
            await lab.settle()

            assert time.monotonic() - began < 10
            assert sum(lab.counted().values()) == 500


class TestTheSite:
    async def test_asks_about_no_machine_that_a_file_knows(self, tmp_path: Path) -> None:
        async with api_server(otherwise=BOOTS) as server:
            config = f"{CONFIG}boot_api: {server.url}\n"
            async with serving(tmp_path, config=config) as served:
                served.parts.discovery.note(MAC, {})
                await served.get(f"/ipxe/{MAC}")

                assert standing(served.parts.recogniser.of(MAC)).why == "not in build mode"
                assert server.asked == []

    async def test_nor_of_one_whose_file_has_mistakes(self, tmp_path: Path) -> None:
        async with api_server(otherwise=BOOTS) as server:
            config = f"{CONFIG}boot_api: {server.url}\n"
            machine = f"hostname: x\nkernle: x\nnetwork: [{{macaddress: '{NEW}'}}]\n"
            async with serving(tmp_path, config=config, machine=machine) as served:
                served.parts.discovery.note(NEW, {})

                assert "file with mistakes" in standing(served.parts.recogniser.of(NEW)).why
                assert "file with mistakes" in (await served.get(f"/ipxe/{NEW}")).text
                assert server.asked == []

    async def test_has_the_policy_for_unknown_machines_for_the_rest(self, tmp_path: Path) -> None:
        async with api_server() as server:
            config = f"{CONFIG}boot_api: {server.url}\nunknown: discover\n"
            async with serving(tmp_path, config=config) as served:
                served.parts.discovery.note(NEW, {})

                assert standing(served.parts.recogniser.of(NEW)).in_build
                assert "/discovered/" in (await served.get(f"/ipxe/{NEW}")).text
                assert json.loads((await served.get("/api/v1/discovered")).body)["machines"]


class TestAnAnswerThatIsLongToRead:
    async def test_is_read_in_a_thread(self) -> None:
        read_in: list[str] = []

        class Slow:
            boot_url = staticmethod(contract.boot_url)

            def parse(self, body: bytes, base: str) -> Answer:
                read_in.append(threading.current_thread().name)
                return contract.parse(body, base)

        async with api_server(otherwise=BOOTS) as server:
            memory = Memory()
            url = SecretStr(server.url)
            async with BootApi(url, Slow(), memory, FakeRecorder(), Metrics()) as api:
                assert await api.ask(NEW) == ANSWER

        assert read_in == ["pyxie boot API"]
