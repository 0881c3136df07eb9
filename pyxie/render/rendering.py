"""What a build serves: command line, iPXE script, preseed and finish."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote, unquote

from pyxie.config.settings import Settings
from pyxie.config.values import dashed
from pyxie.errors import NotServedError, RenderError
from pyxie.images.load import Load, Program, load
from pyxie.images.spec import Image, Images, Local, images_of, served_name
from pyxie.registry.machine import Machine
from pyxie.render.asked import WAITRONS, file_of
from pyxie.render.context import BuildContext, template_names
from pyxie.render.grubwords import kernel_words, word
from pyxie.render.strict import VALUE, Renderer
from pyxie.shipped import shipped

SCRIPT = "boot.ipxe.j2"
"""The boot script's template, in the ``ipxe`` folder or else as shipped."""
GRUB_SCRIPT = "boot.grub.j2"
"""That of what a signed GRUB boots by, likewise."""


@dataclass(frozen=True, slots=True)
class Boot:
    """What a machine is to load, without a word on by which way.

    Attributes:
        images: Its files.
        cmdline: As it is written.
    """

    images: Images
    cmdline: str

    @property
    def line(self) -> str:
        """The command line without words for other boot loaders, and with nothing added."""
        return self.load("", None).line

    def load(self, bootif: str, wish: bool | None) -> Load:
        """Return how iPXE loads it; see `pyxie.images.load.load`."""
        kernel = served_name(self.images.kernel)
        return load(kernel, self.images.named_initrds, self.cmdline, bootif, wish)


