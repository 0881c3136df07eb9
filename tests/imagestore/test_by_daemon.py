"""`pyxie images` and a whole daemon: fetched, listed, pinned, pruned; there after a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.daemon import Home
from tests.http.site import HOST, MACHINE

FILES = {"/linux": b"k" * 300_000, "/initrd.gz": b"i" * 20}


@contextmanager
def served() -> Iterator[tuple[str, list[str]]]:
    """Serve `FILES`; give where, and what has been asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(FILES[self.path])))
            self.end_headers()
            self.wfile.write(FILES[self.path])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_is_fetched_ahead_is_kept_and_served(tmp_path: Path) -> None:
    with served() as (url, asked):
        machine = MACHINE.replace("http://files.internal:81/bookworm/amd64/", f"{url}/")
        home = Home(tmp_path, machine=machine)
        with home.running():
            fetched = home.command("images", "fetch", HOST)
            pinned = home.command("images", "pin", f"{url}/linux")
        with home.running():
            pruned = home.command("images", "prune", "--all")
            listed = home.command("images", "list")
            verified = home.command("images", "verify")
            home.build()
            served_kernel = home.get(f"/boot/{HOST}/kernel/linux").body

    assert (fetched.returncode, fetched.stderr) == (0, "")
    assert fetched.stdout == (
        f"{url}/linux: 300 kB, not verified\n{url}/initrd.gz: 20 bytes, not verified\n"
    )
    assert pinned.stdout == f"{url}/linux is pinned\n"
    assert pruned.stdout == f"{url}/initrd.gz is removed\n"
    assert listed.stdout.startswith(f"{url}/linux  300 kB")
    assert verified.stderr == "pyxie: 1 of 1 copies are as they were\n"
    assert served_kernel == FILES["/linux"]
    assert sorted(asked) == ["/initrd.gz", "/linux"]
