"""A verdict on a build is kept, and is what trying it anew would come to, whatever has changed."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pyxie.bounds import VERDICTS
from pyxie.config.nodes import Document
from pyxie.config.settings import Settings
from pyxie.errors import BusyError, RenderError
from pyxie.media.asrecipe import MEDIUM
from pyxie.registry.asbuilt import Kept
from pyxie.registry.define import Common, Definition
from pyxie.registry.machine import Machine
from pyxie.registry.merge import merge
from pyxie.render.preview import unbegun
from pyxie.render.uses import Uses, state_of
from pyxie.wiping.forecast import Forecast
from pyxie.workers.jobs import Job
from pyxie.workers.lane import Lane
from pyxie.workers.made import Made
from pyxie.workers.renders import Renders
from pyxie.workers.verdicts import Tried, Verdicts, key_of, key_of_kept
from tests.inthread import InThread
from tests.render.site import CONTEXT, machine, settings

WIPES = "d-i partman-auto/disk string /dev/sda\nd-i partman/confirm boolean true\n"
FOUND = Tried((), (), Forecast())


class Counting(InThread):
    """A runner that counts what it does."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: list[Lane] = []

    @property
    def times(self) -> int:
        return len(self.lanes)

    async def run(self, job: Job, settings: Settings, lane: Lane) -> Made:
        self.lanes.append(lane)
        return await super().run(job, settings, lane)


