"""One exact sentence for each kind of event, and more where a kind has several."""

from __future__ import annotations

import pytest

from pyxie.events import datagrams, kinds
from pyxie.events.english import amount, sentence
from pyxie.events.kind import BY_CODE, Kind

URL = "http://192.0.2.1/ipxe/52-54-00-12-34-56"


def offered(
    what: str = URL,
    client: str = "iPXE",
    lacking: str = "",
    *,
    script: bool = True,
    port: int = 67,
    observed: bool = False,
    late: float = 0.0,
    lane: str = "",
) -> Kind:
    return datagrams.Offered(
        what=what,
        script=script,
        client=client,
        lacking=lacking,
        architecture="BIOS",
        port=port,
        observed=observed,
        late=late,
        lane=lane,
    )


def silent(block: int, blksize: int = 512, network: str = "") -> Kind:
    return datagrams.TimedOutOverTftp(
        name="a.efi", received=1468, total=66_000, block=block, blksize=blksize, network=network
    )


def changed(state: str, cause: str = "", reason: str = "", *, again: bool = False) -> Kind:
    return kinds.BuildChanged(build=7, state=state, cause=cause, reason=reason, again=again)


SAID = [
    (
        offered("undionly.kpxe", "PXE", script=False),
        "offered: undionly.kpxe for a PXE client (BIOS)",
    ),
    (
        offered("undionly.kpxe", "PXE", script=False, port=4011),
        "confirmed on port 4011: undionly.kpxe for a PXE client (BIOS)",
    ),
    (
        offered("http://192.0.2.1/a.efi", "HTTP", script=False),
        "offered: http://192.0.2.1/a.efi for an HTTP boot client (BIOS)",
    ),
    (
        offered("undionly.kpxe", lacking="HTTP", script=False),
        "offered: undionly.kpxe for an iPXE without HTTP (BIOS)",
    ),
    (
        offered("shimx64.efi", "PXE", script=False, lane="grub"),
        "offered: shimx64.efi for a PXE client (BIOS), which goes on to a signed GRUB",
    ),
    (
        offered("shimx64.efi", "PXE", script=False, lane="signed-ipxe"),
        "offered: shimx64.efi for a PXE client (BIOS), which goes on to a signed iPXE",
    ),
    (
        offered("shimx64.efi", "PXE", script=False, lane="own"),
        "offered: shimx64.efi for a PXE client (BIOS), which goes on to its system's own GRUB",
    ),
    (
        offered("ipxe.efi", "PXE", script=False, lane="ipxe"),
        "offered: ipxe.efi for a PXE client (BIOS)",
    ),
    (offered(), f"offered: {URL} for iPXE (BIOS)"),
    (
        offered(lacking="HTTP"),
        f"offered: {URL} for iPXE without HTTP, for which there is no better loader (BIOS)",
    ),
    (
        offered(observed=True),
        f"observing only, else would have offered: {URL} for iPXE (BIOS)",
    ),
    (offered(late=1.62), f"offered: {URL} for iPXE (BIOS), 1.6 s after it asked"),
    (
        datagrams.TookElsewhere(
            server="192.0.2.1",
            siaddr="192.0.2.2",
            file="pxelinux.0",
            vendor_class="PXEClient",
            tftp_server="tftp",
            bootfile="grub.efi",
        ),
        (
            "took the address of the DHCP server 192.0.2.1, which has something to boot of its own:"
            " option 60 'PXEClient', option 66 'tftp', option 67 'grub.efi', boot file"
            " 'pxelinux.0', next-server 192.0.2.2"
        ),
    ),
    (
        datagrams.TookElsewhere(
            server="192.0.2.1",
            siaddr="0.0.0.0",
            file="pxelinux.0",
            vendor_class="",
            tftp_server="",
            bootfile="",
        ),
        (
            "took the address of the DHCP server 192.0.2.1, which has something to boot of its own:"
            " boot file 'pxelinux.0'"
        ),
    ),
    (
        datagrams.RivalOffered(
            server="192.0.2.3", siaddr="192.0.2.3", file="a.efi", vendor_class="PXEClient"
        ),
        "another PXE server, 192.0.2.3, offered it to fetch 'a.efi' of 192.0.2.3, too",
    ),
    (
        datagrams.RivalOffered(
            server="192.0.2.3",
            siaddr="0.0.0.0",
            file="",
            vendor_class="PXEClient",
        ),
        "another PXE server, 192.0.2.3, offered it to boot, too",
    ),
    (
        datagrams.SentOn(why="installed", client="PXE", architecture="BIOS", port=67),
        "sent on to its next boot device: installed (PXE, BIOS)",
    ),
    (
        datagrams.SentOn(
            why="installed",
            client="PXE",
            architecture="x64 UEFI",
            port=4011,
            observed=True,
            late=1.2,
        ),
        (
            "observing only, else would have been sent on to its next boot device on port 4011:"
            " installed (PXE, x64 UEFI), 1.2 s after it asked"
        ),
    ),
    (datagrams.NotAnswered(reason="not-in-build", detail="installed"), "not answered: installed"),
    (
        datagrams.AnswerNotSent(to="192.0.2.9", error="No route to host"),
        "the answer could not be sent to 192.0.2.9: No route to host",
    ),
    (
        datagrams.SentOverTftp(name="a.efi", size=66_000, seconds=0.123),
        "sent a.efi, 66 kB, over TFTP in 0.1 s",
    ),
    (
        datagrams.SentOverTftp(name="a.efi", size=66_000, seconds=0.123, resent=1, confirmed=False),
        (
            "sent a.efi, 66 kB, over TFTP in 0.1 s, with 1 resending; the last block was not"
            " acknowledged"
        ),
    ),
    (
        datagrams.SentOverTftp(name="a.efi", size=66_000, seconds=0.123, resent=2),
        "sent a.efi, 66 kB, over TFTP in 0.1 s, with 2 resendings",
    ),
    (
        datagrams.TftpProgress(name="a.efi", received=1_200_000, total=2_000_000),
        "a.efi over TFTP: 1.2 MB of 2.0 MB",
    ),
    (
        datagrams.AbortedByClient(name="a.efi", received=0, total=1, message="disk full", error=3),
        "a.efi over TFTP: the client broke off after 0 bytes of 1 byte: disk full (error 3)",
    ),
    (
        datagrams.AbortedByClient(
            name="a.efi", received=0, total=1, message="Aborted", error=0, network="Down"
        ),
        (
            "a.efi over TFTP: the client broke off after 0 bytes of 1 byte: Aborted;"
            " the network's last error was: Down"
        ),
    ),
    (
        datagrams.BrokenOff(name="a.efi", received=0, total=1, why="the disk failed"),
        "a.efi over TFTP was broken off after 0 bytes of 1 byte: the disk failed",
    ),
    (silent(0), "a.efi over TFTP: the client did not acknowledge its options"),
    (silent(2, 1468), "a.efi over TFTP: the client fell silent after 1 kB of 66 kB"),
    (
        silent(1, network="Network is down"),
        (
            "a.efi over TFTP: the client fell silent after 1 kB of 66 kB; the network's last error"
            " was: Network is down"
        ),
    ),
    (
        silent(1, 1468),
        (
            "a.efi over TFTP: the client fell silent after 1 kB of 66 kB; if it took its options"
            " but no block, then blocks of 1468 bytes are too long for the network on the way"
        ),
    ),
    (
        datagrams.MissingOverTftp(name="autoexec.ipxe", why="no such file"),
        "TFTP: autoexec.ipxe: no such file",
    ),
    (
        datagrams.RefusedOverTftp(name="a", why="this server takes no files", error=4),
        "TFTP: a: this server takes no files",
    ),
    (kinds.LoaderOverHttp(name="a.efi"), "sent a.efi over HTTP"),
    (
        kinds.LoaderProgress(name="a.efi", sent=66_000, total=2_000_000),
        "a.efi over HTTP: 66 kB of 2.0 MB",
    ),
    (kinds.ScriptSent(), "fetched its iPXE script"),
    (kinds.MenuShown(), "is unknown, and shows the menu"),
    (kinds.AdHocScriptSent(), "fetched the iPXE script of `pyxie boot`"),
    (kinds.UnknownBooted(build_type="live"), "is unknown, and gets the build type live"),
    (kinds.BootApiScriptSent(), "fetched the iPXE script that the boot API has for it"),
    (
        kinds.ScriptRefused(machine="web01", why="installed"),
        "no script: web01 is installed",
    ),
    (
        kinds.ScriptSentOn(why="installed"),
        "fetched a script that goes on to its next boot device: installed",
    ),
    (
        kinds.ScriptFailed(why="cmdline:1: 'gone' is undefined"),
        "no script: cmdline:1: 'gone' is undefined",
    ),
    (kinds.BootApiSilent(why="answers 503"), "no script: the boot API answers 503"),
    (kinds.ImageFetching(part="kernel", total=8_123_456), "fetching kernel, 8.1 MB"),
    (
        kinds.ImageFetching(part="initrd 0", source="http://files/initrd"),
        "fetching initrd 0, streamed from http://files/initrd",
    ),
    (
        kinds.ImageFetching(part="kernel", source="http://files/linux", verified=""),
        "fetching kernel, streamed from http://files/linux, not verified",
    ),
    (
        kinds.ImageFetching(part="kernel", total=8_123_456, verified="its 'sha256'"),
        "fetching kernel, 8.1 MB, verified by its 'sha256'",
    ),
    (
        kinds.ImageMismatch(
            part="kernel", source="http://a/linux", wanted="a1b2", found="c3d4", by="'sha256'"
        ),
        (
            "kernel is not given: the SHA-256 of http://a/linux is c3d4, and should be a1b2"
            " by 'sha256'"
        ),
    ),
    (
        kinds.ImageProgress(part="initrd 0", sent=12_000_000, total=41_300_000),
        "initrd 0: 12.0 MB of 41.3 MB",
    ),
    (kinds.ImageProgress(part="kernel", sent=12_000_000, total=None), "kernel: 12.0 MB"),
    (
        kinds.ImageFailed(part="kernel", source="deb/linux", why="no such file"),
        "kernel: deb/linux: no such file",
    ),
    (
        kinds.ImageWaiting(part="kernel", source="http://192.0.2.1/linux", seconds=300.0),
        "kernel: waiting for the first byte from http://192.0.2.1/linux, for up to 300 s in all",
    ),
    (
        kinds.ImageFetching(part="kernel", source="http://192.0.2.1/linux", total=8_000_000),
        "fetching kernel, 8.0 MB, kept of http://192.0.2.1/linux",
    ),
    (
        kinds.ImageStale(
            part="kernel", source="http://192.0.2.1/linux", why="does not answer", age=180_000.0
        ),
        "kernel: a copy of 2 days ago is served: http://192.0.2.1/linux: does not answer",
    ),
    (
        kinds.ImageStale(part="kernel", source="http://192.0.2.1/linux", why="no", age=3600.0),
        "kernel: a copy of 1 hour ago is served: http://192.0.2.1/linux: no",
    ),
    (
        kinds.ImageStale(part="kernel", source="http://192.0.2.1/linux", why="no", age=1.0),
        "kernel: a copy of just now is served: http://192.0.2.1/linux: no",
    ),
    (
        kinds.ImageElsewhere(
            part="kernel", source="http://b/linux", why="http://a/linux: answered 503"
        ),
        "kernel comes from http://b/linux, for http://a/linux: answered 503",
    ),
    (
        kinds.ImageUncached(part="kernel", source="http://192.0.2.1/linux", why="the disk is full"),
        "kernel: http://192.0.2.1/linux is not kept, but streamed: the disk is full",
    ),
    (
        kinds.StoreProgress(source="http://m/linux", there=12_000_000, total=41_300_000),
        "to be kept: http://m/linux: 12.0 MB of 41.3 MB",
    ),
    (
        kinds.StoreFetched(source="http://m/linux", size=8_000_000, verified="its 'sha256'"),
        "is kept: http://m/linux, 8.0 MB, verified by its 'sha256'",
    ),
    (
        kinds.StoreFetched(source="http://m/linux", size=700, verified=""),
        "is kept: http://m/linux, 700 bytes, not verified",
    ),
    (
        kinds.StoreFailed(source="http://m/linux", why="answered 404 Not Found"),
        "is not kept: http://m/linux: answered 404 Not Found",
    ),
    (
        kinds.ImageAbsent(part="boot.cfg beside kernel"),
        "asks for boot.cfg beside kernel, which is not there",
    ),
    (kinds.Booting(), "leaves iPXE for its kernel"),
    (kinds.Booting(loader="GRUB"), "leaves GRUB for its kernel"),
    (kinds.SecureBootLearnt(state="on", by="iPXE"), "its Secure Boot is on, says its iPXE"),
    (
        kinds.SecureBootLearnt(state="unknown", by=""),
        "its firmware asks again after it was handed an iPXE: is its Secure Boot on by now?",
    ),
    (
        kinds.GrubConfigured(secure_boot=True),
        "fetched what its GRUB goes on by: Secure Boot is on, and it loads the kernel",
    ),
    (
        kinds.GrubConfigured(secure_boot=False),
        "fetched what its GRUB goes on by: Secure Boot is off, and it loads the kernel",
    ),
    (kinds.TemplateFetched(name="preseed"), "fetched preseed"),
    (
        kinds.TemplateFailed(name="finish", why="a.j2:1: 'gone' is undefined"),
        "template finish: a.j2:1: 'gone' is undefined",
    ),
    (changed("pending"), "build mode is on"),
    (changed("pending", again=True), "build mode is on, again"),
    (changed("installing", "booting"), "installing"),
    (changed("stale", "not done after 60 s"), "stale: not done after 60 s"),
    (changed("installed", "done"), "installed; pyxie is silent to it from here on"),
    (changed("failed", "failed"), "failed; pyxie is silent to it from here on"),
    (
        changed("failed", "failed: no disk", "no disk"),
        "failed: no disk; pyxie is silent to it from here on",
    ),
    (changed("cancelled", "cancel"), "cancelled"),
    (
        kinds.AnswerRefused(why="52:54:00:00:00:01 is not in build mode"),
        "no answer file: 52:54:00:00:00:01 is not in build mode",
    ),
    (
        kinds.BuildWipes(by="debian12.preseed.j2", disks="/dev/sda"),
        "will be installed by debian12.preseed.j2: all data on /dev/sda is lost",
    ),
    (
        kinds.BuildWipes(by="own.ks", disks=""),
        "will be installed by own.ks: all data on a disk, which one cannot be told, is lost",
    ),
    (
        kinds.BuildUnclear(by="run.sh", why="it runs what http://192.0.2.9 gives"),
        (
            "may lose data: whether run.sh wipes a disk cannot be told, for it runs what "
            "http://192.0.2.9 gives"
        ),
    ),
    (
        kinds.BuildSpares(),
        "keeps its data: neither a template nor the command line wipes a disk",
    ),
    (kinds.BuildAdvised(advice="web01.yaml:3:1: is idle"), "advice: web01.yaml:3:1: is idle"),
    (kinds.BuildRefused(why="no such template"), "build refused: no such template"),
    (
        kinds.Discovered(reported={"serial": "A 1", "asset": "b"}),
        "is unknown: serial A 1, asset b",
    ),
    (
        kinds.BootApiBoots(kernel="http://files/linux"),
        "is unknown, and the boot API has it boot http://files/linux",
    ),
    (
        kinds.BootApiBoots(kernel=None),
        "is unknown, and the boot API has it boot an iPXE script of its own",
    ),
    (
        kinds.BootApiMalformed(problem="no kernel"),
        "the boot API answers what cannot be booted: no kernel",
    ),
    (
        kinds.HookDone(point="prebuild", hook="true", result="exit status 0"),
        "prebuild hook 'true': exit status 0",
    ),
    (
        kinds.HookFailed(point="prebuild", hook="false", result="exit status 1"),
        "prebuild hook 'false': exit status 1",
    ),
    (
        kinds.TokenRefused(path="/template/preseed/web01/***"),
        "/template/preseed/web01/***: the token is not valid",
    ),
    (
        kinds.Diagnosed(diagnosis="port-4011", found="It did not ask.", try_next="do it"),
        "stands still: It did not ask. Try next: do it",
    ),
    (
        kinds.Diagnosed(diagnosis="port-4011", found="It did not ask.", try_next=""),
        "stands still: It did not ask.",
    ),
    (
        kinds.ManagementRefused(method="PUT", path="/build/web01", why="not in api.allow"),
        "refused PUT /build/web01: not in api.allow",
    ),
]


@pytest.mark.parametrize(("what", "said"), SAID, ids=lambda each: getattr(each, "code", ""))
def test_what_happened_is_said_so(what: Kind, said: str) -> None:
    assert sentence(what) == said


def test_no_kind_is_without_a_sentence() -> None:
    said = {what.code for what, _ in SAID}

    assert BY_CODE.keys() - said == set()
    assert all(sentence.dispatch(of) is not sentence.dispatch(object) for of in BY_CODE.values())


def test_a_kind_without_a_sentence_is_a_bug_that_names_it() -> None:
    class Unsaid(Kind):
        code = "test.unsaid"

    with pytest.raises(NotImplementedError, match=r"^test\.unsaid$"):
        sentence(Unsaid())


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (41_300_000, "41.3 MB"),
        (999_949_999, "999.9 MB"),
        (999_950_000, "1.0 GB"),
        (4_700_000_000, "4.7 GB"),
    ],
)
def test_amounts_are_for_people(size: int, text: str) -> None:
    assert amount(size) == text
