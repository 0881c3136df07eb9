"""What a unit of work costs as a site grows, and as more is loaded at once; run as root.

    python -m bench.growth [--machines 10 1000 10000] [--transfers 1 10 100 1000] [--seconds 2]

Quoted is what pyxie and all that it has started took of the processors for one offer, one boot
script, one `/v1/boot`, one `PUT /build`, and one MB by HTTP and by TFTP: less disturbed by what
else goes on than the clock is. So many machines have files, and ten of them are in build mode. A
transfer's memory is what all processes have more than before, shared pages counted once, while so
many load.

What is idle is measured after a while in which nothing is asked; ready is when `/health` answers.
All is as it is when it is installed: with its modules compiled.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.contest import OURS
from bench.lab import Lab, lab
from bench.processors import spent
from tests.lab.besieged import CHECKOUT, PORT, Besieged, host_of, lay, mac_of

BUILT = 10
INITRD, LOADER = 41_000_000, 850_000
WARM = 75.0
"""Seconds until threads and workers that are not needed any more have ended."""
SETTINGS = "kernel: vmlinuz\ninitrd: initrd.img\nimages: {www}\n"


@contextlib.contextmanager
def running(ground: Lab, machines: int) -> Iterator[tuple[Besieged, float]]:
    """Run pyxie on a site of so many machines; yield it with the seconds until it was ready."""
    www = ground.folder / "www"
    folder = Path(tempfile.mkdtemp(dir=ground.folder))
    lay(folder, range(machines), SETTINGS.format(www=www))
    (folder / "ipxe/loader.efi").write_bytes((www / "loader.efi").read_bytes())
    site = Besieged(folder, ground.hosts[OURS], ground.clients, ground.clients)
    began = time.perf_counter()
    site.start()
    assert site.ask("GET", "/health")[0] == 200
    ready = time.perf_counter() - began
    assert site.process is not None
    try:
        yield site, ready
    finally:
        site.process.terminate()
        site.process.wait(30)


def family(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                found += family(int(child))
    return found


def memory(pid: int) -> float:
    """Return the MB of a process and all that it has started, shared pages counted once."""
    return sum(_said("Pss", f"/proc/{each}/smaps_rollup") for each in family(pid)) / 1024


def wakes(pid: int) -> int:
    """Return how often the threads of a process, and of all it has started, were woken so far."""
    return sum(
        _said("voluntary_ctxt_switches", f"{task}/status")
        for each in family(pid)
        for task in Path(f"/proc/{each}/task").glob("*")
    )


def _said(name: str, file: str) -> int:
    """Return a number that the kernel tells by its name; 0 of who has ended."""
    with contextlib.suppress(OSError):
        found = re.search(rf"^{name}:\s+(\d+)", Path(file).read_text(), re.MULTILINE)
        return int(found[1]) if found else 0
    return 0


def idle(pid: int, seconds: float) -> str:
    """Return what pyxie takes while nothing is asked of it."""
    time.sleep(WARM)
    took, woken, began = spent(pid), wakes(pid), time.perf_counter()
    time.sleep(seconds)
    lasted = time.perf_counter() - began
    share = (spent(pid) - took) / lasted * 100
    return (
        f"idle {share:.2f} % of a processor, {(wakes(pid) - woken) / lasted:.0f} wake-ups/s,"
        f" {memory(pid):.0f} MB"
    )


def each_costs(pid: int, work: Callable[[], float]) -> str:
    """Return the ms of the processors that each of what ``work`` counts took."""
    before = spent(pid)
    done = work()
    return f"{(spent(pid) - before) / done * 1000:.2f}"


def site_of(ground: Lab, machines: int, seconds: float) -> None:
    """Print what units of work cost with so many machines."""
    with running(ground, machines) as (site, ready):
        assert site.process is not None
        pid = site.process.pid
        rest = idle(pid, 20)

        def put() -> float:
            site.build(BUILT)
            return BUILT

        def offer() -> float:
            return len(site.offers(BUILT, 100, seconds + 1).took)

        def ask(path: str) -> Callable[[], float]:
            paths = ground.folder / "paths"
            paths.write_text("".join(f"{path.format(mac_of(at))}\n" for at in range(BUILT)))
            command = (str(ground.folder / "requests"), ground.addresses[OURS], str(PORT))
            more = (str(paths), "kernel", "0", "8", str(seconds))
            return lambda: _answers(ground, *command, *more)

        put()
        costs = {
            "PUT /build": each_costs(pid, put),
            "offer": each_costs(pid, offer),
            "script": each_costs(pid, ask("/ipxe/{}")),
            "/v1/boot": each_costs(pid, ask("/v1/boot/{}")),
        }
        told = ", ".join(f"{what} {ms} ms" for what, ms in costs.items())
        print(f"{machines} machines: ready after {ready:.1f} s; {rest}; {told}", flush=True)


def _answers(ground: Lab, *command: str) -> float:
    taken = ground.load((), "answers", 1.0, *command)
    return taken.value * taken.seconds


def loads_of(ground: Lab, site: Besieged, transfers: int, seconds: float) -> None:
    """Print what a MB costs, and a transfer takes of memory, while so many load."""
    assert site.process is not None
    pid, www, server = site.process.pid, ground.folder / "www", ground.addresses[OURS]
    path = f"/boot/{host_of(0)}/initrd/0/initrd.img"
    many, lasting = str(transfers), str(seconds)
    by = {
        "HTTP": ("downloads", server, str(PORT), path, f"{www}/initrd.img", "0", many, lasting),
        "TFTP": (
            *("blocks", server, "loader.efi", f"{www}/loader.efi"),
            *("0", many, "1468", "16", lasting),
        ),
    }
    said = []
    for what, (name, *rest) in by.items():
        before, held = spent(pid), memory(pid)
        command = ["ip", "netns", "exec", ground.clients.name, str(ground.folder / name), *rest]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as loading:
            time.sleep(seconds * 0.7)
            more = memory(pid) - held
            told, _ = loading.communicate()
        assert loading.returncode == 0, told
        moved = float(re.findall(r'"bytes": *([0-9.e+]+)', told)[0]) / 1e6
        took = spent(pid) - before
        said.append(
            f"{what} {moved / seconds:.0f} MB/s, {took / moved * 1000:.2f} ms a MB,"
            f" {more * 1024 / transfers:.0f} kB a transfer"
        )
    print(f"{transfers} at once: {'; '.join(said)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--machines", type=int, nargs="*", default=[10, 1000, 10_000])
    parser.add_argument("--transfers", type=int, nargs="*", default=[1, 10, 100, 1000])
    parser.add_argument("--seconds", type=float, default=2)
    chosen = parser.parse_args()
    compileall.compile_dir(str(CHECKOUT / "pyxie"), quiet=1)
    with lab([OURS], max([10, *chosen.transfers])) as ground:
        for name in ("requests", "downloads", "blocks"):
            ground.compiled(name)
        www = ground.folder / "www"
        www.mkdir()
        for name, size in (("initrd.img", INITRD), ("vmlinuz", 1000), ("loader.efi", LOADER)):
            (www / name).write_bytes(os.urandom(size))
        for machines in chosen.machines:
            site_of(ground, machines, chosen.seconds)
        if chosen.transfers:
            with running(ground, BUILT) as (site, _):
                site.build(BUILT)
                for transfers in chosen.transfers:
                    loads_of(ground, site, transfers, chosen.seconds)


if __name__ == "__main__":
    main()
