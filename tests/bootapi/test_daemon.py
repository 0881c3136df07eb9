"""A whole daemon with ``boot_api``: it asks a server in another process's stead."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.daemon import Home

NEW = "52:54:00:00:00:07"


@contextmanager
def server(**files: bytes) -> Iterator[str]:
    """Serve files by the last part of their path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path.rpartition("/")[2])
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as there:
        threading.Thread(target=there.serve_forever, daemon=True).start()
        yield f"http://me:sesame@127.0.0.1:{there.server_port}"
        there.shutdown()


class TestADaemon:
    def test_boots_a_machine_that_only_the_server_knows(self, tmp_path: Path) -> None:
        answer = json.dumps({"kernel": "/linux", "cmdline": "quiet"}).encode()
        with server(**{NEW: answer, "linux": b"kernel"}) as url:
            home = Home(tmp_path, f"boot_api: {url}\n")
            with home.running() as process:
                script = home.get(f"/ipxe/{NEW}").text
                kernel = home.get(f"/boot/{NEW.replace(':', '-')}/kernel/linux")
                metrics = home.get("/metrics").text

                assert "imgargs kernel quiet || goto failed\n" in script
                assert kernel.body == b"kernel"
                assert 'pyxie_boot_api_requests_total{outcome="boots"} 1.0' in metrics
                assert "unknown machines are looked up at http://127" in process.text
                assert "sesame" not in process.text + script
