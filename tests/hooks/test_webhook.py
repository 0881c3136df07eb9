"""What a webhook is sent, and what is told of its failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from pyxie.hooks.process import Outcome
from pyxie.hooks.webhook import call

SECRETS = "user:s3cret@"
QUERY = "?token=s3cret"


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Give each client these bytes; yield the host with its port, and what clients sent."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


class TestACall:
    async def test_has_the_whole_url(self) -> None:
        async with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as (host, heard):
            outcome = await call(f"http://{SECRETS}{host}/hook{QUERY}", {}, 10)

        assert outcome == Outcome(ok=True, result="HTTP 204")
        (request,) = heard
        assert request.startswith(b"POST /hook?token=s3cret HTTP/1.1\r\n")
        assert b"Authorization: Basic dXNlcjpzM2NyZXQ=\r\n" in request


@asynccontextmanager
async def trickling(begin: bytes, more: bytes) -> AsyncIterator[str]:
    """Give each client ``begin``, then ``more`` for ever, a hundred times a second."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(begin)
        with suppress(ConnectionError):
            while not over.is_set():
                writer.write(more)
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        over.set()
        await asyncio.sleep(0.05)


class TestAServerThatTrickles:
    @pytest.mark.parametrize(
        ("begin", "more"),
        [
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (b"HTTP/1.1 200 O", b"K"),
            (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        ],
        ids=["before its answer", "its status", "its head", "before its body"],
    )
    async def test_is_given_up_in_time(self, begin: bytes, more: bytes) -> None:
        loop = asyncio.get_running_loop()
        async with trickling(begin, more) as url:
            began = loop.time()
            outcome = await call(url, {}, 0.5)

        assert not outcome.ok
        assert loop.time() - began < 10

    async def test_its_body_is_not_waited_for(self) -> None:
        async with trickling(b"HTTP/1.1 200 OK\r\n\r\nfine", b"x") as url:
            outcome = await call(url, {}, 60)

        assert (outcome.ok, outcome.result) == (True, "HTTP 200")
        assert outcome.output.startswith("fine")


class TestAFailure:
    @pytest.mark.parametrize(
        ("url", "why"),
        [
            (f"http://{SECRETS}127.0.0.1:s3cret/{QUERY}", "its URL is malformed"),
            (f"http://{SECRETS}/{QUERY}", "its URL is malformed"),
            (f"http://{SECRETS}a..b/{QUERY}", "its URL is malformed"),
            (f"ftp://{SECRETS}127.0.0.1/{QUERY}", "its URL is not one of http or https"),
        ],
    )
    async def test_of_a_url_does_not_quote_it(self, url: str, why: str) -> None:
        assert await call(url, {}, 10) == Outcome(ok=False, result=f"cannot be called: {why}")

    async def test_of_an_answer_does_not_quote_the_url(self) -> None:
        async with answering(b"nonsense\r\n\r\n") as (host, _):
            outcome = await call(f"http://{SECRETS}{host}/hook{QUERY}", {}, 10)

        assert outcome == Outcome(ok=False, result="cannot be called: does not speak HTTP")
        assert "s3cret" not in outcome.result

    async def test_of_a_connection_says_where_to(self) -> None:
        outcome = await call(f"http://{SECRETS}127.0.0.1:1/hook{QUERY}", {}, 10)

        assert outcome.result == "cannot be called: Connection refused"
        assert "s3cret" not in outcome.result
