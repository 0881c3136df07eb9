"""`pyxie why`: what it prints, and what scripts get."""

from __future__ import annotations

import json
from typing import Any

from tests.commandline import EVENT, TODAY, Ran, Runner, clean, pyxie
from tests.fakedaemon import answered, fake_daemon

__all__ = ["clean", "pyxie"]

WHY: dict[str, Any] = {
    "host": "web01",
    "macs": ["52:54:00:00:00:01"],
    "at": TODAY + 60,
    "code": "tftp-unreached",
    "standing": "stuck",
    "sentence": "It knows which boot loader to fetch, and where, but asks for no file.",
    "steps": ["does a firewall drop UDP port 69?", "word " * 30 + "end"],
    "certain_by": "tcpdump -ni any 'udp port 69'",
    "since": TODAY,
    "until": None,
    "data": {},
    "evidence": [EVENT],
}
REMEDY = {"server": "dnsmasq", "text": ["dnsmasq: its file", "  add", "    dhcp-boot=,,192.0.2.1"]}
WELL = {**WHY, "host": None, "since": None, "steps": [], "certain_by": "", "evidence": []}


def called(pyxie: Runner, answer: Any, *words: str) -> Ran:
    with fake_daemon({"GET /api/v1/machines/web01/why": answered(answer)}) as daemon:
        return pyxie("why", "web01", *words, "--url", daemon.url)


def test_says_what_is_wrong_what_to_try_and_by_what_it_is_known(pyxie: Runner) -> None:
    ran = called(pyxie, WHY)

    first, *rest = ran.out.splitlines()
    day = first.partition("since ")[2][:10]
    assert first == f"web01 52:54:00:00:00:01: stuck, since {day} 00:00:00 [tftp-unreached]"
    assert rest == [
        WHY["sentence"],
        "",
        "Try next:",
        "  1. does a firewall drop UDP port 69?",
        "  2. " + " ".join(["word"] * 19),
        "     " + " ".join(["word"] * 11) + " end",
        "",
        "To be certain: tcpdump -ni any 'udp port 69'",
        "",
        "By what:",
        f"   - {day} 00:00:00  offered undionly.kpxe",
    ]


def test_says_no_more_than_there_is(pyxie: Runner) -> None:
    assert called(pyxie, WELL).out.splitlines() == [
        "52:54:00:00:00:01: stuck [tftp-unreached]",
        WHY["sentence"],
    ]


def test_the_lines_for_other_servers_stand_as_they_are_to_be_written(pyxie: Runner) -> None:
    lines = called(pyxie, {**WELL, "remedies": [REMEDY]}).out.splitlines()

    assert lines[3:] == [
        "What to change in your DHCP server, whichever it is:",
        "   dnsmasq: its file",
        "     add",
        "       dhcp-boot=,,192.0.2.1",
    ]


def test_scripts_get_the_answer_itself(pyxie: Runner) -> None:
    assert json.loads(called(pyxie, WHY, "--json").out) == WHY
