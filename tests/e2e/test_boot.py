"""Machines boot from pyxie, and from nothing else."""

from __future__ import annotations

import re

import pytest

from tests.browser.watcher import Watcher
from tests.e2e import disks
from tests.e2e.boots import BOOT, HOST, INSTALLER, install, loaders
from tests.lab import bootapi, dnsmasq, installer, smallguest
from tests.lab.guest import Firmware, Guest
from tests.lab.lan import Lan
from tests.lab.server import INSTALLER_CMDLINE, PORT, Server
from tests.support import until

pytestmark = pytest.mark.e2e
scenario = pytest.mark.scenario

FALL_THROUGH = 150.0
"""Seconds; OVMF tries PXE, then HTTP Boot, for minutes; a clock in a hurry cuts that short."""
NOTHING_OFFERED = {
    "bios": "Nothing to boot: No such file or directory",
    "uefi": "PXE-E16: No valid offer received.",
}
"""What firmware shows where nobody offers a boot file."""
TFTP = "pyxie_tftp_transfers_total{"
"""In the lines of /metrics that count what was asked for by TFTP, refused or not."""
OTHER = "web02.lab"


@pytest.mark.parametrize(
    ("firmware", "dhcp"),
    [
        pytest.param(
            "uefi",
            "on pyxie's own host",
            marks=scenario("UEFI x64: the Debian installer, DHCP server on the same host"),
        ),
        pytest.param(
            "bios", "elsewhere", marks=scenario("BIOS: the Debian installer, DHCP server elsewhere")
        ),
    ],
)
def test_the_debian_installer_runs_once_and_then_the_disk_boots(
    lan: Lan, firmware: Firmware, dhcp: str
) -> None:
    """Build mode, installer, preseed by token, done, and silence at the second boot.

    The installer is named by ``os: debian-12`` and nothing else: it comes from a mirror, by the
    recipe's paths, and with its command line under BIOS; under UEFI it has the lab's, for another
    console.

    DHCP names the machine, by another name than its file. Under UEFI it has a static address. It
    writes to the one disk that is fit, though a stick is the first; another machine, which has no
    such disk, says so.
    """
    tap = lan.tap()
    dnsmasq.dhcp_server(
        lan.host("dhcp") if dhcp == "elsewhere" else lan.srv,
        lan.main,
        options=[f"--dhcp-host={tap.mac},pc17", "--domain=dhcp.example"],
    )
    own, router = lan.main.network[50], lan.main.address
    static = f"    ipaddress: {own}/24\n    gateway: {router}\n" if firmware == "uefi" else ""
    with Server(lan.srv, disks.MIRROR) as server:
        mirror = disks.lay_out(server)
        line = INSTALLER_CMDLINE if firmware == "uefi" else ""
        named = f"{static}{disks.FILE}os: debian-12\n"
        server.machine(HOST, tap.mac, cmdline=line, extra=named)
        server.machine(OTHER, lan.tap(plugged=False).mac, cmdline=line, extra="os: debian-12\n")
        server.start()
        disks.lay_script(server, f"{OTHER}/{server.build(OTHER)}")
        token = server.build(HOST)
        stack = disks.Stack(server.folder)
        assert server.curl(f"/status/{HOST}") == "Installing"

        on_screen = firmware == "bios"
        with Guest(tap, firmware=firmware, disks=stack.disks, vga=on_screen) as guest:
            guest.wait_for(f"{installer.EARLY_SAYS}done said: OK", INSTALLER)
            guest.wait_exit(60)

        asked = re.findall(r'"GET \S+/(\S+) HTTP', mirror.text)
        assert sorted(set(asked)) == ["InRelease", "SHA256SUMS", "initrd.gz", "linux"]
        assert [asked.count(name) for name in ("linux", "initrd.gz")] == [1, 1]
        told = guest.text.replace("\r", "")
        address = str(own) if static else "127.0.1.1"
        assert f"{installer.EARLY_SAYS}asked web01\n" in told
        assert f"{installer.EARLY_SAYS}named web01 web01 {address} {HOST} web01\n" in told
        if static:
            laid = f" inet static\n    address {own}/24\n    gateway {router}\n"
            netcfg, _, new = told.partition(f"{installer.EARLY_SAYS}lays\n")
            assert f"\taddress {own}/24\n\tgateway {router}\n" in netcfg
            assert laid in new
        assert disks.said(told) == [
            "the first disk is /dev/sda",
            "by its serial number: /dev/vdc",
            "by its link: /dev/vdc",
            "by the name of its link: /dev/vdc",
            "chosen: /dev/vdc, boot loader: /dev/vdc",
            "partman sees: /dev/vdc",
        ]
        assert stack.written() == ["right"]
        end = server.events(OTHER)[-1]["data"]
        assert end["state"] == "failed"
        assert end["reason"] in disks.NONE_LEFT
        assert server.curl(f"/status/{HOST}") == "Installed"
        assert server.curl(f"/done/{HOST}/{token}") == "OK"
        before = server.steps(HOST)
        assert before[-2:] == ["template", "build"]

        with Guest(tap, firmware=firmware, hurry="firmware") as guest:
            guest.wait_for(guest.fell_through, FALL_THROUGH)

        assert NOTHING_OFFERED[firmware] in guest.text
        after = server.events(HOST)[len(before) :]
        assert {(each["step"], each["text"]) for each in after} == {
            ("silence", "not answered: installed")
        }


