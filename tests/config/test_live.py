"""Settings that are read again: what is kept, what differs, what is said, what is made of them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from pyxie.config import live as module
from pyxie.config.live import FIXED, Derived, LiveSettings
from pyxie.config.nodes import Document
from pyxie.config.settings import Settings, load_marked

HOOK = '[{"command": ["true"]}]'
CHANGES = {
    # key: (as it was written, as it is written now)
    "templatepath": ("t1", "t2"),
    "machinepath": ("m1", "m2"),
    "grouppath": ("g1", "g2"),
    "recipepath": ("r1", "r2"),
    "mirror": ("{debian: http://a.example}", "{debian: http://b.example}"),
    "mirrors": ("{debian: http://a.example}", "{debian: http://b.example}"),
    "os": ("debian-12", "debian-13"),
    "arch": ("amd64", "arm64"),
    "staticspath": ("", "files"),
    "ipxe": ("i1", "i2"),
    "images": ("p1", "p2"),
    "keyrings": ("k1", "k2"),
    "isos": ("o1", "o2"),
    "state": ("s1/x.sqlite", "s2/x.sqlite"),
    "baseurl": ("http://a.example", "http://b.example"),
    "cmdline": ("quiet", "loud"),
    "loader": ("a.efi", "b.efi"),
    "secure_boot": ("auto", "never"),
    "kernel": ("k1", "k2"),
    "initrd": ("r1", "[r1, r2]"),
    "shim": ("s1", "s2"),
    "grub": ("g1", "g2"),
    "bootif": ("", "false"),
    "image_url": ("http://a.example/", "http://b.example/"),
    "checksums": ("", "{url: http://a.example/S}"),
    "params": ("{a: 1}", "{a: 2}"),
    "build_types": ("{a: }", "{a: , b: }"),
    "unknown": ("ignore", "discover"),
    "when_idle": ("silent", "local"),
    "boot_api": ("http://a.example:1", "http://b.example:1"),
    "waitron_api": ("1", "3"),
    "foreman_proxy_address": ("a", "b"),
    "operatingsystem": ("a", "b"),
    "preseed": ("a.j2", "b.j2"),
    "finish": ("a.j2", "b.j2"),
    "templates": ("{a: a.j2}", "{a: b.j2}"),
    "prebuild_commands": ("", HOOK),
    "postbuild_commands": ("", HOOK),
    "cancelbuild_commands": ("", HOOK),
    "failedbuild_commands": ("", HOOK),
    "stalebuild_commands": ("", HOOK),
    "pxeevent_commands": ("", HOOK),
    "unknownbuild_commands": ("", HOOK),
    "stale_build_threshold_secs": ("0", "60"),
    "wipes": ("true", "false"),
    "tags": ("[a]", "[b]"),
    "description": ("a", "b"),
    "interfaces": ("[lo]", "[lo, eth0]"),
    "http.port": ("8090", "8091"),
    "http.listen": ("", "[127.0.0.1]"),
    "tftp.port": ("69", "6969"),
    "tftp.single_port": ("false", "true"),
    "dhcp.bind": ("false", "true"),
    "dhcp.mode": ("answer", "observe"),
    "dhcp.range": ("192.0.2.10-192.0.2.19", "192.0.2.10-192.0.2.29"),
    "dhcp.gateway": ("192.0.2.1", "192.0.2.2"),
    "dhcp.nameservers": ("192.0.2.1", "[192.0.2.1, 192.0.2.2]"),
    "dhcp.lease_time": ("3600", "7200"),
    "dhcp.leases": ("a", "b"),
    "limits.tftp_per_address": ("1", "2"),
    "limits.tftp_total": ("1", "2"),
    "limits.http_per_address": ("1", "2"),
    "limits.http_total": ("1", "2"),
    "limits.dhcp_per_mac": ("1", "2"),
    "limits.first_byte": ("1", "2"),
    "limits.tftp_blksize": ("512", "1024"),
    "limits.tftp_windowsize": ("1", "2"),
    "limits.builds_per_machine": ("1", "2"),
    "limits.events": ("1", "2"),
    "limits.audit": ("1", "2"),
    "image_store.ca": ("a.pem", "b.pem"),
    "image_store.folders": ("[a]", "[b]"),
    "image_store.path": ("s1", "s2"),
    "image_store.size": ("1 GB", "2 GB"),
    "image_store.revalidate": ("daily", "never"),
    "log.level": ("info", "debug"),
    "log.format": ("text", "json"),
    "api.allow": ("[192.0.2.0/24]", "[198.51.100.0/24]"),
    "api.names": ("[pxe.example]", "[boot.example]"),
    "api.tokens": ("[0123456789abcdef]", "[fedcba9876543210]"),
    "user": ("", "nobody"),
}


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Walk a model's keys, ``log.level``."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from leaves(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def is_fixed(key: str) -> bool:
    return key in FIXED or key.partition(".")[0] in FIXED


def value(settings: Settings, key: str) -> Any:
    found: Any = settings
    for step in key.split("."):
        found = getattr(found, step)
    return found


def written(key: str, text: str) -> str:
    section, _, inner = key.partition(".")
    return f"{section}: {{{inner}: {text}}}\n" if inner else f"{section}: {text}\n"


class File:
    """A ``config.yaml`` and the settings that are in force."""

    def __init__(self, folder: Path, text: str = "") -> None:
        self.path = folder / "config.yaml"
        self.write(text)
        settings, document = load_marked(self.path)
        self.live = LiveSettings(self.path, settings, document)

    def write(self, text: str | bytes) -> None:
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)

    async def reload(self, text: str | bytes) -> bool:
        self.write(text)
        return await self.live.reload()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return what was logged since the last call, ``error: …``."""
    caplog.set_level(logging.INFO, logger=module.__name__)

    def taken() -> list[str]:
        lines = [f"{each.levelname.lower()}: {each.getMessage()}" for each in caplog.records]
        caplog.clear()
        return lines

    return taken


