"""The lab keeps its word: it shows what happened, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import dnsmasq, needs
from tests.lab.guest import Guest
from tests.lab.lan import Host, LabError, Lan
from tests.lab.process import WaitError

pytestmark = pytest.mark.e2e

# Seconds; generous, since two machines may boot at once on two cores.
_SOON = 10.0
_FIRMWARE = 120.0


def lease(host: Host) -> str:
    """Ask for an address as a client does, and return it."""
    busybox = needs.program("busybox", "busybox-static")
    asked = host.run(
        busybox, "udhcpc", "-f", "-n", "-q", "-t", "5", "-T", "1", "-i", "eth0", "-s", "/bin/true"
    )
    found = re.search(r"lease of (\S+) obtained", asked.stdout + asked.stderr)
    assert found is not None, asked
    return found[1]


def namespaces(lan: Lan) -> list[str]:
    return [each.name for each in Path("/run/netns").glob(f"{lan.name}-*")]


def runs(pid: int) -> bool:
    """Whether a process does more than wait to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


class TestAGuest:
    def test_that_does_not_show_a_text_in_time_shows_its_last_lines_instead(self, lan: Lan) -> None:
        with Guest(lan.tap()) as guest:
            guest.wait_for("SeaBIOS", _FIRMWARE)

            with pytest.raises(WaitError, match=r"did not print 'no such text'.*\nSeaBIOS"):
                guest.wait_for("no such text", 0.1)


class TestASegment:
    def test_behind_a_router_gets_its_addresses_through_the_relay(self, lan: Lan) -> None:
        behind = lan.routed("relay", "192.168.78.0/24")
        server = lan.host("dhcp")
        dnsmasq.dhcp_server(server, behind)
        dnsmasq.relay(behind, server.address)

        address = lease(behind.host("client"))

        assert address.startswith("192.168.78.1")


class TestWhenTheBlockIsLeft:
    def test_by_an_error_no_namespace_process_or_file_remains(self) -> None:
        lan = Lan()
        pids = []

        def use() -> None:
            with lan:
                guest = Guest(lan.tap())
                guest.__enter__()
                # Its sleep is in a session of its own, and no Process knows of it.
                shell = lan.host("other").popen("sh", "-c", "setsid sleep 600 & echo $!; wait")
                sleep = int(shell.wait_for(re.compile(r"(\d+)\n"), _SOON)[1])
                pids.extend([guest.console.pid, shell.pid, sleep])
                assert [runs(pid) for pid in pids] == [True, True, True]
                assert len(namespaces(lan)) == 2
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            use()

        assert [runs(pid) for pid in pids] == [False, False, False]
        assert namespaces(lan) == []
        assert not lan.folder.exists()

    def test_by_sigterm_neither(self, tmp_path: Path) -> None:
        program = tmp_path / "program.py"
        program.write_text(
            "from tests.lab.lan import Lan\n"
            "with Lan() as lan:\n"
            "    sleeper = lan.srv.popen('sleep', '600')\n"
            "    print(lan.name, sleeper.pid, flush=True)\n"
            "    sleeper.wait_exit(600)\n"
        )
        root = Path(__file__).parents[2]
        needs.root()

        with subprocess.Popen(
            [sys.executable, program],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(root)},
        ) as running:
            assert running.stdout is not None
            name, pid = running.stdout.readline().split()
            running.send_signal(signal.SIGTERM)
            status = running.wait(_SOON)

        assert status == 128 + signal.SIGTERM
        assert list(Path("/run/netns").glob(f"{name}-*")) == []
        assert not runs(int(pid))


class TestACommand:
    def test_that_fails_says_what_it_printed(self, lan: Lan) -> None:
        with pytest.raises(LabError, match="cat: /no/such/file: No such file or directory"):
            lan.srv.run("cat", "/no/such/file")

    def test_that_ends_is_not_waited_for(self, lan: Lan) -> None:
        ended = lan.srv.popen("sh", "-c", "echo last words; exit 3")

        with pytest.raises(WaitError, match=r"ended with 3 before it printed 'more'.*\nlast words"):
            ended.wait_for("more", 60)
