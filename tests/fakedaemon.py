"""A daemon that answers as it is told, for tests of the command line."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Told:
    """One request that was made."""

    method: str
    path: str
    authorization: str | None


@dataclass
class FakeDaemon:
    """Gives canned answers.

    Attributes:
        answers: By method and path with query: status, content type and body.
        asked: What was asked for, in order.
        endless: The answer's end is not sent until the daemon is closed.
    """

    answers: Mapping[str, tuple[int, str, bytes]] = field(default_factory=dict)
    asked: list[Told] = field(default_factory=list)
    endless: bool = False
    port: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where it is to be found."""
        return f"http://127.0.0.1:{self.port}"


def answered(value: Any, status: int = 200) -> tuple[int, str, bytes]:
    """Return a JSON answer."""
    return status, "application/json", json.dumps(value).encode()


def problem(status: int, detail: str) -> tuple[int, str, bytes]:
    """Return an error as the REST API gives it, RFC 9457."""
    body = {"type": "about:blank", "title": "x", "status": status, "detail": detail}
    return status, "application/problem+json", json.dumps(body).encode()


def stream(*events: Mapping[str, Any]) -> tuple[int, str, bytes]:
    """Return events as the REST API gives them, with the empty lines that keep it awake."""
    body = "".join(f"{json.dumps(event)}\n\n" for event in events)
    return 200, "application/x-ndjson", body.encode()


@contextmanager
def fake_daemon(
    answers: Mapping[str, tuple[int, str, bytes]], *, endless: bool = False
) -> Iterator[FakeDaemon]:
    """Run a daemon in a thread."""
    daemon = FakeDaemon(answers, endless=endless)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            daemon.asked.append(Told(self.command, self.path, self.headers.get("Authorization")))
            missing = problem(404, f"no answer is set for {self.command} {self.path}")
            status, kind, body = daemon.answers.get(f"{self.command} {self.path}", missing)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) + daemon.endless))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            if daemon.endless:
                daemon.closing.wait()
                self.close_connection = True

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing of a client that has left: tests look at standard error."""
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    daemon.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield daemon
    finally:
        daemon.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
