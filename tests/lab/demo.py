"""`make demo`: a LAN, a DHCP server, pyxie and a virtual machine, on this host alone.

The machine has an empty disk and nothing but its network card to boot from. What is shown
is what `pyxie events --follow` shows; the machine boots the real Debian installer, whose
preseed lets it say "done" instead of partitioning a disk, since there is no mirror here.
"""

from __future__ import annotations

import sys
import time

from tests.lab import dnsmasq, needs
from tests.lab.guest import Guest, accelerator
from tests.lab.lan import LabError, Lan
from tests.lab.process import Process, WaitError
from tests.lab.server import INSTALLER_CMDLINE, INSTALLER_PRESEED, Server

_HOST = "vm01.example.org"
_PATIENCE = 300.0


def main() -> int:
    """Run the demo; returns the exit status."""
    try:
        needs.root()
        _show()
    except (needs.MissingError, LabError, WaitError) as exc:
        print(f"\nThe demo failed: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the LAN is taken down.")
        return 130
    return 0


def _show() -> None:
    with Lan() as lan:
        _say(f"A LAN in network namespaces: {lan.main.network}, pyxie at {lan.address}.")
        dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
        _say("Its DHCP server is dnsmasq, which knows nothing of network boot.")
        tap = lan.tap()
        with Server(lan.srv) as server:
            server.images(small=False)
            (server.folder / "templates/preseed.j2").write_text(INSTALLER_PRESEED)
            server.machine(_HOST, tap.mac, cmdline=INSTALLER_CMDLINE)
            server.start()
            _say(f"pyxie serves; it knows one machine, {_HOST}, by its NIC {tap.mac}.")
            how = accelerator()
            server.build(_HOST)
            _say(f"PUT /build/{_HOST}, and the power button (QEMU, {how}):")
            print()
            started = time.monotonic()
            with Guest(tap, accelerator=how) as guest:
                _watch(server, guest)
            took = time.monotonic() - started
            status = server.curl(f"/status/{_HOST}")
            print()
            _say(f"GET /status/{_HOST} says {status}, {took:.0f} s after power-on.")
            _say("At its next boot pyxie would be silent to it, and it would boot from its disk.")


def _watch(server: Server, guest: Guest) -> None:
    """Print the trace as it grows, until the machine is installed and reboots."""
    trace: Process = server.start_command("events", "--follow")
    shown = 0
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        text = trace.text
        whole = text.rfind("\n") + 1
        print(text[shown:whole], end="", flush=True)
        shown = max(shown, whole)
        if not guest.console.running:
            return
        time.sleep(0.2)
    raise WaitError(
        f"not installed after {_PATIENCE:g} s; the machine shows:\n{guest.text[-2000:]}"
    )


def _say(text: str) -> None:
    print(f"* {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
