"""What a client was offered is fetched as it would, within bounds, whatever the server does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from aiohttp import web

from pyxie.bounds import PROBE_LOADER, PROBE_SECONDS
from pyxie.probing import fetch
from pyxie.probing.fetch import Fetched, FetchError, by_http, by_tftp
from pyxie.probing.target import ByHttp, ByTftp
from pyxie.tftp.packet import error, option_ack
from tests.http.upstream import mirror
from tests.tftp.lab import serving

HERE = (IPv4Address("127.0.0.1"),)
"""Where the servers of these tests are: as if it were this host's on the LAN."""
LOADER = bytes(range(256)) * 5_000


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_TIMEOUT", 0.1)


async def refused(what: ByTftp | ByHttp, port: int = 69, **how: bool) -> FetchError:
    """Return why it cannot be fetched."""
    if isinstance(what, ByTftp):
        getting = by_tftp(what, port)
    else:
        getting = by_http(what, HERE, most=1000, **how)
    with pytest.raises(FetchError) as caught:
        await getting
    return caught.value


class TestByTftp:
    async def test_a_file_comes_whole(self, tmp_path: Path) -> None:
        (tmp_path / "ipxe.efi").write_bytes(LOADER)

        async with serving(tmp_path) as lab:
            got = await by_tftp(ByTftp("127.0.0.1", "ipxe.efi"), lab.server.port)

        assert got == Fetched(LOADER, len(LOADER), got.seconds)
        assert got.whole

    async def test_one_that_is_too_long_is_broken_off_as_clients_do(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "large").write_bytes(LOADER)
        monkeypatch.setattr(PROBE_LOADER, "most", 100_000)

        async with serving(tmp_path) as lab:
            got = await by_tftp(ByTftp("127.0.0.1", "large"), lab.server.port)
            await lab.quiet()

        assert (got.size, got.whole) == (len(LOADER), False)
        assert 100_000 <= len(got.data) < 110_000

    async def test_one_that_is_not_there_is_told_with_the_servers_words(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as lab:
            fault = await refused(ByTftp("127.0.0.1", "absent.efi"), lab.server.port)

        assert fault.code == "missing"
        assert fault.why.startswith("there is no such file (")

    async def test_nobody_there_is_told(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = silent.getsockname()[1]

            fault = await refused(ByTftp("127.0.0.1", "a"), port)

        assert str(fault) == f"nobody answers on UDP port {port} of 127.0.0.1"
        assert fault.code == "silent"


@contextlib.contextmanager
def liar(*answers: bytes | Callable[[bytes], bytes]) -> Iterator[int]:
    """Answer each datagram with the next of these, and the last for ever; return the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            left = list(answers)
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    data, peer = server.recvfrom(2048)
                    answer = left.pop(0) if len(left) > 1 else left[0]
                    server.sendto(answer if isinstance(answer, bytes) else answer(data), peer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            thread.join()


class TestAServerThatLies:
    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"\0",
            b"\0\x09nonsense",
            b"\0\x06",
            b"\0\x06blksize\0",
            b"\0\x06tsize\0-5\0",
            b"\0\x06blksize\x001\0",
            b"\0\x06blksize\0x\0",
            b"\0\x03",
            b"\0\x05\0\x63",
            b"\xff" * 600,
            option_ack({"tsize": "9" * 400}),
        ],
    )
    async def test_is_told_in_a_sentence(self, answer: bytes) -> None:
        with liar(answer) as port:
            fault = await refused(ByTftp("127.0.0.1", "a"), port)

        assert fault.code in ("silent", "refused")
        assert fault.why.isprintable()

    async def test_has_no_control_characters_for_a_terminal(self) -> None:
        with liar(error(2, "no\x1b[2J" + "!" * 300)) as port:
            fault = await refused(ByTftp("127.0.0.1", "a"), port)

        assert fault.why.startswith("refused with ERROR 2: no\\x1b[2J!!!")
        assert len(fault.why) < 250

    async def test_that_hears_nothing_says_its_first_word_again(self) -> None:
        """As where a firewall lets in port 69, and not the port that it answers from."""
        with liar(option_ack({"tsize": "9", "blksize": "512"})) as port:
            fault = await refused(ByTftp("127.0.0.1", "a"), port)

        assert (fault.code, str(fault)) == (
            "silent",
            "127.0.0.1 hears nothing of what it is answered",
        )

    async def test_has_so_much_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PROBE_SECONDS, "most", 0.2)
        blocks = iter(range(1, 100_000))

        def drips(_: bytes) -> bytes:
            threading.Event().wait(0.02)
            return b"\0\x03" + next(blocks).to_bytes(2) + bytes(512)

        with liar(drips) as port:
            fault = await refused(ByTftp("127.0.0.1", "a"), port)

        assert str(fault) == "it has not come within 0.2 s"


class TestByHttp:
    async def test_a_file_comes_whole(self) -> None:
        async with mirror({"script": b"#!ipxe\n"}) as there:
            got = await by_http(ByHttp(f"{there.url}/script"), HERE, most=1000)

        assert (got.data, got.size, got.whole) == (b"#!ipxe\n", 7, True)

    async def test_no_more_is_read_than_is_asked_for(self) -> None:
        async with mirror({"large": LOADER}) as there:
            got = await by_http(ByHttp(f"{there.url}/large"), HERE, most=1000, strict=True)

        assert (got.data, got.size, got.whole) == (LOADER[:1000], len(LOADER), False)

    async def test_of_a_kernel_the_first_byte_is_asked_for(self) -> None:
        async with mirror({"linux": LOADER}) as there:
            got = await by_http(ByHttp(f"{there.url}/linux"), HERE, most=1)

        assert got.data == LOADER[:1]
        assert there.headers[0]["Range"] == "bytes=0-0"

    async def test_how_long_it_is_may_stand_in_the_range(self) -> None:
        async def one(_: web.Request) -> web.Response:
            return web.Response(status=206, body=b"k", headers={"Content-Range": "bytes 0-0/900"})

        async with site(one) as url:
            got = await by_http(ByHttp(url), HERE, most=1)

        assert (got.size, got.whole) == (900, False)

    async def test_one_that_is_not_there_is_told(self) -> None:
        async with mirror({"absent": 404}) as there:
            fault = await refused(ByHttp(f"{there.url}/absent"))

        assert (fault.code, str(fault)) == ("missing", "the answer is 404 Not Found")

    async def test_nobody_there_is_told(self) -> None:
        fault = await refused(ByHttp("http://127.0.0.1:1/a"))

        assert (fault.code, str(fault)) == ("silent", "127.0.0.1, port 1: Connection refused")

    @pytest.mark.parametrize("url", ["http://", "http://[a/", "https://127.0.0.1:x/"])
    async def test_what_is_no_url_is_told(self, url: str) -> None:
        assert (await refused(ByHttp(url))).code == "refused"

    async def test_what_is_this_hosts_alone_is_not_fetched_for_a_stranger(self) -> None:
        async with mirror({"secret": b"s"}) as there:
            with pytest.raises(FetchError) as caught:
                await by_http(ByHttp(f"{there.url}/secret"), (), most=1000)

        assert there.headers == []
        assert str(caught.value).startswith("it leads to 127.0.0.1, an address of this host")

    async def test_who_does_not_answer_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fetch, "_ANSWER", 0.1)

        async def late(_: web.Request) -> web.Response:
            await asyncio.sleep(5)
            return web.Response()

        async with site(late) as url:
            fault = await refused(ByHttp(url))

        assert (fault.code, str(fault)) == ("silent", "it has not come within 0.1 s")

    async def test_what_does_not_come_to_its_end_is_given_up(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(PROBE_SECONDS, "most", 0.1)

        async with mirror({"half": ("stops", b"x" * 500)}) as there:
            fault = await refused(ByHttp(f"{there.url}/half"))

        assert (fault.code, str(fault)) == ("silent", "it has not come within 0.1 s")


class TestAsUefiFirmware:
    async def test_a_redirect_is_not_followed(self) -> None:
        async def moved(request: web.Request) -> web.Response:
            if request.path == "/":
                raise web.HTTPFound("/there")
            return web.Response(body=b"x")

        async with site(moved) as url:
            fault = await refused(ByHttp(url), strict=True)
            followed = await by_http(ByHttp(url), HERE, most=9)

        assert str(fault) == "it is a redirect, which UEFI firmware does not follow"
        assert followed.data == b"x"

    async def test_a_length_has_to_be_told(self) -> None:
        async def chunked(request: web.Request) -> web.StreamResponse:
            answer = web.StreamResponse()
            answer.enable_chunked_encoding()
            await answer.prepare(request)
            await answer.write(b"x" * 20)
            return answer

        async with site(chunked) as url:
            fault = await refused(ByHttp(url), strict=True)
            free = await by_http(ByHttp(url), HERE, most=9)

        assert str(fault) == "it has no Content-Length, which UEFI firmware needs"
        assert (len(free.data), free.whole) == (9, False)


@contextlib.asynccontextmanager
async def site(handler: Callable[[web.Request], object]):  # type: ignore[no-untyped-def]
    """Serve one handler for all paths; give the URL of the first."""
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()
