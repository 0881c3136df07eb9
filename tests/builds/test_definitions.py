"""What a build's machine is made of, and when it is made again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from pyxie.bounds import DEFINITIONS_BEGINNING
from pyxie.builds.definitions import BODY, Definitions
from pyxie.builds.life import Build, State
from pyxie.config.nodes import BUILD_BODY, LARGE, Document, Size, parse
from pyxie.errors import ConfigError
from pyxie.registry.define import Common
from pyxie.registry.folder import Folder
from pyxie.registry.merge import Layer
from pyxie.registry.registry import Registry

HOOKS = "stalebuild_commands: [{command: 'true'}]\npostbuild_commands: [{command: 'true'}]\n"
HOST = "web01.internal"
MAC, OTHERS = "52:54:00:00:00:01", "52:54:00:00:00:99"
OWN = f"hostname: {HOST}\nnetwork: [{{macaddress: '{MAC}'}}]\nparams: {{v: one}}\n"


def common(rescue: str) -> Common:
    document = parse(rescue.encode(), Path("config.yaml"))
    return Common(types={"rescue": Layer("build type", document)})


@dataclass
class Machines:
    """A folder of machines, and what is defined by it."""

    path: Path
    shared: Common = field(default_factory=Common)

    def __post_init__(self) -> None:
        self.folder = Folder(self.path, shared=self.shared)
        self.active: list[Build] = []
        self.definitions = Definitions(self.now, lambda: self.active)

    def anew(self) -> Definitions:
        """Return what a start makes of the builds that are stored."""
        made = Definitions(self.now, lambda: self.active)
        made.preparing()(self.now())()
        return made

    def change(self) -> None:
        """Read the files again, as the daemon does."""
        self.definitions.preparing()(self.now())()

    def now(self) -> Registry:
        return self.folder.scan()

    def write(self, text: str, name: str = "web01") -> None:
        (self.path / f"{name}.yaml").write_text(text)

    def started(self, body: str = "", *, size: Size = BUILD_BODY) -> Build:
        """Begin a build as the daemon does."""
        build = self.begin(body, size=size)
        self.definitions.keep(build)
        self.active[:] = [build]
        return build

    def begin(
        self, body: str = "", build_type: str = "", token: str = "t1", *, size: Size = BUILD_BODY
    ) -> Build:
        document: Document | None = parse(body.encode(), BODY, size=size) if body else None
        registry = self.now()
        machine = registry.define(registry.machines[HOST], build_type or None, document).machine
        return Build(
            host=HOST,
            token=token,
            state=State.PENDING,
            begun=0.0,
            changed=0.0,
            macs=machine.macs,
            definition=machine.model_dump_json(),
            build_type=build_type,
            body=body,
        )

    def v(self, build: Build) -> object:
        return self.definitions.of(build).params["v"]


@pytest.fixture
def machines(tmp_path: Path) -> Machines:
    found = Machines(tmp_path)
    found.write(OWN)
    return found


class TestIsKept:
    def test_while_nothing_changes(self, machines: Machines) -> None:
        build = machines.begin()
        first = machines.definitions.of(build)

        machines.write("hostname: web02.internal\n", "web02")

        assert machines.definitions.of(build) is first

    def test_as_it_was_when_its_build_began_too(self, machines: Machines) -> None:
        build = machines.begin()
        (machines.path / "web01.yaml").unlink()

        assert machines.definitions.of(build) is machines.definitions.of(build)


class TestIsMadeAgain:
    def test_when_its_file_was_edited(self, machines: Machines) -> None:
        build = machines.begin()
        assert machines.v(build) == "one"

        machines.write(OWN.replace("one", "two"))

        assert machines.v(build) == "two"

    @pytest.mark.parametrize("text", [None, "hostname: [", f"hostname: {HOST}\nnetwork: 7\n"])
    def test_not_while_its_file_is_gone_or_broken_but_once_it_is_back(
        self, machines: Machines, text: str | None
    ) -> None:
        build = machines.begin()
        assert machines.v(build) == "one"

        (machines.path / "web01.yaml").unlink()
        if text is not None:
            machines.write(text)
        assert machines.v(build) == "one"

        machines.write(OWN.replace("one", "three"))
        assert machines.v(build) == "three"

    def test_for_another_build_of_the_same_machine(self, tmp_path: Path) -> None:
        machines = Machines(tmp_path, common("params: {v: rescue}\n"))
        machines.write(OWN)

        assert machines.v(machines.begin()) == "one"
        assert machines.v(machines.begin("params: {v: body}\n", token="t2")) == "body"
        assert machines.v(machines.begin(build_type="rescue", token="t3")) == "rescue"
        assert machines.v(machines.begin(token="t4")) == "one"

    def test_once_a_nic_of_its_call_is_no_other_machines_any_more(self, machines: Machines) -> None:
        build = machines.begin(f"network: [{{macaddress: '{OTHERS}'}}]\n")
        assert machines.v(build) == "one"

        machines.write(f"hostname: web02\nnetwork: [{{macaddress: '{OTHERS}'}}]\n", "web02")
        machines.write(OWN.replace("one", "two"))
        assert machines.v(build) == "one"  # it cannot be defined anew

        (machines.path / "web02.yaml").unlink()
        assert machines.v(build) == "two"

    def test_once_a_nic_of_its_call_is_another_machines(self, machines: Machines) -> None:
        build = machines.begin(f"network: [{{macaddress: '{OTHERS}'}}]\n")
        machines.write(OWN.replace("one", "two"))
        assert machines.v(build) == "two"

        machines.write(f"hostname: web02\nnetwork: [{{macaddress: '{OTHERS}'}}]\n", "web02")

        assert machines.v(build) == "one"  # as it was when it began


class TestOfAnUnknownMachine:
    def test_is_kept_until_the_settings_are_read_again(self, tmp_path: Path) -> None:
        now = [Registry(shared=common("params: {v: one}\n"))]
        definitions = Definitions(lambda: now[0])
        first = definitions.of_unknown(MAC, "rescue")

        assert definitions.of_unknown(MAC, "rescue") is first
        assert (first.hostname, first.params["v"]) == ("52-54-00-00-00-01", "one")

        now[0] = Registry(shared=common("params: {v: two}\n"))
        assert definitions.of_unknown(MAC, "rescue").params["v"] == "two"

    def test_may_be_asked_for_by_several_threads(self) -> None:
        now = Registry(shared=common("params: {v: one}\n"))
        definitions = Definitions(lambda: now)
        faults: list[BaseException] = []

        def ask() -> None:
            try:
                for at in range(300):
                    definitions.of_unknown(f"52:54:00:00:{at >> 8:02x}:{at & 255:02x}", "rescue")
            except BaseException as exc:  # noqa: BLE001  (any counts)
                faults.append(exc)

        _at_once(ask, 4)

        assert faults == []


def _at_once(work: Callable[[], None], times: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(times)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


class TestHooksOfAStaleBuild:
    """waitron ran none where no threshold is written; two hours is the default here."""

    @pytest.mark.parametrize(
        ("more", "hooks"),
        [("", 0), ("stale_build_threshold_secs: 60\n", 1), ("stale_build_threshold_secs: 0\n", 1)],
    )
    def test_run_only_where_it_is_written_when_that_is(
        self, tmp_path: Path, more: str, hooks: int
    ) -> None:
        machines = Machines(tmp_path)
        machines.write(f"{OWN}{HOOKS}{more}")
        build = machines.begin()

        stale = machines.definitions.hooks_after(build.to(State.STALE, 1.0))
        installed = machines.definitions.hooks_after(build.to(State.INSTALLED, 1.0))

        assert (len(stale), len(installed)) == (hooks, 1)


class Counted:
    """How often something was made of text or data."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        for module, name in (
            ("pyxie.builds.definitions", "parse"),
            ("pyxie.builds.definitions", "define"),
            ("pyxie.registry.registry", "define"),
        ):
            monkeypatch.setattr(
                f"{module}.{name}", self._counting(getattr(import_module(module), name))
            )

    def _counting(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **named: Any) -> Any:
            self.times += 1
            return work(*args, **named)

        return counted


