"""Machine files written: whole or not at all, checked first, and by one writer at a time."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pyxie.errors import ConfigError
from pyxie.registry import writer as writing
from pyxie.registry.edit import rewritten
from pyxie.registry.folder import Folder
from pyxie.registry.registry import Registry
from pyxie.registry.writer import (
    ExistsError,
    FullError,
    NotThereError,
    ReadOnlyError,
    StaleError,
    Stored,
    Writer,
)

WEB01 = "hostname: web01\nnetwork: [{macaddress: 525400000001}]\n"
WEB02 = "hostname: web02  # ours\nnetwork:\n  - macaddress: 52:54:00:00:00:02\n"
SHOWN = Path("machines")
ADVICE = "set 'machinepath' in config.yaml to a folder that pyxie may write to"

MAC = "52:54:00:00:00:01"
NOBODY = 65534


def any_etag(_etag: str) -> bool:
    return True


def no_etag(_etag: str) -> bool:
    return False


class Site:
    """A folder with one machine, and a writer for it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = Folder(path, shown=SHOWN)
        self.writer = Writer(path, shown=SHOWN)

    @property
    def registry(self) -> Registry:
        return self.folder.scan()

    def create(self, host: str, text: str) -> Stored:
        return self.writer.create(host, text, self.registry)

    def replace(self, host: str, text: str) -> Stored:
        return self.writer.replace(host, text, self.registry, any_etag)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    path = tmp_path / "machines"
    path.mkdir()
    (path / "web01.yaml").write_text(WEB01)
    return Site(path)


