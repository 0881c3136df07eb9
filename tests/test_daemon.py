"""The whole daemon, as a program of its own: started, killed, refused, reloaded, starved."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.daemon import PYXIE, Forks, Home, fetch_by_tftp, free_port, kill
from tests.http.site import CONFIG, HOST, MACHINE, Answer
from tests.interop import netns
from tests.needs import program
from tests.support import eventually, until

OK = Answer(200, b"OK")
INVALID = Answer(401, b"Invalid Token\n")


def another(name: str, mac: str) -> str:
    return MACHINE.replace(HOST, name).replace("00:de:ad:90:74:60", mac)


def add(home: Home, name: str, mac: str) -> None:
    (home.folder / "machines" / f"{name}.yaml").write_text(another(name, mac))


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class TestKilled:
    """As by a power cut."""

    def test_a_build_goes_on_after_the_restart(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        with home.running() as process:
            token = home.build()
            kill(process)
        with home.running() as process:
            assert home.get("/status") == Answer(200, b'{"linux001.internal":"Installing"}')
            assert home.get("/v1/boot/00:de:ad:90:74:60").status == 200
            assert home.get(f"/template/preseed/{HOST}/{token}").status == 200
            assert home.get(f"/done/{HOST}/{token}") == OK
            kill(process)
        with home.running():
            assert home.get("/status") == Answer(200, b'{"linux001.internal":"Installed"}')
            assert home.get("/v1/boot/00:de:ad:90:74:60").status == 404
            assert home.get(f"/done/{HOST}/{token}") == OK
            assert home.get(f"/template/preseed/{HOST}/{token}") == INVALID

    @pytest.mark.interop
    async def test_at_any_moment_it_has_kept_what_it_had_answered(self, tmp_path: Path) -> None:
        told = tmp_path / "told"
        told.touch()
        hooks = "".join(
            f"{kind}_commands:\n"
            f"- {{command: 'echo {{{{ Token }}}} >> {told}', shell: true, timeout_seconds: 20}}\n"
            for kind in ("postbuild", "failedbuild", "cancelbuild")
        )
        home = Home(tmp_path, f"{hooks}limits: {{builds_per_machine: 1000}}\n")
        walks = [Walk(home, HOST)]
        for n in (2, 3):
            add(home, f"linux00{n}.internal", f"00:de:ad:90:74:6{n}")
            walks.append(Walk(home, f"linux00{n}.internal"))
        dice = random.Random(20_181_201)

        def answered() -> int:
            return sum(walk.answered for walk in walks)

        with closing(Forks(home)) as forks:
            for _ in range(30):
                async with aiohttp.ClientSession() as session:
                    with forks.running():
                        for walk in walks:
                            await walk.check(session)
                        going = [asyncio.create_task(walk.go_on(session, dice)) for walk in walks]
                        enough = answered() + dice.randrange(5)
                        await eventually(lambda: answered() >= enough, seconds=60)  # noqa: B023
                        await asyncio.sleep(dice.uniform(0, 0.05))  # into the next
                    await asyncio.gather(*going)
            with forks.running():
                paid = Paid(tmp_path / "state/pyxie.sqlite")
                until(paid.whole, "the hooks that are owed to have been run", seconds=60)

        assert answered() > 30
        ended, again = paid.ended()
        assert len(ended) > 5
        assert set(told.read_text().split()) >= ended  # at least once
        assert len(told.read_text().split()) <= len(ended) + again


class Paid:
    """What a state says of the hooks that its ended builds are owed."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._state, timeout=10)) as connection:
            return connection.execute(query).fetchall()

    def whole(self) -> bool:
        """Tell whether all have been run; each ended build has exactly one, the others none."""
        ends = "'installed', 'failed', 'cancelled'"
        counts = self._ask(
            "SELECT builds.state, COUNT(hooks.id) FROM builds LEFT JOIN hooks "
            "ON hooks.build_id = builds.id GROUP BY builds.id"
        )
        for state, count in counts:
            assert count == (state in ends), (state, count)
        return self._ask("SELECT COUNT(*) FROM hooks WHERE state = 'owed'") == [(0,)]

    def ended(self) -> tuple[set[str], int]:
        """Return the tokens of the builds that ended, and how many attempts were repeats."""
        rows = self._ask(
            "SELECT token, attempts FROM builds JOIN hooks ON hooks.build_id = builds.id"
        )
        return {token for token, _ in rows}, sum(attempts - 1 for _, attempts in rows)


