"""What comes before a boot loader, in English: what is waited for, and offers that nobody takes."""

from __future__ import annotations

from pyxie.diagnosis import findings
from pyxie.diagnosis.saying import Said, said, span, times
from pyxie.diagnosis.situation import Server

# On its way

_WAITS = {
    "discover": "its first message to the network",
    "offer": "it to take up the offer; firmware listens for some seconds, and then asks for an"
    " address",
    "confirmed": "it to fetch its boot loader",
    "loader": "the boot loader to start, and to ask for an address",
    "ipxe": "iPXE to have its address, and to fetch its script",
    "script": "iPXE to fetch the kernel",
    "upstream": "the other server's first byte",
    "image": "more of the kernel or initrd",
    "start": "iPXE to start the kernel",
    "kernel": "the installer to start, and to fetch its first file",
    "done": "the installer to say that it is done",
}


@said.register
def _(what: findings.Waiting) -> Said:
    waits = _WAITS.get(what.step, "the next step")
    return Said(f"So far all is well: waiting for {waits}, since {span(what.seconds)}.")


@said.register
def _(what: findings.NeverSeen) -> Said:
    who = " or ".join(what.macs) or "it"
    sentence = (
        f"Nothing of {who} has reached pyxie in the {span(what.seconds)} since its build began."
    )
    if what.others:
        sentence += " Other machines were heard meanwhile, so pyxie itself does hear the network."
    where = f" pyxie listens on {what.interfaces}." if what.interfaces else ""
    return Said(
        sentence + where,
        (*_virtual(what.virtual), *_NEVER_SEEN),
        "on pyxie's host, while it is switched on: tcpdump -eni any 'udp port 67'. If its MAC"
        " address is to be seen there, tell us; if not, it sends nothing, or something on the way"
        " keeps it",
    )


_NEVER_SEEN = (
    "is it switched on, and is its network card before its disk in the boot order?",
    "is the MAC address in its file the one of the card that is plugged in?",
    (
        "is it on the same network as pyxie: the switch port's VLAN, the cable, a bridge? Behind a"
        " router a relay has to send its messages on to pyxie"
    ),
    "does a firewall on pyxie's host drop UDP port 67? nft list ruleset",
    "watch what comes while you switch it on: pyxie events --follow",
)


def _virtual(maker: str) -> tuple[str, ...]:
    """Return what keeps virtual machines of one maker's from booting by the network."""
    bridge = "is its network card on the bridge or port group, and in the VLAN, that pyxie is on?"
    order = "is the network in its boot order, before the disk?"
    rng = (
        "does it use UEFI (OVMF)? Since edk2 202405 that offers no network boot without a random"
        " number generator: add a VirtIO RNG device"
    )
    match maker:
        case "":
            return ()
        case "Proxmox VE":
            return (
                f"{rng} (Hardware, Add, VirtIO RNG)",
                f"{order} (Options, Boot Order: the net device has to be ticked)",
                f"{bridge} (Hardware, Network Device: Bridge and VLAN Tag)",
            )
        case "QEMU":
            return (f"{rng} (-device virtio-rng-pci)", order, bridge)
        case "Hyper-V":
            return (
                (
                    "a machine of generation 1 boots from the network by a Legacy Network Adapter"
                    " alone"
                ),
                order,
                bridge,
            )
        case _:
            return (order, bridge)


@said.register
def _(_: findings.PlainDhcp) -> Said:
    return Said(
        "It asks the network for an address, but not for something to boot: that is an installed"
        " system, an installer or a light operating system, not its firmware.",
        (
            (
                "restart it, and have it boot from the network: in the boot order, or by its boot"
                " menu"
                " (often F12)"
            ),
            "in its firmware, is PXE or network boot switched on for that card?",
            "is the network stack of its UEFI firmware switched on?",
        ),
    )


@said.register
def _(what: findings.Refused) -> Said:
    steps = {
        "no-loader": (
            (
                "see which boot loaders there are, and what brings those that are missing: pyxie"
                " loaders"
            ),
        ),
        "no-address": ("give that interface an IPv4 address; pyxie notices",),
        "bad-relay": ("look at the address of the relay agent (giaddr) in its settings",),
        "not-ethernet": ("let it boot by an Ethernet port",),
    }.get(
        what.reason,
        ("update its firmware; and tell us, with: pyxie events --json --mac MAC",),
    )
    return Said(f"It asks, and pyxie has no answer for it: {what.detail}.", steps)


@said.register
def _(what: findings.LimitHit) -> Said:
    told = f": {what.detail}" if what.detail else ""
    steps = {
        "limits.dhcp_per_mac": (
            "something repeats its requests, often a loop in the network: look at the switch",
            "or raise `limits.dhcp_per_mac` in config.yaml",
        ),
        "tftp": (
            "wait: it asks again",
            "if many machines share one address, behind NAT, raise `limits.tftp_per_address`",
        ),
    }.get(what.limit, ("wait: it asks again; known machines come first",))
    return Said(f"It asks more often than pyxie answers{told}.", steps)


