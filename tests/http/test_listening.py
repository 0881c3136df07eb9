from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any, ClassVar

import pytest

from pyxie.bounds import DESCRIPTORS
from pyxie.errors import StartError
from pyxie.http.listening import Listener, _advice, listeners
from tests.support import eventually


class TestListening:
    def test_by_default_it_is_on_all_addresses_of_both_families(self) -> None:
        found = listeners((), 0)
        try:
            families = {each.family for each in found}
            ports = {each.getsockname()[1] for each in found}
        finally:
            for each in found:
                each.close()

        assert socket.AF_INET in families
        assert len(ports) == 1

    def test_any_free_port_is_one_that_is_free_in_both_families(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = iter((True, False))

        class Taken(socket.socket):
            def bind(self, address: Any) -> None:
                if self.family == socket.AF_INET and next(taken, False):
                    raise OSError(errno.EADDRINUSE, "Address already in use")
                super().bind(address)

        monkeypatch.setattr(socket, "socket", Taken)
        found = listeners((), 0)
        for each in found:
            each.close()

        assert {each.family for each in found} == {socket.AF_INET, socket.AF_INET6}

    def test_a_port_in_use_is_one_sentence_and_leaves_nothing_bound(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(StartError) as caught:
                listeners(("127.0.0.2", "127.0.0.1"), port)

        assert str(caught.value) == (
            f"HTTP: TCP port {port} is taken by another program; stop it, or set another "
            "'http: {port: …}' in config.yaml"
        )
        socket.create_server(("127.0.0.2", port)).close()

    def test_an_address_that_is_not_ours_is_one_sentence(self) -> None:
        with pytest.raises(StartError) as caught:
            listeners(("192.0.2.77",), 8090)

        assert str(caught.value) == (
            "HTTP: cannot listen on 192.0.2.77 port 8090: "
            "Cannot assign requested address; see 'http.listen'"
        )

    def test_a_low_port_without_the_right_is_one_sentence(self) -> None:
        assert _advice("", 80, PermissionError(13, "Permission denied")) == (
            "HTTP: TCP port 80 needs root or CAP_NET_BIND_SERVICE; set a port above 1023"
        )


class Exhausted(socket.socket):
    """A listening socket on a host that has no descriptor to give, until it has."""

    refuses: ClassVar[int] = 3

    def accept(self) -> tuple[socket.socket, Any]:
        if self.refuses:
            Exhausted.refuses -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


class Greeting(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"hello")
        transport.close()


def exhausted() -> Listener:
    """Return one that serves on such a host."""
    sock = Exhausted()
    sock.bind(("127.0.0.1", 0))
    sock.listen(9)
    sock.setblocking(False)
    listener = Listener(sock, Greeting)
    listener.serve()
    return listener


class TestExhausted:
    async def test_connections_wait_and_it_is_said_once(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Asyncio's own server logs a hundred tracebacks, and tries again in a hundred calls."""
        monkeypatch.setattr("pyxie.http.listening._PAUSE", 0.05)
        before = DESCRIPTORS.times
        listener = exhausted()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            async with asyncio.timeout(60):
                assert await reader.read() == b"hello"
            writer.close()
        finally:
            listener.close()
            listener.close()

        assert DESCRIPTORS.times == before + 3
        assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
            (
                "WARNING",
                "HTTP connections have to wait: Too many open files; see docs/operate.md, Limits",
            )
        ]

    async def test_a_listener_that_is_closed_tries_no_more(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.http.listening._PAUSE", 0.05)
        monkeypatch.setattr(Exhausted, "refuses", 1 << 30)
        listener = exhausted()
        sock = listener._sock
        with socket.create_connection(sock.getsockname()):
            await eventually(lambda: listener._pause)

            listener.close()
            await asyncio.sleep(0.2)

        assert sock.fileno() == -1


class Noting(asyncio.Protocol):
    """Notes who is begun."""

    begun: ClassVar[list[str]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Noting.begun.append(transport.get_extra_info("peername")[0])


class TestTurns:
    async def test_who_opens_very_many_waits_for_himself(self) -> None:
        Noting.begun.clear()
        sock = socket.create_server(("127.0.0.1", 0), backlog=500)
        sock.setblocking(False)
        listener = Listener(sock, Noting)
        flood = [
            socket.create_connection(sock.getsockname(), 5, ("127.0.0.2", 0)) for _ in range(100)
        ]
        one = socket.create_connection(sock.getsockname(), 5, ("127.0.0.3", 0))
        try:
            listener.serve()
            await eventually(lambda: len(Noting.begun) == 101)
        finally:
            listener.close()
            for each in (*flood, one):
                each.close()

        assert Noting.begun.index("127.0.0.3") == 1
