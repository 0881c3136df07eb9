"""The image store before a real nginx: its log says what it was asked."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyxie.bounds import Bound
from pyxie.images.upstream import UpstreamError
from pyxie.outbound.reach import Reach
from pyxie.verification.lists import Lists
from tests.daemon import free_port
from tests.http.site import CONFIG, HOST, MACHINE, serving
from tests.imagestore.stores import got, kept, store
from tests.interop.nginx import nginx
from tests.needs import program
from tests.support import eventually

pytestmark = pytest.mark.interop

SIZE = 6 << 20
AT = f"/boot/{HOST}/kernel/linux"


@contextmanager
def upstream(folder: Path, port: int, more: str = "", listen: str = "") -> Iterator[Path]:
    """Run nginx with two random files, ``linux`` and ``initrd.gz``; give its log of requests."""
    files, log = folder / "files", folder / "requests"
    files.mkdir(exist_ok=True)
    for name in ("linux", "initrd.gz"):
        if not (files / name).exists():
            (files / name).write_bytes(os.urandom(SIZE))
    http = f"""
    log_format asked '$request_method $uri $status $http_range $http_if_none_match';
    server {{
        listen 127.0.0.1:{port} {listen};
        root {files};
        access_log {log} asked;
        {more}
    }}"""
    with nginx(folder / "nginx", http, port):
        yield log


def certified(folder: Path) -> str:
    """Make a certificate of this host that nobody vouches for; return nginx's settings for it."""
    subprocess.run(
        [
            *(program("openssl", "openssl"), "req", "-x509", "-newkey", "ec"),
            *("-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", "/CN=mirror", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", "key.pem", "-out", "ca.pem"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return f"ssl_certificate {folder}/ca.pem; ssl_certificate_key {folder}/key.pem;"


@contextmanager
def small_disk(at: Path) -> Iterator[Path]:
    """Mount one of 8 MiB."""
    if os.geteuid():
        pytest.skip("only root can mount a small disk")
    at.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", at], check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", at], check=True)


async def test_a_hall_that_boots_at_once_is_one_request_for_a_file(tmp_path: Path) -> None:
    port = free_port()
    machine = MACHINE.replace("http://files.internal:81/bookworm/amd64", f"http://127.0.0.1:{port}")
    with upstream(tmp_path, port, "limit_rate 12m;") as log:
        wanted = (tmp_path / "files/linux").read_bytes()
        async with serving(tmp_path / "site", config=CONFIG, machine=machine) as served:
            await served.build()

            async def boots() -> bool:
                return (await served.get(AT)).body == wanted

            assert all(await asyncio.gather(*(boots() for _ in range(200))))
            assert await boots()

        assert log.read_text().splitlines() == ["GET /linux 200 - -"]


async def test_goes_on_when_the_server_was_started_anew(tmp_path: Path) -> None:
    port = free_port()
    async with store(tmp_path / "store", {"revalidate": "always"}) as made:
        with upstream(tmp_path, port, "limit_rate 500k;") as log:
            fetch = asyncio.create_task(got(made, f"http://127.0.0.1:{port}/linux"))
            await eventually(lambda: any(each.written for each in made.fetching()))
        with upstream(tmp_path, port):
            assert await fetch == (tmp_path / "files/linux").read_bytes()
            await eventually(lambda: not made.fetching())
            await kept(made, f"http://127.0.0.1:{port}/linux")

        rest, same = log.read_text().splitlines()[-2:]
        assert re.fullmatch(r"GET /linux 206 bytes=\d+- -", rest)
        assert re.fullmatch(r"GET /linux 304 - .+", same)


async def test_one_that_was_changed_half_way_is_no_file_and_then_the_new_one(
    tmp_path: Path,
) -> None:
    port = free_port()
    async with store(tmp_path / "store") as made:
        url = f"http://127.0.0.1:{port}/linux"
        with upstream(tmp_path, port, "limit_rate 500k;"):
            fetch = asyncio.create_task(got(made, url))
            await eventually(lambda: any(each.written for each in made.fetching()))
        (tmp_path / "files/linux").write_bytes(os.urandom(SIZE))
        os.utime(tmp_path / "files/linux", (1e9, 1e9))  # by which nginx tells files apart
        with upstream(tmp_path, port):
            with pytest.raises(UpstreamError):
                await fetch
            assert await kept(made, url) == (tmp_path / "files/linux").read_bytes()


async def test_a_certificate_is_believed_where_the_settings_say_so(tmp_path: Path) -> None:
    port = free_port()
    url, pem = f"https://127.0.0.1:{port}/linux", certified(tmp_path)
    with upstream(tmp_path, port, pem, listen="ssl"):
        files = (tmp_path / "files/linux").read_bytes()
        async with store(tmp_path / "one") as made:
            with pytest.raises(UpstreamError, match="its certificate is not valid: self-signed"):
                await got(made, url)
        async with store(tmp_path / "two", ca=tmp_path / "ca.pem") as made:
            assert await got(made, url) == files
        async with Lists(ca=tmp_path / "ca.pem") as lists:
            most = Bound("test", SIZE, "bytes", "refused")
            assert await lists.read(url, Reach.ANYWHERE, most) == files


async def test_two_files_that_fill_the_disk_are_both_served(tmp_path: Path) -> None:
    port = free_port()
    machine = MACHINE.replace("http://files.internal:81/bookworm/amd64", f"http://127.0.0.1:{port}")
    with small_disk(tmp_path / "disk") as disk, upstream(tmp_path, port, "limit_rate 12m;"):
        config = f"{CONFIG}image_store: {{path: {disk}/store}}\n"
        async with serving(tmp_path / "site", config=config, machine=machine) as served:
            served.parts.image_store._in_flight.room.spare = -(
                1 << 30
            )  # as if others filled it meanwhile
            await served.build()
            got = await asyncio.gather(
                *(served.get(AT) for _ in range(5)),
                *(served.get(f"/boot/{HOST}/initrd/0/initrd.gz") for _ in range(5)),
            )

            assert {each.status for each in got} == {200}
            assert {each.body for each in got[:5]} == {(tmp_path / "files/linux").read_bytes()}
            assert {each.body for each in got[5:]} == {(tmp_path / "files/initrd.gz").read_bytes()}
            assert "the disk is full" in served.parts.image_store.problem
            assert len(served.parts.image_store.cache.entries()) <= 1