class Rendering:
    """Renders everything that a machine in build mode is given.

    Args:
        settings: Where templates, boot scripts and images are, and the defaults.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.renderer = Renderer([settings.templatepath, shipped("templates")])
        self._cmdlines = Renderer([settings.templatepath, shipped("templates")], marks=True)
        self._scripts = Renderer([settings.ipxe, shipped("ipxe")])
        self._last: tuple[Machine, BuildContext, dict[str, Any]] | None = None

    def read_script(self) -> None:
        """Have the boot script's template ready; what is wrong with it, rendering it tells."""
        self._scripts.read(SCRIPT)

    def boot(self, machine: Machine, context: BuildContext) -> Boot:
        """Return the images, and the command line in one line.

        Raises:
            NotServedError: No kernel is named.
            RenderError: The command line cannot be rendered.
        """
        images = images_of(machine)
        names = self.names(machine, context)
        text = self._cmdlines.text("cmdline", machine.cmdline, names)
        if VALUE in text:
            found = next(each for each in text.split() if VALUE in each).replace(VALUE, "$")
            why = (
                f"{found[:80]!r}: a value has '${{', which iPXE would take for a setting of its own"
            )
            raise RenderError("cmdline", 0, why)
        # A folded YAML text may carry line ends; a kernel takes one line.
        line = " ".join(text.splitlines()).strip()
        if control := _CONTROLS.search(line):
            why = f"has the control character {control[0]!r}, which no kernel takes"
            raise RenderError("cmdline", 0, why)
        return Boot(images, line)

    def names(self, machine: Machine, context: BuildContext) -> dict[str, Any]:
        """Return all names for a machine's templates, some of which ask for the same."""
        last = self._last
        if last is None or last[0] is not machine or last[1] != context:
            self._last = last = machine, context, template_names(machine, self.settings, context)
        return last[2].copy()

    def script(self, machine: Machine, context: BuildContext, here: str) -> str:
        """Return the iPXE script for the NIC that asks; raises as `boot`.

        Args:
            machine: What is to be booted.
            context: Who asks, and the URL for its installer.
            here: Our URL for iPXE itself, by address: it may have no DNS yet.
        """
        return self.scripted(machine, context, here)[0]

    def scripted(self, machine: Machine, context: BuildContext, here: str) -> tuple[str, Boot]:
        """Return the same, with what it loads."""
        boot = self.boot(machine, context)
        host = machine.hostname
        names = self.names(machine, context)
        found = boot.load(context.bootif, machine.bootif)
        names |= _loading(
            found,
            image_url(here, host, "kernel", boot.images.kernel),
            [
                image_url(here, host, f"initrd/{at}", image)
                for at, image in enumerate(boot.images.initrds)
            ],
        )
        shim, kernel = boot.images.shim, boot.images.kernel
        is_alone = shim is None and isinstance(kernel, Local) and found.program is Program.LINUX
        names |= {
            "shim_url": image_url(here, host, "shim", shim) if shim else "",
            "shim_folder": f"{here}/boot/{host}/kernel/" if is_alone else "",
            "booting_url": f"{here}/booting/{dashed(context.mac)}/{context.token}",
            "script_url": f"{here}/ipxe/{dashed(context.mac)}",
        }
        return self._scripts.template(SCRIPT, names), boot

    def grub(self, machine: Machine, context: BuildContext) -> str:
        """Return what a signed GRUB boots a machine by, over TFTP.

        Raises:
            NotServedError: No kernel is named, or GRUB cannot start it.
            RenderError: The command line cannot be rendered, or has what only iPXE fills in.
        """
        boot, host = self.boot(machine, context), machine.hostname
        found = boot.load(context.bootif, machine.bootif)
        if "${" in found.line:
            inner = next(each for each in found.line.split() if "${" in each)
            why = (
                f"{inner[:80]!r} is for iPXE to fill in, and this boots by GRUB: Secure Boot is on"
            )
            raise RenderError("cmdline", 0, why)
        images = boot.images
        names = template_names(machine, self.settings, context)
        names |= {
            "command": _started_by(found.program, served_name(images.kernel), found.initrds),
            "kernel": word(f"/boot/{host}/kernel/{served_name(images.kernel)}"),
            "initrds": " ".join(
                word(f"/boot/{host}/initrd/{at}/{served_name(image)}")
                for at, image in enumerate(images.initrds)
            ),
            "arguments": " ".join(map(word, kernel_words(found.line))),
            "booting": word(f"/grub/{context.mac}/booting/{context.token}"),
        }
        return self._scripts.template(GRUB_SCRIPT, names)

    def load(
        self, mac: str, here: str, urls: Sequence[str], cmdline: str, message: str = ""
    ) -> str:
        """Return an iPXE script that loads what an API server names, word for word.

        Args:
            mac: The NIC that asks.
            here: Our URL for iPXE.
            urls: Of the kernel, and of the initrds.
            cmdline: The kernel's.
            message: Shown before.

        Raises:
            NotServedError: Two initrds would have one name.
            RenderError: The operator's own template cannot be rendered.
        """
        context = BuildContext(base_url=here, token="", mac=mac)
        names = template_names(Machine(hostname=dashed(mac)), self.settings, context)
        kernel, *initrds = (unquote(url.rpartition("/")[2]) for url in urls)
        found = load(kernel, [("", name) for name in initrds], cmdline, "")
        names |= _loading(found, urls[0], urls[1:])
        names |= {
            "shim_url": "",
            "shim_folder": "",
            "booting_url": "",
            "script_url": f"{here}/ipxe/{dashed(mac)}",
            "message": _shown(message),
        }
        return self._scripts.template(SCRIPT, names)

    def ask(self, mac: str, here: str) -> str:
        """Return an iPXE script that asks a machine what it is, and goes on by what it says.

        Args:
            mac: The NIC that asks.
            here: Our URL for iPXE.
        """
        names: Mapping[str, Any] = {"script_url": f"{here}/ipxe/{dashed(mac)}", "mac": mac}
        return self._scripts.template("ask.ipxe.j2", names)

    def discover(self, mac: str, here: str) -> str:
        """Return an iPXE script that asks an unknown machine what it is.

        Args:
            mac: The NIC that asks.
            here: Our URL for iPXE.
        """
        names: Mapping[str, Any] = {
            "why": f"{mac} is in no machine's file; pyxie takes note of it",
            "found_url": f"{here}/discovered/{dashed(mac)}",
        }
        return self._scripts.template("discover.ipxe.j2", names)

    def menu(self, mac: str, here: str) -> str:
        """Return an iPXE script by which somebody chooses what an unknown machine boots.

        Args:
            mac: The NIC that asks.
            here: Our URL for iPXE.
        """
        types = [
            {"name": name, "title": _shown(each.description) or name}
            for name, each in self.settings.build_types.items()
        ]
        names: Mapping[str, Any] = {
            "mac": mac,
            "types": types,
            "script_url": f"{here}/ipxe/{dashed(mac)}",
        }
        return self._scripts.template("menu.ipxe.j2", names)

    def notice(self, why: str, script_url: str, *, again: bool) -> str:
        """Return an iPXE script that shows ``why`` on the machine's screen.

        Args:
            why: One sentence.
            script_url: Where to ask again.
            again: Ask again after a while, instead of going on to the next boot device.
        """
        names: Mapping[str, Any] = {
            "why": _shown(why),
            "again": again,
            "script_url": script_url,
        }
        return self._scripts.template("notice.ipxe.j2", names)

    def local(self, why: str) -> str:
        """Return an iPXE script that goes on to the machine's next boot device.

        Args:
            why: One sentence, which it shows.
        """
        return self._scripts.template("local.ipxe.j2", {"why": _shown(why)})

    def template(self, machine: Machine, kind: str, context: BuildContext) -> str:
        """Return the machine's template: one of its ``templates``, ``finish``, or ``preseed``.

        Of a machine without ``templates`` any other word means the preseed, as in waitron.

        Raises:
            NotServedError: The machine has none of that kind.
            RenderError: It cannot be rendered.
        """
        name = file_of(machine, kind)
        if not name:
            kind = kind if kind in WAITRONS or machine.templates else "preseed"
            raise NotServedError(kind, f"{machine.hostname} has no '{kind}' in its file")
        return self.renderer.template(name, self.names(machine, context))

    def of_its_own(self, machine: Machine, name: str, context: BuildContext) -> str:
        """Return the template that ``templates`` has by that name, and no other in its place.

        Raises:
            NotServedError: The machine has none.
            RenderError: It cannot be rendered.
        """
        if not machine.templates.get(name):
            raise NotServedError(name, f"{machine.hostname} has no '{name}' in its 'templates'")
        return self.template(machine, name, context)

    def nocloud(self, machine: Machine, name: str, context: BuildContext) -> str:
        """Return a file of cloud-init's NoCloud seed: the one of ``templates`` with that name.

        Without a ``meta-data``, whose absence cloud-init takes for no seed at all, it is made
        up: the hostname, and an instance that differs from build to build.

        Raises:
            NotServedError: The machine has none.
            RenderError: It cannot be rendered.
        """
        if machine.templates.get(name) or name != "meta-data":
            return self.of_its_own(machine, name, context)
        build = sha256(context.token.encode()).hexdigest()[:12]
        host = machine.hostname
        return f"instance-id: {host}-{build}\nlocal-hostname: {host}\n"


