"""dnsmasq in its roles on the LAN: plain DHCP server, and relay agent."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address

from tests.lab import needs
from tests.lab.lan import Host, Segment
from tests.lab.process import Process


def dhcp_server(host: Host, *segments: Segment, options: Sequence[str] = ()) -> Process:
    """Start the LAN's DHCP server, which knows nothing of PXE.

    Args:
        host: Where it runs. On ``lan.srv`` it owns port 67 on the host of the server
            under test.
        segments: Where it hands out addresses; more than the host's own if a relay
            agent asks for them.
        options: Further options of dnsmasq's.
    """
    # It would ping an address for three seconds before it offers it.
    hands_out = ["--no-ping"]
    for number, each in enumerate(segments):
        low, high = each.network[100], each.network[199]
        hands_out += [
            f"--dhcp-range=set:segment{number},{low},{high},{each.network.netmask},1h",
            f"--dhcp-option=tag:segment{number},option:router,{each.address}",
            f"--dhcp-option=tag:segment{number},option:dns-server,{each.address}",
        ]
    return _start(host, "dhcp", *hands_out, *options, ready="IP range")


def relay(segment: Segment, *servers: IPv4Address) -> Process:
    """Start a relay agent on a segment's router, towards each of the servers."""
    routes = [f"--dhcp-relay={segment.address},{server}" for server in servers]
    return _start(segment.owner, "relay", *routes, ready="DHCP relay")


def _start(host: Host, role: str, *options: str, ready: str) -> Process:
    program = needs.program("dnsmasq", "dnsmasq-base")
    interfaces = [f"--interface={name}" for name in host.interfaces]
    # Without DNS and this machine's own settings; the default lease file is the machine's.
    process = host.popen(
        program, "--no-daemon", "--port=0", "--conf-file=/dev/null", "--no-hosts",
        "--no-resolv", "--bind-interfaces", "--except-interface=lo", *interfaces,
        f"--dhcp-leasefile={host.folder / host.label}-{role}.leases",
        "--log-dhcp", *options, label=role,
    )  # fmt: skip
    process.wait_for(ready, timeout=10)
    return process