@dataclass
class Walk:
    """One machine's way through its builds, and what may be true after a kill."""

    home: Home
    host: str
    state: str | None = None
    token: str = ""
    begun: str | None = None
    """The state that a request which was not answered leads to."""
    answered: int = 0

    async def go_on(self, session: aiohttp.ClientSession, dice: random.Random) -> None:
        """Go from state to state until nobody answers."""
        mac = "00-de-ad-90-74-60" if self.host == HOST else f"00-de-ad-90-74-6{self.host[7]}"
        steps = {
            "pending": ("PUT", f"/build/{self.host}"),
            "installing": ("GET", f"/booting/{mac}/{{token}}"),
            "installed": ("GET", f"/done/{self.host}/{{token}}"),
            "cancelled": ("PUT", f"/cancel/{self.host}/{{token}}"),
            "failed": ("POST", f"/failed/{self.host}/{{token}}?reason=x"),
        }
        with suppress(aiohttp.ClientError):
            while True:
                possible = ["pending"]
                if self.state in ("pending", "installing"):
                    possible += ["installing", "installed", "cancelled", "failed"]
                self.begun = dice.choice(possible)
                method, path = steps[self.begun]
                url = f"http://127.0.0.1:{self.home.http}{path.format(token=self.token)}"
                async with session.request(method, url) as answer:
                    assert answer.status == 200, (self, await answer.text())
                    self.token = answer.headers.get("Build-Token", self.token)
                    self.state, self.begun = self.begun, None
                    self.answered += 1

    async def check(self, session: aiohttp.ClientSession) -> None:
        """Compare what the daemon says now with what it had answered."""
        api = f"http://127.0.0.1:{self.home.http}/api/v1/machines/{self.host}"
        async with session.get(api) as answer:
            assert answer.status == 200, await answer.text()
            found = await answer.json()
        now = found["build"] and found["build"]["state"]
        assert now in {self.state, self.begun or self.state}, self
        url = f"http://127.0.0.1:{self.home.http}/template/preseed/{self.host}/{self.token or 'x'}"
        async with session.get(url) as answer:
            good = answer.status == 200
        if now in ("pending", "installing") and self.begun != "pending":
            assert good, self
        if now not in ("pending", "installing"):
            assert not good, self
        if now == "installed":
            again = f"http://127.0.0.1:{self.home.http}/done/{self.host}/{self.token}"
            async with session.get(again) as answer:
                assert await answer.text() == "OK", self
        # The history never says what cannot be.
        states = [step["state"] for step in found["history"]]
        assert states.count("pending") >= states.count("replaced"), self
        # A template that was fetched just now makes it so; a lost token is made anew.
        self.state, self.begun = ("installing" if good else now), None
        if now in ("pending", "installing") and not good:
            self.state = None


