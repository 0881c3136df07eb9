"""What clients send: no more of it than is taken, by Content-Length or without one."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pyxie.bounds import (
    ANSWER_LENGTH,
    BODY_LENGTH,
    BUILD_BODY_LENGTH,
    BUILDS_LENGTH,
    YAML_LENGTH,
    Bound,
)
from pyxie.config import nodes
from pyxie.config.nodes import Document
from tests.http.site import HOST, Served, serving

LENGTHS: list[tuple[str, str, Bound, str]] = [
    ("PUT", f"/build/{HOST}", BUILD_BODY_LENGTH, "64 KiB"),
    ("PUT", f"/api/v1/builds/{HOST}", BUILD_BODY_LENGTH, "64 KiB"),
    ("POST", "/api/v1/builds", BUILDS_LENGTH, "512 KiB"),
    ("POST", "/api/v1/tokens", BODY_LENGTH, "64 KiB"),
    ("POST", "/answer", ANSWER_LENGTH, "16 KiB"),
    ("POST", "/api/v1/machines", YAML_LENGTH, "1 MiB"),
]


async def endless(most: int) -> AsyncIterator[bytes]:
    """A chunked body, without Content-Length, that goes on for as long as it is read."""
    for _ in range(64 + most // 4096):
        yield b"#" * 4096


def detail(body: bytes) -> str:
    text = body.decode()
    return str(json.loads(text)["detail"]) if text.startswith("{") else text.rstrip("\n")


class TestABodyThatIsTooLong:
    @pytest.mark.parametrize(("method", "path", "most", "spelt"), LENGTHS)
    async def test_is_refused_before_any_of_it_has_come(
        self, tmp_path: Path, method: str, path: str, most: Bound, spelt: str
    ) -> None:
        async with serving(tmp_path) as served:
            before = most.times
            head = (
                f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            )

            said = await answered(served, f"{head}Content-Length: {most.whole + 1}\r\n\r\n")

            assert said.startswith(b"HTTP/1.1 413 ")
            assert f"the body is over {spelt}".encode() in said
            assert most.times == before + 1

    @pytest.mark.parametrize(("method", "path", "most", "spelt"), LENGTHS)
    async def test_is_refused_where_it_does_not_say_how_long_it_is(
        self, tmp_path: Path, method: str, path: str, most: Bound, spelt: str
    ) -> None:
        async with (
            serving(tmp_path) as served,
            served.session.request(
                method,
                served.url + path,
                data=endless(most.whole),
                headers={"Content-Type": "application/json"},
            ) as answer,
        ):
            assert (answer.status, detail(await answer.read())) == (
                413,
                f"the body is over {spelt}",
            )


async def answered(served: Served, request: str) -> bytes:
    """Send the head of a request alone, and return the head and the body that come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
    try:
        writer.write(request.encode())
        async with asyncio.timeout(60):
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            return head + await reader.readexactly(size)
    finally:
        writer.close()


class TestABodyOfTooMuch:
    @pytest.mark.parametrize(
        ("method", "path", "body", "said"),
        [
            ("PUT", f"/build/{HOST}", b"- a\n" * 16_000, "body:5000:3: holds over 5,000 keys and"),
            (
                "PUT",
                f"/api/v1/builds/{HOST}",
                b'{"definition": {"params": {"a": [' + b"[]," * 20_000 + b"[]]}}}",
                "body:1:7524: holds over 5,000 keys and values",
            ),
            ("POST", "/api/v1/builds", b"[" + b"0," * 250_000 + b"0]", "body:1:40001: holds over"),
            ("POST", "/api/v1/tokens", b'{"a":1,' * 9_000, "body:1:11669: holds over 5,000 keys"),
            ("POST", "/answer", b"[" * 16_000, "body:1:1001: holds over 1,000 keys and values"),
            ("POST", "/api/v1/machines", b"[" * 60_000, "body:1:20001: holds over 20,000 keys"),
        ],
    )
    async def test_is_refused_at_the_first_that_is_too_much(
        self, tmp_path: Path, method: str, path: str, body: bytes, said: str
    ) -> None:
        async with serving(tmp_path) as served:
            answer = await served.ask(method, path, body, Content_Type="application/json")

            assert answer.status == 400
            assert detail(answer.body).startswith(said)


class TestAnyBody:
    async def test_is_parsed_in_a_thread_of_managements(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        where: set[str] = set()
        parse = nodes.parse

        def watched(*args: Any, **named: Any) -> Document:
            where.add(threading.current_thread().name)
            return parse(*args, **named)

        for module in ("buildcall", "machine_files"):
            monkeypatch.setattr(f"pyxie.http.{module}.parse", watched)
        async with serving(tmp_path) as served:
            await served.ask("PUT", f"/build/{HOST}", b"params: {a: b}")
            await served.ask(
                "POST",
                "/api/v1/machines",
                b"hostname: web02\n",
                Content_Type="application/yaml",
            )

        assert where == {"pyxie management"}

    async def test_of_a_mebibyte_is_a_machine_with_a_preseed_in_it(self, tmp_path: Path) -> None:
        preseed = "d-i partman/early_command string true\n" * 5300
        machine = {"hostname": "web02", "params": {"preseed": preseed}}
        async with serving(tmp_path) as served:
            answer = await served.ask(
                "POST",
                "/api/v1/machines",
                json.dumps(machine).encode(),
                Content_Type="application/json",
            )

            assert answer.status == 201
            found = served.parts.machines().find("web02")
            assert found is not None
            assert found.params["preseed"] == preseed

    async def test_that_is_a_failure_may_have_a_long_log_whose_end_is_kept(
        self, tmp_path: Path
    ) -> None:
        log = "x" * 200_000 + "the end"
        async with serving(tmp_path) as served:
            await served.build()

            answer = await served.ask(
                "POST", f"/api/v1/builds/{HOST}/failed", json.dumps({"log": log}).encode()
            )

            assert answer.status == 200
            assert await served.parts.builds.log_of(HOST) == log[-65_536:]