class Site:
    """A machine whose build is tried, and all that it depends on."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings(folder, staticspath=folder / "statics", isos=folder / "isos")
        self.keys: dict[str, Any] = {"preseed": "p.j2"}
        self.context, self.written = CONTEXT, frozenset({("params", "disk")})
        self.runner = Counting()
        self.renders = Renders(lambda: self.settings, self.runner)
        self._edits = 0
        self.write("templates/p.j2", "{% include 'i.j2' %}")
        self.write("templates/i.j2", "plain")
        self.write("images/linux", "a kernel")

    @property
    def machine(self) -> Machine:
        return machine(**self.keys)

    @property
    def kept(self) -> Kept:
        definition = Definition(self.machine, "", lambda: merge([]))
        return Kept(Common(), Document(Path("web01.yaml"), {}, None), definition, self.written)

    def write(self, name: str, text: str) -> None:
        """Write a file; its time of change differs each time."""
        path = self.settings.templatepath.parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self._edits += 1
        os.utime(path, ns=(0, self._edits * 1_000_000_000))

    def remove(self, name: str) -> None:
        (self.settings.templatepath.parent / name).unlink(missing_ok=True)

    async def tried(self) -> Tried:
        return await self.renders.trials.rehearse(self.machine, self.context, self.written)

    async def tried_anew(self) -> Tried:
        """Return what comes of trying it by who keeps nothing."""
        renders = Renders(lambda: self.settings, InThread())
        return await renders.trials.rehearse(self.machine, self.context, self.written)

    async def is_kept(self) -> bool:
        before = self.runner.times
        await self.tried()
        return self.runner.times == before


CHANGES: dict[str, Callable[[Site], object]] = {
    "a param": lambda site: site.keys.update(params={"disk": "/dev/sda"}),
    "another param": lambda site: site.keys.update(params={"disk": "/dev/sdb"}),
    "a build type": lambda site: site.keys.update(build_type="rescue"),
    "may not wipe": lambda site: site.keys.update(wipes=False),
    "may wipe": lambda site: site.keys.update(wipes=True),
    "a hook": lambda site: site.keys.update(postbuild_commands=[{"command": "{{ nobody }}"}]),
    "no hook": lambda site: site.keys.pop("postbuild_commands", None),
    "a kernel of ours": lambda site: site.keys.update(kernel="linux", initrd=[], image_url=None),
    "another's kernel": lambda site: site.keys.update(kernel="linux", image_url="http://mirror.example/"),
    "a kernel on a medium": lambda site: site.keys.update(
        kernel=f"{MEDIUM}debian/linux", initrd=[]
    ),
    "a checksum": lambda site: site.keys.update(kernel={"url": "linux", "sha256": "0" * 64}),
    "a command line": lambda site: site.keys.update(cmdline="url={{ urls.template('finish') }}"),
    "another": lambda site: site.keys.update(cmdline="quiet {{ machine.params.disk }}"),
    "the template": lambda site: site.write("templates/p.j2", "{% include 'i.j2' %}" + WIPES),
    "the template again": lambda site: site.write("templates/p.j2", "{% include 'i.j2' %}"),
    "it sends for a file": lambda site: site.write(
        "templates/p.j2", f"d-i preseed/include string {CONTEXT.base_url}/files/more.cfg\n"
    ),
    "that file": lambda site: site.write("statics/more.cfg", WIPES),
    "that file's end": lambda site: site.remove("statics/more.cfg"),
    "it may include": lambda site: site.write(
        "templates/p.j2", "{% include 'o.j2' ignore missing %}"
    ),
    "what it may": lambda site: site.write("templates/o.j2", WIPES),
    "no more": lambda site: site.remove("templates/o.j2"),
    "an included one": lambda site: site.write("templates/i.j2", WIPES),
    "included, with a mistake": lambda site: site.write("templates/i.j2", "{{ nobody }}"),
    "included, plain": lambda site: site.write("templates/i.j2", "plain"),
    "included, of chance": lambda site: site.write("templates/i.j2", "{{ [1, 2] | random }}"),
    "the template's end": lambda site: site.remove("templates/i.j2"),
    "the script": lambda site: site.write("ipxe/boot.ipxe.j2", "#!ipxe\n{{ nobody }}"),
    "the shipped script": lambda site: site.remove("ipxe/boot.ipxe.j2"),
    "an image's end": lambda site: site.remove("images/linux"),
    "an image": lambda site: site.write("images/linux", "another kernel"),
    "a medium": lambda site: site.write("isos/debian.iso", "a medium"),
    "the medium's end": lambda site: site.remove("isos/debian.iso"),
    "settings": lambda site: setattr(
        site, "settings", site.settings.model_copy(update={"params": {"disk": "/dev/sdc"}})
    ),
    "a folder": lambda site: setattr(
        site,
        "settings",
        site.settings.model_copy(update={"templatepath": site.settings.templatepath.parent / "n"}),
    ),
    "the first folder": lambda site: setattr(
        site,
        "settings",
        site.settings.model_copy(
            update={"templatepath": site.settings.ipxe.parent / "templates"}
        ),
    ),
    "the address": lambda site: setattr(
        site, "context", replace(site.context, base_url="http://198.51.100.1")
    ),
    "the first address": lambda site: setattr(site, "context", CONTEXT),
    "what its file says": lambda site: setattr(site, "written", frozenset({("params", "x")})),
}  # fmt: skip


class TestForAnyChanges:
    @hypothesis_settings(max_examples=40, deadline=None)
    @given(st.lists(st.sampled_from(sorted(CHANGES)), max_size=8))
    def test_a_verdict_is_what_trying_anew_would_come_to(self, changes: list[str]) -> None:
        async def play(folder: Path) -> None:
            site = Site(folder)
            for change in ("", *changes):
                if change:
                    CHANGES[change](site)
                now = await site.tried()
                assert _said(now) == _said(await site.tried_anew()), change
                assert _said(await site.tried()) == _said(now), change

        with tempfile.TemporaryDirectory() as name:
            asyncio.run(play(Path(os.path.realpath(name))))


def _said(tried: Tried) -> object:
    return [str(each) for each in tried.faults], tried.advice, tried.forecast


ACTS = ("edit", "put", "faulty", "look")


class Counted(dict[bytes, Any]):
    """Counts how often all in it is gone through."""

    walks = 0

    def values(self) -> Any:
        self.walks += 1
        return super().values()

    def items(self) -> Any:
        self.walks += 1
        return super().items()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


class TestAVerdict:
    async def test_is_kept(self, site: Site) -> None:
        assert [await site.is_kept() for _ in range(3)] == [False, True, True]

    async def test_is_of_what_its_machine_is_and_not_of_the_object(self, site: Site) -> None:
        await site.tried()

        assert site.machine is not site.machine
        assert await site.is_kept()

    async def test_of_files_of_ours_is_kept_while_they_are_there(self, site: Site) -> None:
        site.keys |= {"kernel": "linux", "initrd": [], "image_url": None}
        await site.tried()

        assert await site.is_kept()
        site.remove("images/linux")
        assert not await site.is_kept()

    @pytest.mark.parametrize("change", ["included, with a mistake", "included, of chance"])
    async def test_is_not_kept_of_what_is_faulty_or_left_to_chance(
        self, site: Site, change: str
    ) -> None:
        CHANGES[change](site)

        assert [await site.is_kept() for _ in range(2)] == [False, False]

    async def test_goes_with_the_settings(self, site: Site) -> None:
        await site.tried()

        site.settings = site.settings.model_copy()

        assert not await site.is_kept()

    async def test_is_by_the_settings_of_when_it_was_asked_for(self, site: Site) -> None:
        await site.tried()
        site.write("templates/i.j2", WIPES)
        asked = asyncio.create_task(site.tried())
        await asyncio.sleep(0)

        CHANGES["a folder"](site)

        assert (await asked).forecast.wiping
        assert (await site.tried()).faults

    async def test_of_a_folder_that_hangs_is_not_waited_for_by_the_event_loop(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await site.tried()

        def hang(_self: Verdicts, _machine: Machine, _key: bytes) -> None:
            raise BusyError("the folder 'templatepath'", "hangs")

        monkeypatch.setattr(Verdicts, "look", hang)
        monkeypatch.setattr(Verdicts, "ready", lambda *_: None)
        with pytest.raises(BusyError):
            await site.tried()

    async def test_is_outdated_once_a_file_of_it_changes(self, site: Site) -> None:
        await site.tried()
        assert await site.renders.trials.outdated() == set()

        site.write("templates/i.j2", "edited")

        assert await site.renders.trials.outdated() == {"web01.example.org"}
        assert await site.renders.trials.outdated() == set()
        assert not await site.is_kept()

    async def test_made_ahead_is_the_one_that_a_build_takes(self, site: Site) -> None:
        site.context = unbegun(CONTEXT.base_url)

        await site.renders.trials.rehearse_ahead(site.kept, CONTEXT.base_url)

        assert site.runner.lanes == [Lane.REST]
        assert await site.is_kept()

    async def test_is_found_by_what_is_kept_of_a_machine_too(self, site: Site) -> None:
        kept, other = site.kept, replace(CONTEXT, base_url="http://192.0.2.9")

        for context in (CONTEXT, CONTEXT, other, CONTEXT):
            key = key_of(site.machine, context, site.written)
            assert key_of_kept(kept, context) == key


class TestLooksForWhatIsOutdated:
    """As one does that goes through all that is kept, which at rest is the same each time."""

    @hypothesis_settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from("abc"), st.sampled_from("xy")))
    )
    def test_finds_all_that_are(self, acts: list[tuple[str, str, str]]) -> None:
        """``x`` and ``y`` are the files; each verdict is of one of them, as it was then."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            verdicts, edits = Verdicts(settings(folder)), {"x": 0, "y": 0}
            kept = dict[str, tuple[str, int]]()
            for act, host, file in [*acts, ("look", "a", "x")]:
                place = folder / file
                if act == "edit":
                    edits[file] += 1
                    place.write_text("." * edits[file])
                elif act == "put":
                    uses = Uses({str(place): state_of(str(place))})
                    verdicts.put(machine(hostname=host), host.encode(), FOUND, uses)
                    kept[host] = file, edits[file]
                elif act == "faulty":
                    fault = RenderError("p.j2", 1, "no such name", "")
                    tried = Tried((fault,), (), Forecast())
                    verdicts.put(machine(hostname=host), host.encode(), tried, Uses())
                    kept.pop(host, None)
                else:
                    old = {each for each, (of, was) in kept.items() if edits[of] != was}
                    assert verdicts.outdated() == old
                    for each in old:
                        del kept[each]

    def test_goes_through_all_only_after_a_change(self, tmp_path: Path) -> None:
        """Of ten thousand machines that is a fiftieth of a processor, each five seconds."""
        verdicts = Verdicts(settings(tmp_path))
        verdicts._kept = kept = Counted()
        verdicts.put(machine(), b"a", FOUND, Uses({"t": None}))

        found = []
        for name in (b"a", b"a", b"b", b"b"):
            if name not in kept:
                verdicts.put(machine(), name, FOUND, Uses({"t": None}))
            verdicts.outdated()
            found.append(kept.walks)

        assert found == [1, 1, 2, 2]