Said = Callable[[], list[str]]


class TestEveryKey:
    def test_is_in_the_table(self) -> None:
        assert sorted(CHANGES) == sorted(leaves(Settings))

    def test_of_those_that_are_fixed_is_one(self) -> None:
        sections = {key.partition(".")[0] for key in CHANGES}

        assert [key for key in FIXED if key not in CHANGES and key not in sections] == []

    @pytest.mark.parametrize("key", CHANGES)
    async def test_changes_or_takes_a_restart(self, key: str, tmp_path: Path, said: Said) -> None:
        old, new = (written(key, text) for text in CHANGES[key])
        file = File(tmp_path, old)
        before = file.live()

        changed = await file.reload(new)

        wanted = load_marked(file.path)[0]
        assert value(wanted, key) != value(before, key), "the table changes nothing"
        if is_fixed(key):
            assert (changed, file.live()) == (False, before)
            assert said() == [f"warning: {file.path}: {key} takes a restart"]
        else:
            assert (changed, file.live()) == (True, wanted)
            assert said() == [f"info: {file.path}: changed: {key}"]

    async def test_may_change_at_once_with_all_others(self, tmp_path: Path, said: Said) -> None:
        file = File(tmp_path)
        before, changed = file.live(), [key for key in CHANGES if not is_fixed(key)]
        sections: dict[str, list[str]] = {}
        lines = ""
        for key, (_, new) in CHANGES.items():
            section, _, inner = key.partition(".")
            if inner:
                sections.setdefault(section, []).append(f"{inner}: {new}")
            else:
                lines += written(key, new)
        lines += "".join(f"{key}: {{{', '.join(each)}}}\n" for key, each in sections.items())

        assert await file.reload(lines)

        wanted = load_marked(file.path)[0]
        for key in CHANGES:
            source = before if is_fixed(key) else wanted
            assert value(file.live(), key) == value(source, key), key
        *warnings, last = said()
        assert warnings == [
            f"warning: {file.path}: {key} takes a restart"
            for key in sorted(CHANGES)
            if is_fixed(key)
        ]
        new_here = [key for key in changed if value(wanted, key) != value(before, key)]
        assert last == f"info: {file.path}: changed: {', '.join(sorted(new_here))}"


