"""Images stream through from a real web server, nginx, to a real client, curl."""

from __future__ import annotations

import asyncio
import hashlib
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.http.site import HOST, MACHINE, serving
from tests.lab.process import Process
from tests.needs import program

pytestmark = pytest.mark.interop

KERNEL = random.Random(8090).randbytes(9_000_001)

_SETTINGS = """\
daemon off;
master_process off;
error_log stderr;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    gzip on;
    gzip_types *;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/files;
        location /moved/ {{ rewrite ^/moved/(.*)$ /$1 redirect; }}
    }}
}}
"""


@dataclass(frozen=True)
class Curl:
    """What curl got."""

    status: int
    body: bytes
    headers: dict[str, str]


async def curl(url: str, *options: str) -> Curl:
    name = program("curl", "curl")
    head = ("--silent", "--show-error", "--max-time", "20", "--include")
    process = await asyncio.create_subprocess_exec(
        name, *head, *options, url, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, url
    lines, _, body = out.partition(b"\r\n\r\n")
    first, *rest = lines.decode().splitlines()
    named = dict(line.split(": ", 1) for line in rest)
    return Curl(int(first.split()[1]), body, named)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[str]:
    """A mirror on loopback with one kernel and one initrd; yields its URL."""
    name = program("nginx", "nginx-light")
    files = tmp_path / "nginx/files"
    files.mkdir(parents=True)
    (files / "linux").write_bytes(KERNEL)
    (files / "initrd.gz").write_bytes(b"initrd")
    port = _free_port()
    settings = tmp_path / "nginx/nginx.conf"
    settings.write_text(_SETTINGS.format(folder=tmp_path / "nginx", port=port))
    command = [name, "-p", str(tmp_path / "nginx"), "-c", str(settings)]
    with Process(command, tmp_path / "nginx.log") as running:
        _until_listening(port, running)
        yield f"http://127.0.0.1:{port}"


def _until_listening(port: int, running: Process) -> None:
    for _ in range(1000):
        assert running.running, running.text
        with socket.socket() as knock:
            knock.settimeout(0.01)
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError(running.text)


@pytest.mark.parametrize("path", ["/", "/moved/"], ids=["straight", "redirected"])
async def test_an_image_passes_through_unchanged(tmp_path: Path, nginx: str, path: str) -> None:
    """Length and range too; a redirect is followed here, since firmware follows none."""
    machine = MACHINE.replace("http://files.internal:81/bookworm/amd64/", nginx + path)
    async with serving(tmp_path / "site", machine=machine) as served:
        await served.build()
        kernel = f"{served.url}/boot/{HOST}/kernel/linux"

        whole = await curl(kernel)
        head = await curl(kernel, "--head")
        part = await curl(kernel, "--range", "100-199")
        packed = await curl(kernel, "--header", "Accept-Encoding: gzip")

    assert (whole.status, len(whole.body)) == (200, len(KERNEL))
    assert hashlib.sha256(whole.body).digest() == hashlib.sha256(KERNEL).digest()
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(KERNEL)))
    assert (part.status, part.body) == (206, KERNEL[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(KERNEL)}"
    assert (packed.body == KERNEL, packed.headers.get("Content-Encoding")) == (True, None)


async def test_a_file_that_the_mirror_lacks_is_told_to_the_machine_and_the_operator(
    tmp_path: Path, nginx: str
) -> None:
    machine = MACHINE.replace("http://files.internal:81/bookworm/amd64/", f"{nginx}/gone/")
    async with serving(tmp_path / "site", machine=machine) as served:
        await served.build()

        answer = await curl(f"{served.url}/boot/{HOST}/kernel/linux")

        told = f"kernel: {nginx}/gone/linux: answered 404 Not Found"
        assert (answer.status, answer.body.decode()) == (502, f"{told}\n")
        assert told in served.texts()