class TestVerdicts:
    def test_share_what_is_equal(self, tmp_path: Path) -> None:
        verdicts = Verdicts(settings(tmp_path))
        first, second = Tried((), (), Forecast()), Tried((), (), Forecast())

        verdicts.put(machine(hostname="a.example"), b"a", first, Uses({"t": (1,)}))
        verdicts.put(machine(hostname="b.example"), b"b", second, Uses({"t": (1,)}))
        verdicts.put(machine(hostname="c.example"), b"c", second, Uses({"t": None}))

        found = [verdicts._kept[name] for name in (b"a", b"b", b"c")]
        assert [each.tried for each in found] == [first] * 3
        assert all(each.tried is first for each in found)
        assert found[0].files is found[1].files
        assert found[2].files == {"t": None}

    def test_are_bounded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(VERDICTS, "most", 2)
        verdicts = Verdicts(settings(tmp_path))

        for name in (b"a", b"b", b"a", b"c"):
            verdicts.put(machine(), name, FOUND, Uses())

        assert len(verdicts) == 2
        assert [each in verdicts for each in (b"a", b"b", b"c")] == [True, False, True]


def test_a_key_tells_all_apart_that_a_rehearsal_is_told() -> None:
    host = machine()
    keys = {
        key_of(host, CONTEXT, frozenset()),
        key_of(machine(finish="f.j2"), CONTEXT, frozenset()),
        key_of(host, replace(CONTEXT, base_url="http://198.51.100.1"), frozenset()),
        key_of(host, replace(CONTEXT, build_type="rescue"), frozenset()),
        key_of(host, CONTEXT, frozenset({("params",)})),
        key_of(host, CONTEXT, frozenset({("params",), ("network", 0)})),
    }

    assert len(keys) == 6
    assert key_of(machine(), replace(CONTEXT), frozenset()) in keys
