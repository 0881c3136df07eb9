"""What is wrong with pyxie, who a machine is, and whether it is to boot, in English."""

from __future__ import annotations

from pyxie.diagnosis import findings
from pyxie.diagnosis.saying import Said, said, span, times
from pyxie.diagnosis.situation import Near

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
        ("set `dhcp.mode: answer` in config.yaml, then: systemctl reload pyxie (or SIGHUP)",),
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
    why = "its build was cancelled" if what.cancelled else "nobody has begun a build"
    match what.seen, what.cancelled:
        case True, True:
            heard = "It has asked since, and was offered nothing to boot"
        case True, False:  # as an unknown machine it may have been offered something
            heard = "It has asked, and is offered nothing to boot"
        case False, True:  # what it was offered before is no longer
            heard = "It has not asked since; when it does it is offered nothing to boot"
        case _:
            heard = "Nothing of it was heard; when it asks it is offered nothing to boot"
    return Said(
        f"{what.host} is not to be installed: {why}. {heard}, so that it boots from its disk.",
        (f"to install it: pyxie build {what.host}",),
    )


@said.register
def _(what: findings.NoSystem) -> Said:
    heard = "It has asked, and is offered nothing." if what.seen else "Nothing of it was heard."
    return Said(
        f"{what.host} has no system yet: neither its file nor what it inherits says what it boots."
        f" {heard}",
        (
            f"choose a system in its file, as `os: debian-12`: pyxie edit {what.host}",
            f"or for one build alone: pyxie build --os debian-12 {what.host}",
        ),
    )


@said.register
def _(what: findings.BuildFailed) -> Said:
    reason = f": {what.reason}" if what.reason else ""
    return Said(
        f"Its installer said that it failed{reason}. pyxie has offered it nothing to boot since.",
        (
            f"read the end of its log: pyxie log {what.host}",
            f"then try again: pyxie build {what.host}",
        ),
    )


@said.register
def _(what: findings.Installed) -> Said:
    asked = f" It has asked the network {times(what.asks)} since." if what.asks else ""
    return Said(
        f"{what.host} is installed, and pyxie offers it nothing to boot, so that it boots from its"
        f" disk.{asked}",
        (f"to install it again: pyxie build {what.host}",),
    )


@said.register
def _(what: findings.StillNetbooting) -> Said:
    return Said(
        f"{what.host} is installed, but has asked the network {times(what.asks)} within"
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
