"""Connections on which nothing, or only the begin of a request, is ever said."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.daemon import Home
from tests.http.site import MAC

BEGUN = (b"", b"GET /ipxe/", b"PUT /build/web01 HTTP/1.1\r\nHost: localhost\r\nX-A: ")
"""What each says before it goes silent."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    with home.running():
        yield home


def test_five_hundred_silent_connections_stop_no_machine(home: Home) -> None:
    token = home.build()
    with ExitStack() as held:
        for number in range(500):
            silent = held.enter_context(socket.create_connection(("127.0.0.1", home.http), 5))
            silent.sendall(BEGUN[number % len(BEGUN)])

        script = home.get(f"/ipxe/{MAC}")

        assert script.status == 200
        assert token.encode() in script.body
