"""The words of every finding, all of them in one table, to be read from its top to its end.

It is `data/words.txt`; to write it anew after a change, and then to read it: REWRITE=1 pytest …
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyxie.diagnosis.english import said
from pyxie.diagnosis.finding import BY_CODE, Finding
from pyxie.diagnosis.findings import (
    AmbiguousMachine,
    AnswerLost,
    AnswerUnsent,
    BuildFailed,
    ClockWrong,
    ContestedMachine,
    DhcpOff,
    DiskFull,
    FileBroken,
    FilesUnreadable,
    ImageNotFetched,
    ImageStalled,
    ImagesUnasked,
    ImageWrong,
    Installed,
    InstallerSilent,
    InstallerSlow,
    IpxeWithoutHttp,
    KernelUnstarted,
    LimitHit,
    LoaderBrokenOff,
    LoaderMissing,
    LoaderSilent,
    Loop,
    NeverSeen,
    NoInterface,
    NoSystem,
    NotInBuildMode,
    Observing,
    OfferUnused,
    OtherOffer,
    PlainDhcp,
    Port4011,
    Refused,
    ScriptUnreached,
    ScriptWasRefused,
    StillNetbooting,
    TemplateNotGiven,
    TftpUnreached,
    TokenWrong,
    TwoServers,
    UnknownMachine,
    UnknownServed,
    Waiting,
)
from pyxie.diagnosis.saying import Said, span
from pyxie.diagnosis.situation import Near, Server

WORDS = Path(__file__).parent / "data/words.txt"

DNS = Server(
    "192.0.2.3",
    leases=True,
    vendor="PXEClient",
    name="192.0.2.9",
    file="pxelinux.0",
    siaddr="192.0.2.9",
)
P = ("machines/web01.yaml:3:9: kernel: unknown key",)
ALL: list[Finding] = [
    DhcpOff(),
    Observing(),
    NoInterface(),
    DiskFull(problems=("/var: the disk is full",)),
    ClockWrong(how="early", seconds=1e8),
    ClockWrong(how="back", seconds=7200.0),
    ClockWrong(how="certificate", why="its certificate is not valid: not yet valid"),
    UnknownMachine(
        mac="00:25:90:12:34:57",
        seen=True,
        near=(
            Near("web01", "00:25:90:12:34:56", "board"),
            Near("web02", "00:25:91:12:34:57", "digit"),
            Near("web03", "00:25:90:12:43:57", "swapped"),
        ),
    ),
    UnknownMachine(mac="00:25:90:12:34:57", seen=False),
    UnknownServed(mac="00:25:90:12:34:57", policy="menu"),
    FileBroken(problems=P),
    FileBroken(problems=()),
    FilesUnreadable(problems=P),
    AmbiguousMachine(host="web01", problems=P),
    ContestedMachine(host="web01", mac="00:25:90:12:34:57"),
    NotInBuildMode(host="web01", seen=True, cancelled=False),
    NotInBuildMode(host="web01", seen=False, cancelled=False),
    NotInBuildMode(host="web01", seen=True, cancelled=True),
    NotInBuildMode(host="web01", seen=False, cancelled=True),
    NoSystem(host="web01", seen=True),
    NoSystem(host="web01", seen=False),
    BuildFailed(host="web01", reason="no disk"),
    BuildFailed(host="web01", reason=""),
    Installed(host="web01", asks=0),
    Installed(host="web01", asks=1),
    StillNetbooting(host="web01", asks=4, seconds=600.0),
    *(
        Waiting(step=s, seconds=12.0, patience=60.0)
        for s in [
            "discover",
            "offer",
            "confirmed",
            "loader",
            "ipxe",
            "script",
            "upstream",
            "image",
            "start",
            "kernel",
            "done",
        ]
    ),
    Waiting(step="x", seconds=0.0, patience=0.0),
    NeverSeen(
        macs=("00:25:90:12:34:56",),
        seconds=400.0,
        virtual="",
        others=True,
        interfaces="eth0 192.0.2.1/24",
    ),
    *(
        NeverSeen(macs=(), seconds=70.0, virtual=v, others=False, interfaces="")
        for v in ("Proxmox VE", "QEMU", "Hyper-V", "VMware")
    ),
    PlainDhcp(),
    *(
        Refused(reason=r, detail="the detail")
        for r in ("no-loader", "no-address", "bad-relay", "not-ethernet", "no-architecture")
    ),
    LimitHit(limit="limits.dhcp_per_mac", detail=""),
    LimitHit(limit="tftp", detail="too many transfers"),
    LimitHit(limit="dhcp_strangers", detail="crowded"),
    AnswerUnsent(to="192.0.2.9", error="No route to host"),
    OtherOffer(server=DNS),
    OtherOffer(server=Server("192.0.2.3")),
    TwoServers(servers=(DNS,)),
    AnswerLost(times=5, seconds=40.0, leases=True),
    AnswerLost(times=5, seconds=40.0, leases=False),
    Port4011(),
    OfferUnused(what="ipxe.efi", client="PXE", port=8090),
    OfferUnused(what="http://192.0.2.1:8090/loader/a.efi", client="HTTP", port=8090),
    TftpUnreached(),
    LoaderMissing(name="a.efi", why="no such file"),
    LoaderBrokenOff(name="a.efi", received=0, total=66000, blksize=1468, why=""),
    LoaderBrokenOff(name="a.efi", received=1468, total=66000, blksize=0, why="No route to host"),
    LoaderSilent(
        name="a.efi", architecture="x64 UEFI", uefi=True, secure_boot="on", why_not="", rounds=1
    ),
    LoaderSilent(
        name="a.efi",
        architecture="x64 UEFI",
        uefi=True,
        secure_boot="unknown",
        why_not="",
        rounds=3,
    ),
    LoaderSilent(
        name="a.efi", architecture="x64 UEFI", uefi=True, secure_boot="off", why_not="", rounds=1
    ),
    LoaderSilent(
        name="undionly.kpxe",
        architecture="",
        uefi=False,
        secure_boot="unknown",
        why_not="",
        rounds=1,
    ),
    *(
        LoaderSilent(
            name="a.efi",
            architecture="x64 UEFI",
            uefi=True,
            secure_boot=state,
            why_not=why_not,
            rounds=1,
        )
        for state, why_not in (
            *(("on", "never"), ("on", "over-http"), ("on", "not-signed"), ("on", "not-there")),
            *(("on", "named"), ("on", "server-unknown"), ("unknown", "server-elsewhere")),
        )
    ),
    LoaderSilent(
        name="grubx64.efi",
        architecture="x64 UEFI",
        uefi=True,
        secure_boot="unknown",
        why_not="",
        rounds=1,
    ),
    ScriptUnreached(url="", rounds=1),
    IpxeWithoutHttp(lacking="HTTP", loader="undionly.kpxe"),
    IpxeWithoutHttp(lacking="HTTP", loader=""),
    ScriptUnreached(url="http://192.0.2.1:8090/ipxe/x", rounds=1),
    ScriptUnreached(url="http://192.0.2.1:8090/ipxe/x", rounds=2),
    ScriptWasRefused(why="not in the registry"),
    ImagesUnasked(),
    ImageNotFetched(part="kernel", source="http://a/linux", why="answered 404 Not Found", times=1),
    ImageNotFetched(part="kernel", source="linux", why="no such file", times=3),
    ImageWrong(part="kernel", source="http://a/linux", by="its 'sha256'"),
    ImageStalled(part="kernel", source="http://a/linux", seconds=70.0),
    ImageStalled(part="kernel", source="", seconds=70.0),
    *(KernelUnstarted(secure_boot=s) for s in ("on", "off", "unknown")),
    InstallerSilent(base_url="http://boot.internal:8090", rounds=1),
    InstallerSilent(base_url="http://boot.internal:8090", rounds=2),
    TokenWrong(path="/template/preseed/web01/***", peer="192.0.2.50"),
    TokenWrong(path="/done/web01/***", peer=""),
    TemplateNotGiven(name="preseed", why="preseed.j2:3:1: 'x' is undefined"),
    InstallerSlow(name="preseed", seconds=4000.0, longest=900.0, builds=7),
    InstallerSlow(name="", seconds=8000.0, longest=0.0, builds=0),
    *(
        Loop(stage=s, rounds=4, seconds=900.0)
        for s in ("confirmed", "script", "images", "kernel", "installer", "x")
    ),
]


def in_words(what: Finding) -> str:
    """Write a finding and its words, a line each."""
    found = said(what)
    steps = [f"    - {each}" for each in found.steps]
    certain = [f"    ? {found.certain_by}"] if found.certain_by else []
    return "\n".join([repr(what), f"    {found.sentence}", *steps, *certain, ""])


def test_are_as_they_were_read() -> None:
    words = "\n".join(map(in_words, ALL))
    if os.environ.get("REWRITE"):
        WORDS.write_text(words, encoding="utf-8")

    assert words == WORDS.read_text(encoding="utf-8")


def test_no_finding_is_without_a_line_in_the_table() -> None:
    assert {type(each) for each in ALL} == set(BY_CODE.values())


def test_a_finding_without_words_is_a_mistake_of_ours() -> None:
    with pytest.raises(NotImplementedError):
        said(Finding())


@pytest.mark.parametrize("what", ALL, ids=lambda what: what.code)
def test_each_that_is_stuck_has_something_to_do_and_ends_as_a_sentence(what: Finding) -> None:
    found = said(what)

    assert found.sentence.endswith((".", "?"))
    assert not found.sentence.endswith(("..", "?."))
    assert found.steps or what.standing == "waiting"


def test_commands_name_the_machine_that_they_are_for() -> None:
    words = Said("It.", ("then: pyxie done HOST", "HOSTNAME stays"))

    assert words.of("web01").steps == ("then: pyxie done web01", "HOSTNAME stays")
    assert words.of(None) is words


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "0 s"), (119.0, "119 s"), (120.0, "2 min"), (7199.0, "2 h"), (7800.0, "2 h 10 min")],
)
def test_a_span_is_told_as_people_tell_it(seconds: float, told: str) -> None:
    assert span(seconds) == told
