"""`pyxie why`, of virtual machines with real firmware: what keeps them, and by which events.

Whatever can be shown without firmware is in `tests/dialogue/test_why.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab import dnsmasq, needs
from tests.lab.guest import Guest
from tests.lab.lan import Host, Lan
from tests.lab.server import PORT, SMALL_CMDLINE, Server
from tests.support import until

pytestmark = pytest.mark.e2e
scenario = pytest.mark.scenario

BOOT = 150.0
"""Seconds; firmware takes a fraction of them, and `why` has patience for a minute."""
HOST = "web01.lab"
OTHER = "web02.lab"


def why(server: Server, machine: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(server.curl(f"/api/v1/machines/{machine}/why"))
    return answer


def found(server: Server, machine: str, code: str, **facts: object) -> list[str]:
    """Wait until that is found of a machine; return the codes of the events that it rests on."""

    def is_so() -> bool:
        told = why(server, machine)
        return bool(told["code"] == code and facts.items() <= told["data"].items())

    until(is_so, code, seconds=BOOT)
    return [each["code"] for each in why(server, machine)["evidence"]]


def drops(host: Host, what: str) -> None:
    """Have a host's firewall drop what comes to a port of its."""
    nft = needs.program("nft", "nftables")
    host.run(nft, "add", "table", "inet", "lab")
    chain = "{ type filter hook input priority 0; }"
    host.run(nft, "add", "chain", "inet", "lab", "input", chain)
    host.run(nft, "add", "rule", "inet", "lab", "input", "iif", "!=", "lo", *what.split(), "drop")


@scenario("BIOS: what keeps a machine from booting is told, six times")
def test_what_keeps_a_machine_is_told(lan: Lan) -> None:
    """Another port's MAC, no build, no kernel, a wrong token, a firewall; one is never seen."""
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
    tap, unplugged = lan.tap(), lan.tap(plugged=False)
    near = f"{tap.mac[:-1]}{int(tap.mac[-1], 16) ^ 4:x}"
    with Server(lan.srv) as server:
        server.images()
        server.machine(HOST, near)
        server.machine(OTHER, unplugged.mac)
        server.start()
        server.build(OTHER)

        with Guest(tap):
            assert found(server, tap.mac, "unknown-machine", seen=True) == ["dhcp.silence"]
        named = {each["host"]: each["mac"] for each in why(server, tap.mac)["data"]["near"]}
        assert named == {HOST: near, OTHER: unplugged.mac}

        server.machine(HOST, tap.mac)
        with Guest(tap):
            assert found(server, HOST, "not-in-build-mode", seen=True) == ["dhcp.silence"]

        kernel = server.folder / "images/linux"
        server.build(HOST)
        kernel.rename(kernel.with_name("hidden"))
        with Guest(tap):
            assert found(server, HOST, "image-failed", part="kernel") == ["image.failed"]
        kernel.with_name("hidden").rename(kernel)

        server.machine(HOST, tap.mac, cmdline=SMALL_CMDLINE.replace("{{ Token }}", "0" * 36))
        server.build(HOST)
        with Guest(tap):
            assert found(server, HOST, "token-wrong") == ["token.refused"]

        server.build(HOST)
        drops(lan.srv, f"tcp dport {PORT}")
        with Guest(tap):
            assert found(server, HOST, "script-unreached") == ["dhcp.offer"]

        assert found(server, OTHER, "never-seen", virtual="QEMU", others=True) == ["build.changed"]


@scenario("UEFI x64: what keeps a machine from booting is told, twice")
def test_what_keeps_uefi_is_told(lan: Lan) -> None:
    """A firewall before TFTP; then a DHCP server that says what to boot itself."""
    host = lan.host("dhcp")
    plain = dnsmasq.dhcp_server(host, lan.main)
    tap = lan.tap()
    with Server(lan.srv) as server:
        server.images()
        server.machine(HOST, tap.mac)
        server.start()
        server.build(HOST)
        drops(lan.srv, "udp dport 69")

        with Guest(tap, firmware="uefi"):
            assert set(found(server, HOST, "tftp-unreached")) == {"dhcp.offer"}

        plain.stop()
        theirs = ["--dhcp-boot=theirs.efi", "--dhcp-option-force=60,PXEClient"]
        dnsmasq.dhcp_server(host, lan.main, options=theirs)
        server.build(HOST)
        with Guest(tap, firmware="uefi"):
            by = found(server, HOST, "other-offer")

        assert by[0] == "dhcp.offer"