def kinds(machine: Machine) -> list[str]:
    """Return the names of all templates that the machine has."""
    written = [kind for kind in WAITRONS if getattr(machine, kind)]
    return list(dict.fromkeys([*written, *machine.templates]))


def image_url(here: str, host: str, part: str, image: Image) -> str:
    """Return the URL under which pyxie serves one image of a machine in build mode."""
    return f"{here}/boot/{host}/{part}/{quote(served_name(image))}"


def _started_by(program: Program, kernel: str, initrds: Sequence[str]) -> str:
    """Return GRUB's command for a kernel; raises NotServedError where it has none."""
    if program is Program.LINUX:
        return "linux"
    if kernel.lower().endswith(".efi") and not initrds:
        return "chainloader"
    raise NotServedError(
        kernel, "cannot be started by GRUB; switch Secure Boot off on this machine to boot it"
    )


def _loading(found: Load, kernel_url: str, initrd_urls: Sequence[str]) -> dict[str, Any]:
    """Return what the boot script's template is told of what to load."""
    by_name = found.program is Program.WIMBOOT
    return {
        "kernel_name": found.kernel,
        "kernel_url": kernel_url,
        "initrds": [
            # The name behind the URL is the one in the cpio archive that a BIOS wimboot reads.
            {"name": name, "url": url, "file": name if by_name else ""}
            for name, url in zip(found.initrds, initrd_urls, strict=True)
        ],
        "initrd_urls": list(initrd_urls),
        "arguments": _for_ipxe(found.arguments),
        "cmdline": _for_ipxe(found.line),
    }


_CONTROLS = re.compile(r"[\0-\x08\x0e-\x1f\x7f]")
"""All but white space."""
_ACTED_ON = re.compile(r"(?<!\S)(?:&(?=&(?!\S))|\|(?=\|(?!\S))|;(?!\S)|#)")
_SPELT = {"&": "${amp:string}", "|": "${bar:string}", ";": "${semi:string}", "#": "${hash:string}"}


def _for_ipxe(text: str) -> str:
    """Return ``text`` as words of an iPXE command; the scripts set ``amp`` and its kin.

    iPXE knows no quotes: a word that is ``&&``, ``||`` or ``;`` ends the command, one that
    begins with ``#`` is a comment, and a backslash at the end of a line takes in the next
    (ipxe: src/core/exec.c, src/image/script.c). It looks for them before it expands
    settings, so that is the way in. An operator's own ``${...}`` is iPXE's to expand.
    """
    # At a zero byte it would stop reading, before what is to be done if the command fails.
    spelt = _ACTED_ON.sub(lambda found: _SPELT[found[0]], _CONTROLS.sub("", text))
    return spelt + "${empty}" if spelt.endswith("\\") else spelt


def _shown(text: str) -> str:
    """Return ``text`` as one line to be shown, of which iPXE expands nothing."""
    return _for_ipxe(" ".join(text.replace("$", "").split()))
