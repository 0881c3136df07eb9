"""An API server of pixiecore's that takes its time, and has one file for all machines.

``python -m tests.lab.bootapi PORT SECONDS``
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.lab.lan import Host
from tests.lab.process import Process

PORT = 8091
KERNEL = b"no kernel that boots, but one that is fetched"


class _Handler(BaseHTTPRequestHandler):
    seconds = 0.0

    def do_GET(self) -> None:
        if self.path == "/kernel":
            body = KERNEL
        else:
            time.sleep(self.seconds)
            body = json.dumps({"kernel": "/kernel"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def slow_api(host: Host, seconds: float) -> Process:
    """Start it on a host, answering after so many seconds; pyxie finds it at `PORT` there."""
    process = host.popen(
        sys.executable, "-m", __name__, str(PORT), str(seconds),
        label="boot-api",
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    process.wait_for("answers", timeout=20)
    return process


if __name__ == "__main__":
    _Handler.seconds = float(sys.argv[2])
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler) as server:
        print("answers", flush=True)
        server.serve_forever()