@scenario("BIOS: not in build mode, left alone")
def test_a_machine_that_is_not_in_build_mode_is_left_alone_from_the_start(lan: Lan) -> None:
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
    tap = lan.tap()
    with Server(lan.srv) as server:
        server.images()
        server.machine(HOST, tap.mac)
        server.start()

        with Guest(tap, hurry="boot") as guest:
            guest.wait_for(guest.fell_through, FALL_THROUGH)

        assert NOTHING_OFFERED["bios"] in guest.text
        assert server.curl(f"/status/{HOST}") == "Unknown state\n"
        assert [(each["step"], each["text"]) for each in server.events(HOST)] == [
            ("silence", "not answered: not in build mode")
        ]


@pytest.mark.parametrize(
    ("firmware", "client", "shown"),
    [
        pytest.param(
            "bios",
            "iPXE, BIOS",
            f"pyxie: {HOST} is not in build mode",
            marks=scenario("BIOS: not in build mode, sent on to its disk"),
        ),
        pytest.param(
            "uefi",
            "PXE, x64 UEFI",
            "PXE-E23: Client received TFTP error from server.",
            marks=scenario("UEFI x64: not in build mode, sent on to its disk"),
        ),
        pytest.param(
            "uefi-http",
            "HTTP, x64 UEFI HTTP",
            "Client Error: 404 Not Found",
            marks=scenario("UEFI x64 HTTP Boot: not in build mode, sent on to its disk"),
        ),
    ],
)
def test_a_machine_that_is_not_in_build_mode_is_sent_on_to_its_disk(
    lan: Lan, firmware: Firmware, client: str, shown: str
) -> None:
    """With ``when_idle: local``; how long it takes is told in the documents alone.

    OVMF goes on to its next boot option, HTTP Boot of the same card, and from that to the disk.
    """
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
    tap = lan.tap()
    with Server(lan.srv, "when_idle: local\n") as server:
        server.machine(HOST, tap.mac)
        server.start()

        with Guest(tap, firmware=firmware, hurry="boot") as guest:
            guest.wait_for(guest.fell_through, FALL_THROUGH)

        assert shown in guest.text
        told = [each["text"] for each in server.events(HOST)]
        assert told[0] == f"sent on to its next boot device: not in build mode ({client})"
        assert not any("not answered" in each for each in told)


@pytest.mark.parametrize(
    "firmware",
    [
        pytest.param(
            "bios", marks=scenario("BIOS: each step is an event, DHCP server on the same host")
        ),
        pytest.param("uefi-http", marks=scenario("UEFI x64 HTTP Boot: each step is an event")),
    ],
)
def test_each_step_of_a_boot_leaves_an_event(lan: Lan, firmware: Firmware) -> None:
    """The DHCP server is on pyxie's own host, where it owns port 67.

    Under BIOS the kernel cannot be loaded at first. That is told on the screen, and the script
    tries again by itself, so the machine installs once that is mended. Neither HTTP Boot nor an
    iPXE that has HTTP asks anything by TFTP, not even for what is not there.

    All of it is watched on the page, in a browser on pyxie's host.
    """
    dnsmasq.dhcp_server(lan.srv, lan.main)
    tap = lan.tap()
    loader = ["offer", "loader"] if firmware == "uefi-http" else []
    trouble = ["trouble"] if firmware == "bios" else []
    with Server(lan.srv) as server:
        server.images()
        server.machine(HOST, tap.mac)
        server.start()
        token = server.build(HOST)
        kernel = server.folder / "images/linux"
        if trouble:
            kernel.rename(kernel.with_name("hidden"))

        with (
            Watcher(f"http://127.0.0.1:{PORT}", lan.srv.namespace, lan.folder) as watcher,
            Guest(tap, firmware=firmware) as guest,
        ):
            if trouble:
                guest.wait_for(f"pyxie: {HOST}: that did not work", BOOT)
                kernel.with_name("hidden").rename(kernel)
            install(server, guest)
            stood_still = ["Its kernel cannot be fetched"] if trouble else []
            watcher.waits_for(
                *("pending; DISCOVER", "pending; script", *stood_still),
                *("installing; installer", "installed; done"),
            )

        steps = list(dict.fromkeys(server.steps(HOST)))
        assert steps == [
            "build",
            *dict.fromkeys([*loader, "offer"]),
            "script",
            *trouble,
            "image",
            "booting",
            "template",
        ]
        assert loaders(server) == ({"ipxe.efi"} if loader else set())
        preseed = guest.text.split(smallguest.PRESEED_BEGINS)[1].split(smallguest.PRESEED_ENDS)[0]
        url = f"http://{lan.address}:{PORT}"
        assert preseed.strip() == (
            f"# for {HOST}, which booted by {tap.mac}\n# then {url}/done/{HOST}/{token}"
        )
        assert token not in server.process.text
        assert server.process.running
        by_tftp = [line for line in server.curl("/metrics").splitlines() if TFTP in line]
        assert [line for line in by_tftp if not line.endswith(" 0.0")] == []