def said(caught: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [str(problem) for problem in caught.value.problems]


class TestCreating:
    def test_writes_a_file_of_the_machines_name(self, site: Site) -> None:
        stored = site.create("Web02", WEB02)

        assert site.names() == ["web01.yaml", "web02.yaml"]
        assert (site.path / "web02.yaml").read_text() == WEB02
        assert list(site.registry.machines) == ["web01", "web02"]
        assert site.writer.read("web02", site.registry).etag == stored.etag

    def test_makes_the_folder_if_it_is_missing(self, tmp_path: Path) -> None:
        site = Site(tmp_path / "new")

        site.create("web01", WEB01)

        assert site.names() == ["web01.yaml"]

    @pytest.mark.parametrize("host", ["web01", "WEB01"])
    def test_does_not_write_over_a_machine_that_is_there(self, site: Site, host: str) -> None:
        with pytest.raises(ExistsError, match="there is a machine web01 already"):
            site.create(host, WEB01)

        assert (site.path / "web01.yaml").read_text() == WEB01

    def test_does_not_write_over_a_broken_file_either(self, site: Site) -> None:
        (site.path / "web02.yml").write_text("nonsense: [")

        with pytest.raises(ExistsError):
            site.create("web02", WEB02)

    @pytest.mark.parametrize(
        ("text", "problems"),
        [
            (
                "hostname: web02\nnetwrk: []\nkernel: [a]\n",
                [
                    "2:1: netwrk: unknown key; did you mean 'network'?",
                    "3:9: kernel: must be text, not a list",
                ],
            ),
            ("a: [", ["2:1: is not YAML: did not find expected node content"]),
            (
                "network: [{macaddress: 52-54-00-00-00-01}]\n",
                [f"1:24: network[0].macaddress: the MAC {MAC} is also at machines/web01.yaml:2:24"],
            ),
            (
                "hostname: web01\n",
                ["1:11: hostname: the hostname web01 is also at machines/web01.yaml:1:11"],
            ),
            (
                "hostname: web03\n",
                ["1:11: hostname: a machine keeps its name; this one is 'web02'"],
            ),
        ],
    )
    def test_tells_every_mistake_and_writes_nothing(
        self, site: Site, text: str, problems: list[str]
    ) -> None:
        with pytest.raises(ConfigError) as caught:
            site.create("web02", text)

        assert said(caught) == [f"machines/web02.yaml:{each}" for each in problems]
        assert site.names() == ["web01.yaml"]

    def test_finds_what_a_broken_file_lays_claim_to(self, site: Site) -> None:
        (site.path / "old.yaml").write_text("nonsense: x\nnetwork: [{macaddress: 525400000002}]\n")

        with pytest.raises(ConfigError, match=r"is also at machines/old\.yaml:2:24"):
            site.create("web02", WEB02)

    def test_a_name_cannot_lead_out_of_the_folder(self, site: Site) -> None:
        with pytest.raises(ConfigError, match=r"'\.\./evil' is not a hostname"):
            site.create("../evil", "hostname: ../evil\n")

        assert site.names() == ["web01.yaml"]


class TestAPassword:
    """Of a management controller: machine files are readable by all on the host, but not these."""

    def test_in_a_new_file_closes_it_to_others(self, site: Site) -> None:
        site.create("web02", WEB02 + "ipmi_password: sesame\n")

        assert (site.path / "web02.yaml").stat().st_mode & 0o137 == 0

    def test_that_comes_into_a_file_closes_it_to_others(self, site: Site) -> None:
        (site.path / "web01.yaml").chmod(0o644)

        site.replace("web01", WEB01 + "ipmi_password: sesame\n")

        assert (site.path / "web01.yaml").stat().st_mode & 0o777 == 0o640

    def test_that_is_empty_is_none(self, site: Site) -> None:
        (site.path / "web01.yaml").chmod(0o644)

        site.replace("web01", WEB01 + "ipmi_password:\n")

        assert (site.path / "web01.yaml").stat().st_mode & 0o777 == 0o644


class TestReplacing:
    def test_keeps_the_files_mode(self, site: Site) -> None:
        (site.path / "web01.yaml").chmod(0o640)

        site.replace("web01", WEB01 + "domain: x\n")

        assert (site.path / "web01.yaml").stat().st_mode & 0o7777 == 0o640
        assert site.registry.machines["web01"].domain == "x"
        assert site.names() == ["web01.yaml"]

    def test_that_changes_nothing_writes_nothing(self, site: Site) -> None:
        before = (site.path / "web01.yaml").stat()

        site.replace("web01", WEB01)

        assert (site.path / "web01.yaml").stat() == before

    def test_is_refused_if_the_file_has_changed_meanwhile(self, site: Site) -> None:
        seen = site.writer.read("web01", site.registry).etag
        (site.path / "web01.yaml").write_text(WEB01 + "# by hand\n")

        with pytest.raises(StaleError, match="the file of web01 has changed meanwhile"):
            site.writer.replace("web01", WEB01, site.registry, lambda etag: etag == seen)

        assert (site.path / "web01.yaml").read_text() == WEB01 + "# by hand\n"

    def test_mends_a_broken_file_under_any_of_its_names(self, site: Site) -> None:
        for name in ("old", "web02"):
            (site.path / "old.yaml").write_text("hostname: web02\nnonsense: x\n")

            site.replace(name, WEB02)

            assert site.registry.machines["web02"].hostname == "web02"
            assert site.registry.problems == ()

    def test_changes_the_text_that_is_there(self, site: Site) -> None:
        site.create("web02", WEB02)

        def domain(stored: Stored) -> str:
            return rewritten(
                stored.raw.decode(),
                {"hostname": "web02", "network": [{"macaddress": "52:54:00:00:00:03"}]},
            )

        site.writer.change("web02", domain, site.registry, any_etag)

        assert (site.path / "web02.yaml").read_text() == (
            "hostname: web02  # ours\nnetwork:\n  - macaddress: 52:54:00:00:00:03\n"
        )

    def test_of_a_machine_that_is_not_there_is_refused(self, site: Site) -> None:
        with pytest.raises(NotThereError, match="there is no machine web02"):
            site.replace("web02", WEB02)

    def test_follows_a_link_inside_the_folder(self, site: Site) -> None:
        (site.path / "web02.conf").write_text(WEB02)
        (site.path / "web02.yaml").symlink_to("web02.conf")

        site.replace("web02", WEB02 + "domain: x\n")

        assert (site.path / "web02.yaml").is_symlink()
        assert (site.path / "web02.conf").read_text() == WEB02 + "domain: x\n"

    def test_follows_no_link_out_of_the_folder(self, site: Site, tmp_path: Path) -> None:
        (tmp_path / "elsewhere.yaml").write_text(WEB02)
        (site.path / "web02.yaml").symlink_to(tmp_path / "elsewhere.yaml")

        with pytest.raises(ReadOnlyError, match="is a link that leads out of 'machinepath'"):
            site.replace("web02", WEB02 + "domain: x\n")

        assert (tmp_path / "elsewhere.yaml").read_text() == WEB02


class TestRemoving:
    def test_deletes_the_file(self, site: Site) -> None:
        site.writer.remove("web01", site.registry, any_etag)

        assert site.names() == []

    def test_is_refused_if_the_file_has_changed_meanwhile(self, site: Site) -> None:
        with pytest.raises(StaleError):
            site.writer.remove("web01", site.registry, no_etag)

        assert site.names() == ["web01.yaml"]

    def test_of_a_link_deletes_the_link_alone(self, site: Site, tmp_path: Path) -> None:
        (tmp_path / "elsewhere.yaml").write_text(WEB02)
        (site.path / "web02.yaml").symlink_to(tmp_path / "elsewhere.yaml")

        site.writer.remove("web02", site.registry, any_etag)

        assert site.names() == ["web01.yaml"]
        assert (tmp_path / "elsewhere.yaml").exists()

    def test_of_a_file_that_has_just_gone_says_so(self, site: Site) -> None:
        registry = site.registry
        (site.path / "web01.yaml").unlink()

        with pytest.raises(NotThereError, match=r"machines/web01\.yaml is not there any more"):
            site.writer.remove("web01", registry, any_etag)


class TestAFolderThatCannotBeWrittenTo:
    @pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
    def test_is_told_with_the_setting_to_change(self, site: Site) -> None:
        registry = site.registry
        site.path.chmod(0o755)
        for folder in site.path.parents:
            if folder.owner() == "root" and folder != Path("/tmp"):
                folder.chmod(folder.stat().st_mode | 0o055)
        os.seteuid(NOBODY)
        try:
            with pytest.raises(ReadOnlyError) as caught:
                site.writer.create("web02", WEB02, registry)
        finally:
            os.seteuid(0)

        assert str(caught.value) == f"machines cannot be written to: Permission denied; {ADVICE}"

    def test_that_is_a_file_is_told_too(self, tmp_path: Path) -> None:
        (tmp_path / "machines").write_text("")

        with pytest.raises(ReadOnlyError, match="Not a directory; set 'machinepath'"):
            Writer(tmp_path / "machines").create("web01", WEB01, Registry())

    def test_since_the_disk_is_full_keeps_the_old_file(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_number: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)

        with pytest.raises(FullError, match="machines cannot be written to: No space left"):
            site.replace("web01", WEB01 + "domain: x\n")

        assert site.names() == ["web01.yaml"]
        assert (site.path / "web01.yaml").read_text() == WEB01


class TestTwoWriters:
    @pytest.fixture(autouse=True)
    def _held(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(writing, "_PATIENCE", 0.05)
        yield
        monkeypatch.undo()

    def test_in_two_threads_do_not_interleave(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each adds one to what it read; were one lost, the sum would be short."""
        monkeypatch.setattr(writing, "_PATIENCE", 60.0)
        registry = site.registry

        def one_more(stored: Stored) -> str:
            text = stored.raw.decode()
            return text + "#\n"

        def work(_: int) -> None:
            Writer(site.path, shown=SHOWN).change("web01", one_more, registry, any_etag)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(40)))

        assert (site.path / "web01.yaml").read_text() == WEB01 + "#\n" * 40

    def test_in_two_programs_wait_for_each_other(self, site: Site) -> None:
        program = (
            "import fcntl, os, sys\n"
            f"fcntl.flock(os.open({str(site.path)!r}, os.O_RDONLY), fcntl.LOCK_EX)\n"
            "print(flush=True)\n"
            "sys.stdin.read()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout is not None
            other.stdout.readline()

            with pytest.raises(writing.WriteError, match="machines: another program holds its"):
                site.create("web02", WEB02)
            other.communicate()

        site.create("web02", WEB02)

    def test_the_second_sees_what_the_first_wrote(self, site: Site) -> None:
        seen = site.writer.read("web01", site.registry).etag
        registry = site.registry
        results: list[str] = []
        held = os.open(site.path, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)

        def late() -> None:
            try:
                site.writer.replace("web01", WEB01 + "# 2\n", registry, lambda tag: tag == seen)
                results.append("written")
            except StaleError:
                results.append("stale")

        writing._PATIENCE = 60.0
        thread = threading.Thread(target=late)
        thread.start()
        (site.path / "web01.yaml").write_text(WEB01 + "# 1\n")
        os.close(held)
        thread.join()

        assert results == ["stale"]

    @pytest.mark.slow
    def test_one_that_is_killed_at_any_moment_leaves_a_whole_file(self, site: Site) -> None:
        texts = [WEB01 + f"params: {{x: {letter * 5000}}}\n" for letter in "ab"]
        program = (
            "import itertools, pathlib, sys\n"
            "from pyxie.registry.folder import Folder\n"
            "from pyxie.registry.writer import Writer\n"
            "path = pathlib.Path(sys.argv[1])\n"
            "registry = Folder(path).scan()\n"
            "for text in itertools.cycle(sys.argv[2:]):\n"
            "    Writer(path).replace('web01', text, registry, lambda etag: True)\n"
            "    print(flush=True)\n"
        )
        site.replace("web01", texts[0])

        for at in range(6):
            with subprocess.Popen(
                [sys.executable, "-c", program, str(site.path), *texts], stdout=subprocess.PIPE
            ) as other:
                assert other.stdout is not None
                for _ in range(2 + at):
                    other.stdout.readline()
                other.kill()

            assert (site.path / "web01.yaml").read_text() in texts
            site.create("web02", WEB02)
            site.writer.remove("web02", site.registry, any_etag)

    def test_what_a_killed_one_left_is_neither_seen_nor_in_the_way(self, site: Site) -> None:
        (site.path / writing._NEW).write_text("half a fi")
        assert site.registry.problems == ()

        site.create("web02", WEB02)

        assert site.names() == ["web01.yaml", "web02.yaml"]