class TestDhcpMode:
    @pytest.mark.parametrize(
        ("old", "new", "now"),
        [
            ("answer", "off", "answer"),
            ("observe", "off", "observe"),
            ("'off'", "answer", "off"),
            ("'off'", "observe", "off"),
            ("observe", "answer", "answer"),
            ("answer", "serve, range: 192.0.2.10-192.0.2.19", "answer"),
        ],
    )
    async def test_is_not_switched_on_or_off(
        self, old: str, new: str, now: str, tmp_path: Path, said: Said
    ) -> None:
        file = File(tmp_path, f"dhcp: {{mode: {old}}}\n")

        changed = await file.reload(f"dhcp: {{mode: {new}}}\n")

        assert (changed, file.live().dhcp.mode) == (old.strip("'") != now, now)
        assert any("takes a restart" in line for line in said()) is not changed


class TestWhatTakesARestart:
    async def test_is_said_once_and_again_only_if_it_is_changed_again(
        self, tmp_path: Path, said: Said
    ) -> None:
        file = File(tmp_path, "http: {port: 1}\n")
        warning = f"warning: {file.path}: http.port takes a restart"

        heard = []
        for port in (2, 2, 3, 1, 1, 2):
            await file.reload(f"http: {{port: {port}}}\n")
            heard.append(said())

        assert heard == [[warning], [], [warning], [], [], [warning]]
        assert file.live().http.port == 1

    async def test_does_not_hold_up_what_does_not(self, tmp_path: Path, said: Said) -> None:
        file = File(tmp_path)

        assert await file.reload("http: {port: 1}\nkernel: k\nuser: nobody\n")

        assert (file.live().http.port, file.live().kernel, file.live().user) == (8090, "k", None)
        assert said() == [
            f"warning: {file.path}: http.port takes a restart",
            f"warning: {file.path}: user takes a restart",
            f"info: {file.path}: changed: kernel",
        ]


class TestMistakes:
    async def test_change_nothing_and_are_said_once_with_their_place(
        self, tmp_path: Path, said: Said
    ) -> None:
        file = File(tmp_path, "kernel: a\n")
        before = file.live()
        kernle = f"{file.path}:1:1: kernle: unknown key; did you mean 'kernel'?"
        loud = (
            f"{file.path}:2:14: log.level: 'loud' should be 'debug', 'info', 'warning' or 'error'"
        )
        last = f"error: {file.path} has mistakes; the settings stay as they were"

        assert not await file.reload("kernle: b\nlog: {level: loud}\n")
        assert file.live() is before
        assert list(map(str, file.live.problems)) == [kernle, loud]
        assert said() == [f"error: {kernle}", f"error: {loud}", last]

        assert not await file.reload("kernle: b\nlog: {level: info}\n")
        assert list(map(str, file.live.problems)) == [kernle]
        assert said() == [f"info: mended: {loud}", last]

        assert await file.reload("kernel: b\nlog: {level: info}\n")
        assert file.live.problems == ()
        assert said() == [f"info: mended: {kernle}", f"info: {file.path}: changed: kernel"]

    async def test_is_not_mended_while_the_file_is_no_yaml_or_by_a_line_above_it(
        self, tmp_path: Path, said: Said
    ) -> None:
        file = File(tmp_path, "kernel: a\n")
        await file.reload("kernle: b\n")
        said()

        await file.reload("kernle: [\n")
        await file.reload("# why\nkernle: b\n")

        assert [line for line in said() if line.startswith("info: mended")] == []

    async def test_may_be_what_no_key_shows_alone(self, tmp_path: Path) -> None:
        file = File(tmp_path, "unknown: rescue\nbuild_types: {rescue: }\n")

        assert not await file.reload("unknown: rescue\n")

        assert "rescue" in file.live().build_types
        [problem] = file.live.problems
        assert "'unknown' is 'rescue'" in problem.sentence

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (None, "cannot be read: No such file or directory"),
            ("folder", "cannot be read: Is a directory"),
            (b"kernel: \xff\n", ":1:9: is not UTF-8 text"),
            (b"#" * (10 << 20), "is over 1 MiB"),
            (b"kernel: [\n", "is not YAML"),
            (b"- kernel\n", "must be a mapping"),
        ],
        ids=["missing", "folder", "not-utf8", "10-MB", "not-yaml", "a-list"],
    )
    async def test_may_be_the_whole_file(
        self, content: bytes | str | None, sentence: str, tmp_path: Path
    ) -> None:
        file = File(tmp_path, "kernel: a\n")
        before = file.live()
        file.path.unlink()
        if isinstance(content, bytes):
            file.write(content)
        elif content:
            file.path.mkdir()

        assert not await file.live.reload()

        assert file.live() is before
        [problem] = file.live.problems
        assert str(problem).startswith(str(file.path))
        assert sentence in str(problem)

        if file.path.is_dir():
            file.path.rmdir()
        assert await file.reload("kernel: b\n")
        assert (file.live().kernel, file.live.problems) == ("b", ())

    async def test_may_be_a_token_that_is_not_there(self, tmp_path: Path) -> None:
        file = File(tmp_path)

        assert not await file.reload("api: {tokens: ['file:gone']}\n")

        [problem] = file.live.problems
        assert problem.sentence == "'gone' cannot be read: No such file or directory"

    async def test_quote_no_token(self, tmp_path: Path, said: Said) -> None:
        file = File(tmp_path, "api: {tokens: [0123456789abcdef]}\n")

        await file.reload("api: {tokens: [short-secret]}\n")
        await file.reload("api: {tokens: [fedcba9876543210]}\n")

        assert [line for line in said() if "secret" in line or "fedcba" in line] == []