@said.register
def _(what: findings.AnswerUnsent) -> Said:
    return Said(
        f"pyxie's answer to it could not be sent to {what.to}: {what.error}.",
        (
            f"does pyxie's host have a route to {what.to}? ip route get {what.to}",
            "does a firewall on pyxie's host refuse outgoing DHCP? nft list ruleset",
        ),
    )


def _offers(server: Server) -> str:
    """Say what another server offers."""
    parts = [
        f"{name} {value}"
        for name, value in (
            ("boot server (next-server)", server.siaddr),
            ("option 60", server.vendor),
            ("option 66", server.name),
            ("boot file (option 67)", server.file),
        )
        if value
    ]
    return f"{server.address} offers {', '.join(parts) or 'addresses'}"


_CLEAR = (
    "on that server, take out what it says of network boots: options 60, 66 and 67, the boot file"
    " and `next-server`; it goes on handing out addresses. The lines are below"
)


@said.register
def _(what: findings.OtherOffer) -> Said:
    return Said(
        "Its firmware has taken the offer of another server, which says what to boot, too:"
        f" {_offers(what.server)}.",
        (_CLEAR,),
        "its screen: it shows the server and the file that it fetches",
    )


@said.register
def _(what: findings.TwoServers) -> Said:
    every = "; ".join(map(_offers, what.servers))
    return Said(
        "It was offered its boot loader and did not take it; and pyxie is not the only one on this"
        f" network that says what to boot: {every}. Firmware takes the first offer that it likes.",
        (_CLEAR,),
        "its screen: it shows the server and the file that it fetches",
    )


@said.register
def _(what: findings.AnswerLost) -> Said:
    sentence = (
        f"It has asked the same {times(what.times)} within {span(what.seconds)}, and pyxie has"
        " answered each time: either the answers do not arrive, or nobody gives it an address,"
        " without which it does not go on."
    )
    lease = (
        "a DHCP server is there, as others got addresses of it: has it one left for this machine?"
        if what.leases
        else "is there a DHCP server on its network that hands out addresses? pyxie does not, and"
        " has heard none"
    )
    return Said(
        sentence,
        (
            lease,
            (
                "does a firewall drop pyxie's answers, UDP from port 67 to port 68: on pyxie's host"
                " (nft list ruleset), on the hypervisor, or as DHCP snooping on the switch?"
            ),
        ),
        "another host on its network: tcpdump -eni any 'udp port 68' shows whether both answers"
        " arrive there",
    )


@said.register
def _(_: findings.Port4011) -> Said:
    return Said(
        "It was offered its boot loader, and took an address; but UEFI firmware then has to ask"
        " pyxie on port 4011, and did not.",
        (
            (
                "does a firewall between it and pyxie drop UDP port 4011? On pyxie's host: nft list"
                " ruleset"
            ),
            (
                "does its DHCP server send option 60 (`PXEClient`), 66 or 67? Then it asks that"
                " one:"
                " take them out there"
            ),
            (
                "some firmware looks at one offer alone, the DHCP server's: set `next-server`"
                " there to"
                " pyxie's address, and the boot file to the loader's name"
            ),
        ),
        "on pyxie's host: tcpdump -ni any 'udp port 4011' while it boots",
    )


@said.register
def _(what: findings.OfferUnused) -> Said:
    if what.client == "HTTP":
        return Said(
            f"It was offered {what.what} and did not fetch it.",
            (
                f"does a firewall drop TCP port {what.port} on pyxie's host? nft list ruleset",
                "does its DHCP server give it an address and a router by which it reaches pyxie?",
                (
                    "does its DHCP server name a boot file of its own? UEFI prefers that one:"
                    " take it"
                    " out"
                ),
            ),
            f"on pyxie's host: tcpdump -ni any 'tcp port {what.port}' while it boots",
        )
    return Said(
        f"It was offered {what.what} and did not fetch it.",
        (
            "does its DHCP server give it an address? Without one it does not go on",
            (
                "does that server, or another, send options 60, 66 or 67, or a boot file? Take them"
                " out"
            ),
            "does a firewall drop UDP ports 69 and 4011 on pyxie's host? nft list ruleset",
        ),
        "its screen: does it show an address, and whose file does it ask for?",
    )


@said.register
def _(_: findings.TftpUnreached) -> Said:
    return Said(
        "It knows which boot loader to fetch, and where, but asks for no file.",
        (
            (
                "does a firewall between it and pyxie drop UDP port 69? On pyxie's host: nft list"
                " ruleset"
            ),
            (
                "behind a router or NAT, TFTP's answers come from other ports: set"
                " `tftp.single_port:"
                " true`"
            ),
        ),
        "on pyxie's host: tcpdump -ni any 'udp port 69' while it boots",
    )
