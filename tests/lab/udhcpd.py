"""busybox's DHCP server: as in many small routers, its answers name no boot server at all."""

from __future__ import annotations

from tests.lab import needs
from tests.lab.lan import Host, Segment
from tests.lab.process import Process


def dhcp_server(host: Host, segment: Segment) -> Process:
    """Start the LAN's DHCP server, whose ``siaddr`` is 0.0.0.0.

    Args:
        host: Where it runs, on the segment alone.
        segment: Where it hands out addresses.
    """
    busybox = needs.program("busybox", "busybox-static")
    (interface,) = host.interfaces
    base = host.folder / f"{host.label}-udhcpd"
    leases, config = base.with_suffix(".leases"), base.with_suffix(".conf")
    leases.touch()
    config.write_text(
        f"start {segment.network[100]}\nend {segment.network[199]}\ninterface {interface}\n"
        f"lease_file {leases}\npidfile {base.with_suffix('.pid')}\nsiaddr 0.0.0.0\n"
        f"option subnet {segment.network.netmask}\noption router {segment.address}\n"
        f"option dns {segment.address}\n"
    )
    process = host.popen(busybox, "udhcpd", "-f", config, label="dhcp")
    process.wait_for("udhcpd: started", timeout=10)
    return process
