"""What becomes of scripts, kernels and installers, in English."""

from __future__ import annotations

from pyxie.diagnosis import findings
from pyxie.diagnosis.saying import Said, said, span, times


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
    often = f" ({times(what.times)})" if what.times > 1 else ""
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
        f"Its {what.part} cannot be fetched{often}: {what.source}: {what.why}.",
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
    again = f" ({times(what.rounds)})" if what.rounds > 1 else ""
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
        f"It goes round in a loop: it has {times(what.rounds)}, within {span(what.seconds)},"
        f" {step}.",
        steps,
        "its screen",
    )
