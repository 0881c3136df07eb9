"""Workers as processes: what they hold, and how they end."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyxie.config.settings import Settings
from pyxie.workers.forkserver import ForkServer
from pyxie.workers.frames import HEAD, lengths, letters_of, packed
from pyxie.workers.jobs import Job, TemplateJob
from pyxie.workers.made import Made, from_plain
from tests.procfs import children, open_files
from tests.render.site import CONTEXT, machine, settings
from tests.support import until


class Worker:
    """The daemon's end of a worker, without an event loop."""

    def __init__(self, forks: ForkServer) -> None:
        self.number, self.line = forks.start()
        self.line.settimeout(20)

    def begins(self) -> bool:
        return self.line.recv(1) == b"\n"

    def is_at_end(self) -> bool:
        try:
            return self.line.recv(1) == b""
        except ConnectionError:
            return True

    def send(self, what: Job | Settings) -> None:
        self.line.sendall(packed(pickle.dumps(what)))

    def hears(self) -> Made:
        plain, text = lengths(self._exactly(HEAD.size))
        return from_plain(self._exactly(plain), letters_of(self._exactly(text)))

    def _exactly(self, size: int) -> bytes:
        return self.line.recv(size, socket.MSG_WAITALL)


def status(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))


@pytest.fixture
def forks() -> Iterator[ForkServer]:
    with ForkServer() as running:
        yield running


@pytest.fixture
def worker(forks: ForkServer) -> Iterator[Worker]:
    started = Worker(forks)
    with started.line:
        yield started


def pid_of(forks: ForkServer) -> int:
    return forks._pid


class TestAWorker:
    def test_renders_what_it_is_sent(self, worker: Worker, tmp_path: Path) -> None:
        site = settings(tmp_path)
        (site.templatepath / "p.j2").write_text("{{ Hostname }}")
        assert worker.begins()

        worker.send(site)
        worker.send(TemplateJob(machine(preseed="p.j2"), "preseed", CONTEXT))

        made = worker.hears()
        assert (made.text, made.lasting) == ("web01.example.org", True)
        assert made.uses.are_current()

    def test_holds_nothing_of_the_daemons(self, forks: ForkServer) -> None:
        with socket.create_server(("127.0.0.1", 0)), Worker(forks).line as line:
            line.settimeout(20)
            assert line.recv(1) == b"\n"
            (pid,) = children(pid_of(forks))

            held = open_files(pid)
            ours = [str(Path(f"/proc/self/fd/{at}").readlink()) for at in range(3)]

        assert sum(each.startswith("socket:") and each not in ours for each in held) == 1
        assert len(held) == 4

    def test_has_bounds_of_its_own(self, forks: ForkServer, worker: Worker) -> None:
        assert worker.begins()
        (pid,) = children(pid_of(forks))

        limits = Path(f"/proc/{pid}/limits").read_text()

        said = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
        assert said["Max file size"] == "0"
        assert said["Max open files"] == "64"
        assert said["Max address space"].isdecimal()
        assert Path(f"/proc/{pid}/oom_score_adj").read_text() == "500\n"

    def test_ends_when_it_is_told_whatever_it_does(
        self, forks: ForkServer, worker: Worker, tmp_path: Path
    ) -> None:
        site = settings(tmp_path)
        endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
        (site.templatepath / "p.j2").write_text(endless)
        assert worker.begins()
        worker.send(site)
        worker.send(TemplateJob(machine(preseed="p.j2"), "preseed", CONTEXT))

        forks.kill(worker.number)

        assert worker.is_at_end()
        until(lambda: not children(pid_of(forks)), "the process to be gone")

    def test_is_not_ended_by_what_ends_the_daemon(self, forks: ForkServer, worker: Worker) -> None:
        assert worker.begins()
        (pid,) = children(pid_of(forks))

        for each in (pid, pid_of(forks)):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(each, number)
        worker.send(settings_nowhere())
        worker.send(TemplateJob(machine(preseed="gone.j2"), "preseed", CONTEXT))

        assert worker.hears().error is not None

    def test_ends_with_the_fork_server(self, worker: Worker, forks: ForkServer) -> None:
        assert worker.begins()

        os.kill(pid_of(forks), signal.SIGKILL)

        assert worker.is_at_end()


def settings_nowhere() -> Settings:
    return Settings.model_validate({"templatepath": Path("/nowhere")})


class TestTheForkServer:
    def test_ends_with_the_daemon_and_all_workers_with_it(self) -> None:
        with ForkServer() as forks:
            worker = Worker(forks)
            assert worker.begins()
            workers = children(pid_of(forks))

        assert worker.is_at_end()
        worker.line.close()
        assert not Path(f"/proc/{pid_of(forks)}").exists()
        until(lambda: not Path(f"/proc/{workers[0]}").exists(), "the worker to be gone")

    def test_starts_so_many_and_no_more(self, forks: ForkServer) -> None:
        workers = [Worker(forks) for _ in range(12)]
        assert all(each.begins() for each in workers)

        one_more = Worker(forks)

        assert one_more.is_at_end()
        forks.kill(workers[0].number)
        assert workers[0].is_at_end()
        until(lambda: len(children(pid_of(forks))) == 11, "the process to be gone")
        instead = Worker(forks)
        assert instead.begins()
        for each in (*workers, one_more, instead):
            each.line.close()

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
    def test_becomes_a_user_and_all_workers_are_that_ones(self, forks: ForkServer) -> None:
        forks.become("nobody")
        worker = Worker(forks)
        assert worker.begins()
        (pid,) = children(pid_of(forks))

        assert status(pid, "Uid").split()[0] != "0"
        assert status(pid, "CapPrm") == "0" * 16
        assert status(pid, "NoNewPrivs") == "1"
        worker.line.close()

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
    def test_ends_where_it_cannot(self, forks: ForkServer) -> None:
        forks.become("no-such-user")
        forks.control.setblocking(True)

        assert forks.control.recv(1) == b""


def test_what_a_worker_needs_is_loaded_before_it_is_another_user() -> None:
    """Who has Python in /root, as pyenv does, has a user who may not be let at its files."""
    needed = {"_strptime", "encodings.ascii", "encodings.latin_1", "encodings.utf_16_be"}
    loaded = f"import sys, pyxie.workers.forkserver; print({needed} - sys.modules.keys())"

    ran = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True)

    assert ran.stdout == "set()\n"
