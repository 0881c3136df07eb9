"""Images stream through from a real web server, nginx, to a real client, curl."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon import free_port
from tests.http.site import HOST, MACHINE, serving
from tests.interop.nginx import nginx
from tests.needs import program

pytestmark = pytest.mark.interop

KERNEL = random.Random(8090).randbytes(9_000_001)

_SERVER = """\
    gzip on;
    gzip_types *;
    server {{
        listen 127.0.0.1:{port};
        root {files};
        location /moved/ {{ rewrite ^/moved/(.*)$ /$1 redirect; }}
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


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """A mirror on loopback with one kernel and one initrd; yields its URL."""
    files, port = tmp_path / "nginx/files", free_port()
    files.mkdir(parents=True)
    (files / "linux").write_bytes(KERNEL)
    (files / "initrd.gz").write_bytes(b"initrd")
    with nginx(tmp_path / "nginx", _SERVER.format(port=port, files=files), port):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("path", ["/", "/moved/"], ids=["straight", "redirected"])
async def test_an_image_passes_through_unchanged(tmp_path: Path, mirror: str, path: str) -> None:
    """Length and range too; a redirect is followed here, since firmware follows none."""
    machine = MACHINE.replace("http://files.internal:81/bookworm/amd64/", mirror + path)
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
    tmp_path: Path, mirror: str
) -> None:
    machine = MACHINE.replace("http://files.internal:81/bookworm/amd64/", f"{mirror}/gone/")
    async with serving(tmp_path / "site", machine=machine) as served:
        await served.build()

        answer = await curl(f"{served.url}/boot/{HOST}/kernel/linux")

        told = f"kernel: {mirror}/gone/linux: answered 404 Not Found"
        assert (answer.status, answer.body.decode()) == (502, f"{told}\n")
        assert told in served.texts()
