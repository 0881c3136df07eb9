"""Will Debian's installer take the machine's name from its command line?"""

from __future__ import annotations

from collections.abc import Iterator

from pyxie.advice.served import Advice, Served

_OF_DEBIAN = ("auto=", "auto-install/enable=", "preseed/url=", "priority=", "debconf/priority=")


def naming(served: Served) -> Iterator[Advice]:
    """Say so, if a name from DHCP or DNS would outrank it, and no template of it lays the name.

    netcfg takes ``hostname=`` for what it proposes where the LAN has no name, and
    ``netcfg/hostname=`` for the name (netcfg: dhcp.c).
    """
    words = served.cmdline.split()
    if not any(word.startswith(_OF_DEBIAN) for word in words):
        return
    named = [word.partition("=")[0] for word in words]
    if "hostname" not in named or "netcfg/hostname" in named:
        return
    if any("/etc/hostname" in text for text in served.texts.values()):
        return
    yield Advice(
        ("cmdline",),
        "a name from DHCP or DNS outranks 'hostname=': in place of 'hostname=' and 'domain=' write "
        "{% include 'd-i.cmdline.j2' %}, or 'netcfg/hostname='",
    )