@pytest.mark.parametrize(
    "firmware",
    [
        pytest.param("bios", marks=scenario("BIOS: behind a relay, known by its serial number")),
        pytest.param(
            "uefi",
            marks=scenario(
                "UEFI x64: `secure_boot: never`, DHCP server on the same host, one TFTP port"
            ),
        ),
    ],
)
def test_a_machine_is_recognised_by_its_serial_number(lan: Lan, firmware: Firmware) -> None:
    """Its MAC is in no file; another machine is asked as well, and left alone.

    Under BIOS both are behind a relay. UEFI's own TFTP client gets along with a single port; and
    by ``secure_boot: never`` there is iPXE at once, though the DHCP server is on the same host.
    """
    dhcp = lan.srv if firmware == "uefi" else lan.host("dhcp")
    segment = lan.routed("relay", "192.168.78.0/24") if firmware == "bios" else lan.main
    dnsmasq.dhcp_server(dhcp, segment)
    if segment is not lan.main:
        dnsmasq.relay(segment, dhcp.address, lan.srv.address)
    # With a UUID that firmware tells, another machine is known for one and need not be asked.
    match = f"{{serial: VM-17, uuid: {UUID}}}" if firmware == "uefi" else "{serial: VM-17}"
    with Server(lan.srv, "tftp: {single_port: true}\nsecure_boot: never\n") as server:
        server.images()
        server.machine(HOST, extra=f"match: {match}\n")
        server.start()
        server.build(HOST)

        if firmware == "bios":
            with Guest(segment.tap(), smbios="serial=VM-18") as guest:
                guest.wait_for("serial VM-18", BOOT)
                guest.wait_for(guest.fell_through, FALL_THROUGH)
        tap = segment.tap()
        with Guest(tap, firmware=firmware, smbios=f"serial=VM-17,uuid={UUID}") as guest:
            install(server, guest)

        assert "script" in server.steps(HOST)
        assert "booting" in server.steps(HOST)
        assert loaders(server) == ({"ipxe.efi"} if firmware == "uefi" else set())


@scenario("BIOS: an unknown machine sees the menu")
def test_an_unknown_machine_shows_the_menu_and_goes_on_when_nobody_chooses(lan: Lan) -> None:
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
    with Server(lan.srv) as server:
        with (server.folder / "config.yaml").open("a") as config:
            config.write("unknown: menu\nbuild_types: {rescue: {description: A rescue system}}\n")
        server.start()

        with Guest(lan.tap()) as guest:
            guest.wait_for("A rescue system", BOOT)
            guest.wait_for(guest.fell_through, FALL_THROUGH)


@scenario("BIOS: an API server that takes its time")
def test_an_api_server_that_takes_its_time_boots_an_ipxe_rom_all_the_same(lan: Lan) -> None:
    """The ROM has sent its last DISCOVER a second before the server has answered."""
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
    bootapi.slow_api(lan.srv, 1.8)
    with Server(lan.srv, f"boot_api: http://127.0.0.1:{bootapi.PORT}\n") as server:
        server.start()

        with Guest(lan.tap()):
            server.process.wait_for("fetching kernel", BOOT)

        assert "s after it asked" in server.process.text


UUID = "4c4c4544-0042-3510-8058-b4c04f333732"


@scenario("BIOS: two cards, booted by the second from a medium")
def test_the_nic_that_booted_is_the_one_that_installs(lan: Lan) -> None:
    """The first card is in a socket that nobody answers; the second one boots.

    What it boots is on an ISO image of nobody's that is dropped, recognised by its loader's
    configuration, and confirmed; then it is named by ``os:`` and nothing else.
    """
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
    dead, live = lan.tap(plugged=False), lan.tap()
    with Server(lan.srv) as server:
        server.start()
        server.drop_medium("tools")
        until(lambda: "guess: Small" in server.run("images", "import", "tools", check=False),
              "the medium to be read", seconds=60)  # fmt: skip
        confirmed = server.run("images", "import", "tools", "--confirm")
        assert confirmed == "tools: Small, of tools.iso; boot it by `os: tools`\n"
        server.machine(HOST, dead.mac, live.mac, extra="os: tools\n")
        server.build(HOST)

        with Guest(dead, live) as guest:
            guest.wait_for(f"booted by {live.mac}", BOOT)
            install(server, guest)

        assert f"network card eth1 {live.mac}" in guest.text
