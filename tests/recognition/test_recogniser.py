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
from pyxie.recognition.recognise import AdHoc
from pyxie.recognition.recogniser import Recogniser
from pyxie.registry.folder import Folder
from pyxie.registry.identity import Identity
from pyxie.registry.machine import Machine

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
