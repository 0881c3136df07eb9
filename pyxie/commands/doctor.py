"""`pyxie doctor`: what of this host and its LANs keeps machines from booting, and what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from pyxie import output
from pyxie.commands.options import client as client_of
from pyxie.commands.options import common, found, run
from pyxie.errors import ConfigError


@click.command(short_help="Tell what of this host and LAN keeps machines from booting.")
@click.option("--host-only", is_flag=True, help="Look at this host alone; send nothing.")
@click.option(
    "--wait",
    type=click.FloatRange(0.5, 60),
    default=5.0,
    show_default=True,
    help="Seconds to wait for the offers of other servers.",
)
@common
def doctor(config: Path | None, as_json: bool, host_only: bool, wait: float) -> None:
    """Look at this host and its LANs for what keeps machines from booting, and say what to do.

    At the service, ports, interfaces, firewall rules, boot loaders, settings, disk and clock; at
    the servers that recipes name; and at other DHCP and boot servers, by a question as a machine's
    firmware asks it, which takes no address. It needs no daemon, asks one that runs, and changes
    nothing. Run it as root: others may not see all.

    It ends with 0 if there is nothing to mend, with 1 if there is something to look at, and with 2
    if something stops boots.
    """
    from pyxie.doctor.examine import examine  # imported where it is used: scapy takes its time
    from pyxie.doctor.found import WORDS, as_data, exit_code

    file = found(config)
    report = run(examine(file, _client(config), outside=not host_only, wait=wait))
    code = exit_code(report.found)
    if as_json:
        output.as_json(
            {
                "findings": [as_data(each) for each in report.found],
                "looked_at": report.looked_at,
                "not_looked_at": report.unseen,
                "exit": code,
            }
        )
        raise click.exceptions.Exit(code)
    for each in report.found:
        output.line(f"{WORDS[each.severity]}: {each.sentence} [{each.code}]")
        for line in each.remedy:
            output.line(f"    {line}")
    # Last, for there are many: each kind of server has its own.
    for each in report.found:
        for at, server in enumerate(each.servers):
            if at == 0:
                output.line(f"to change in the DHCP server, whichever it is [{each.code}]:")
            for line in server.text():
                output.line(f"    {line}")
    if code == 0:
        output.line("nothing to mend")
    output.note(f"looked at {', '.join(report.looked_at) or 'nothing'}")
    for name, why in report.unseen.items():
        output.note(f"not looked at {name}: {why}")
    if os.geteuid() != 0:
        output.note("as root it sees more: other users' processes, and the firewall")
    raise click.exceptions.Exit(code)


def _client(config: Path | None) -> Any:
    try:
        return client_of(config)
    except ConfigError:
        return client_of(None, "http://127.0.0.1:8090")
