"""The unit as it is shipped: judged by systemd, and run by one under its own restrictions."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyxie.cli import commands
from pyxie.commands.checkup import check
from tests import needs
from tests.packaging.sandbox import UNIT, Sandbox, booted, missing

pytestmark = pytest.mark.interop

CONFIG = "machinepath: /var/lib/pyxie/machines\n"
HEALTH = "http://127.0.0.1:8090/health"
MACHINES = "http://127.0.0.1:8090/api/v1/machines"

NET_BIND_SERVICE, NET_RAW = 1 << 10, 1 << 13


def must_have(lack: str) -> None:
    """Skip where something is lacking, but never in CI: there it is a fault of the job's."""
    if lack:
        needs.missing(lack)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    must_have(missing())
    folder = tmp_path_factory.mktemp("systemd")
    with booted(folder, config=CONFIG) as running:
        yield running


@pytest.fixture
def pyxie(sandbox: Sandbox) -> Sandbox:
    """Give the sandbox with pyxie started: ``systemctl start`` waits for READY=1.

    It goes on for the next test.
    """
    sandbox.run("systemctl", "start", "pyxie")
    return sandbox


def stop(sandbox: Sandbox) -> None:
    """Have the next test begin with a start."""
    sandbox.run("systemctl", "stop", "pyxie")
    sandbox.run("systemctl", "reset-failed", "pyxie", check=False)


def status(sandbox: Sandbox) -> dict[str, str]:
    """Return proc_pid_status(5) of pyxie's main process."""
    text = sandbox.run("cat", f"/proc/{sandbox.property('MainPID')}/status")
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


SERVE = UNIT.with_name("pyxie.service.d") / "serve.conf"
CHECK = UNIT.with_name("pyxie-images-check.service")


class TestAsWritten:
    @pytest.mark.parametrize("unit", [UNIT, CHECK], ids=lambda unit: unit.name)
    def test_its_exposure_is_two_at_most(self, unit: Path) -> None:
        must_have("" if shutil.which("systemd-analyze") else "needs the Debian package systemd")

        judged = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
            capture_output=True,
            text=True,
        )

        exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", judged.stdout)
        assert exposure is not None, judged.stderr
        assert float(exposure[1]) <= 2.0, judged.stdout

    def test_systemd_has_nothing_to_say_against_it(self, sandbox: Sandbox) -> None:
        verified = sandbox.run("systemd-analyze", "verify", "/etc/systemd/system/pyxie.service")

        assert verified == ""


class TestTheWeeklyCheck:
    def test_systemd_has_nothing_to_say_against_it(self, tmp_path: Path) -> None:
        """But for where the program is, which is not installed here."""
        must_have("" if shutil.which("systemd-analyze") else "needs the Debian package systemd")
        for unit in (UNIT, CHECK, CHECK.with_suffix(".timer")):
            text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text())
            (tmp_path / unit.name).write_text(text)

        verified = subprocess.run(
            ["systemd-analyze", "verify", str(tmp_path / CHECK.with_suffix(".timer").name)],
            capture_output=True,
            text=True,
        )

        said = [line for line in verified.stderr.splitlines() if "pyxie-images-check" in line]
        assert said == []

    def test_calls_a_command_that_there_is(self) -> None:
        line = re.search(r"(?m)^ExecStart=\S+/pyxie (.*)$", CHECK.read_text())

        assert line is not None
        # With its parent: a command keeps the help options that it is first asked for.
        with (
            commands.make_context("pyxie", ["images"]) as pyxie,
            check.make_context("check", line[1].split()[2:], parent=pyxie) as context,
        ):
            assert context.params["config"] == Path("/etc/pyxie/config.yaml")


