"""`pyxie doctor` on hosts with the mistakes that people make, in network namespaces."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.netns import Host, Net, need, network, run
from tests.interop.test_dhcp_wire import CHECKOUT, OTHER, SERVER, dnsmasq
from tests.support import until

pytestmark = pytest.mark.interop

LEASES = ("--dhcp-range=192.168.7.100,192.168.7.150", "--no-ping")
TFTPD = """
import socket, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("0.0.0.0", 69))
print("started", flush=True)
time.sleep(60)
"""


@pytest.fixture
def net() -> Iterator[Net]:
    need("ip", "nft")
    with network() as made:
        yield made


def doctor(host: Host, folder: Path, *options: str) -> dict[str, Any]:
    """Return what it finds there."""
    config = folder / "config.yaml"
    if not config.exists():
        (folder / "machines").mkdir()
        config.write_text("interfaces: [eth0]\n")
    done = subprocess.run(
        [
            *("ip", "netns", "exec", host.name, "env", f"PYTHONPATH={CHECKOUT}"),
            *(sys.executable, "-m", "pyxie", "doctor", "--json", "--config", str(config), *options),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
    )
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == found["exit"]
    return found


def codes(report: dict[str, Any]) -> dict[str, str]:
    """Return the sentences of what stops boots, by code."""
    return {each["code"]: each["sentence"] for each in report["findings"] if stops(each)}


def stops(finding: dict[str, Any]) -> bool:
    return bool(finding["severity"] == "stops")


def nft(host: Host, rules: str) -> None:
    for rule in rules.strip().splitlines():
        run("ip", "netns", "exec", host.name, "nft", rule.strip())


def test_each_mistake_of_a_host_is_found_and_mended_by_what_it_says(
    net: Net, tmp_path: Path
) -> None:
    host = net.host("srv")
    net.lan(a=(host, "eth0", f"{SERVER}/24"), b=(host, "eth1", f"{OTHER}/24"))
    (tmp_path / "machines").mkdir()
    (tmp_path / "config.yaml").write_text("")  # all interfaces
    tftpd = host.start(sys.executable, "-c", TFTPD, log=tmp_path / "tftpd.log")
    until(lambda: "started" in (tmp_path / "tftpd.log").read_text(), "the port to be taken")
    for each in ("all", "eth0"):
        run("ip", "netns", "exec", host.name, "sysctl", "-q", f"net.ipv4.conf.{each}.rp_filter=1")
    nft(
        host,
        """
        add table inet filter
        add chain inet filter input { type filter hook input priority 0; policy drop; }
        add rule inet filter input ct state established,related accept
        add rule inet filter input tcp dport 22 accept
        """,
    )

    before = doctor(host, tmp_path, "--host-only")
    tftpd.terminate()
    tftpd.wait()
    for each in before["findings"]:
        if each["code"] in ("firewall-drops", "rp-filter"):
            for line in each["remedy"]:
                if line.startswith(("nft ", "sysctl ")):
                    run("ip", "netns", "exec", host.name, *line.split())
    after = doctor(host, tmp_path, "--host-only")

    assert codes(before).keys() == {"port-taken", "rp-filter", "firewall-drops"}
    assert f"(process {tftpd.pid}" in codes(before)["port-taken"]
    assert codes(after) == {}
    assert before["not_looked_at"].keys() == {"settings and machine files"}


def test_a_dhcp_server_with_boot_options_is_found_with_the_lines_to_change(
    net: Net, tmp_path: Path
) -> None:
    need("dnsmasq")
    host, other = net.host("srv"), net.host("dns")
    net.lan(a=(host, "eth0", f"{SERVER}/24"), b=(other, "eth0", f"{OTHER}/24"))
    dnsmasq(other, tmp_path, "eth0", *LEASES, "--dhcp-boot=pxelinux.0,boss,192.168.7.9")
    began = time.monotonic()

    report = doctor(host, tmp_path, "--wait", "1")

    (found,) = [each for each in report["findings"] if each["code"] == "boot-options"]
    assert time.monotonic() - began < 30
    assert found["sentence"].startswith("the DHCP server 192.168.7.2 on eth0 sends boot options")
    assert '67 "pxelinux.0"' in found["sentence"]
    assert found["servers"][0]["take_out"][0] == "dhcp-boot="
    assert [each["server"] for each in found["servers"]][-1] == "Windows Server"
    assert "DHCP and boot servers on the LAN" in report["looked_at"]
