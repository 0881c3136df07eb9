"""What was found, in English: what is wrong, what to try next, what would make it certain.

Who reads it may never have read an RFC: each step is something to do, with the command where there
is one. Programs read the data; so a sentence may become a better one at any time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Final

from pyxie.diagnosis import findings
from pyxie.diagnosis.finding import Finding
from pyxie.diagnosis.situation import Near, Server
from pyxie.events.english import amount


@dataclass(frozen=True, slots=True)
class Said:
    """A finding in words.

    Attributes:
        sentence: What is wrong, or how far it is.
        steps: What to try, the likeliest first; empty if there is nothing to do.
        certain_by: What would make it certain; empty if it is.
    """

    sentence: str
    steps: tuple[str, ...] = ()
    certain_by: str = ""

    def of(self, host: str | None) -> Said:
        """Return the same with a machine's name in the commands that want one."""
        if host is None:
            return self
        return replace(self, steps=tuple(_HOST.sub(host, each) for each in self.steps))


_HOST: Final = re.compile(r"\bHOST\b")


@singledispatch
def said(what: Finding) -> Said:
    """Say what was found. A peer's words may be in it: it may not be fit for a terminal."""
    raise NotImplementedError(type(what))  # a test finds those that have no words


def span(seconds: float) -> str:
    """Write how long something took for people: ``40 s``, ``5 min``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


_WATCH = "watch what comes while you switch it on: pyxie events --follow"


# Of pyxie itself


@said.register
def _(_: findings.DhcpOff) -> Said:
    return Said(
        "pyxie offers nothing to any machine: its DHCP part is switched off (`dhcp.mode: off`).",
        (
            (
                "set `dhcp.mode: answer` in config.yaml and restart pyxie, or have your own DHCP"
                " server"
                " send machines to pyxie's boot loader"
            ),
        ),
    )


@said.register
def _(_: findings.Observing) -> Said:
    return Said(
        "pyxie only watches, and sends machines nothing: `dhcp.mode` is `observe`.",
        ("set `dhcp.mode: answer` in config.yaml, then: systemctl reload pyxie",),
    )


@said.register
def _(_: findings.NoInterface) -> Said:
    return Said(
        "pyxie can answer nobody: none of the network interfaces that it serves has an IPv4"
        " address.",
        (
            "give the interface to the machines' network an address: ip address",
            "look whether `interfaces` in config.yaml names the right ones",
        ),
    )


@said.register
def _(what: findings.DiskFull) -> Said:
    return Said(
        "A disk of pyxie's host is full, or cannot be written: " + "; ".join(what.problems) + ".",
        (
            "make room: df -h",
            "remove images that nobody has wanted for long: pyxie images prune",
        ),
    )


@said.register
def _(what: findings.ClockWrong) -> Said:
    steps = (
        "look at the time of pyxie's host, and whether it is kept right: timedatectl",
        "have it set by the network: timedatectl set-ntp true",
    )
    match what.how:
        case "early":
            return Said("The clock of pyxie's host is years behind.", steps)
        case "back":
            return Said(
                "The clock of pyxie's host was set back, or is wrong: it has seen this machine"
                f" {span(what.seconds)} in the future.",
                steps,
            )
        case _:
            return Said(
                "Another server's certificate or list is not valid at this time, so nothing is"
                f" taken from it: {what.why}.",
                (*steps, "if the clock is right, tell that server's keepers"),
                "if `date` on pyxie's host is right, the certificate is at fault, else the clock",
            )


# Who it is


@said.register
def _(what: findings.UnknownMachine) -> Said:
    heard = "It has asked" if what.seen else "Nothing of it was heard yet"
    near = "".join(f" {_near(each)}" for each in what.near)
    steps = [
        f"write {what.mac} into the file of {each.host}, if it is that machine: pyxie edit"
        f" {each.host}"
        for each in what.near
    ]
    steps.append(f"if it is a new machine, write its file: pyxie add HOST --mac {what.mac}")
    return Said(
        f"No machine file has the MAC address {what.mac}, so pyxie leaves it alone. {heard}.{near}",
        tuple(steps),
    )


def _near(each: Near) -> str:
    name = f"{each.host} has {each.mac}"
    match each.how:
        case "digit":
            return f"{name}, which differs in one digit: is one of them mistyped?"
        case "swapped":
            return f"{name}, in which two digits stand the other way round: is one mistyped?"
        case _:
            return f"{name}, a number beside it: is this another port of the same card or board?"


@said.register
def _(what: findings.UnknownServed) -> Said:
    gets = {
        "discover": "reports what it is, and boots from its next device",
        "menu": "shows a menu in which somebody chooses what it boots",
        "build type": "boots the build type that `unknown` in config.yaml names",
        "boot API": "boots what the boot API says",
    }.get(what.policy, "gets what the settings say")
    return Said(
        f"No machine file has the MAC address {what.mac}: such a machine {gets}.",
        (f"to install it under a name of its own: pyxie adopt {what.mac} --hostname HOST",),
    )


@said.register
def _(what: findings.FileBroken) -> Said:
    return Said(
        "Its machine file has a mistake, and pyxie installs nothing by a file that it does not"
        " understand: " + "; ".join(what.problems) + "."
        if what.problems
        else "Its MAC address stands in a machine file with mistakes, or in two of them.",
        ("mend the file at the place that is named; pyxie sees it at once", "pyxie check"),
    )


@said.register
def _(what: findings.FilesUnreadable) -> Said:
    which = ": " + "; ".join(what.problems) if what.problems else ""
    return Said(
        "It may stand in a machine file that pyxie cannot read, and until it can it boots no"
        f" machine that it does not know{which}.",
        ("mend that file, or let pyxie's user read it", "pyxie check"),
    )


@said.register
def _(what: findings.AmbiguousMachine) -> Said:
    which = ": " + "; ".join(what.problems) if what.problems else ""
    return Said(
        f"Two machine files fit it by their `match`, that of {what.host} among them, and neither"
        f" fits better; so pyxie does not choose{which}.",
        (
            (
                "give one of them a `match` that the other machine cannot fit, or write the MAC"
                " address"
                " into the right file"
            ),
        ),
    )


@said.register
def _(what: findings.ContestedMachine) -> Said:
    return Said(
        f"By what it says of itself it is {what.host}, but another network card, {what.mac}, is"
        " being installed as that machine.",
        (
            f"if both are cards of one machine, write both into its file: pyxie edit {what.host}",
            "if they are two machines, tell them apart by their MAC addresses",
        ),
    )


@said.register
def _(what: findings.NotInBuildMode) -> Said:
    heard = "It has asked, and pyxie was silent" if what.seen else "Nothing of it was heard"
    why = "its build was cancelled" if what.cancelled else "nobody has begun a build"
    return Said(
        f"{what.host} is not to be installed: {why}. {heard}, so that it boots from its disk.",
        (f"to install it: pyxie build {what.host}",),
    )


@said.register
def _(what: findings.BuildFailed) -> Said:
    reason = f": {what.reason}" if what.reason else ""
    return Said(
        f"Its installer said that it failed{reason}. pyxie has been silent to it since.",
        (
            f"read the end of its log: pyxie log {what.host}",
            f"then try again: pyxie build {what.host}",
        ),
    )


@said.register
def _(what: findings.Installed) -> Said:
    asked = f" It has asked the network {_times(what.asks)} since." if what.asks else ""
    return Said(
        f"{what.host} is installed, and pyxie is silent to it, so that it boots from its disk."
        f"{asked}",
        (f"to install it again: pyxie build {what.host}",),
    )


@said.register
def _(what: findings.StillNetbooting) -> Said:
    return Said(
        f"{what.host} is installed, but has asked the network {_times(what.asks)} within"
        f" {span(what.seconds)}: it does not boot from its disk.",
        (
            (
                "in its firmware, is the disk it was installed on in the boot order, after the"
                " network?"
            ),
            (
                "did the installer write its boot loader onto that disk, and for the same"
                " firmware, BIOS"
                " or UEFI, by which it was booted?"
            ),
            f"to install it again: pyxie build {what.host}",
        ),
        "its screen after the network has given up: what does it say of its disk?",
    )


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
        (*_virtual(what.virtual), *_NEVER_SEEN, _WATCH),
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
    " and `next-server`; it goes on handing out addresses"
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
        f"It has asked the same {_times(what.times)} within {span(what.seconds)}, and pyxie has"
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
            f"The boot loader {what.name} does not arrive: blocks of {what.blksize} bytes are too"
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
        f"The transfer of the boot loader {what.name} broke off {so_far}{why}.",
        (
            (
                "does it break off each time? Then look at the network on the way: duplex, MTU, a"
                " firewall that forgets"
            ),
            "does the machine's screen say why?",
        ),
    )


@said.register
def _(what: findings.LoaderSilent) -> Said:
    again = f", {_times(what.rounds)}" if what.rounds > 1 else ""
    sentence = f"It has fetched the boot loader {what.name}{again}, and nothing came after it."
    refused = (
        "switch Secure Boot off in its firmware, or hand it a signed boot loader: see Secure Boot"
        " in"
        " the documentation"
    )
    if what.uefi and what.secure_boot == "on":
        return Said(
            f"{sentence} Secure Boot is on in this machine, and refuses loaders that nobody it"
            " trusts has signed.",
            (refused,),
        )
    steps = [
        "try the loader that uses the firmware's own driver: `loader: snponly.efi` for this machine"
        if what.uefi
        else "try the loader with drivers of its own: `loader: ipxe.pxe` for this machine",
    ]
    if what.architecture:
        steps.append(f"is {what.name} made for its firmware, which is {what.architecture}?")
    if what.uefi and what.secure_boot != "off":
        steps.insert(
            0, f"does its screen speak of Secure Boot or a security violation? Then {refused}"
        )
    steps.append(
        "does its switch port take long until it lets something through? Set it to portfast"
    )
    return Said(
        sentence,
        tuple(steps),
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
    again = f" This happened {_times(what.rounds)}." if what.rounds > 1 else ""
    return Said(
        f"iPXE runs in it, and was offered its script, {what.url}, but did not fetch it.{again}",
        (
            "does a firewall drop pyxie's HTTP port, the one in that address? nft list ruleset",
            "does its DHCP server give it an address, and a router if pyxie is on another network?",
            "does its switch port take long until it lets something through? Set it to portfast",
        ),
        "its screen: iPXE shows the address that it got, and the error with its number",
    )


@said.register
def _(what: findings.ScriptWasRefused) -> Said:
    return Said(
        f"It asked for its script, and gets none: {what.why}.",
        ("mend that; it asks again by itself within half a minute",),
    )


@said.register
def _(_: findings.ImagesUnasked) -> Said:
    return Said(
        "It has its script, and fetches no kernel.",
        (
            "what does its screen say? The script shows each step, and waits after a mistake",
            "is somebody asked something at its screen?",
        ),
        "its screen",
    )


@said.register
def _(what: findings.ImageNotFetched) -> Said:
    times = f" ({_times(what.times)})" if what.times > 1 else ""
    where = (
        (
            f"does that address answer from pyxie's host? curl -I {what.source}",
            (
                "is it right? `kernel`, `initrd`, `image_url` or `mirrors` in the machine's file,"
                " its"
                " group, or config.yaml"
            ),
        )
        if "://" in what.source
        else (
            (
                "put the file into the folder `images`, or mend its name in the machine's file:"
                " pyxie"
                " check"
            ),
        )
    )
    return Said(
        f"Its {what.part} cannot be fetched{times}: {what.source}: {what.why}.",
        where,
    )


@said.register
def _(what: findings.ImageWrong) -> Said:
    return Said(
        f"Its {what.part} is not the file that it should be by {what.by}, and was not given:"
        f" {what.source}.",
        (
            "if the mirror is being updated just now, boot it again in some minutes",
            (
                "compare the digest with the one that the distribution publishes, then take the"
                " newer"
                " one, or another mirror"
            ),
        ),
    )


@said.register
def _(what: findings.ImageStalled) -> Said:
    source = f" from {what.source}" if what.source else ""
    return Said(
        f"Its {what.part}{source} does not come on: no byte more for {span(what.seconds)}.",
        (
            "is it still switched on, and its cable in?",
            "does the other server still send? pyxie images",
            "does its screen show an error?",
        ),
        "its screen: is there a percentage, and does it grow?",
    )


@said.register
def _(what: findings.KernelUnstarted) -> Said:
    secure = (
        "Secure Boot is on in it: iPXE may start only a kernel that is signed by someone its"
        " firmware trusts"
        if what.secure_boot == "on"
        else "is Secure Boot on in it? Then the kernel has to be signed by someone its firmware"
        " trusts"
    )
    steps = (
        "what does its screen say? iPXE shows the error with its number",
        "is the kernel made for this kind of machine, and for UEFI if it boots by that?",
        "has it enough memory for kernel and initrd? Installers want 1 GB and more",
    )
    return Said(
        "Kernel and initrd are fetched, and the kernel was not started.",
        (*steps[:1], secure, *steps[1:]) if what.secure_boot != "off" else steps,
        "its screen",
    )


@said.register
def _(what: findings.InstallerSilent) -> Said:
    again = f" ({_times(what.rounds)})" if what.rounds > 1 else ""
    return Said(
        f"Its kernel was started{again}, and the installer has fetched nothing since.",
        (
            (
                f"does the installer reach pyxie at {what.base_url}? If a name stands there, it"
                " has to"
                " resolve on the machines' network (`baseurl`)"
            ),
            (
                "does its screen show an installer without a network? Its kernel may lack the"
                " driver of"
                " the card: use a newer installer, or one with firmware"
            ),
            "does its command line lead to a file of pyxie's at all? pyxie render HOST cmdline",
        ),
        "its screen, or a second console of the installer (Alt+F4): what does it say of the"
        " network and of that address?",
    )


@said.register
def _(what: findings.TokenWrong) -> Said:
    of = f", from {what.peer}" if what.peer else ""
    return Said(
        f"{what.path} was asked for with a token that is not valid{of}: the installer that runs"
        " there belongs to an earlier build of this machine, or its address was written by hand.",
        (
            "restart the machine by the network, so that it gets the token of this build",
            "in templates and command lines write {{ Token }}, never a token itself",
        ),
    )


@said.register
def _(what: findings.TemplateNotGiven) -> Said:
    return Said(
        f"Its installer asked for {what.name}, and did not get it: {what.why}.",
        (
            "mend the template at the place that is named",
            f"see what it would be sent: pyxie render HOST {what.name}",
        ),
    )


@said.register
def _(what: findings.InstallerSlow) -> Said:
    last = f" It has fetched {what.name} last." if what.name else ""
    usual = (
        f"; builds of this system took {span(what.longest)} at most ({what.builds} of them)"
        if what.builds
        else ", and no build of this system is known to compare it with"
    )
    return Said(
        f"Its installer has run for {span(what.seconds)} without saying that it is done{usual}."
        f"{last}",
        (
            "look at its screen: does it wait for somebody to answer a question, or show an error?",
            (
                "if it is installed and only forgot to say so: pyxie done HOST; and have its"
                " template"
                " call {{ BaseURL }}/done/{{ Hostname }}/{{ Token }} at its end"
            ),
        ),
        "its screen",
    )


_LOOPS = {
    "confirmed": "asked which boot loader to fetch, and began anew without fetching one",
    "script": "fetched its script, and began anew without fetching a kernel",
    "images": "fetched kernel and initrd, and began anew without starting them",
    "kernel": "started the kernel, and began anew before the installer fetched anything",
    "installer": "run the installer, and began anew before that said that it was done",
}


@said.register
def _(what: findings.Loop) -> Said:
    step = _LOOPS.get(what.stage, "come as far as this, and began anew")
    steps = {
        "installer": (
            (
                "does the installer end by a restart without having called {{ BaseURL }}/done/"
                "{{ Hostname }}/{{ Token }}? Then it is installed again each time: put that call"
                " into"
                " its template"
            ),
            "is its disk wiped each time? pyxie done HOST ends that",
        ),
        "kernel": (
            "does the kernel panic? Its screen shows it for a moment: boot it with `panic=0`",
            "has it enough memory, and a kernel for its processor?",
        ),
    }.get(what.stage, ("look at its screen: what does it say before it begins anew?",))
    return Said(
        f"It goes round in a loop: it has {_times(what.rounds)}, within {span(what.seconds)},"
        f" {step}.",
        steps,
        "its screen",
    )
