"""The worst bodies that are taken, and those that are not, posted over and over."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.interop.netns import need
from tests.lab.besieged import PORT, Besieged, besieged, host_of

MACHINES = 10
AT_ONCE = 8
TIMES = 64
YAML, JSON = "application/yaml", "application/json"
BUILD, CREATE = f"/build/{host_of(0)}", "/api/v1/machines"


def params(most: int) -> str:
    """So many keys and values, each of them allowed."""
    return "params:\n" + "".join(f"  k{each}: v\n" for each in range(most // 2 - 2))


WORST: dict[str, tuple[str, str, str, bytes, int]] = {
    "list": ("PUT", BUILD, YAML, b"- a\n" * 16_000, 400),
    "nested": ("PUT", BUILD, YAML, b"[" + b"[]," * 21_000, 400),
    "deep": ("PUT", BUILD, YAML, b"[" * 65_000, 400),
    "aliases": ("PUT", BUILD, YAML, b"a: &a x\nb: [" + b"*a," * 21_000, 400),
    "tags": (
        *("PUT", BUILD, YAML),
        "".join(f"%TAG !{each}! b\n" for each in range(4000)).encode(),
        400,
    ),
    "mistakes": ("PUT", BUILD, YAML, "".join(f"k{e}: v\n" for e in range(2499)).encode(), 400),
    "twice": ("PUT", BUILD, YAML, b"params: {a: b}\n" * 1200, 400),
    "accepted": ("PUT", BUILD, YAML, params(5000).encode(), 200),
    "long": ("PUT", BUILD, YAML, b"#" * (1 << 20), 413),
    "objects": ("POST", CREATE, JSON, b"[" + b"{}," * 300_000, 400),
    "file": ("POST", CREATE, YAML, b"- a\n" * 250_000, 400),
    "mistaken file": ("POST", CREATE, YAML, ("hostname: x\n" + params(19_990)[8:]).encode(), 400),
    "many builds": (
        *("POST", "/api/v1/builds", JSON),
        json.dumps({"hosts": ["x"] * 9_000, "definition": {"params": {}}}).encode(),
        200,
    ),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    need("ip")
    with besieged(tmp_path_factory.mktemp("bodies"), MACHINES) as site:
        yield site


@contextlib.contextmanager
def posting(site: Besieged) -> Iterator[Counter[tuple[str, int]]]:
    """Have the host itself post `TIMES` bodies, several at once, and wait for the answers."""
    found: Counter[tuple[str, int]] = Counter()
    todo = iter([*WORST] * (TIMES // len(WORST) + 1))

    def post() -> None:
        for name in todo:
            method, path, kind, body, _ = WORST[name]
            sock = site.server.inside(lambda: socket.create_connection(("127.0.0.1", PORT), 60))
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", PORT)) as line:
                line.sock = sock
                line.request(method, path, body, {"Content-Type": kind})
                found[name, line.getresponse().status] += 1

    threads = [threading.Thread(target=post) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        for thread in threads:
            thread.join()


def test_known_machines_are_offered_their_boot_meanwhile(site: Besieged) -> None:
    with posting(site) as answered:
        offers = site.offers(MACHINES, 20, 8)
    _, most = site.memory()

    assert answered.keys() == {(name, worst[4]) for name, worst in WORST.items()}
    assert answered.total() >= TIMES
    assert offers.lost <= offers.sent / 10
    assert offers.cut(50) < 0.25
    assert offers.cut(90) < 1.0
    assert most < 300
