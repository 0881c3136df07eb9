"""A real nginx on pyxie's host in front of it: whoever is behind it may not manage."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import Home, free_port
from tests.http.site import HOST
from tests.lab.process import Process
from tests.needs import program
from tests.support import until

pytestmark = pytest.mark.interop

SETTINGS = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{plain};
        location / {{ proxy_pass http://127.0.0.1:{pyxie}; }}
    }}
    server {{
        listen 127.0.0.1:{telling};
        location / {{
            proxy_pass http://127.0.0.1:{pyxie};
            proxy_http_version 1.1;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[tuple[Home, int, int]]:
    """A daemon that all of loopback may manage, and nginx's ports: as it comes, and telling."""
    name = program("nginx", "nginx-light")
    folder = tmp_path / "nginx"
    folder.mkdir()
    home = Home(tmp_path / "pyxie", "api: {allow: [127.0.0.0/8]}\n")
    plain, telling = free_port(), free_port()
    settings = folder / "nginx.conf"
    settings.write_text(
        SETTINGS.format(folder=folder, plain=plain, telling=telling, pyxie=home.http)
    )
    command = [name, "-p", str(folder), "-c", str(settings)]
    with home.running(), Process(command, tmp_path / "nginx.log"):
        until(lambda: _answers(plain) and _answers(telling), "nginx to answer")
        yield home, plain, telling


def _answers(port: int) -> bool:
    try:
        return _ask(port, "GET", "/health")[0] == 200
    except OSError:
        return False


def _ask(port: int, method: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_what_a_proxy_on_this_host_passes_on_needs_a_token(ports: tuple[Home, int, int]) -> None:
    home, *proxies = ports

    for port in proxies:
        status, text = _ask(port, "PUT", f"/build/{HOST}")

        assert status == 403
        assert text.startswith("forwarded requests need a token")
    assert home.ask("PUT", f"/build/{HOST}").status == 200