class TestRefusals:
    """One sentence that says what to do, and the exit code."""

    def test_a_second_daemon_on_the_same_state(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        with home.running():
            first = home.http, home.tftp
            home.http, home.tftp = free_port(), free_port(socket.SOCK_DGRAM)
            home.write()

            code, said = home.refused()

            home.http, home.tftp = first
            assert code == 1
            assert said[-1] == (
                f"pyxie: state: another pyxie is using {tmp_path}/state/pyxie.sqlite; "
                "stop it, or set another 'state' in config.yaml"
            )
            assert home.get("/health").status == 200

    def test_a_port_in_use(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        with socket.create_server(("0.0.0.0", home.http)):
            code, said = home.refused()

        assert code == 1
        assert said[-1] == (
            f"pyxie: HTTP: TCP port {home.http} is taken by another program; stop it, or set "
            "another 'http: {port: …}' in config.yaml"
        )

    def test_a_bad_config_lists_all_its_problems(self, tmp_path: Path) -> None:
        home = Home(tmp_path, "basurl: x\nlog: {level: loud}\n")
        first = (tmp_path / "config.yaml").read_text().count("\n") - 1

        code, said = home.refused()

        assert code == 2
        places = [line.split(" ")[0] for line in said]
        assert places == [
            f"{tmp_path}/config.yaml:{first}:1:",
            f"{tmp_path}/config.yaml:{first + 1}:14:",
        ]

    def test_strict_refuses_a_broken_machine_file(self, tmp_path: Path) -> None:
        home = Home(tmp_path, machine=MACHINE.replace("kernel:", "kernle:"))

        code, said = home.refused("--strict")

        file = f"{tmp_path}/machines/{HOST}.yaml"
        assert code == 2
        assert said[-1] == f"{file}:7:1: kernle: unknown key; did you mean 'kernel'?"

    def test_otherwise_it_takes_out_that_machine_alone_loudly(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        add(home, "linux002.internal", "not a MAC")
        with home.running() as process:
            file = f"{tmp_path}/machines/linux002.internal.yaml"
            place = f"{file}:11:17: network[0].macaddress: 'not a MAC' is not a MAC address"
            process.wait_for(f"error: {place}", 60)
            home.build()
            refused = home.ask("PUT", "/build/linux002.internal")
            assert refused.status == 400
            assert refused.text.startswith(place)
            assert json.loads(home.get("/health").body)["problems"][0].startswith(place)

    @needs_root
    def test_a_state_beside_other_files_is_not_given_to_a_user(self, tmp_path: Path) -> None:
        home = Home(tmp_path, "user: nobody\n", config=None)
        (tmp_path / "config.yaml").write_text(
            CONFIG.replace("state: state/pyxie.sqlite", "state: pyxie.sqlite")
            + f'http: {{port: {home.http}}}\ntftp: {{port: {home.tftp}}}\ndhcp: {{mode: "off"}}\n'
            "user: nobody\n"
        )

        code, said = home.refused()

        assert code == 1
        assert said[-1] == (
            f"pyxie: user: {tmp_path} holds 'config.yaml' beside the state, and would become the "
            "user's; set 'state' in config.yaml to a path in a folder of its own"
        )
        assert (tmp_path / "config.yaml").stat().st_uid == 0

    @needs_root
    def test_nor_is_an_image_store_beside_other_files(self, tmp_path: Path) -> None:
        images = tmp_path / "srv"
        images.mkdir()
        (images / "accounts").write_text("root's")
        home = Home(tmp_path / "site", f"user: nobody\nimage_store: {{path: {images}}}\n")

        code, said = home.refused()

        assert code == 1
        assert said[-1] == (
            f"pyxie: user: {images} holds 'accounts' beside the image store, and would become the "
            "user's; set 'image_store.path' in config.yaml to a path in a folder of its own"
        )
        assert (images / "accounts").stat().st_uid == 0


class TestSignals:
    def test_it_ends_within_seconds_while_somebody_downloads(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        with (tmp_path / "images/big").open("wb") as file:
            file.truncate(256 << 20)
        with (
            home.running() as process,
            socket.create_connection(("127.0.0.1", home.http)) as client,
        ):
            client.sendall(b"GET /images/big HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")  # and reads no more

            process.signal(signal.SIGTERM)

            assert process.wait_exit(10) == 0
            assert process.text.splitlines()[-1].endswith(" stopped")
            assert "Traceback" not in process.text

    def test_a_follower_of_events_does_not_hold_it_up(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        with (
            home.running() as process,
            socket.create_connection(("127.0.0.1", home.http)) as client,
        ):
            client.sendall(b"GET /api/v1/events?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")

            process.signal(signal.SIGINT)

            assert process.wait_exit(10) == 0
            assert "Traceback" not in process.text

    def test_hangup_reads_machines_and_loaders_again(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        with home.running() as process:
            add(home, "linux002.internal", "00:de:ad:90:74:62")
            process.signal(signal.SIGHUP)

            process.wait_for("reloaded: 2 machine(s) are known", 60)
            home.build("linux002.internal")
            assert process.running


@dataclass
class Manager:
    """The service manager's end of a daemon's socket."""

    socket: socket.socket
    told: list[str]

    def hears(self, what: str) -> str:
        """Return the next message that begins with ``what``; those before it are dropped."""
        while True:
            said = self.socket.recv(4096).decode()
            self.told.append(said)
            if said.startswith(what):
                return said


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    path = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path)
        listening.settimeout(10)
        yield Manager(listening, [])


class TestReload:
    """SIGHUP, as of ``systemctl reload pyxie``."""

    def test_changes_many_settings_at_once_and_names_what_takes_a_restart(
        self, tmp_path: Path
    ) -> None:
        home = Home(tmp_path)
        with home.running() as process:
            token = home.build()
            (tmp_path / "ipxe2").mkdir()
            (tmp_path / "ipxe2/ours.kpxe").write_bytes(b"loader")
            (tmp_path / "machines2").mkdir()
            (tmp_path / f"machines2/{HOST}.yaml").write_text(MACHINE)
            (tmp_path / "machines2/web02.yaml").write_text("hostname: web02\n")
            ports = home.http, home.tftp
            home.http, home.tftp = free_port(), free_port(socket.SOCK_DGRAM)
            home.settings = (
                "ipxe: ipxe2\ngrouppath: groups2\nuser: nobody\nwaitron_api: 3\n"
                "log: {level: debug, format: json}\nunknown: rescue\nbuild_types: {rescue: }\n"
                "limits: {tftp_blksize: 600}\n"
            )
            home.write()
            config = tmp_path / "config.yaml"
            config.write_text(config.read_text().replace("machines\n", "machines2\n"))
            home.http, home.tftp = ports

            process.signal(signal.SIGHUP)

            process.wait_for("reloaded: 2 machine(s) are known", 60)
            told = [line.partition(f"{config}: ")[2] for line in process.text.splitlines()]
            assert [line for line in told if "restart" in line] == [
                f"{key} takes a restart"
                for key in ("http.port", "tftp.port", "user", "waitron_api")
            ]
            [changed] = [line for line in told if line.startswith("changed: ")]
            assert changed == (
                "changed: build_types, grouppath, ipxe, limits.tftp_blksize, log.format, "
                "log.level, machinepath, unknown"
            )
            assert json.loads(process.text.splitlines()[-1])["level"] in ("debug", "info")
            settings = json.loads(home.get("/api/v1/settings").body)["settings"]
            assert (settings["http"]["port"], settings["unknown"]) == (ports[0], "rescue")
            assert fetch_by_tftp(home.tftp, "ours.kpxe") == b"loader"
            assert home.get("/list").body == f'["{HOST}.yaml","web02.yaml"]'.encode()
            assert home.get(f"/done/{HOST}/{token}") == OK

    def test_of_a_broken_file_changes_nothing_and_reports_ready(
        self, tmp_path: Path, manager: Manager
    ) -> None:
        home = Home(tmp_path)
        with home.running() as process:
            manager.hears("READY=1")
            config, good = tmp_path / "config.yaml", (tmp_path / "config.yaml").read_bytes()
            end = f"{config} has mistakes; the settings stay as they were"
            line = good.count(b"\n") + 1
            for content, sentence in (
                (good + b"kernle: x\n", f":{line}:1: kernle: unknown key; did you mean"),
                (good + b"kernel: \xff\n", f":{line}:9: is not UTF-8 text"),
                (b"#" * (10 << 20), ": is over 1 MiB"),
                (None, ": cannot be read: Is a directory"),
            ):
                config.unlink()
                if content is None:
                    config.mkdir()
                else:
                    config.write_bytes(content)
                process.signal(signal.SIGHUP)

                manager.hears("RELOADING=1")
                said = manager.hears("READY=1")
                assert said == f"READY=1\nSTATUS=1 machine(s); {config} has mistakes"
                assert f"error: {config}{sentence}" in process.text
                problem = json.loads(home.get("/health").body)["problems"][0]
                assert problem.startswith(f"{config}{sentence}")
            assert process.text.count(end) == 4
            kept = "reloaded: not the settings, which have mistakes; 1 machine(s) are known"
            assert process.text.count(kept) == 4

            status = subprocess.run(
                [*PYXIE, "status", "--url", f"http://127.0.0.1:{home.http}"],
                capture_output=True,
                text=True,
                check=True,
                cwd="/",
            )
            assert f"broken: {config}: cannot be read: Is a directory" in status.stderr

            config.rmdir()
            config.write_bytes(good)
            process.signal(signal.SIGHUP)
            assert manager.hears("READY=1") == "READY=1\nSTATUS=1 machine(s)"
            assert f"mended: {config}: cannot be read: Is a directory" in process.text
            assert "Traceback" not in process.text

    def test_ten_times_in_a_row_ends_no_request(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        config = tmp_path / "config.yaml"
        with home.running() as process:
            token, good = home.build(), config.read_text()
            for n in range(10):
                # Whole: it may be read just now, for the signal before this one.
                written = tmp_path / "config.new"
                written.write_text(f"{good}description: n{n}\n")
                written.replace(config)
                process.signal(signal.SIGHUP)
                assert home.get(f"/template/preseed/{HOST}/{token}").status == 200
                assert home.get("/v1/boot/00:de:ad:90:74:60").status == 200

            def settled() -> bool:
                settings = json.loads(home.get("/api/v1/settings").body)["settings"]
                return bool(settings["description"] == "n9")

            until(settled, "the last of the settings to be in force")
            process.wait_for("reloaded: 1 machine(s) are known", 60)
            assert home.get(f"/done/{HOST}/{token}") == OK
            assert process.running
            assert "Traceback" not in process.text
            assert process.text.count("changed: description") <= 10

    def test_during_the_start_waits_for_its_end(self, tmp_path: Path, manager: Manager) -> None:
        home = Home(tmp_path)
        for n in range(3000):
            (tmp_path / f"machines/vm{n}.yaml").write_text(f"hostname: vm{n}\n")
        with home.start() as process:
            status = Path(f"/proc/{process.pid}/status")
            until(lambda: _catches_hangup(status), "the daemon to catch SIGHUP", seconds=60)
            process.signal(signal.SIGHUP)

            manager.hears("READY=1")
            manager.hears("READY=1")

            first, *rest = [said.partition("\n")[0] for said in manager.told]
            assert [first, *rest] == ["READY=1", "RELOADING=1", "READY=1"]


def _catches_hangup(status: Path) -> bool:
    fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
    return bool(int(fields["SigCgt"], 16) & (1 << (signal.SIGHUP - 1)))


class TestAnyBytes:
    def test_leave_it_answering_others(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        (tmp_path / "ipxe/ours.kpxe").write_bytes(b"loader")
        dice = random.Random(7)
        shapes = [
            b"",
            b"GET ",
            b"PUT /build/",
            b"GET /health HTTP/1.1\r\nHost: ",
            b"\0\1",
            b"\0\1ours.kpxe\0octet\0",
            b"\0\4",
            b"\0\5",
        ]
        with home.running() as process:
            for n in range(300):
                junk = dice.choice(shapes) + dice.randbytes(dice.randrange(400))
                with (
                    suppress(ConnectionError),
                    socket.create_connection(("127.0.0.1", home.http)) as line,
                ):
                    line.sendall(junk)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                    line.sendto(junk, ("127.0.0.1", home.tftp))
                if n % 100 == 0:
                    assert home.get("/health").status == 200

            assert home.get("/health").status == 200
            assert fetch_by_tftp(home.tftp, "ours.kpxe") == b"loader"
            assert "Traceback" not in process.text


class TestSecrets:
    @pytest.mark.parametrize("shape", ["text", "json"])
    def test_no_token_is_in_the_log_at_any_level(self, tmp_path: Path, shape: str) -> None:
        tokens = ["0123456789abcdef"]
        home = Home(
            tmp_path, f"log: {{level: debug, format: {shape}}}\napi: {{tokens: {tokens}}}\n"
        )
        with home.running() as process:
            tokens.append(home.build())
            for path in (
                "/ipxe/00-de-ad-90-74-60",
                f"/booting/00-de-ad-90-74-60/{tokens[1]}",
                f"/template/preseed/{HOST}/{tokens[1]}",
                f"/done/{HOST}/{tokens[1]}/",
                f"/done/{HOST}/{tokens[1]}",
            ):
                home.ask("GET", path, {"Authorization": f"Bearer {tokens[0]}"})
            process.signal(signal.SIGTERM)
            process.wait_exit(10)

            assert "installed; pyxie is silent to it" in process.text
            assert [token for token in tokens if token in process.text] == []


@needs_root
class TestUser:
    def test_privileges_are_dropped_and_the_state_can_be_written(self) -> None:
        # Below pytest's own folder nobody but root may look.
        with tempfile.TemporaryDirectory(prefix="pyxie-") as made:
            folder = Path(made)
            folder.chmod(0o755)
            home = Home(folder, "user: nobody\n")
            with home.running() as process:
                told = Path(f"/proc/{process.pid}/status").read_text()
                fields = dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)
                assert fields["Uid"].split() == ["65534"] * 4
                assert fields["Groups"].split() == ["65534"]
                assert (fields["CapPrm"], fields["CapEff"]) == ("0" * 16, "0" * 16)
                token = home.build()
                assert home.get(f"/done/{HOST}/{token}") == OK
                owners = {path.stat().st_uid for path in (folder / "state").iterdir()}
                assert owners == {65534}
                kill(process)
            with home.running():
                assert home.get(f"/status/{HOST}") == Answer(200, b"Installed")

    def test_it_is_the_user_who_reads_the_settings_again(self) -> None:
        with tempfile.TemporaryDirectory(prefix="pyxie-") as made:
            folder = Path(made)
            folder.chmod(0o755)
            home = Home(folder, "user: nobody\n")
            with home.running() as process:
                (folder / "config.yaml").chmod(0o600)
                process.signal(signal.SIGHUP)
                process.wait_for("the settings stay as they were", 60)

                denied = f"{folder}/config.yaml: cannot be read: Permission denied"
                assert f"error: {denied}" in process.text
                assert json.loads(home.get("/health").body)["problems"][0] == denied


@dataclass
class SmallDisk:
    """A tmpfs in a mount namespace that ends with the test, and even with its process."""

    keeper: subprocess.Popen[bytes]
    place: Path

    @property
    def prefix(self) -> list[str]:
        return [program("nsenter", "util-linux"), "-t", str(self.keeper.pid), "-m"]

    @property
    def folder(self) -> Path:
        """The same place, seen from outside."""
        return Path(f"/proc/{self.keeper.pid}/root{self.place}")

    def fill(self) -> None:
        with suppress(OSError), (self.folder / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(512))

    def clear(self) -> None:
        (self.folder / "ballast").unlink()


@contextmanager
def small_disk(place: Path) -> Iterator[SmallDisk]:
    place.mkdir()
    unshare = program("unshare", "util-linux")
    script = f"mount -t tmpfs -o size=4m,mode=700 none '{place}' && echo ready && exec cat"
    keeper = subprocess.Popen(
        [unshare, "-m", "--propagation", "private", "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"ready\n"
        yield SmallDisk(keeper, place)
    finally:
        keeper.communicate(timeout=5)  # its input ends, and so does it


@needs_root
class TestFullDisk:
    def test_builds_in_progress_go_on_and_new_ones_are_refused(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        add(home, "linux002.internal", "00:de:ad:90:74:62")
        with small_disk(tmp_path / "state") as disk:
            with home.running(prefix=disk.prefix) as process:
                token = home.build()
                disk.fill()

                refused = home.ask("PUT", "/build/linux002.internal")
                assert refused == Answer(
                    507,
                    b"Failed to set build mode on linux002.internal: "
                    b"the state cannot be written: database or disk is full\n",
                )
                assert home.get(f"/template/preseed/{HOST}/{token}").status == 200
                assert home.get(f"/done/{HOST}/{token}") == OK
                assert home.get("/v1/boot/00:de:ad:90:74:60").status == 404
                assert home.get("/status") == Answer(200, b'{"linux001.internal":"Installed"}')
                assert _unsaved(home) == 0  # thanks to the space that was set aside

                refused = home.ask("PUT", "/build/linux002.internal")
                assert (refused.status, refused.body.rpartition(b": ")[2]) == (
                    507,
                    b"No space left on device\n",
                )
                kill(process)
            with home.running(prefix=disk.prefix) as process:
                assert home.get("/status") == Answer(200, b'{"linux001.internal":"Installed"}')

                disk.clear()
                home.build("linux002.internal")
                kill(process)
            with home.running(prefix=disk.prefix):
                assert home.get("/status") == Answer(
                    200, b'{"linux001.internal":"Installed","linux002.internal":"Installing"}'
                )
                assert home.get(f"/done/{HOST}/{token}") == OK

    def test_a_disk_that_is_full_from_the_start_is_one_sentence(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        with small_disk(tmp_path / "state") as disk:
            disk.fill()
            with home.start(prefix=disk.prefix) as process:
                assert process.wait_exit(20) == 1
                assert process.text.splitlines()[-1].startswith("pyxie: state: ")
                assert "Traceback" not in process.text


def _unsaved(home: Home) -> int:
    return int(json.loads(home.get("/health").body)["unsaved"])


@pytest.mark.interop
class TestOutsiders:
    """On a LAN of network namespaces, where not every client is the host itself."""

    def test_are_told_their_address_and_our_own_is_admitted(self, tmp_path: Path) -> None:
        netns.need("ip")
        config = CONFIG.replace("baseurl: http://boot.internal:8090\n", "")
        with netns.network() as net:
            server, client = net.host("s"), net.host("c")
            net.lan(s=(server, "eth0", "192.0.2.1/24"), c=(client, "eth0", "192.0.2.9/24"))
            home = Home(tmp_path, config=None)
            (tmp_path / "config.yaml").write_text(
                f'{config}http: {{port: 8090}}\ntftp: {{port: 6969}}\ndhcp: {{mode: "off"}}\n'
            )
            argv = [*PYXIE, "serve", "--config", str(tmp_path / "config.yaml")]
            process = server.start(*argv, log=home.folder / "log")
            until(lambda: "serves;" in (home.folder / "log").read_text() or process.poll(), "start")

            def ask(host: netns.Host, method: str, path: str) -> str:
                line = host.socket(socket.SOCK_STREAM)
                line.settimeout(10)
                line.connect(("192.0.2.1", 8090))
                head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                line.sendall(head.encode())
                return b"".join(iter(lambda: line.recv(65536), b"")).decode()

            refused = ask(client, "PUT", f"/build/{HOST}")
            assert refused.startswith("HTTP/1.1 403 Forbidden\r\n")
            assert refused.endswith(
                "192.0.2.9 may not manage pyxie without a token, as `pyxie token create NAME` makes"
                " on pyxie's host; or all of its network may, by 'api.allow' in config.yaml\n"
            )
            assert ask(client, "GET", "/health").endswith('{"State": "OK"}')
            assert ask(server, "PUT", f"/build/{HOST}").endswith("\r\n\r\nOK")
            script = ask(client, "GET", "/ipxe/00-de-ad-90-74-60")
            assert "kernel --name kernel http://192.0.2.1:8090/boot/linux001" in script
