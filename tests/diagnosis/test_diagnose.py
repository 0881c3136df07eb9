"""What is found of a machine in every situation, and by which events; and before it is time to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyxie.bootapi.memory import Nothing
from pyxie.builds.durations import Pace
from pyxie.builds.life import State
from pyxie.dhcp.sightings import Sighting
from pyxie.diagnosis import patience
from pyxie.diagnosis.diagnose import diagnose
from pyxie.diagnosis.english import said
from pyxie.diagnosis.finding import Diagnosis, Standing
from pyxie.diagnosis.findings import Waiting
from pyxie.diagnosis.situation import Near, Server, Service
from pyxie.errors import Problem
from pyxie.events import datagrams, kinds
from pyxie.events.kind import BY_CODE, Kind
from pyxie.recognition.recognise import (
    Ambiguous,
    Broken,
    Contested,
    Policy,
    Unknown,
    Unreadable,
)
from tests.diagnosis.situations import (
    BEGUN,
    BOOTED,
    HOST,
    MAC,
    SERVICE,
    fetching,
    found,
    heard,
    known,
    offered,
    script_offered,
    sent,
    situation,
)

Heard = tuple[float, Kind]

PROBLEM = Problem(Path("machines/web01.yaml"), 3, 9, "kernel", "unknown key")
THEIRS = Server("192.0.2.3", leases=True, vendor="PXEClient", file="pxelinux.0")
LEASES = Server("192.0.2.3", leases=True)
OFFERED = ((30.0, offered()),)
CONFIRMED = (*OFFERED, (33.0, offered(port=4011)))
LOADED = (*CONFIRMED, (35.0, sent()))
IN_IPXE = (*LOADED, (40.0, script_offered()))
SCRIPTED = (*IN_IPXE, (42.0, kinds.ScriptSent()))
FETCHING = (*SCRIPTED, (43.0, fetching()))
FETCHED = BOOTED[:-1]
PRESEEDED = (*BOOTED, (100.0, kinds.TemplateFetched(name="preseed")))
FAILED = kinds.ImageFailed(part="kernel", source="http://a/linux", why="answered 404 Not Found")
REFUSED = kinds.TokenRefused(path="/template/preseed/web01/***")
TOOK = datagrams.TookElsewhere(
    server="192.0.2.3",
    siaddr="192.0.2.9",
    file="",
    vendor_class="PXEClient",
    tftp_server="192.0.2.9",
    bootfile="pxelinux.0",
)
RIVAL = datagrams.RivalOffered(
    server="192.0.2.4",
    siaddr="0.0.0.0",
    file="",
    vendor_class="PXEClient",
)
SENT_ON = datagrams.SentOn(why="installed", client="PXE", architecture="BIOS", port=67)
GRUB = kinds.GrubConfigured(secure_boot=True)
SILENT = datagrams.NotAnswered(reason="not-in-build", detail="installed")
ONWARDS = datagrams.SentOn(why="installed", client="PXE", architecture="x64 UEFI", port=67)


def silence(reason: str) -> Kind:
    return datagrams.NotAnswered(reason=reason, detail="as it is")


def fell_silent(block: int = 1, blksize: int = 1468) -> datagrams.TimedOutOverTftp:
    return datagrams.TimedOutOverTftp(
        name="ipxe.efi", received=0, total=66_000, block=block, blksize=blksize
    )


def aborted(error: int) -> Kind:
    return datagrams.AbortedByClient(
        name="x/ipxe.efi", received=0, total=66_000, message="stop", error=error
    )


def again(*what: Heard, times: int, every: float = 100.0) -> tuple[Heard, ...]:
    """Return boots that go the same way."""
    return tuple((at + every * each, kind) for each in range(times) for at, kind in what)


@dataclass(frozen=True)
class Case:
    """A situation, and what is found of it.

    Attributes:
        code: That.
        at: How many seconds after the build began.
        what: Was heard.
        more: Is known besides.
        by: The codes of the events that it rests on.
        data: Some of its facts.
    """

    code: str
    at: float
    what: tuple[Heard, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)


def who(client: Any, **more: Any) -> dict[str, Any]:
    return {"client": client, **more}


STUCK = {
    "DHCP is switched off": Case("dhcp-off", 10, more={"service": replace(SERVICE, dhcp="off")}),
    "only watching, and nothing heard": Case(
        "observing", 10, more={"service": replace(SERVICE, dhcp="observe")}
    ),
    "only watching": Case(
        "observing",
        10,
        ((5.0, offered(observed=True)),),
        {"service": replace(SERVICE, dhcp="observe")},
        by=("dhcp.offer",),
    ),
    "no address to answer from": Case("no-interface", 10, more={"service": Service()}),
    "the disk of the image store is full": Case(
        "disk-full",
        60,
        (*SCRIPTED, (43.0, replace(FAILED, why="the disk is full"))),
        by=("image.failed",),
    ),
    "the disk of the state is full, while it fetches": Case(
        "disk-full",
        60,
        FETCHING,
        {"service": replace(SERVICE, disk=("the state cannot be written",))},
        by=("image.fetching",),
        data={"problems": ("the state cannot be written",)},
    ),
    "the clock is years behind": Case(
        "clock-wrong", 0, more={"service": replace(SERVICE, made=BEGUN + 100)}
    ),
    "the clock was set back": Case(
        "clock-wrong", 0, ((90.0, offered()),), by=("dhcp.offer",), data={"how": "back"}
    ),
    "a certificate is not valid yet": Case(
        "clock-wrong",
        60,
        (*SCRIPTED, (43.0, replace(FAILED, why="its certificate is not yet valid"))),
        by=("image.failed",),
        data={"how": "certificate"},
    ),
    "no file has its MAC": Case(
        "unknown-machine",
        60,
        ((5.0, silence("unknown-machine")),),
        who(Unknown(Policy.IGNORE), near=(Near("web02", "00:25:90:12:34:57", "board"),)),
        by=("dhcp.silence",),
        data={"seen": True},
    ),
    "no file has its MAC, and nothing of it was heard": Case(
        "unknown-machine", 60, (), who(Unknown(Policy.IGNORE), events=(), macs=())
    ),
    "its file has a mistake": Case(
        "file-broken",
        60,
        (),
        who(Broken(), problems=(PROBLEM,)),
        data={"problems": ("machines/web01.yaml:3:9: kernel: unknown key",)},
    ),
    "its file has a mistake by now, and it is not in build mode": Case(
        "file-broken", 60, (), who(known(None), problems=(PROBLEM,))
    ),
    "a file cannot be read": Case("files-unreadable", 60, (), who(Unreadable())),
    "several files fit it": Case("ambiguous", 60, (), who(Ambiguous("web02"))),
    "another card has its build": Case(
        "contested", 60, (), who(Contested("web02", "00:25:90:00:00:02"))
    ),
    "its installer failed": Case(
        "build-failed",
        900,
        ((800.0, kinds.BuildChanged(build=7, state="failed", cause="failed")),),
        who(known(State.FAILED, reason="no disk")),
        by=("build.changed",),
        data={"reason": "no disk"},
    ),
    "it is installed, and asks again and again": Case(
        "still-netbooting",
        1200,
        tuple((900.0 + 60 * each, SILENT) for each in range(4)),
        who(known(State.INSTALLED, changed=BEGUN + 850)),
        by=("dhcp.silence",) * 3,
        data={"asks": 4, "seconds": 180.0},
    ),
    "it is installed, and sent on in vain, each time by two of its boot options": Case(
        "still-netbooting",
        1200,
        tuple((900.0 + each, ONWARDS) for each in (0, 5, 60, 65, 120, 125)),
        who(known(State.INSTALLED, changed=BEGUN + 850)),
        by=("dhcp.onwards",) * 3,
        data={"asks": 3, "seconds": 120.0},
    ),
    "nothing was heard of it": Case(
        "never-seen",
        patience.POWER_ON,
        more={"service": replace(SERVICE, heard=BEGUN + 5)},
        by=("build.changed",),
        data={"virtual": "", "others": True, "seconds": 300.0},
    ),
    "nothing was heard of a virtual machine": Case(
        "never-seen",
        patience.POWER_ON_VM,
        more={"macs": ("bc:24:11:12:34:56",)},
        by=("build.changed",),
        data={"virtual": "Proxmox VE", "others": False},
    ),
    "it asks for an address only": Case(
        "plain-dhcp", 60, more={"sightings": (Sighting(plain=BEGUN + 50), Sighting())}
    ),
    "there is no loader for it": Case(
        "not-answered",
        60,
        ((30.0, silence("no-loader")),),
        by=("dhcp.silence",),
        data={"reason": "no-loader", "detail": "as it is"},
    ),
    "it is one of too many": Case(
        "limit-hit", 60, ((30.0, silence("crowded")),), by=("dhcp.silence",)
    ),
    "it asks more than its share": Case(
        "limit-hit",
        60,
        OFFERED,
        {"sightings": (Sighting(limited=BEGUN + 31),)},
        by=("dhcp.offer",),
        data={"limit": "limits.dhcp_per_mac"},
    ),
    "the answer cannot be sent": Case(
        "answer-unsent",
        60,
        ((30.0, datagrams.AnswerNotSent(to="192.0.2.9", error="No route to host")),),
        by=("dhcp.unsent",),
    ),
    "it took another server's offer": Case(
        "other-offer",
        90,
        OFFERED,
        {"servers": (THEIRS,), "took": THEIRS.address},
        by=("dhcp.offer",),
        data={"server": asdict(THEIRS)},
    ),
    "it took another server's offer, and said so": Case(
        "other-offer",
        90,
        (*OFFERED, (34.0, TOOK)),
        by=("dhcp.offer", "dhcp.elsewhere"),
        data={
            "server": asdict(
                Server(
                    *("192.0.2.3", True, "PXEClient", "192.0.2.9", "pxelinux.0", "192.0.2.9"),
                    BEGUN + 34,
                )
            )
        },
    ),
    "its iPXE took another server's offer": Case(
        "other-offer",
        90,
        (*IN_IPXE, (41.0, replace(TOOK, siaddr="0.0.0.0"))),
        by=("dhcp.offer", "dhcp.elsewhere"),
    ),
    "another PXE server has offered it something": Case(
        "two-servers",
        90,
        (*OFFERED, (31.0, RIVAL)),
        by=("dhcp.offer", "dhcp.rival"),
        data={"servers": (asdict(Server("192.0.2.4", vendor="PXEClient", last=BEGUN + 31)),)},
    ),
    "there are two that say what to boot": Case(
        "two-servers", 90, OFFERED, {"servers": (THEIRS,)}, by=("dhcp.offer",)
    ),
    "it asks the same again and again": Case(
        "answer-lost",
        90,
        OFFERED,
        {
            "servers": (LEASES,),
            "sightings": (Sighting(offers=5, first=BEGUN + 30, last=BEGUN + 60),),
        },
        by=("dhcp.offer",),
        data={"times": 5, "seconds": 30.0, "leases": True},
    ),
    "it took an address, and does not ask on port 4011": Case(
        "port-4011",
        90,
        OFFERED,
        {"servers": (LEASES,), "took": LEASES.address},
        by=("dhcp.offer",),
    ),
    "it takes no notice of the offer": Case(
        "offer-unused", 90, OFFERED, by=("dhcp.offer",), data={"what": "ipxe.efi"}
    ),
    "a BIOS took an address, and does not fetch its loader": Case(
        "offer-unused",
        90,
        ((30.0, offered("undionly.kpxe", uefi=False)),),
        {"servers": (LEASES,), "took": LEASES.address},
        by=("dhcp.offer",),
    ),
    "it asks on port 4011, and for no file": Case(
        "tftp-unreached", 90, CONFIRMED, by=("dhcp.offer", "dhcp.offer")
    ),
    "its loader is not there": Case(
        "loader-missing",
        50,
        (*CONFIRMED, (35.0, datagrams.MissingOverTftp(name="x/a.efi", why="no such file"))),
        by=("tftp.missing",),
    ),
    "TFTP refuses it": Case(
        "loader-missing",
        50,
        (*CONFIRMED, (35.0, datagrams.RefusedOverTftp(name="a", why="not here", error=2))),
        by=("tftp.refused",),
    ),
    "TFTP has too many transfers": Case(
        "limit-hit",
        50,
        (
            *CONFIRMED,
            (35.0, datagrams.RefusedOverTftp(name="a", why="too many transfers", error=0)),
        ),
        by=("tftp.refused",),
        data={"limit": "tftp"},
    ),
    "its kernel breaks off, to GRUB": Case(
        "loader-broken-off",
        50,
        (*CONFIRMED, (36.5, GRUB), (38.0, replace(fell_silent(7), name="kernel"))),
        by=("tftp.timeout",),
        data={"name": "kernel"},
    ),
    "its blocks are too long": Case(
        "loader-broken-off",
        50,
        (*CONFIRMED, (35.0, fell_silent())),
        by=("tftp.timeout",),
        data={"blksize": 1468},
    ),
    "it fell silent later": Case(
        "loader-broken-off",
        50,
        (*CONFIRMED, (35.0, fell_silent(block=7))),
        by=("tftp.timeout",),
        data={"blksize": 0},
    ),
    "the transfer was ended": Case(
        "loader-broken-off",
        50,
        (
            *CONFIRMED,
            (35.0, datagrams.BrokenOff(name="a", received=1, total=2, why="as it is")),
        ),
        by=("tftp.broken",),
        data={"why": "as it is"},
    ),
    "it ended the transfer": Case(
        "loader-broken-off", 50, (*CONFIRMED, (35.0, aborted(0))), by=("tftp.aborted",)
    ),
    "it asked for the size, and then for nothing": Case(
        "loader-silent",
        96,
        (*CONFIRMED, (35.0, aborted(8))),
        by=("dhcp.offer", "tftp.aborted"),
        data={"name": "ipxe.efi"},
    ),
    "its loader does not start": Case(
        "loader-silent",
        96,
        LOADED,
        {"secure_boot": "on"},
        by=("dhcp.offer", "tftp.sent"),
        data={"name": "ipxe.efi", "uefi": True, "secure_boot": "on", "rounds": 1},
    ),
    "its loader does not start, and no signed one was handed out": Case(
        "loader-silent",
        96,
        ((30.0, offered(why_not="signed-ipxe: not-there, grub: server-unknown")), (35.0, sent())),
        by=("dhcp.offer", "tftp.sent"),
        data={"why_not": "server-unknown"},
    ),
    "its loader does not start, time and again": Case(
        "loader-silent",
        300,
        again(*LOADED, times=3, every=70.0),
        by=("dhcp.offer", "tftp.sent"),
        data={"rounds": 3},
    ),
    "its loader does not start, after one that did": Case(
        "loader-silent",
        300,
        (*IN_IPXE, *again(*LOADED, times=1, every=0.0), *((at + 100, what) for at, what in LOADED)),
        by=("dhcp.offer", "tftp.sent"),
        data={"rounds": 2},
    ),
    "a loader that somebody else named is all that it fetched": Case(
        "loader-silent",
        96,
        ((30.0, datagrams.MissingOverTftp(name="a", why="no")), (35.0, sent("undionly.kpxe"))),
        by=("tftp.sent",),
        data={"uefi": False, "architecture": ""},
    ),
    "a loader over HTTP does not start": Case(
        "loader-silent",
        96,
        ((30.0, offered(f"{MAC}", "HTTP")), (35.0, kinds.LoaderOverHttp(name="ipxe.efi"))),
        by=("dhcp.offer", "http.sent"),
    ),
    "the better iPXE does not start": Case(
        "ipxe-without-http",
        90,
        (
            (30.0, offered("undionly.kpxe", "iPXE", uefi=False, lacking="HTTP")),
            (32.0, sent("undionly.kpxe")),
            (62.0, script_offered("HTTP")),
        ),
        by=("dhcp.offer", "dhcp.offer"),
        data={"lacking": "HTTP", "loader": "undionly.kpxe"},
    ),
    "there is no better iPXE": Case(
        "ipxe-without-http",
        90,
        ((30.0, script_offered("HTTP")),),
        by=("dhcp.offer",),
        data={"lacking": "HTTP", "loader": ""},
    ),
    "iPXE does not fetch its script": Case(
        "script-unreached", 90, IN_IPXE, by=("dhcp.offer",), data={"rounds": 1}
    ),
    "there is no script for it": Case(
        "script-refused",
        50,
        (*IN_IPXE, (42.0, kinds.ScriptRefused(machine=HOST, why="in a file with mistakes"))),
        by=("script.refused",),
        data={"why": "in a file with mistakes"},
    ),
    "its script cannot be made": Case(
        "script-refused",
        50,
        (*IN_IPXE, (42.0, kinds.ScriptFailed(why="config.yaml:3:1: no"))),
        by=("script.failed",),
    ),
    "the boot API does not answer": Case(
        "script-refused",
        50,
        (*IN_IPXE, (42.0, kinds.BootApiSilent(why="answers 503"))),
        by=("bootapi.silent",),
        data={"why": "the boot API answers 503"},
    ),
    "it fetches no kernel": Case("images-unasked", 90, SCRIPTED, by=("script.sent",)),
    "its kernel cannot be had": Case(
        "image-failed",
        50,
        (*SCRIPTED, (43.0, FAILED), (48.0, FAILED)),
        by=("image.failed",),
        data={"source": "http://a/linux", "why": "answered 404 Not Found", "times": 2},
    ),
    "its kernel is another": Case(
        "image-wrong",
        50,
        (
            *FETCHING,
            (
                45.0,
                kinds.ImageMismatch(
                    part="kernel", source="linux", wanted="a", found="b", by="its 'sha256'"
                ),
            ),
        ),
        by=("image.mismatch",),
    ),
    "its server is silent": Case(
        "image-stalled",
        400,
        (*SCRIPTED, (43.0, kinds.ImageWaiting(part="kernel", source="http://a/b", seconds=300.0))),
        by=("image.waiting",),
    ),
    "its kernel does not come on": Case(
        "image-stalled",
        120,
        FETCHING,
        {"moving": heard((50.0, kinds.ImageProgress(part="kernel", sent=1, total=9)))[1]},
        by=("image.fetching", "image.progress"),
        data={"part": "kernel"},
    ),
    "all is there, and it is not started": Case(
        "kernel-unstarted", 110, FETCHED, by=("image.fetching",)
    ),
    "it looks for something, and that is all": Case(
        "kernel-unstarted",
        110,
        (*SCRIPTED, (43.0, kinds.ImageAbsent(part="a beside kernel"))),
        by=("image.absent",),
    ),
    "its installer fetches nothing": Case(
        "installer-silent",
        48 + patience.KERNEL,
        BOOTED,
        by=("boot.kernel",),
        data={"base_url": "http://192.0.2.1:8090"},
    ),
    "its token is wrong": Case(
        "token-wrong",
        100,
        (*BOOTED, (90.0, REFUSED)),
        by=("token.refused",),
        data={"path": "/template/preseed/web01/***", "peer": "192.0.2.50"},
    ),
    "its preseed cannot be made": Case(
        "template-failed",
        110,
        (*BOOTED, (100.0, kinds.TemplateFailed(name="preseed", why="p.j2:1:1: no"))),
        by=("template.failed",),
    ),
    "its answer file is refused": Case(
        "template-failed",
        110,
        (*BOOTED, (100.0, kinds.AnswerRefused(why="no such machine"))),
        by=("answer.refused",),
        data={"name": "answer"},
    ),
    "it takes longer than builds of its system did": Case(
        "installer-slow",
        48 + 900,
        PRESEEDED,
        {"pace": Pace(7, 600.0)},
        by=("boot.kernel", "template.sent"),
        data={"name": "preseed", "seconds": 900.0, "longest": 600.0, "builds": 7},
    ),
    "it takes two hours, and nobody knows better": Case(
        "installer-slow",
        48 + 7200,
        BOOTED,
        {"templates": False},
        by=("boot.kernel", "boot.kernel"),
        data={"name": "", "builds": 0},
    ),
    "it installs again and again": Case(
        "loop",
        500,
        again(*PRESEEDED, times=4),
        by=("template.sent",) * 3,
        data={"stage": "installer", "rounds": 4, "seconds": 300.0},
    ),
    "its kernel starts again and again": Case(
        "loop", 320, again(*BOOTED, times=3), by=("boot.kernel",) * 3, data={"stage": "kernel"}
    ),
}


@pytest.mark.parametrize("case", STUCK.values(), ids=STUCK)
def test_a_machine_that_does_not_go_on_is_told_why(case: Case) -> None:
    told = found(case.at, *case.what, **case.more)

    assert (told.code, told.standing) == (case.code, Standing.STUCK)
    assert tuple(each.code for each in told.evidence) == case.by
    assert told.data == told.data | case.data


WAITS = {
    "discover": Case("discover", 200, by=("build.changed",)),
    "offer": Case("offer", 50, OFFERED, by=("dhcp.offer",)),
    "confirmed": Case("confirmed", 40, CONFIRMED, by=("dhcp.offer", "dhcp.offer")),
    "confirmed, and a transfer is under way": Case(
        "confirmed",
        60,
        CONFIRMED,
        {"moving": heard((55.0, datagrams.TftpProgress(name="a", received=1, total=2)))[1]},
        by=("dhcp.offer", "dhcp.offer"),
    ),
    "loader": Case("loader", 90, LOADED, by=("dhcp.offer", "tftp.sent")),
    "loader, and another file of its": Case(
        "loader",
        90,
        (*LOADED, (36.0, datagrams.MissingOverTftp(name="grub/x.lst", why="no such file"))),
        by=("dhcp.offer", "tftp.sent"),
    ),
    "loader, at the second try": Case(
        "loader",
        90,
        (*CONFIRMED, (34.0, fell_silent()), (35.0, sent())),
        by=("dhcp.offer", "tftp.sent"),
    ),
    "ipxe": Case("ipxe", 80, IN_IPXE, by=("dhcp.offer",)),
    "script": Case("script", 60, SCRIPTED, by=("script.sent",)),
    "upstream": Case(
        "upstream",
        200,
        (*SCRIPTED, (43.0, kinds.ImageWaiting(part="kernel", source="http://a/b", seconds=300.0))),
        by=("image.waiting",),
    ),
    "image": Case(
        "image",
        100,
        FETCHING,
        {"moving": heard((50.0, kinds.ImageProgress(part="kernel", sent=1, total=None)))[1]},
        by=("image.fetching", "image.progress"),
    ),
    "start": Case("start", 60, FETCHED, by=("image.fetching",)),
    "start, after a failure that is over": Case(
        "start", 60, (*SCRIPTED, (43.0, FAILED), (48.0, fetching())), by=("image.fetching",)
    ),
    "start, after the last byte": Case(
        "start",
        130,
        FETCHED,
        {"moving": heard((90.0, kinds.ImageProgress(part="initrd 1", sent=9, total=9)))[1]},
        by=("image.fetching", "image.progress"),
    ),
    "kernel": Case("kernel", 200, BOOTED, by=("boot.kernel",)),
    "done": Case(
        "done", 400, PRESEEDED, {"pace": Pace(2, 300.0)}, by=("boot.kernel", "template.sent")
    ),
    "kernel, by GRUB": Case(
        "kernel",
        200,
        (
            *CONFIRMED,
            (34.0, sent("shimx64.efi")),
            (35.0, sent("grubx64.efi")),
            (35.5, datagrams.MissingOverTftp(name="grub/x86_64-efi/fs.lst", why="no such file")),
            (36.0, sent("grub.cfg")),
            (36.5, GRUB),
            (36.6, sent("on.cfg")),
            (39.0, sent("kernel")),
            (42.0, sent("initrd 1")),
            (42.5, kinds.Booting(loader="GRUB")),
            (42.6, sent("booting")),
        ),
        by=("boot.kernel",),
    ),
    "start, by GRUB": Case(
        "start",
        60,
        (*CONFIRMED, (36.5, GRUB), (39.0, sent("kernel"))),
        by=("tftp.sent",),
    ),
    "ipxe, by its own start": Case(
        "ipxe", 60, (*LOADED, (39.0, sent("x/autoexec.ipxe"))), by=("tftp.sent",)
    ),
    "done, and a token was wrong before": Case(
        "done",
        200,
        (*BOOTED, (90.0, REFUSED), (100.0, kinds.TemplateFetched(name="preseed"))),
        by=("boot.kernel", "template.sent"),
    ),
    "kernel, after it was started twice": Case(
        "kernel", 250, again(*BOOTED, times=2), by=("boot.kernel",)
    ),
}


@pytest.mark.parametrize("case", WAITS.values(), ids=WAITS)
def test_what_has_time_yet_is_waited_for(case: Case) -> None:
    told = found(case.at, *case.what, **case.more)

    assert isinstance(told.what, Waiting)
    assert told.what.step == case.code
    assert tuple(each.code for each in told.evidence) == case.by
    assert told.since is not None
    assert told.until == told.since + told.what.patience > BEGUN + case.at


WELL = {
    "nobody has begun a build": Case(
        "not-in-build-mode", 9, (), who(known(None)), data={"seen": False}
    ),
    "its build was cancelled, and it has asked": Case(
        "not-in-build-mode",
        9,
        ((5.0, SILENT),),
        who(known(State.CANCELLED)),
        by=("dhcp.silence",),
        data={"seen": True, "cancelled": True},
    ),
    "its build was cancelled, of which it had fetched its script": Case(
        "not-in-build-mode",
        60,
        SCRIPTED,
        who(known(State.CANCELLED, changed=BEGUN + 50)),
        by=("script.sent",),
        data={"seen": False, "cancelled": True},
    ),
    "its build was cancelled as it fetched its kernel, and it has asked for no more": Case(
        "not-in-build-mode",
        60,
        FETCHING,
        who(known(State.CANCELLED, changed=BEGUN + 30)),
        by=("image.fetching",),
        data={"seen": False, "cancelled": True},
    ),
    "it is installed": Case(
        "installed", 999, (), who(known(State.INSTALLED, changed=BEGUN + 900)), data={"asks": 0}
    ),
    "it is installed, and has asked at its start": Case(
        "installed",
        999,
        ((950.0, SILENT),),
        who(known(State.INSTALLED, changed=BEGUN + 900)),
        by=("dhcp.silence",),
        data={"asks": 1},
    ),
    "it is installed, and has asked at each start of many": Case(
        "installed",
        99_999,
        tuple((1000.0 + 20_000 * each, SILENT) for each in range(4)),
        who(known(State.INSTALLED, changed=BEGUN + 900)),
        by=("dhcp.silence",) * 3,
    ),
    "it is installed, and was sent on to its disk": Case(
        "installed",
        999,
        ((950.0, SENT_ON),),
        who(known(State.INSTALLED, changed=BEGUN + 900)),
        by=("dhcp.onwards",),
        data={"asks": 1},
    ),
    "it is unknown, and shows the menu": Case(
        "unknown-served",
        60,
        ((30.0, script_offered()), (32.0, kinds.MenuShown())),
        who(Unknown(Policy.MENU)),
        by=("script.menu",),
        data={"policy": "menu"},
    ),
    "it is unknown, and the boot API has nothing for it yet": Case(
        "unknown-served",
        60,
        (),
        who(Unknown(Policy.DISCOVER, "", Nothing("is slow"), asks_api=True), macs=(), events=()),
    ),
}


@pytest.mark.parametrize("case", WELL.values(), ids=WELL)
def test_what_is_left_alone_on_purpose_is_well(case: Case) -> None:
    told = found(case.at, *case.what, **case.more)

    assert (told.code, told.standing) == (case.code, Standing.WELL)
    assert tuple(each.code for each in told.evidence) == case.by
    assert told.data == told.data | case.data


def test_a_file_that_does_not_come_after_another_minute_either_is_the_same_trouble() -> None:
    """The script of pyxie asks for itself once more then, in the same boot."""
    told = found(110, *SCRIPTED, (43.0, FAILED), (103.0, kinds.ScriptSent()), (104.0, FAILED))

    assert (told.code, told.since, told.data["times"]) == ("image-failed", BEGUN + 43, 2)


def test_between_two_tries_it_stands_still_all_the_same() -> None:
    told = found(103, *SCRIPTED, (43.0, FAILED), (103.0, kinds.ScriptSent()))

    assert (told.code, told.since) == ("image-failed", BEGUN + 43)


def test_a_script_that_is_refused_after_a_file_has_failed_is_told_of() -> None:
    told = found(110, *SCRIPTED, (43.0, FAILED), (103.0, kinds.ScriptFailed(why="no")))

    assert (told.code, told.since) == ("script-refused", BEGUN + 103)


def test_a_script_that_fails_again_and_again_does_so_since_the_first_time() -> None:
    failed = kinds.ScriptFailed(why="no")
    told = found(110, *IN_IPXE, (42.0, failed), (72.0, failed), (102.0, failed))
    other = found(110, *IN_IPXE, (42.0, kinds.ScriptFailed(why="x")), (72.0, failed))

    assert (told.since, other.since) == (BEGUN + 42, BEGUN + 72)


def test_an_unknown_machine_that_is_served_and_does_not_go_on_is_told_why() -> None:
    told = found(90, *OFFERED, **who(Unknown(Policy.MENU)))

    assert told.code == "offer-unused"


def test_an_unknown_machine_that_is_served_is_to_be_looked_at_again() -> None:
    told = found(31, *OFFERED, **who(Unknown(Policy.MENU)))

    assert (told.code, told.until) == ("unknown-served", BEGUN + OFFERED[-1][0] + patience.OFFER)


def test_a_machine_that_is_booted_by_hand_is_looked_at_like_one_in_build_mode() -> None:
    told = found(90, *OFFERED, client=known(None), by_hand=True)

    assert told.code == "offer-unused"


@pytest.mark.parametrize("what", [silence("not-in-build"), offered(observed=True)])
def test_a_machine_of_which_only_what_counts_no_more_is_known_is_waited_for(what: Kind) -> None:
    """What was said before its build began, or while pyxie only watched, is nothing."""
    told = found(90, (30.0, what))

    assert told.what == Waiting(step="discover", seconds=0.0, patience=0.0)


def test_a_server_that_is_not_known_to_be_in_the_way_is_not_named() -> None:
    told = found(90, *OFFERED, servers=(THEIRS,), took="192.0.2.77")

    assert told.code == "two-servers"


def test_what_came_before_the_build_began_does_not_count() -> None:
    earlier = heard(*((at - 900, kind) for at, kind in BOOTED), begins=False)
    begun = heard((30.0, offered()))

    told = diagnose(situation(35, events=earlier + begun))
    without = diagnose(situation(35, events=earlier + begun[1:]))

    assert told == without == replace(told, what=Waiting(step="offer", seconds=5.0, patience=30.0))


class TestForAnyTrace:
    """Whatever was heard, in any order and at any time, there is a diagnosis in words."""

    @staticmethod
    @cache
    def kinds() -> st.SearchStrategy[Kind]:
        text = st.sampled_from(["", "kernel", "no-loader", "x64 UEFI", "iPXE", "failed", "pending"])
        number = st.integers(0, 9)
        of: dict[str, st.SearchStrategy[Any]] = {
            "str": text,
            "str | None": st.none() | text,
            "int": number,
            "int | None": st.none() | number,
            "float": number.map(float),
            "bool": st.booleans(),
            "Mapping[str, str]": st.just({}),
        }
        return st.one_of(
            *(
                st.builds(kind, **{each.name: of[str(each.type)] for each in fields(kind)})  # type: ignore[arg-type]  # a dataclass
                for code, kind in BY_CODE.items()
                if not code.startswith("test.")
            )
        )

    @settings(max_examples=100, deadline=None)
    @given(st.data())
    def test_there_is_a_diagnosis(self, data: st.DataObject) -> None:
        when = st.floats(-1e4, 1e4)
        kind = self.kinds()
        happened = data.draw(st.lists(st.tuples(when, kind), max_size=12))
        states = st.none() | st.sampled_from(list(State))
        client = data.draw(
            st.one_of(
                states.map(known),
                st.sampled_from([*Policy]).map(Unknown),
                st.sampled_from([Broken(), Unreadable(), Ambiguous("a"), Contested("a", MAC)]),
            )
        )
        moving = data.draw(st.none() | st.tuples(when, kind))

        told = found(
            data.draw(when),
            *happened,
            client=client,
            by_hand=data.draw(st.booleans()),
            moving=heard(moving)[1] if moving else None,
            servers=(THEIRS, LEASES)[: data.draw(st.integers(0, 2))],
            took=data.draw(st.sampled_from(["", THEIRS.address])),
            sightings=(Sighting(plain=data.draw(st.none() | when), offers=4),),
            pace=data.draw(st.none() | st.just(Pace(1, 10.0))),
        )

        assert isinstance(told, Diagnosis)
        assert said(told.what).sentence


def test_a_machine_that_has_no_system_is_in_want_of_one_before_a_build() -> None:
    idle = found(60.0, client=known(None), system=False)

    assert (idle.code, idle.standing) == ("no-system", "waiting")
    assert found(60.0, client=known(None)).code == "not-in-build-mode"
