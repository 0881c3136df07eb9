"""Does an answer file of Proxmox VE's automatic installer wipe a disk? Pure."""

from __future__ import annotations

from pyxie.wiping.structured import from_toml, listed, mapping, word
from pyxie.wiping.verdict import Verdict, Wipes


def read_proxmox(text: str) -> Verdict | None:
    """Return what an answer file does to disks; None if the text is none.

    It installs without asking, onto the disks of ``[disk-setup]``, by name or by what udev
    says of them (Proxmox VE's wiki, "Automated Installation").
    """
    data = from_toml(text)
    setup = mapping(data, "disk-setup")
    if not setup and not {"country", "fqdn", "root-password"} & mapping(data, "global").keys():
        return None
    names = listed(setup.get("disk-list", setup.get("disk_list")))
    if names:
        return Wipes(tuple(f"/dev/{word(name).removeprefix('/dev/')}" for name in names))
    told = " and ".join(f"{key} {word(value)}" for key, value in mapping(setup, "filter").items())
    return Wipes((f"each disk with {told}",) if told else ())
