"""pyxie itself on the LAN: a folder of settings, the daemon, and its REST API by hand."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.lab import installer, smallguest
from tests.lab.installer import Architecture
from tests.lab.lan import Host
from tests.lab.process import Process
from tests.media import isos

PORT = 8090

_PRESEED_URL = "url={{ BaseURL }}/template/preseed/{{ Hostname }}/{{ Token }}"

SMALL_CMDLINE = f"{smallguest.CMDLINE} {_PRESEED_URL}"
"""The small guest's command line, as a template of pyxie's."""

INSTALLER_CMDLINE = f"{installer.UNASKED} {{% include 'd-i.cmdline.j2' %}} {_PRESEED_URL}"
"""The whole Debian installer's, likewise, with what the shipped command lines include."""

INSTALLER_PRESEED = f"""\
{{% from "d-i.system.j2" import named, network with context %}}
d-i preseed/early_command string mkdir -p /tmp/new/etc/network; \\
    {{{{ named("") }}}}; \\
    {{{{ network("/tmp/new") }}}}
    (echo; echo "{installer.EARLY_SAYS}asked $(debconf-get netcfg/get_hostname)"; \\
    echo "{installer.EARLY_SAYS}named $(hostname) $(cat /etc/hostname) $(sed -n 2p /etc/hosts)"; \\
    cat /etc/network/interfaces; echo "{installer.EARLY_SAYS}lays"; \\
    cat /tmp/new/etc/network/interfaces) > /dev/ttyS0; \\
    {{{{ "wget -q -O /tmp/script %s; sh /tmp/script > /dev/ttyS0 2>&1;" | format(
        urls.template("script")) if machine.templates }}}} \\
    if answer=$(wget -q -O - '{{{{ urls.done }}}}'); then said="done said: $answer"; \\
    else said="failed: cannot call done"; fi; \\
    (echo; echo "{installer.EARLY_SAYS}$said") > /dev/ttyS0; reboot -f
"""
"""Lets the Debian installer end once it has its answers: there is no mirror in the lab.

What the shipped preseeds lay in the new system is laid, and told on the serial port, wherever its
console is. A template ``script`` of the machine's is run before it is done.
"""

PRESEED = """\
# for {{ Hostname }}, which booted by {{ MAC }}
# then {{ BaseURL }}/done/{{ Hostname }}/{{ Token }}
"""


_IMAGES = "kernel: linux\ninitrd: initrd.gz\n"


class Server:
    """One pyxie in a namespace, with a folder of its own for all its files.

    Attributes:
        folder: Where ``config.yaml`` and ``machines/`` are.
        process: The daemon, once started.
    """

    def __init__(self, host: Host, settings: str = "", *, label: str = "pyxie") -> None:
        self.host = host
        self.folder = host.folder / label
        self._label = label
        self._process: Process | None = None
        for name in ("machines", "templates", "ipxe", "images"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "config.yaml").write_text(_IMAGES + textwrap.dedent(settings))
        (self.folder / "templates/preseed.j2").write_text(PRESEED)

    @property
    def process(self) -> Process:
        """The daemon's process; its text is the log."""
        if self._process is None:
            raise ValueError("the server was not started")
        return self._process

    def machine(self, name: str, *macs: str, cmdline: str = SMALL_CMDLINE, extra: str = "") -> None:
        """Write a machine's file."""
        nics = "".join(f"  - macaddress: {mac}\n" for mac in macs)
        text = f"preseed: preseed.j2\ncmdline: {json.dumps(cmdline)}\nnetwork:\n{nics}{extra}"
        (self.folder / "machines" / f"{name}.yaml").write_text(text)

    def images(self, *, small: bool = True, architecture: Architecture = "amd64") -> None:
        """Lay kernel and initrd: of the small guest, or of the Debian installer without drivers."""
        # A copy: what a link leads out to is not served.
        shutil.copyfile(installer.kernel(architecture), self.folder / "images/linux")
        initrd = smallguest.initrd(architecture) if small else installer.light_initrd(architecture)
        (self.folder / "images/initrd.gz").write_bytes(initrd)

    def drop_medium(self, name: str) -> None:
        """Make an ISO image with the small guest on it, and drop it into ``isos``."""
        tree: isos.Files = {
            "boot/kernel": installer.kernel().read_bytes(),
            "boot/small.gz": smallguest.initrd(),
            "isolinux/isolinux.cfg": "label small\n  menu label ^Small\n  kernel /boot/kernel\n"
            "  append initrd=/boot/small.gz quiet\n",
        }
        iso = isos.made(self.folder / f"{name}.made", tree)
        (self.folder / "isos").mkdir()
        shutil.copyfile(iso, self.folder / f"isos/{name}.iso")

    def start(self, *options: str, env: Mapping[str, str] | None = None) -> Process:
        """Start the daemon and wait until it serves."""
        checkout = Path(__file__).parents[2]
        self._process = self.host.popen(
            sys.executable, "-m", "pyxie", "serve", *options,
            label=self._label,
            cwd=self.folder,
            env={"PYTHONPATH": str(checkout), "PYTHONUNBUFFERED": "1", **(env or {})},
        )  # fmt: skip
        self._process.wait_for("; DHCP mode is ", timeout=20)
        return self._process

    def run(self, *words: str, check: bool = True) -> str:
        """Run a command of pyxie's on the server's host, and return what it prints."""
        return self.host.run(*self._command(*words), check=check).stdout

    def start_command(self, *words: str) -> Process:
        """Start a command of pyxie's on the server's host."""
        return self.host.popen(*self._command(*words), label=words[0])

    def _command(self, *words: str) -> list[str]:
        checkout = Path(__file__).parents[2]
        config = str(self.folder / "config.yaml")
        return ["env", f"PYTHONPATH={checkout}", "PYTHONUNBUFFERED=1",
                sys.executable, "-m", "pyxie", *words, "--config", config]  # fmt: skip

    def curl(self, path: str, *options: str) -> str:
        """Ask the REST API from the server's own host; the answer's body."""
        url = f"http://127.0.0.1:{PORT}{path}"
        return self.host.run("curl", "-sS", "--max-time", "10", *options, url).stdout

    def build(self, name: str) -> str:
        """Put a machine in build mode; returns its token."""
        answer = self.curl(f"/build/{name}", "-X", "PUT", "-H", "Accept: application/json")
        if not answer.startswith("{"):
            raise AssertionError(f"pyxie refused to build {name}: {answer}")
        token: str = json.loads(answer)["Token"]
        return token

    def steps(self, name: str) -> list[str]:
        """Return the machine's trace: the step of each event."""
        return [event["step"] for event in self.events(name)]

    def events(self, name: str = "", *, check: bool = True) -> list[dict[str, Any]]:
        """Return the events of a machine, or of all.

        Args:
            name: Of the machine.
            check: Fail where the daemon does not answer; else there are none.
        """
        url = f"http://127.0.0.1:{PORT}/api/v1/events" + (f"?host={name}" if name else "")
        told = self.host.run("curl", "-sSf", "--max-time", "10", url, check=check)
        return (
            [json.loads(line) for line in told.stdout.splitlines()] if not told.returncode else []
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.host.record.add(self.events(check=False))
            self._process.stop()
