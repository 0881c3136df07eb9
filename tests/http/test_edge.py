"""What surrounds every request: log, metrics, errors as answers."""

from __future__ import annotations

import asyncio
import gc
import gzip
import io
import json
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.bounds import MANAGEMENT_WAITING, THREADS
from pyxie.http import edge
from pyxie.http.admission import Patience
from pyxie.http.gate import Verdict
from pyxie.http.parts import GATE
from pyxie.lines import Sort
from pyxie.store.pools import StoreError
from tests.builds.stores import FillingRecords
from tests.http.site import HOST, MAC, Answer, Served, serving
from tests.support import hung

TOKEN = "6a1b3c5d-0000-4000-8000-123456789abc"


def logged(caplog: pytest.LogCaptureFixture, logger: str = "pyxie.access") -> list[str]:
    return [each.getMessage().rpartition(",")[0] for each in caplog.records if each.name == logger]


class TestAccessLog:
    @pytest.mark.parametrize(
        ("path", "shown"),
        [
            (f"/done/{HOST}/{TOKEN}", f"/done/{HOST}/***"),
            (f"/done/{HOST}/short", f"/done/{HOST}/***"),
            (f"/done/{HOST}/{TOKEN}/", f"/done/{HOST}/***/"),
            (f"/dnoe/{HOST}/{TOKEN}", f"/dnoe/{HOST}/***"),
            (f"/done/{HOST}/{TOKEN}?token={TOKEN}", f"/done/{HOST}/***"),
            (f"/template/{TOKEN}/{HOST}/preseed", f"/template/***/{HOST}/***"),
            (f"/boot/{TOKEN}/kernel/{TOKEN.upper()}", "/boot/***/kernel/***"),
            (f"/api/v1/machines/{TOKEN}.pyxie_{'x' * 43}", "/api/v1/machines/***.***"),
            (f"/files/a{TOKEN[:-1]}/b", f"/files/a{TOKEN[:-1]}/b"),
            (f"/done/{HOST}/%36a1b3c5d-0000-4000-8000-123456789abc", f"/done/{HOST}/***"),
            ("/nowhere/%0a%1b%5b31m%c3%a9", "/nowhere/\\n\\x1b[31m\\xe9"),
            ("/x" * 2000, "/x" * 150),
        ],
    )
    async def test_shows_no_token_and_no_control_character(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str, shown: str
    ) -> None:
        caplog.set_level(1)
        async with serving(tmp_path) as served:
            answer = await served.get(path)

            assert logged(caplog) == [f'127.0.0.1 "GET {shown}" {answer.status}']

    async def test_does_not_repeat_at_info_what_watchers_ask(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        async with serving(tmp_path) as served:
            for path in ("/health", "/metrics", "/status"):
                await served.get(path)

        assert logged(caplog) == []


class TestFlood:
    """What becomes of many lines is `pyxie.lines`'; here is what each is said to be about."""

    @pytest.mark.parametrize(
        ("method", "path", "about"),
        [
            ("GET", "/ipxe/02-00-00-00-00-09", (Sort.REQUESTS, "127.0.0.1")),
            ("GET", "/nowhere", (Sort.REFUSALS, "127.0.0.1")),
            ("GET", f"/template/preseed/{HOST}/x", (Sort.REFUSALS, "127.0.0.1")),
            ("GET", "/api/v1/machines", (None, "")),
            ("GET", "/api/v1/machines/nobody", (Sort.REFUSALS, "127.0.0.1")),
        ],
    )
    async def test_a_line_counts_for_its_client_unless_it_manages(
        self,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        method: str,
        path: str,
        about: tuple[Sort | None, str],
    ) -> None:
        caplog.set_level("INFO")
        async with serving(tmp_path) as served:
            await served.ask(method, path)

        [line] = [each for each in caplog.records if each.name == "pyxie.access"]
        assert line.__dict__["about"] == about

    async def test_who_is_refused_management_at_many_paths_is_told_of_once(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            for number in range(20):
                assert (await served.get(f"/api/v1/machines/web{number}")).status == 403
            assert (await served.get("/api/v1/builds")).status == 403

            assert [event.text.split(":")[0] for event in served.parts.trace.recent()] == [
                "refused GET /api/v1/machines/web0",
                "refused GET /api/v1/builds",
            ]


class TestErrors:
    async def test_what_is_not_there_is_plain_text_or_a_problem(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert await served.get("/nowhere") == Answer(404, b"Not Found\n")
            found = await served.get("/api/v1/nowhere")
            assert found.headers["Content-Type"] == "application/problem+json; charset=utf-8"
            assert json.loads(found.body) == {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "Not Found",
            }

    async def test_a_wrong_method_is_told_the_right_ones(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await served.ask("POST", f"/build/{HOST}")

            assert answer == Answer(405, b"Method Not Allowed\n")
            assert answer.headers["Allow"] == "PUT"

    async def test_while_management_is_busy_its_callers_come_again_and_machines_boot(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            management = served.parts.pools.management
            with hung() as disk:
                most = THREADS.whole + MANAGEMENT_WAITING.whole
                waiting = [asyncio.create_task(management.run(disk.read)) for _ in range(most)]
                await asyncio.sleep(0)

                answer = await served.get(f"/api/v1/machines/{HOST}")
                script = await served.get(f"/ipxe/{MAC}")

                disk.mend()
                await asyncio.gather(*waiting)
            after = await served.get(f"/api/v1/machines/{HOST}")

        assert json.loads(answer.body) == {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "management: 260 are in hand already; try again",
        }
        assert answer.headers["Retry-After"] == "5"
        assert script.text.startswith("#!ipxe")
        assert after.status == 200

    async def test_a_state_that_cannot_be_read_is_500(self, tmp_path: Path) -> None:
        class Unreadable(FillingRecords):
            async def history(self, host: str) -> list[dict[str, object]]:
                raise StoreError("disk I/O error")

        async with serving(tmp_path, records=Unreadable) as served:
            answer = await served.get(f"/api/v1/machines/{HOST}")

            detail = json.loads(answer.body)["detail"]
            assert (answer.status, detail) == (500, "the state cannot be read: disk I/O error")

    async def test_a_bug_is_logged_and_ends_one_request_only(
        self,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async with serving(tmp_path) as served:
            monkeypatch.setattr(served.parts.recogniser, "anew", _bug)

            assert await served.get("/ipxe/02-00-00-00-00-09") == Answer(
                500, b"a bug in pyxie; its log has the details\n"
            )
            assert (await served.get("/status")).status == 200
            assert [each.message for each in caplog.records if each.levelname == "ERROR"] == [
                "a bug, while answering GET /ipxe/02-00-00-00-00-09"
            ]

    async def test_a_bug_half_way_through_an_answer_is_a_broken_transfer(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            _break_off(served)

            answer = await served.raw(b"GET /half HTTP/1.1\r\nHost: localhost\r\n\r\n")

            assert answer.count(b"HTTP/1.1") <= 1
            assert not answer.endswith(b"0\r\n\r\n")


class TestWeirdRequests:
    """Any bytes leave the server answering others."""

    @pytest.mark.parametrize(
        "request_",
        [
            b"\0" * 1000,
            b"\xff\xfe\xfd",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET /\xff\xff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"GET http://[ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"GET * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"CONNECT evil:80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
            b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
            b"PUT /build/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"PUT /build/x HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nConnection: close\r\n\r\n",
            b"GET /x HTTP/1.1\r\nHost: x\r\nExpect: \xff\r\nConnection: close\r\n\r\n",
            b"GET /x HTTP/1.1\r\nHost: localhost\r\nRange: bytes=9-1\r\nConnection: close\r\n\r\n",
            b"GET /x HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade, close\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ],
        ids=range(18),
    )
    async def test_are_answered_or_dropped(
        self, tmp_path: Path, request_: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with serving(tmp_path, patience=Patience(first_request=0.2)) as served:
            answer = b""
            with suppress(ConnectionResetError):  # more was sent than is read of a wrong head
                answer = await served.raw(request_)
            served.server._admission.patience = Patience()

            assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
            assert (await served.get("/health")).status == 200
            assert [each.message for each in caplog.records if each.name == "pyxie.http.edge"] == []
            assert [each.message for each in caplog.records if each.exc_info] == []

    async def test_that_expect_something_are_logged_and_have_their_answer(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(1)
        head = "GET {} HTTP/1.1\r\nHost: localhost\r\nExpect: {}\r\nConnection: close\r\n\r\n"
        async with serving(tmp_path) as served:
            other = await served.raw(head.format("/nowhere", "a-miracle").encode())
            usual = await served.raw(head.format("/health", "100-Continue").encode())

        assert other.startswith(b"HTTP/1.1 404 Not Found\r\n")
        assert usual.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
        assert logged(caplog) == [
            '127.0.0.1 "GET /nowhere" 404',
            '127.0.0.1 "GET /health" 200',
        ]

    async def test_are_not_quoted_in_the_log(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(1)
        async with serving(tmp_path) as served:
            await served.raw(f"GET /done/{HOST}/{TOKEN} HTTP/9.9\r\n\r\n".encode())
            await served.raw(f"GET /done/{HOST}/{TOKEN} HTTP/1.1\r\nbad\r\n\r\n".encode())

            shown = [f"{each.getMessage()} {each.exc_info}" for each in caplog.records]
            assert not [line for line in shown if TOKEN in line]
            assert [line for line in shown if "is not HTTP" in line] == [
                "127.0.0.1 sent what is not HTTP: BadStatusLine None",
                "127.0.0.1 sent what is not HTTP: BadHttpMessage None",
            ]

    async def test_a_body_of_any_size_does_no_harm(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            async with served.session.put(
                f"{served.url}/build/{HOST}", data=io.BytesIO(b"x" * (8 << 20))
            ) as answer:
                assert answer.status == 413
            assert (await served.get(f"/status/{HOST}")).status == 404


def _bug(*_: object) -> None:
    raise ZeroDivisionError


def _break_off(served: Served) -> None:
    """Make the route of the events fail after its first bytes."""

    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        raise ZeroDivisionError

    assert served.server._runner is not None
    router = served.server._runner.app.router
    router._frozen = False
    router.add_get("/half", half)


class TestAPackedBody:
    """Content-Encoding on a request: RFC 9110 section 8.4."""

    @pytest.mark.parametrize("coding", ["gzip", "DEFLATE", "br", "zstd", "gzip, gzip", "x" * 3000])
    @pytest.mark.parametrize("packed", [b"that is none", gzip.compress(bytes(50 << 20))])
    async def test_is_refused_without_being_unpacked(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, coding: str, packed: bytes
    ) -> None:
        async with serving(tmp_path) as served:
            for method, path in (("PUT", f"/build/{HOST}"), ("POST", "/answer")):
                answer = await served.ask(method, path, packed, Content_Encoding=coding)

                assert answer == Answer(
                    415, b"the body is packed (Content-Encoding): send it as it is\n"
                )
        assert [each for each in caplog.records if each.exc_info] == []

    async def test_may_say_that_it_is_not(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await served.ask("PUT", f"/build/{HOST}", b"", Content_Encoding="identity")

            assert answer == Answer(200, b"OK")

    @pytest.mark.parametrize("rest", [b"2\r\n{}zz", b"fffffffffffffffffff\r\n"])
    async def test_in_chunks_that_are_none_is_refused_and_no_traceback(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, rest: bytes
    ) -> None:
        """RFC 9112 section 7.1."""
        head = b"POST /answer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        async with serving(tmp_path, patience=Patience(still=0.5)) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
            writer.write(head)
            await asyncio.sleep(0.1)  # so that the body is being read
            writer.write(rest)
            status = await reader.readline()
            writer.close()

        assert status == b"" or status.startswith(b"HTTP/1.1 400 ")
        assert [each for each in caplog.records if each.exc_info] == []


class TestARequestThatIsRefused:
    async def test_leaves_nothing_for_the_collector_of_garbage(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.get("/nothing")
            gc.collect()
            gc.disable()
            try:
                for _ in range(5):
                    await served.get("/nothing")
                found = [each for each in gc.get_objects() if isinstance(each, web.Request)]
                kept = [each for each in found if each.path == "/nothing"]
            finally:
                gc.enable()

        assert len(kept) <= 1


class Asking(dict[object, object]):
    """A change that is asked for, as far as it is looked at for who may do all."""

    def __init__(self, let_in: object, gate: object) -> None:
        super().__init__({edge.LET_IN: let_in} if let_in else {})
        self.app = {GATE: lambda: gate}


class TestWhoMayDoAll:
    @pytest.mark.parametrize(
        ("let_in", "gate", "may"),
        [
            (("one", Verdict(None, "this host", Scope.ADMIN)), "one", True),
            (("one", Verdict("no", "this host")), "one", False),
            (("one", Verdict(None, "this host", Scope.ADMIN)), "another", False),
            (None, "one", False),
        ],
    )
    def test_is_what_the_gate_has_said_for_as_long_as_it_is_the_same(
        self, monkeypatch: pytest.MonkeyPatch, let_in: object, gate: str, *, may: bool
    ) -> None:
        """Of another gate, or where a secret came along, it is asked anew: here it says no."""
        monkeypatch.setattr(edge, "judged", lambda *_: Verdict("not any more", "a token"))

        assert edge.may_do_all(cast("web.Request", Asking(let_in, gate))) is may

    @pytest.mark.parametrize("secret", ["Authorization", "Cookie", ""])
    async def test_is_asked_anew_of_those_who_showed_a_secret(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
    ) -> None:
        asked = list[Scope]()
        judged = edge.judged

        def noted(request: web.Request, needed: Scope) -> Verdict:
            asked.append(needed)
            return judged(request, needed)

        monkeypatch.setattr(edge, "judged", noted)
        async with serving(tmp_path) as served:
            shown = {secret: "Bearer nothing"} if secret else {}
            answer = await served.ask("PUT", f"/build/{HOST}", None, **shown)

        assert answer.status == 200
        assert asked == ([Scope.BUILD, Scope.ADMIN] if secret else [Scope.BUILD])