class TestUnderItsRestrictions:
    def test_it_starts_and_answers(self, pyxie: Sandbox) -> None:
        answer = pyxie.run("curl", "--fail", "--silent", "--show-error", HEALTH)

        assert answer != ""
        assert pyxie.property("ActiveState") == "active"

    def test_it_has_two_capabilities_a_user_of_its_own_and_a_filter(self, pyxie: Sandbox) -> None:
        seen = status(pyxie)

        both = f"{NET_BIND_SERVICE | NET_RAW:016x}"
        assert [seen[name] for name in ("CapPrm", "CapEff", "CapAmb", "CapBnd")] == [both] * 4
        # systemd.exec(5): dynamic users are from this range.
        assert 61184 <= int(seen["Uid"].split()[0]) <= 65519
        assert (seen["NoNewPrivs"], seen["Seccomp"]) == ("1", "2")

    def test_doctor_finds_nothing_wrong_with_it(self, pyxie: Sandbox) -> None:
        doctor = ("/opt/pyxie/bin/pyxie", "doctor", "--host-only", "--json")

        said = pyxie.run(*doctor, "--config", "/etc/pyxie/config.yaml", check=False)

        found = {each["code"] for each in json.loads(said)["findings"]}
        assert found.isdisjoint(("not-running", "capabilities", "port-taken", "settings"))
        assert "not-enabled" in found  # it was started by hand

    def test_it_overhears_other_dhcp_servers(self, pyxie: Sandbox) -> None:
        journal = pyxie.run("journalctl", "--no-pager", "--output=cat", "--unit=pyxie")

        assert "beside any server on port 67" in journal
        assert "not overheard" not in journal

    def test_its_state_and_cache_are_its_own_also_under_another_user_id(
        self, pyxie: Sandbox
    ) -> None:
        folders = ("/var/lib/private/pyxie", "/var/cache/private/pyxie")
        pyxie.run("touch", *(f"{folder}/kept" for folder in folders))
        pyxie.run("systemctl", "stop", "pyxie")
        pyxie.run("chown", "--recursive", "12345", *folders)

        pyxie.run("systemctl", "start", "pyxie")

        owner = status(pyxie)["Uid"].split()[0]
        kept = ("/var/lib/pyxie/kept", "/var/cache/pyxie/kept")
        assert pyxie.run("stat", "--format=%u %a", *folders).split() == [owner, "700"] * 2
        assert pyxie.run("stat", "--format=%u", *kept).split() == [owner] * 2

    def test_it_writes_machine_files_when_it_is_told_to(self, pyxie: Sandbox) -> None:
        kind = ("--header", "Content-Type: application/json")
        body = ("--data", '{"hostname": "web01"}')

        pyxie.run("curl", "--fail", "--silent", "--show-error", *kind, *body, MACHINES)

        owner = status(pyxie)["Uid"].split()[0]
        file = "/var/lib/pyxie/machines/web01.yaml"
        assert pyxie.run("stat", "--format=%u %a", file).split() == [owner, "600"]
        pyxie.run("rm", file)

    def test_it_renders_in_processes_without_any_capability(self, pyxie: Sandbox) -> None:
        """They give up both by capset(2), which the filter of system calls has to let them."""
        kind = ("--header", "Content-Type: application/json")
        said = (
            '{"hostname": "web02", "kernel": "linux", "cmdline": "quiet {{ Hostname }}",'
            ' "network": [{"macaddress": "52:54:00:00:00:02"}]}'
        )
        body = ("--data", said)
        pyxie.run("curl", "--fail", "--silent", "--show-error", *kind, *body, MACHINES)

        made = pyxie.run("curl", "--silent", f"{MACHINES}/web02/templates/cmdline")

        pyxie.run("rm", "/var/lib/pyxie/machines/web02.yaml")
        assert made.strip() == "quiet web02"

    def test_a_reload_leaves_it_running(self, pyxie: Sandbox) -> None:
        process = pyxie.property("MainPID")

        pyxie.run("systemctl", "reload", "pyxie")

        # SIGHUP ends a process that has no handler for it: signal(7).
        pyxie.run("curl", "--fail", "--silent", "--show-error", HEALTH)
        assert pyxie.property("MainPID") == process
        assert pyxie.property("NRestarts") == "0"

    def test_it_stops_cleanly_within_seconds(self, pyxie: Sandbox) -> None:
        begun = time.monotonic()

        pyxie.run("systemctl", "stop", "pyxie")

        assert time.monotonic() - begun < 8
        assert pyxie.property("Result") == "success"
        assert pyxie.property("ExecMainStatus") == "0"


class TestGivingAddresses:
    """With the drop-in of `dhcp.mode: serve`."""

    @pytest.fixture(autouse=True)
    def serving(self, sandbox: Sandbox) -> Iterator[None]:
        must_have("" if shutil.which("dnsmasq") else "needs the Debian package dnsmasq-base")
        stop(sandbox)
        config, interface = "/etc/pyxie/config.yaml", ("dev", "serve0")
        said = "dhcp: {mode: serve, range: 192.168.77.100-192.168.77.199}"
        sandbox.run("ip", "link", "add", "serve0", "type", "veth", "peer", "serve1")
        sandbox.run("ip", "addr", "add", "192.168.77.1/24", *interface)
        for each in ("serve0", "serve1"):
            sandbox.run("ip", "link", "set", each, "up")
        sandbox.run("cp", config, "/tmp/config.yaml")
        sandbox.run("sh", "-c", f"echo '{said}' >>{config}")
        try:
            with sandbox.drop_in(SERVE.read_text()):
                yield
                stop(sandbox)
        finally:
            sandbox.run("cp", "/tmp/config.yaml", config)
            sandbox.run("ip", "link", "del", "serve0")

    def test_it_has_what_the_dhcp_server_needs(self, pyxie: Sandbox) -> None:
        pyxie.run("curl", "--fail", "--silent", "--show-error", HEALTH)

        said = "DHCP: giving the addresses 192.168.77.100 to 192.168.77.199 on serve0"
        follow = f"journalctl --unit=pyxie --output=cat --follow --lines=all | grep -m1 '{said}'"
        assert said in pyxie.run("timeout", "20", "sh", "-c", follow)


class TestWatchdog:
    @pytest.fixture(autouse=True)
    def impatient(self, sandbox: Sandbox) -> Iterator[None]:
        stop(sandbox)
        with sandbox.drop_in("[Service]\nWatchdogSec=3\nRestartSec=0\n"):
            yield
            stop(sandbox)

    def test_it_is_pinged(self, pyxie: Sandbox) -> None:
        last = pyxie.property("WatchdogTimestampMonotonic")

        assert int(pyxie.until(last, "WatchdogTimestampMonotonic", within=10)) > int(last) > 0

    def test_a_daemon_that_is_stuck_says_where_and_is_started_anew(self, pyxie: Sandbox) -> None:
        process = pyxie.property("MainPID")

        pyxie.run("kill", "-STOP", process)

        assert pyxie.until("0", "NRestarts") == "1"
        pyxie.run("systemctl", "start", "pyxie")  # waits for the start that is under way
        pyxie.run("curl", "--fail", "--silent", "--show-error", HEALTH)
        assert pyxie.property("MainPID") != process
        journal = pyxie.run("journalctl", "--no-pager", "--output=cat", f"_PID={process}")
        # The processes that render say so, too, in the same lines at the same time. Where its
        # writer changes, the journal ends a line and drops the blanks there.
        assert "Fatal Python error:" in journal
        assert "Aborted" in journal
