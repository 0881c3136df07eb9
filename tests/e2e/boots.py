"""What whole boots have in common: a machine, how long is waited for it, and its end."""

from __future__ import annotations

from typing import Final

from tests.lab import smallguest
from tests.lab.guest import Guest
from tests.lab.server import Server

HOST: Final = "web01.lab"

# Seconds; each takes a fraction of that on an idle machine.
BOOT: Final = 150.0
INSTALLER: Final = 420.0


def install(server: Server, guest: Guest, *, timeout: float = BOOT) -> None:
    """Wait until the small guest has been through all that an installer does."""
    guest.wait_for(f"{smallguest.DONE_SAID}OK", timeout)
    guest.wait_exit(30)
    assert server.curl(f"/status/{HOST}") == "Installed"


def loaders(server: Server) -> set[str]:
    """Return which boot loaders were sent, over TFTP or HTTP."""
    sent = (each["data"]["name"] for each in server.events() if each["step"] == "loader")
    return {name.rpartition("/")[2] for name in sent if name.endswith((".efi", ".kpxe"))}
