"""`pyxie probe`: what it prints and what it ends with; the network is a fake's."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pyxie.net.interfaces import Interfaces
from pyxie.probing import playing
from pyxie.probing.acts import Play
from pyxie.probing.discover import ProbeError
from pyxie.probing.questions import Firmware
from tests.commandline import Runner, clean, pyxie
from tests.net.test_interfaces import ETH0, ETH1, ETH2, LO
from tests.probing import test_conclusion as told

__all__ = ["clean", "pyxie"]

BOOTS = told.play(told.fetched(told.GOOD), told.fetched(told.SENT, told.SCRIPT, client=told.IPXE))
SILENT = told.play(told.act())
ASKED = tuple[str, str | None, Firmware, float]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Play | ProbeError], list[ASKED]]:
    """Have a probe find something; return how it was asked."""

    def finds(what: Play | ProbeError) -> list[ASKED]:
        calls: list[ASKED] = []

        async def play(
            interface: str,
            mac: str | None,
            firmware: Firmware,
            seconds: float,
            says: Callable[[str], None],
        ) -> Play:
            calls.append((interface, mac, firmware, seconds))
            says("asking")
            if isinstance(what, ProbeError):
                raise what
            return what

        monkeypatch.setattr(playing, "play", play)
        return calls

    return finds


Asks = Callable[[Play | ProbeError], list[ASKED]]


class TestAProbe:
    def test_that_boots_ends_with_0(self, pyxie: Runner, asked: Asks) -> None:
        calls = asked(BOOTS)

        ran = pyxie(
            "probe", "--interface", "eth0", "--mac", "52-54-00-12-34-AB", "--firmware", "bios"
        )

        assert (ran.code, ran.err) == (0, "pyxie: asking\n")
        assert ran.out.splitlines()[-1].startswith("It would boot: iPXE gets its script")
        assert calls == [("eth0", "52:54:00:12:34:ab", Firmware.BIOS, 5.0)]

    def test_that_does_not_ends_with_1_and_says_what_to_try(
        self, pyxie: Runner, asked: Asks
    ) -> None:
        asked(SILENT)

        ran = pyxie("probe", "--interface", "eth0")

        assert ran.code == 1
        assert "Try next:\n  1. Does eth0 lead to the machines' network" in ran.out

    def test_is_told_to_scripts_as_json_alone(self, pyxie: Runner, asked: Asks) -> None:
        asked(SILENT)

        ran = pyxie("probe", "--interface", "eth0", "--json")

        assert (ran.code, ran.err) == (1, "")
        assert (json.loads(ran.out)["code"], json.loads(ran.out)["boots"]) == ("nobody", False)

    def test_that_cannot_ask_says_why(self, pyxie: Runner, asked: Asks) -> None:
        asked(ProbeError("eth0 is down: ip link set eth0 up"))

        ran = pyxie("probe", "--interface", "eth0")

        assert (ran.code, ran.err.splitlines()[-1]) == (
            1,
            "pyxie: eth0 is down: ip link set eth0 up",
        )


class TestAMistake:
    @pytest.mark.parametrize("mac", ["52:54:00", "52:54-00:12:34:56", "525400123456", "x"])
    def test_in_a_mac_is_told(self, pyxie: Runner, asked: Asks, mac: str) -> None:
        calls = asked(BOOTS)

        ran = pyxie("probe", "--interface", "eth0", "--mac", mac)

        assert (ran.code, calls) == (2, [])
        assert f"'{mac}' is not a MAC like 52:54:00:12:34:56" in ran.err

    def test_in_the_firmware_is_told(self, pyxie: Runner) -> None:
        assert "'uefi' is not one of 'bios', 'uefi-x64'" in pyxie("probe", "--firmware", "uefi").err


class TestTheInterface:
    @pytest.mark.parametrize(
        ("present", "chosen"),
        [
            ((LO, ETH0, ETH2), "eth0"),
            ((LO, ETH2), "eth2"),
            ((LO, ETH0, ETH1), None),
            ((LO,), None),
        ],
    )
    def test_is_the_only_one_with_an_address(
        self,
        pyxie: Runner,
        asked: Asks,
        monkeypatch: pytest.MonkeyPatch,
        present: tuple[object, ...],
        chosen: str | None,
    ) -> None:
        calls = asked(BOOTS)
        there = Interfaces(present)  # type: ignore[arg-type]
        monkeypatch.setattr("pyxie.net.interfaces.read", lambda: there)

        ran = pyxie("probe")

        assert [each[0] for each in calls] == ([chosen] if chosen else [])
        assert ran.code == (0 if chosen else 2)
        if not chosen:
            assert "say which interface leads to the machines, by --interface: " in ran.err