class TestIsReady:
    """A stranger who asks has nothing parsed, merged or validated."""

    def test_when_its_build_begins(
        self, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        build = machines.begin("params: {v: body}\n")
        machines.definitions.keep(build)
        made = Counted(monkeypatch)

        assert [machines.v(build) for _ in range(3)] == ["body"] * 3
        assert made.times == 0

    def test_as_whoever_begins_it_has_made_it(
        self, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        build = machines.begin("params: {v: body}\n")
        registry = machines.now()
        kept = machines.anew()
        kept.keep(build)
        made = Counted(monkeypatch)

        assert machines.definitions.known(build, registry, kept.of(build), frozenset())
        assert machines.v(build) == "body"
        assert machines.definitions.of(build) is kept.of(build)
        assert made.times == 0

    def test_however_many_begin_after_it(
        self, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(DEFINITIONS_BEGINNING, "most", 1)
        first = machines.begin("params: {v: body}\n")
        machines.definitions.keep(first)
        machines.definitions.take(first)
        machines.definitions.keep(machines.begin("", "", "t2"))
        made = Counted(monkeypatch)

        assert machines.v(first) == "body"
        assert made.times == 0

    def test_but_not_so_once_files_have_changed(self, machines: Machines) -> None:
        build = machines.begin("params: {v: body}\n")
        before = machines.now()
        machine = machines.anew().of(build)
        machines.write(OWN.replace("one", "two") + "domain: example.org\n")

        assert not machines.definitions.known(build, before, machine, frozenset())
        assert machines.definitions.of(build).domain == "example.org"

    def test_while_the_build_before_is_asked_for_too(
        self, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old, new = (
            machines.begin("params: {v: old}\n"),
            machines.begin("params: {v: new}\n", "", "t2"),
        )
        machines.definitions.keep(old)
        assert machines.v(old) == "old"
        machines.definitions.keep(new)
        made = Counted(monkeypatch)

        assert (machines.v(old), machines.v(new)) == ("old", "new")
        assert made.times == 0

    def test_when_files_have_changed(
        self, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        build = machines.started("params: {w: body}\n")
        machines.write(OWN.replace("one", "two"))

        machines.change()
        made = Counted(monkeypatch)

        assert machines.v(build) == "two"
        assert made.times == 0

    def test_at_the_start(self, machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
        machines.active.append(machines.begin("params: {v: body}\n"))
        machines.definitions = machines.anew()
        made = Counted(monkeypatch)

        assert machines.v(machines.active[0]) == "body"
        assert made.times == 0

    def test_as_it_was_when_it_began(
        self, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        build = machines.started("params: {v: body}\n")
        (machines.path / "web01.yaml").unlink()

        machines.change()
        made = Counted(monkeypatch)

        assert machines.v(build) == "body"
        assert made.times == 0

    def test_with_a_body_that_an_earlier_version_took(self, machines: Machines) -> None:
        """Today's bounds are for what is asked for today."""
        long = "x" * 500_000
        many = "".join(f"  key{each}: y\n" for each in range(8000))
        build = machines.started(f"params:\n  v: body\n  long: {long}\n{many}", size=LARGE)

        machines.change()

        assert machines.v(build) == "body"
        assert len(machines.definitions.of(build).params) == 8002

    def test_although_another_builds_definition_cannot_be_read(
        self, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        build = machines.started()
        broken = replace(build, host="gone.internal", token="t9", definition='{"hostname": 7}')
        machines.active.append(broken)
        machines.write(OWN.replace("one", "two"))

        machines.change()
        made = Counted(monkeypatch)

        assert machines.v(build) == "two"
        assert made.times == 0
        with pytest.raises(ValueError, match="hostname"):
            machines.definitions.of(broken)

    def test_of_a_build_that_begins_while_files_are_read(self, machines: Machines) -> None:
        machines.write(OWN.replace("one", "two"))
        registry = machines.folder.scan()
        prepare = machines.definitions.preparing()
        build = machines.started("params: {w: body}\n")

        prepare(registry)()

        assert machines.v(build) == "two"

    def test_no_longer_than_its_build_is_active(self, machines: Machines) -> None:
        build = machines.started()
        machines.v(build)
        machines.active.clear()

        machines.change()

        assert machines.definitions._made == {}


class TestOfAnUnknownMachineIsReady:
    def test_for_any_of_its_addresses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = Registry(shared=common("params: {v: one}\n"))
        definitions = Definitions(lambda: now)
        definitions.preparing()(now)()
        made = Counted(monkeypatch)

        found = [definitions.of_unknown(f"52:54:00:00:00:{at:02x}", "rescue") for at in range(256)]

        assert made.times == 0
        assert [(each.hostname, each.macs) for each in found[:2]] == [
            ("52-54-00-00-00-00", ("52:54:00:00:00:00",)),
            ("52-54-00-00-00-01", ("52:54:00:00:00:01",)),
        ]

    def test_says_each_time_what_is_wrong_with_its_type(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = Registry(shared=common("groups: [none]\nkernel: [x]\n"))
        definitions = Definitions(lambda: now)
        definitions.preparing()(now)()
        made = Counted(monkeypatch)

        for _ in range(2):
            with pytest.raises(ConfigError):
                definitions.of_unknown(MAC, "rescue")

        assert made.times == 0
