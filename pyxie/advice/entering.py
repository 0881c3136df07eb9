"""Will anybody be able to log in to what is installed?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pyxie.advice.served import Advice, Served
from pyxie.bylines import ByLines
from pyxie.render.asked import file_of

_PRESEEDS: Final = ("debian.preseed.j2", "debian12.preseed.j2", "ubuntu20.preseed.j2")
_KICKSTARTS: Final = ("fedora.ks.j2", "kickstart.j2", "rocky.ks.j2")
_SHUT: Final = {
    **dict.fromkeys(_PRESEEDS, "d-i passwd/root-password-crypted password *\n"),
    **dict.fromkeys(_KICKSTARTS, "rootpw --lock\n"),
    "alpine.answers.j2": "ROOTSSHKEY=''\n",
    "autoyast.xml.j2": "<user_password>!</user_password>",
    "ignition.json.j2": '"sshAuthorizedKeys": []',
    "proxmox.answer.toml.j2": 'root-password-hashed = "$6$pyxie$',
    "ubuntu.user-data.j2": "lock_passwd: true\n",
}
"""What pyxie's own templates say where no password opens the only user that there is."""
_FINISH: Final = "finish.sh.j2"
_BESIDE: Final = frozenset(
    (
        *(_FINISH, "alpine.install.sh.j2", "ignition.install.json.j2"),
        *("ubuntu.meta-data.j2", "ubuntu.network-config.j2", "ubuntu.vendor-data.j2"),
    )
)
"""Those that go along with them, and let nobody in by themselves."""
_OPENED: Final = ByLines(
    re.compile(
        r"authorized_?keys?\b|sshkey\b|ssh-(?:rsa|ed25519)\b|useradd|adduser|usermod|chpasswd"
    )
)
"""What one of that name, changed by the operator, may open it by."""


def entering(served: Served) -> Iterator[Advice]:
    """Say so, if pyxie's own templates lock all passwords and were given no SSH key.

    Whether the operator's own bring in a key or a password nobody else can tell: nothing is said
    of a build that serves one, nor where a finish script has steps of his.
    """
    machine = served.machine
    files = {kind: file_of(machine, kind) for kind in served.texts}
    if not all(file in _SHUT or file in _BESIDE for file in files.values()):
        return
    if "passwd/" in served.cmdline or any(map(_OPENED.finds, served.texts.values())):
        return
    if _steps(served.texts.get("finish", "")) - {"set -eu"}:
        return
    for kind, file in files.items():
        if file in _SHUT and _SHUT[file] in served.texts[kind]:
            yield Advice(_about(served, kind), _sentence(served, file))
            return


def _steps(script: str) -> set[str]:
    lines = map(str.strip, script.splitlines())
    return {line for line in lines if line and not line.startswith("#")}


def _about(served: Served, kind: str) -> tuple[str, ...]:
    machine = served.machine
    if machine.finish and "ssh_key" in machine.params:
        return ("params", "ssh_key")  # which is empty
    if machine.os:
        return ("os",)
    return ("templates", kind) if kind in machine.templates else (kind,)


def _sentence(served: Served, file: str) -> str:
    key = "'params.ssh_key'"
    if file in _PRESEEDS and not served.machine.finish:
        key = f"{key} and 'finish: {_FINISH}', which writes it"
    if file == "proxmox.answer.toml.j2":
        key += " or 'params.root_password_hash'"
    return f"nobody will be able to log in: there is neither an SSH key nor a password; set {key}"
