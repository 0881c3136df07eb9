"""How many boot scripts and preseeds a second are served, alone or beside another checkout.

    python -m bench.scripts [--against CHECKOUT] [--rounds 3] [--machines 1000] [--seconds 3]

Each round starts a daemon, puts all machines in build mode, and fetches each one's script and
preseed once ("first"), then again and again in turn by wrk ("again"). With --against, the same
is done with that checkout's code, in turn. Quoted are medians and their ratio: single figures
move with the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.machines import CHECKOUT, Daemon, host_of, mac_of, serving, write

CONNECTIONS = 16
SETTINGS = f"""\
templatepath: {CHECKOUT}/templates
image_url: http://192.0.2.1/images/
kernel: linux
initrd: initrd.gz
cmdline: "auto=true priority=critical url={{{{ BaseURL }}}}/template/preseed/{{{{ Hostname }}}}/\
{{{{ Token }}}} interface=auto hostname={{{{ machine.shortname }}}} domain={{{{ machine.domain }}}}\
 --- quiet"
"""
"""As in the shipped config.yaml; the templates are the same for both, the code is not."""

WRK = """\
local requests, at = {}, 0
function init(args)
  for path in io.lines(args[1]) do requests[#requests + 1] = wrk.format("GET", path) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests": %d, "us": %d, "p50": %d, "p99": %d, "errors": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


class Speed(NamedTuple):
    """Answers a second, and the milliseconds that half and 99 of 100 of them took at most."""

    rate: float
    p50: float
    p99: float


def build_all(daemon: Daemon, machines: int) -> list[str]:
    """Put all machines in build mode; return their tokens."""
    tokens = []
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", daemon.port, 10)) as line:
        for at in range(machines):
            line.request("PUT", f"/build/{host_of(at)}")
            answer = line.getresponse()
            body = answer.read()
            assert answer.status == 200, body.decode()
            tokens.append(answer.headers["Build-Token"])
    return tokens


class Line:
    """A connection that asks for one thing at a time; kept short, to cost the server little."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.began = 0.0

    def ask(self, path: str) -> None:
        self.began = time.perf_counter()
        self.sock.send(b"GET %b HTTP/1.1\r\nHost: bench\r\n\r\n" % path.encode())

    def hear(self) -> tuple[bytes, float]:
        """Return a whole answer's body, and the ms that it took."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head, body = data[:end].lower(), data[end + 4 :]
        assert head.startswith(b"http/1.1 200 "), data.decode()
        length = int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        return body, (time.perf_counter() - self.began) * 1000

    def _more(self) -> bytes:
        more = self.sock.recv(65536)
        assert more, "the server hung up"
        return more


def first(daemon: Daemon, paths: list[str], marks: list[str]) -> Speed:
    """Fetch each path once and look for its mark in what comes."""
    with contextlib.ExitStack() as stack:
        lines = [Line(daemon.port) for _ in range(CONNECTIONS)]
        for line in lines:
            stack.enter_context(line.sock)
        took = []
        began = time.perf_counter()
        for at in range(0, len(paths), CONNECTIONS):
            batch = list(zip(lines, paths[at:], marks[at:], strict=False))
            for line, path, _ in batch:
                line.ask(path)
            for line, path, mark in batch:
                body, ms = line.hear()
                took.append(ms)
                assert mark.encode() in body, f"{path}: {body.decode()}"
        rate = len(paths) / (time.perf_counter() - began)
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return Speed(rate, cuts[49], cuts[98])


def again(daemon: Daemon, paths: list[str], seconds: int, scratch: Path) -> Speed:
    """Have wrk fetch the paths in turn, for so long."""
    script, list_ = scratch / "wrk.lua", scratch / "paths"
    script.write_text(WRK)
    list_.write_text("".join(f"{path}\n" for path in paths))
    command = [
        *("wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s"),
        *(f"--script={script}", f"http://127.0.0.1:{daemon.port}", "--", str(list_)),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True)
    told = json.loads(ran.stdout.splitlines()[-1])
    assert not told["errors"], ran.stdout
    return Speed(told["requests"] / told["us"] * 1e6, told["p50"] / 1000, told["p99"] / 1000)


@contextlib.contextmanager
def site_of(checkout: Path, machines: int) -> Iterator[tuple[Daemon, Path]]:
    """Run a daemon of that code on a site of its own; yield both."""
    with tempfile.TemporaryDirectory() as name:
        site = Path(name)
        folder = site / "machines"
        folder.mkdir()
        for at in range(machines):
            write(folder, at)
        with serving(site, SETTINGS, checkout) as (daemon, _):
            yield daemon, site


def measure(checkout: Path, machines: int, seconds: int) -> Iterator[tuple[str, Speed]]:
    """Run a daemon of that code on a site of its own; yield what was measured, by its name."""
    with site_of(checkout, machines) as (daemon, site):
        tokens = build_all(daemon, machines)
        hosts = [host_of(at) for at in range(machines)]
        scripts = [f"/ipxe/{mac_of(at).replace(':', '-')}" for at in range(machines)]
        preseeds = [
            f"/template/preseed/{host}/{token}" for host, token in zip(hosts, tokens, strict=True)
        ]
        # Each script leads to its machine's preseed, and each preseed to its end.
        ends = [path.removeprefix("/template/preseed/") for path in preseeds]
        yield "scripts, first", first(daemon, scripts, preseeds)
        yield "scripts, again", again(daemon, scripts, seconds, site)
        yield "preseeds, first", first(daemon, preseeds, ends)
        yield "preseeds, again", again(daemon, preseeds, seconds, site)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--against", type=Path, help="another checkout, to be compared with")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--machines", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=3, help="that wrk fetches, each time")
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt install wrk")
    checkouts = {"this": CHECKOUT}
    if chosen.against:
        checkouts["that"] = chosen.against.resolve()
        assert (checkouts["that"] / "pyxie").is_dir(), f"{chosen.against} is no checkout of pyxie"
    found: dict[str, dict[str, list[Speed]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(chosen.rounds):
        for whose, checkout in checkouts.items():
            for what, speed in measure(checkout, chosen.machines, chosen.seconds):
                found[what][whose].append(speed)
    print(f"{chosen.machines} machines, {CONNECTIONS} connections, {chosen.rounds} rounds")
    for what, by_checkout in found.items():
        medians = {
            whose: Speed(*map(statistics.median, zip(*speeds, strict=True)))
            for whose, speeds in by_checkout.items()
        }
        told = [
            f"{whose} {speed.rate:.0f}/s, p50 {speed.p50:.1f} ms, p99 {speed.p99:.1f} ms"
            for whose, speed in medians.items()
        ]
        if "that" in medians:
            told.append(f"ratio {medians['this'].rate / medians['that'].rate:.2f}")
        print(f"{what}: {'; '.join(told)}")


if __name__ == "__main__":
    main()
