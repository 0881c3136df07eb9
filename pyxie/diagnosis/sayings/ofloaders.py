"""What becomes of boot loaders, and of iPXE until it has its script, in English."""

from __future__ import annotations

from pyxie.diagnosis import findings
from pyxie.diagnosis.saying import Said, said, times
from pyxie.events.english import amount


@said.register
def _(what: findings.LoaderMissing) -> Said:
    return Said(
        f"It asked for the boot loader {what.name}, and did not get it: {what.why}.",
        (
            "see which boot loaders there are: pyxie loaders",
            "if another DHCP server has named that file, take its option 67 out",
        ),
    )


@said.register
def _(what: findings.LoaderBrokenOff) -> Said:
    why = f" ({what.why})" if what.why else ""
    so_far = f"after {amount(what.received)} of {amount(what.total)}"
    if what.blksize:
        return Said(
            f"{what.name} does not arrive: blocks of {what.blksize} bytes are too"
            f" long for the network on the way{why}.",
            (
                (
                    "lower `limits.tftp_blksize` in config.yaml, say to 1400: a tunnel or VLAN on"
                    " the"
                    " way has a smaller MTU"
                ),
            ),
            "with the smaller blocks, does it arrive?",
        )
    return Said(
        f"The transfer of {what.name} broke off {so_far}{why}.",
        (
            (
                "does it break off each time? Then look at the network on the way: duplex, MTU, a"
                " firewall that forgets"
            ),
            "does the machine's screen say why?",
        ),
    )


_SIGNED = {
    "never": "its `secure_boot` is `never`: set it to `auto` in its file, or where that is"
    " inherited"
    " from",
    "over-http": "over UEFI HTTP Boot a signed iPXE is needed: pyxie loaders fetch; or let it"
    " boot by"
    " PXE over IPv4",
    "not-signed": "nobody signs a loader for its kind of machine: switch Secure Boot off in its"
    " firmware",
    "not-there": "install the signed loaders that pyxie's host lacks; which those are: pyxie"
    " loaders",
    "named": "its `loader` names a file that is not signed: take that out of its file",
    "server-unknown": "pyxie has not heard yet what its DHCP server gives as `next-server`, and"
    " hands"
    " Debian's signed GRUB only to machines whose DHCP server gives pyxie's address: set it there;"
    " the lines are below",
    "server-elsewhere": "its DHCP server gives another `next-server` than pyxie, and Debian's"
    " signed"
    " GRUB asks that one: set it to pyxie's address, without a file name; the lines are below",
}
"""What lets a machine whose Secure Boot is on boot, by why it is not handed a signed chain."""
_NEXT_SERVER = (
    "set `next-server` in its DHCP server to pyxie's address, without a file name; the lines are"
    " below"
)
_FETCH = "a signed iPXE boots it whatever its DHCP server says: pyxie loaders fetch"
_SWITCH = "switch Secure Boot off in its firmware"
_NO_CHOICE = ("over-http", "not-signed")
"""Where all that can be done is said already."""


@said.register
def _(what: findings.LoaderSilent) -> Said:
    again = f", {times(what.rounds)}" if what.rounds > 1 else ""
    sentence = f"It has fetched the boot loader {what.name}{again}, and nothing came after it."
    signed = tuple(filter(None, (_SIGNED.get(what.why_not),)))
    if what.grub:
        return Said(
            f"{sentence} A signed GRUB asks for its configuration where its DHCP server's"
            " `next-server` points to, not where it came from.",
            (
                _NEXT_SERVER,
                _FETCH,
            ),
            "its screen: a `grub>` prompt, or GRUB that waits for a server",
        )
    if what.uefi and what.secure_boot == "on":
        return Said(
            f"{sentence} Secure Boot is on in this machine, and refuses loaders that nobody it"
            " trusts has signed.",
            (*signed, *(() if what.why_not in _NO_CHOICE else (_FETCH, _SWITCH))),
        )
    secure = "does its screen speak of Secure Boot, or of a security violation? Then it is that: "
    then = signed[0] if signed else _SWITCH
    steps = (
        *((secure + then,) if what.uefi and what.secure_boot != "off" else ()),
        "try the loader that uses the firmware's own driver: `loader: snponly.efi` for this machine"
        if what.uefi
        else "try the loader with drivers of its own: `loader: ipxe.pxe` for this machine",
        *(
            (f"is {what.name} made for its firmware, which is {what.architecture}?",)
            if what.architecture
            else ()
        ),
        "does its switch port take long until it lets something through? Set it to portfast",
    )
    return Said(
        sentence,
        steps,
        "its screen: a security violation is Secure Boot; iPXE's own first line, and then nothing,"
        " is its driver or the link; an error of the firmware's is a loader for another kind of"
        " machine",
    )


@said.register
def _(what: findings.IpxeWithoutHttp) -> Said:
    better = (
        f" It was handed {what.loader} instead, and came back without {what.lacking} all the same:"
        " that one does not start."
        if what.loader
        else " There is no better one to hand it."
    )
    return Said(
        f"The iPXE that runs in it, often its network card's own, lacks {what.lacking}, which pyxie"
        f" needs.{better}",
        (
            "see which boot loaders there are, and what is missing: pyxie loaders",
            "try another for this machine: `loader: NAME` in its file",
        ),
    )


@said.register
def _(what: findings.ScriptUnreached) -> Said:
    again = f" This happened {times(what.rounds)}." if what.rounds > 1 else ""
    url = f", {what.url}" if what.url else ""
    return Said(
        f"iPXE runs in it, and was offered its script{url}, but did not fetch it.{again}",
        (
            "does a firewall drop pyxie's HTTP port, the one in that address? nft list ruleset",
            "does its DHCP server give it an address, and a router if pyxie is on another network?",
            "does its switch port take long until it lets something through? Set it to portfast",
        ),
        "its screen: iPXE shows the address that it got, and the error with its number",
    )
