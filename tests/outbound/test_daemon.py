"""A daemon whose only way out is the proxy that its environment names."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.daemon import Home
from tests.http.site import HOST, MACHINE
from tests.http.upstream import mirror
from tests.needs import program
from tests.outbound.proxy import forward_proxy

CA = "ca.pem"
INITRDS = MACHINE.replace("initrd: initrd.gz", "initrd: https://tls.internal/initrd.gz")


def certify(folder: Path) -> None:
    """Make a certificate of ``tls.internal`` that nobody but itself, as `CA`, vouches for."""
    subprocess.run(
        [
            *(program("openssl", "openssl"), "req", "-x509", "-newkey", "ec"),
            *("-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", "/CN=tls.internal", "-addext", "subjectAltName=DNS:tls.internal"),
            *("-keyout", "key.pem", "-out", CA),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@asynccontextmanager
async def tls_server(folder: Path, body: bytes) -> AsyncIterator[int]:
    """Serve one file as ``tls.internal``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / CA, folder / "key.pem")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_it_streams_images_by_way_of_it_and_shows_its_password_nowhere(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path, machine=INITRDS)
    certify(tmp_path)
    async with (
        mirror({"linux": b"kernel"}) as plain,
        tls_server(tmp_path, b"initrd") as secured,
        forward_proxy(
            {"files.internal:81": int(plain.url.rpartition(":")[2]), "tls.internal:443": secured}
        ) as proxy,
    ):
        where = f"127.0.0.1:{proxy.port}"
        home.env = {
            "http_proxy": f"http://me:sesame@{where}",
            "HTTPS_PROXY": f"http://me:sesame@{where}",
            "no_proxy": "example",
            "SSL_CERT_FILE": str(tmp_path / CA),
        }
        with home.running() as process:
            await asyncio.to_thread(home.build)
            kernel = await asyncio.to_thread(home.get, f"/boot/{HOST}/kernel/linux")
            initrd = await asyncio.to_thread(home.get, f"/boot/{HOST}/initrd/0/initrd.gz")
            shown = await asyncio.to_thread(home.get, "/api/v1/settings")
            events = await asyncio.to_thread(home.get, "/api/v1/events")
            log = process.text

    assert (kernel.body, initrd.body) == (b"kernel", b"initrd")
    assert proxy.asked == [
        "GET http://files.internal:81/bookworm/amd64/linux HTTP/1.1",
        "CONNECT tls.internal:443 HTTP/1.1",
    ]
    assert (
        f"images, the boot API and webhooks: http to the proxy {where} (http_proxy), "
        f"https to the proxy {where} (HTTPS_PROXY)"
    ) in log
    said = log + shown.text + events.text
    assert "sesame" not in said
    assert "bWU6c2VzYW1l" not in said


async def test_the_command_line_goes_to_its_own_daemon_without_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with forward_proxy() as proxy:
        where = f"http://127.0.0.1:{proxy.port}"
        home.env = {"http_proxy": where, "all_proxy": where}
        with home.running():
            ran = await asyncio.to_thread(home.command, "machines")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert proxy.asked == []


@pytest.mark.parametrize("variable", ["http_proxy", "HTTPS_PROXY"])
def test_a_variable_that_names_none_is_told_at_the_start_and_by_check(
    tmp_path: Path, variable: str
) -> None:
    home = Home(tmp_path)
    home.env = {variable: "http://me:ses/ame@proxy.example:3128"}
    told = f"environment: {variable}: is not the URL of a proxy, like http://proxy.example:3128"

    assert home.refused() == (2, [told])
    checked = home.command("check")
    assert checked.returncode == 2
    assert told in checked.stdout.splitlines()


def test_a_socks_proxy_is_told_and_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.env = {"all_proxy": "socks5h://me:sesame@127.0.0.1:1080"}
    with home.running() as process:
        log = process.text

    assert "environment: all_proxy: is a SOCKS proxy, and those are not supported" in log
    assert "sesame" not in log
    checked = home.command("check")
    assert checked.returncode == 0
    assert "advice: environment: all_proxy: is a SOCKS proxy" in checked.stdout
