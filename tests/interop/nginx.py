"""A real nginx, on loopback, until a block ends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.process import Process
from tests.needs import program
from tests.support import until

_SETTINGS = """\
daemon off;
master_process off;
error_log stderr;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{http}
}}
"""


@contextmanager
def nginx(folder: Path, http: str, *ports: int) -> Iterator[None]:
    """Run it; give control once it listens.

    Args:
        folder: For its files.
        http: More of its ``http`` block.
        ports: That it listens on.
    """
    name = program("nginx", "nginx-light")
    folder.mkdir(exist_ok=True)
    settings = folder / "nginx.conf"
    settings.write_text(_SETTINGS.format(folder=folder, http=http))
    command = [name, "-p", str(folder), "-c", str(settings)]
    with Process(command, folder / "log") as running:
        for port in ports:
            _until_listening(port, running)
        yield


def _until_listening(port: int, running: Process) -> None:
    def listens() -> bool:
        assert running.running, running.text
        with socket.socket() as knock:
            knock.settimeout(1)
            return knock.connect_ex(("127.0.0.1", port)) == 0

    until(listens, f"nginx on port {port}: {running.text}", seconds=30)