class TestTokensInFiles:
    async def test_are_read_again_although_the_settings_are_as_they_were(
        self, tmp_path: Path, said: Said
    ) -> None:
        (tmp_path / "token").write_text("0123456789abcdef\n")
        file = File(tmp_path, "api: {tokens: ['file:token']}\n")

        (tmp_path / "token").write_text("fedcba9876543210\n")

        assert await file.live.reload()
        assert [each.get_secret_value() for each in file.live().api.tokens] == ["fedcba9876543210"]
        assert said() == [f"info: {file.path}: changed: api.tokens"]


class TestReload:
    async def test_of_the_same_changes_nothing(self, tmp_path: Path, said: Said) -> None:
        file = File(tmp_path, "kernel: a\n")
        before = file.live()
        heard: list[Settings] = []
        file.live.follow(heard.append)

        assert not await file.live.reload()

        assert file.live() is before
        assert (heard, said()) == ([], [])

    async def test_of_other_comments_moves_the_marks_and_no_more(self, tmp_path: Path) -> None:
        file = File(tmp_path, "kernel: a\n")
        before = file.live()
        heard: list[Settings] = []
        places: list[tuple[bool, int]] = []
        file.live.follow(heard.append)

        async def prepared(settings: Settings, document: Document | None) -> Callable[[], None]:
            assert document is not None
            places.append((settings is before, document.problem(("kernel",), "").line))
            return lambda: None

        file.live.prepare(prepared)

        assert not await file.reload("# the kernel\nkernel: a\n")

        assert file.live() is before
        assert (heard, places) == ([], [(True, 2)])

    async def test_prepares_first_and_then_changes_all_at_once(self, tmp_path: Path) -> None:
        file = File(tmp_path, "kernel: a\n")
        told: list[str] = []

        async def prepared(settings: Settings, _: Document | None) -> Callable[[], None]:
            told.append(f"prepare {settings.kernel} while {file.live().kernel}")
            await asyncio.sleep(0)
            return lambda: told.append(f"take, {file.live().kernel}")

        file.live.prepare(prepared)
        file.live.follow(lambda now: told.append(f"follow {now.kernel}, {file.live().kernel}"))

        assert await file.reload("kernel: b\n")

        assert told == ["prepare b while a", "take, b", "follow b, b"]

    async def test_that_cannot_be_prepared_changes_nothing(self, tmp_path: Path) -> None:
        file = File(tmp_path, "kernel: a\n")

        async def prepared(settings: Settings, document: Document | None) -> Callable[[], None]:
            raise ZeroDivisionError

        file.live.prepare(prepared)

        with pytest.raises(ZeroDivisionError):
            await file.reload("kernel: b\n")

        assert file.live().kernel == "a"

    async def test_goes_one_after_the_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = File(tmp_path)
        at_once, most = 0, 0
        lock = threading.Lock()

        def slowly(path: Path) -> tuple[Settings, Document]:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            found = load_marked(path)
            with lock:
                at_once -= 1
            return found

        monkeypatch.setattr(module, "load_marked", slowly)
        file.write("kernel: b\n")

        changed = await asyncio.gather(*(file.live.reload() for _ in range(10)))

        assert (sum(changed), most) == (1, 1)


