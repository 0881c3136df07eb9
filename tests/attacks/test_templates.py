"""Templates that take all the time and memory that they get, while others boot."""

from __future__ import annotations

import re
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.daemon import Home, fetch_by_tftp
from tests.procfs import memory_of
from tests.support import until
from tests.workers.test_pool import DOUBLES, ENDLESS, EXPONENTIAL

GOOD = 20
BAD = {
    "loops": ENDLESS,
    "grows": DOUBLES.format("'x'", "{% set n.x = n.x ~ n.x %}"),
    "compares": EXPONENTIAL,
    "pads": "{{ '%2000000000s' | format('x') }}",
}
"""Each is tame while it is tried, so that its build begins: it looks at the token."""
MACHINE = """\
network: [{{macaddress: 52:54:00:00:{kind:02x}:{number:02x}}}]
kernel: linux
initrd: initrd.gz
cmdline: "url={{{{ BaseURL }}}}/template/preseed/{{{{ Hostname }}}}/{{{{ Token }}}} {more}"
preseed: bookworm.j2
"""
SOON = 2.0
"""Seconds in which an answer is soon, on a busy host; the daemon of before gave none in 60."""
MEMORY = 300 << 20
"""Bytes of the daemon and all its processes together; the worst of before took gigabytes."""


def machine(kind: int, number: int, more: str = "") -> str:
    return MACHINE.format(kind=kind, number=number, more=more)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    (tmp_path / "ipxe/undionly.kpxe").write_bytes(b"loader")
    machines = tmp_path / "machines"
    for number in range(GOOD):
        (machines / f"good{number}.yaml").write_text(machine(0, number))
    for number, (name, text) in enumerate(BAD.items()):
        more = f"{{% if '0000' not in Token %}}{text}{{% endif %}}"
        (machines / f"{name}.yaml").write_text(machine(1, number, more))
    return home


class Asking:
    """Machines whose templates are bad, which ask again and again."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=("GET", f"/ipxe/52-54-00-00-01-{at:02x}"))
            for at in range(len(BAD))
        ]
        self._threads.append(threading.Thread(target=self._preview))

    def __enter__(self) -> None:
        for each in self._threads:
            each.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join()

    def _ask(self, method: str, path: str) -> None:
        while not self._over.wait(0.2):
            try:
                self._home.ask(method, path)
            except OSError:
                self._over.wait(0.2)

    def _preview(self) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            text = f"{ENDLESS}{number}"
            try:
                self._home.ask("PUT", "/build/good0", body=f"cmdline: {text!r}".encode())
            except OSError:
                self._over.wait(0.2)


ENDED = r"cmdline.{0,40}: took over (5 s of the processor|8 s|10 s), and was (stopped|ended)"


def test_others_boot_while_one_machines_template_loops(home: Home) -> None:
    with home.running() as process:
        for name in BAD:
            home.build(name)
        tokens = [home.build(f"good{number}") for number in range(GOOD)]
        took: list[float] = []
        most = 0

        with Asking(home):
            time.sleep(1)
            for number, token in enumerate(tokens):
                began = time.monotonic()
                script = home.get(f"/ipxe/52-54-00-00-00-{number:02x}")
                took.append(time.monotonic() - began)
                assert token.encode() in script.body or number == 0, script.text
                began = time.monotonic()
                assert fetch_by_tftp(home.tftp, "undionly.kpxe") == b"loader"
                took.append(time.monotonic() - began)
                most = max(most, memory_of(process.pid))
                time.sleep(0.3)
            until(lambda: re.search(ENDED, home.get("/health").text), "one to be ended", seconds=30)
            process.signal(signal.SIGTERM)
            began = time.monotonic()
            code = process.wait_exit(15)
            ended = time.monotonic() - began

    assert max(took) < SOON, took
    assert most < MEMORY
    assert (code, ended < 8) == (0, True)
