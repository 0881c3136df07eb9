"""A real nginx on pyxie's host in front of it: whoever is behind it may not manage."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import Home, free_port
from tests.http.site import HOST
from tests.interop.nginx import nginx

pytestmark = pytest.mark.interop

SERVERS = """\
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
"""


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[tuple[Home, int, int]]:
    """A daemon that all of loopback may manage, and nginx's ports: as it comes, and telling."""
    home = Home(tmp_path / "pyxie", "api: {allow: [127.0.0.0/8]}\n")
    plain, telling = free_port(), free_port()
    servers = SERVERS.format(plain=plain, telling=telling, pyxie=home.http)
    with home.running(), nginx(tmp_path / "nginx", servers, plain, telling):
        yield home, plain, telling


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
