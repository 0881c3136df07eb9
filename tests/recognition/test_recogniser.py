"""Whom a MAC alone shows to be a machine: in a flood, those come first."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.adhoc.boots import AdHocBoot, AdHocBoots
from pyxie.bootapi.answer import Answer
from pyxie.bootapi.memory import Memory, Nothing
from pyxie.bounds import CHOSEN
from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build, State
from pyxie.config.settings import Settings
from pyxie.recognition.recognise import AdHoc, Known, Mode, Unidentified
from pyxie.recognition.recogniser import Recogniser
from pyxie.registry.folder import Folder
from pyxie.registry.identity import Identity
from pyxie.registry.machine import Machine
from pyxie.registry.registry import Registry

MAC, OTHER = "52:54:00:12:34:56", "52:54:00:00:00:07"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "web01.yaml").write_text(f"network: [{{macaddress: {MAC}}}]\n")
    (tmp_path / "web02.yaml").write_text("match: {serial: S1}\n")
    return tmp_path


@pytest.fixture
def index() -> BuildIndex:
    return BuildIndex()


@pytest.fixture
def said() -> Memory:
    return Memory()


@pytest.fixture
def adhoc() -> AdHocBoots:
    return AdHocBoots(lambda: 0.0)


@pytest.fixture
def recogniser(folder: Path, index: BuildIndex, said: Memory, adhoc: AdHocBoots) -> Recogniser:
    machines = Folder(folder).scan()
    settings = Settings(boot_api="http://192.0.2.1/", unknown="menu")
    return Recogniser(lambda: machines, index, lambda: settings, said, adhoc, clock=lambda: 0.0)


def by_hand(mac: str) -> AdHocBoot:
    return AdHocBoot(id="1", begun=0.0, macs=frozenset((mac,)), machine=Machine(hostname="boot"))


def test_a_mac_in_a_file_does(recogniser: Recogniser) -> None:
    assert [recogniser.knows(mac) for mac in (MAC, OTHER)] == [True, False]


def test_a_mac_in_a_file_with_mistakes_does(
    folder: Path, index: BuildIndex, said: Memory, adhoc: AdHocBoots
) -> None:
    (folder / "bad.yaml").write_text(f"network: [{{macaddress: {OTHER}}}]\nbad key: 1\n")
    machines = Folder(folder).scan()
    recogniser = Recogniser(lambda: machines, index, Settings, said, adhoc, clock=lambda: 0.0)

    assert recogniser.knows(OTHER)


def test_a_mac_of_an_active_build_does(recogniser: Recogniser, index: BuildIndex) -> None:
    index.put(
        Build(
            host="web09", token="", state=State.PENDING, begun=0.0, changed=0.0, macs=(OTHER,),
            definition="{}",
        )
    )  # fmt: skip

    assert recogniser.knows(OTHER)


def test_a_mac_that_somebody_boots_by_hand_does(recogniser: Recogniser, adhoc: AdHocBoots) -> None:
    adhoc.begin(by_hand(OTHER))

    assert recogniser.knows(OTHER)
    assert isinstance(recogniser.of(OTHER), AdHoc)


def test_who_boots_by_the_api_server_does(recogniser: Recogniser, said: Memory) -> None:
    said.learn(OTHER, Answer(kernel="http://192.0.2.1/k"), 0.0)
    said.learn("52:54:00:00:00:08", Nothing("answers 404"), 0.0)

    assert recogniser.knows(OTHER)
    assert not recogniser.knows("52:54:00:00:00:08")


def test_who_was_recognised_by_what_it_told_does_from_then_on(recogniser: Recogniser) -> None:
    recogniser.over_dhcp(OTHER, lambda: Identity(hostname="web"))
    before = recogniser.knows(OTHER)

    recogniser.by_ipxe(OTHER, {"serial": "S1"}, IPv4Address("192.0.2.9"))
    recogniser.over_dhcp(OTHER, Identity)

    assert (before, recogniser.knows(OTHER)) == (False, True)
    assert recogniser.host_of(OTHER) == "web02"


def test_all_that_it_knows_by_a_mac_are_listed(
    recogniser: Recogniser, index: BuildIndex, said: Memory, adhoc: AdHocBoots
) -> None:
    """The kernel is told of them; those it is not told of are strangers to it."""
    built, booted, recognised, named = (f"52:54:00:00:01:0{at}" for at in range(4))
    adhoc.begin(by_hand(named))
    index.put(
        Build(
            host="web09", token="", state=State.PENDING, begun=0.0, changed=0.0, macs=(built,),
            definition="{}",
        )
    )  # fmt: skip
    said.learn(booted, Answer(kernel="http://192.0.2.1/k"), 0.0)
    recogniser.by_ipxe(recognised, {"serial": "S1"}, IPv4Address("192.0.2.9"))

    macs = set(recogniser.macs()())

    assert macs == {MAC, built, booted, recognised, named}
    assert all(map(recogniser.knows, macs))


def test_strangers_drive_out_nobody_that_was_recognised(recogniser: Recogniser) -> None:
    recogniser.by_ipxe(OTHER, {"serial": "S1"}, IPv4Address("192.0.2.9"))
    for number in range(5000):
        recogniser.over_dhcp(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}", Identity)

    assert recogniser.host_of(OTHER) == "web02"


def test_choices_are_bounded(recogniser: Recogniser) -> None:
    before = CHOSEN.times
    for number in range(CHOSEN.whole + 5):
        recogniser.choose(str(number), "rescue")

    assert CHOSEN.times == before + 5


class TestGoesOn:
    """A client that is not booted: sent on to its next boot device, or left to wait."""

    LOCAL = f"when_idle: local\nnetwork: [{{macaddress: {MAC}}}]\n"

    def test_whose_file_says_so(
        self, folder: Path, index: BuildIndex, said: Memory, adhoc: AdHocBoots
    ) -> None:
        (folder / "web01.yaml").write_text(self.LOCAL)
        machines = Folder(folder).scan()
        recogniser = Recogniser(lambda: machines, index, Settings, said, adhoc)

        assert recogniser.goes_on(recogniser.of(MAC))

    def test_nobody_of_whom_nothing_is_said(self, recogniser: Recogniser) -> None:
        assert [recogniser.goes_on(recogniser.of(mac)) for mac in (MAC, OTHER)] == [False, False]

    def test_nobody_whose_build_is_asked_for_at_the_moment(
        self, folder: Path, index: BuildIndex, said: Memory, adhoc: AdHocBoots
    ) -> None:
        (folder / "web01.yaml").write_text(self.LOCAL)
        machines = Folder(folder).scan()
        recogniser = Recogniser(lambda: machines, index, Settings, said, adhoc)

        with index.expecting("web01"), index.expecting("web01"):
            meanwhile = recogniser.goes_on(recogniser.of(MAC))

        assert (meanwhile, recogniser.goes_on(recogniser.of(MAC))) == (False, True)

    def test_nobody_who_is_in_build_mode(
        self, folder: Path, index: BuildIndex, said: Memory, adhoc: AdHocBoots
    ) -> None:
        (folder / "web01.yaml").write_text(self.LOCAL)
        machines = Folder(folder).scan()
        recogniser = Recogniser(lambda: machines, index, Settings, said, adhoc)
        index.put(
            Build(
                host="web01", token="", state=State.PENDING, begun=0.0, changed=0.0, macs=(MAC,),
                definition="{}",
            )
        )  # fmt: skip

        assert not recogniser.goes_on(recogniser.of(MAC))

    def test_nobody_of_whom_only_ipxe_can_tell_who_it_is(
        self, folder: Path, index: BuildIndex, said: Memory, adhoc: AdHocBoots
    ) -> None:
        """It may be a machine whose file says otherwise."""
        (folder / "web02.yaml").write_text("when_idle: local\nmatch: {serial: S1}\n")
        (folder / "web03.yaml").write_text("when_idle: local\nmatch: {hostname: web}\n")
        machines = Folder(folder).scan()
        recogniser = Recogniser(lambda: machines, index, Settings, said, adhoc)
        before = recogniser.over_dhcp(OTHER, lambda: Identity(hostname="web"))

        assert isinstance(before, Unidentified)
        assert before.otherwise == Known("web03", Mode.IDLE)
        assert not recogniser.goes_on(before)

    @pytest.mark.parametrize(
        ("api", "answer", "goes_on"),
        [
            ({}, None, True),
            ({"boot_api": "http://192.0.2.1/"}, None, False),
            ({"boot_api": "http://192.0.2.1/"}, Nothing("answers 404"), True),
            ({"boot_api": "http://192.0.2.1/"}, Answer(kernel="http://192.0.2.1/k"), False),
        ],
    )
    def test_unknown_machines_if_the_settings_say_so_and_the_boot_api_has_nothing(
        self,
        index: BuildIndex,
        said: Memory,
        adhoc: AdHocBoots,
        api: dict[str, str],
        answer: Answer | Nothing | None,
        goes_on: bool,
    ) -> None:
        settings = Settings.model_validate({"unknown": "local", **api})
        recogniser = Recogniser(Registry, index, lambda: settings, said, adhoc, clock=lambda: 0.0)
        if answer is not None:
            said.learn(OTHER, answer, 0.0)

        assert recogniser.goes_on(recogniser.of(OTHER)) is goes_on
