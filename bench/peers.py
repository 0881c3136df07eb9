"""The servers that pyxie is measured beside, each with its best settings.

Debian's tftpd-hpa and atftpd cannot be installed beside each other, and would be started; so
``make bench`` unpacks them into `UNPACKED` and installs neither.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.netns import Host
from tests.lab.besieged import CHECKOUT, MACHINE, host_of, mac_of
from tests.lab.needs import MissingError

UNPACKED = CHECKOUT / ".venv/peers"

NGINX = """\
daemon off; worker_processes auto; error_log stderr; pid {folder}/nginx.pid;
events {{ worker_connections 1024; multi_accept on; }}
http {{
    access_log off; sendfile on; sendfile_max_chunk 2m; tcp_nopush on; keepalive_requests 1000000;
    open_file_cache max=100 inactive=1h;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 80; root {root}; }}
}}
"""
WAITRON = """\
templatepath: {folder}/templates
machinepath: {folder}/machines
grouppath: {folder}/groups
baseurl: http://127.0.0.1:9090
image_url: http://192.0.2.1/
kernel: linux
initrd: initrd.gz
cmdline: "url={{{{ BaseURL }}}}/template/preseed/{{{{ Hostname }}}}/{{{{ Token }}}}"
"""
DNSMASQ = (
    *("--no-daemon", "--port=0", "--conf-file=/dev/null", "--no-hosts", "--no-resolv"),
    *("--bind-interfaces", "--interface=eth0", "--except-interface=lo", "--user=root"),
    *("--pid-file=", "--log-facility=/dev/null"),
)


def program(name: str, package: str) -> str:
    """Return the path of a peer's program, installed or unpacked.

    Raises:
        MissingError: It is neither.
    """
    where = os.environ.get("PATH", ""), "/usr/sbin", "/sbin", str(UNPACKED / package / "usr/sbin")
    found = shutil.which(name, path=":".join(where))
    if found is None:
        raise MissingError(name, f"make bench fetches Debian's {package}")
    return found


@contextmanager
def started(host: Host, folder: Path, *command: str, wait: float = 0.5) -> Iterator[int]:
    """Run a server until the block ends; say how it was called, yield its process number.

    It has a session of its own, as pyxie has: the kernel parts the processors by sessions first
    (autogroup, sched(7)), and a server in the clients' has another share than one that is not.
    """
    name = Path(command[0]).name
    print(f"  {name}: {' '.join(command)}", flush=True)
    log = folder / f"{name}.log"
    process = host.start("setsid", *command, log=log)
    try:
        time.sleep(wait)
        assert process.poll() is None, f"{name} ended by itself: {log.read_text()}"
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def nginx(host: Host, folder: Path, root: Path) -> Iterator[int]:
    """Serve a folder on port 80: sendfile, a worker for each processor, no log."""
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, root=root))
    print(f"  nginx.conf: {' '.join(settings.read_text().split())}")
    with started(host, folder, program("nginx", "nginx-light"), "-c", str(settings)) as pid:
        yield pid


@contextmanager
def dnsmasq_tftp(host: Host, folder: Path, root: Path) -> Iterator[int]:
    """Serve a folder by TFTP, to so many clients at once as a run has."""
    options = ("--enable-tftp", f"--tftp-root={root}", "--tftp-max=2048", "--quiet-tftp")
    with started(host, folder, program("dnsmasq", "dnsmasq-base"), *DNSMASQ, *options) as pid:
        yield pid


@contextmanager
def dnsmasq_proxy(
    host: Host, folder: Path, network: str, *boots: str, interface: str = "eth0"
) -> Iterator[int]:
    """Offer boots beside another DHCP server.

    Args:
        host: Where.
        folder: For its log.
        network: Of the clients, as ``10.99.0.0``.
        boots: Options of its own, such as ``--pxe-service=…``.
        interface: The LAN's.
    """
    options = (f"--dhcp-range={network},proxy", f"--interface={interface}", "--quiet-dhcp", *boots)
    with started(host, folder, program("dnsmasq", "dnsmasq-base"), *DNSMASQ, *options) as pid:
        yield pid


@contextmanager
def tftpd_hpa(host: Host, folder: Path, root: Path) -> Iterator[int]:
    """Serve a folder by TFTP; it has a process for each transfer."""
    name = program("in.tftpd", "tftpd-hpa")
    with started(host, folder, name, "-L", "--secure", "--user", "root", str(root)) as pid:
        yield pid


@contextmanager
def atftpd(host: Host, folder: Path, root: Path) -> Iterator[int]:
    """Serve a folder by TFTP, with windows; it has a thread for each transfer."""
    options = ("--daemon", "--no-fork", "--no-multicast", "--maxthread", "2048", "--verbose=0")
    name = program("atftpd", "atftpd")
    with started(host, folder, name, *options, "--user", "root.root", str(root)) as pid:
        yield pid


@contextmanager
def waitron(host: Host, folder: Path, machines: Iterable[int]) -> Iterator[int]:
    """Run waitron 1 on port 9090, its machines in build mode."""
    name = on_path("waitron")
    for each in ("machines", "templates", "groups"):
        (folder / each).mkdir()
    (folder / "config.yaml").write_text(WAITRON.format(folder=folder))
    for at in machines:
        text = MACHINE.format(host=host_of(at), mac=mac_of(at))
        (folder / "machines" / f"{host_of(at)}.yaml").write_text(text)
    with started(host, folder, name, f"--config={folder}/config.yaml", "--port=9090") as pid:
        sock = host.inside(lambda: socket.create_connection(("127.0.0.1", 9090), 20))
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", 9090)) as line:
            line.sock = sock
            for at in machines:
                line.request("PUT", f"/build/{host_of(at)}")
                answer = line.getresponse()
                assert answer.status == 200, answer.read()
                answer.read()
        yield pid


@contextmanager
def pixiecore(host: Host, folder: Path, address: str) -> Iterator[int]:
    """Run pixiecore beside another DHCP server; it asks the waitron of its host."""
    name = on_path("pixiecore")
    options = ("--dhcp-no-bind", "--port=80", f"--listen-addr={address}")
    with started(host, folder, name, "api", "http://127.0.0.1:9090", *options) as pid:
        yield pid


def on_path(name: str) -> str:
    """Return the path of a program that Debian does not have.

    Raises:
        MissingError: It is not on PATH.
    """
    found = shutil.which(name)
    if found is None:
        raise MissingError(name, "it takes part where it is on PATH")
    return found