class TestDerived:
    async def test_is_made_once_for_each_settings(self, tmp_path: Path) -> None:
        file = File(tmp_path, "kernel: a\n")
        made: list[str] = []

        def make(settings: Settings) -> list[str]:
            made.append(str(settings.kernel))
            return [str(settings.kernel)]

        derived = Derived(file.live, make)

        assert derived() is derived()
        assert derived() == ["a"]
        await file.reload("kernel: b\n")
        assert derived() == ["b"]
        assert derived() is derived()
        await file.reload("kernle: c\n")
        assert derived() == ["b"]
        assert made == ["a", "b"]

    async def test_stays_as_it_was_where_it_cannot_be_made(self, tmp_path: Path) -> None:
        file = File(tmp_path, "kernel: '1'\n")
        derived = Derived(file.live, lambda settings: int(str(settings.kernel)))
        await file.reload("kernel: b\n")

        for _ in range(2):
            with pytest.raises(ValueError, match="invalid literal"):
                derived()

        await file.reload("kernel: '2'\n")
        assert derived() == 2


class TestNotInForce:
    """What it says is in tests/config/test_inforce.py."""

    async def test_is_a_change_until_it_is_read(self, tmp_path: Path) -> None:
        file = File(tmp_path, "kernel: a\n")
        told = [await file.live.not_in_force()]

        for text in ("kernel: b\n", "kernel: bb\n"):
            file.write(text)
            told += [await file.live.not_in_force() for _ in range(2)]
        await file.live.reload()
        told += [await file.live.not_in_force()]

        changed = ("config.yaml has changed since it was read; to read it: systemctl reload pyxie",)
        assert told == [(), changed, changed, changed, changed, ()]

    async def test_is_no_change_of_its_time_alone(self, tmp_path: Path) -> None:
        file = File(tmp_path, "kernel: a\n")
        await file.live.not_in_force()

        file.write("kernel: a\n")

        assert await file.live.not_in_force() == ()

    @pytest.mark.parametrize("content", [b"kernel: [\n", None], ids=["not-yaml", "missing"])
    async def test_is_a_file_that_cannot_be_read_any_more(
        self, content: bytes | None, tmp_path: Path
    ) -> None:
        file = File(tmp_path, "kernel: a\n")
        if content is None:
            file.path.unlink()
        else:
            file.write(content)

        told = await file.live.not_in_force()
        await file.live.reload()

        assert [*told, *await file.live.not_in_force()] == [
            "config.yaml has changed since it was read; to read it: systemctl reload pyxie",
            "config.yaml has mistakes, so what it said before is in force; see: pyxie check",
        ]

    async def test_is_what_is_written_after_a_mistake(self, tmp_path: Path) -> None:
        file = File(tmp_path, "kernel: a\n")
        await file.reload("kernle: b\n")

        file.write("kernel: b\n")

        [said] = await file.live.not_in_force()
        assert said.startswith("config.yaml has changed since it was read")

    async def test_is_what_takes_a_restart_until_it_is_taken_back(self, tmp_path: Path) -> None:
        file = File(tmp_path, "http: {port: 1}\n")

        await file.reload("http: {port: 2}\nwaitron_api: 3\n")
        told, without = await file.live.not_in_force(), await file.live.not_in_force(keys=False)
        await file.reload("http: {port: 1}\n")

        assert told == (
            (
                "http.port and waitron_api in config.yaml take a restart, which has not been done:"
                " systemctl restart pyxie"
            ),
        )
        assert (without, await file.live.not_in_force()) == ((), ())
