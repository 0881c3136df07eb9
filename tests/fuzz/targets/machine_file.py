"""Any text as a machine's file, and as a change of one over REST."""

from __future__ import annotations

import json
from pathlib import Path

from pyxie.config.settings import Settings
from pyxie.errors import ConfigError
from pyxie.registry.define import Common, common
from pyxie.registry.edit import EditError, merged, plain, rewritten
from pyxie.registry.folder import parse_machine
from pyxie.registry.registry import gather
from pyxie.registry.veil import secrets_in, veiled
from tests.fuzz.target import Target, text

SHARED: Common = common(Settings())
NAME = Path("web01.yaml")


def take(data: bytes) -> None:
    file = parse_machine(data, NAME)
    assert (file.machine is None) == bool(file.problems)
    for each in file.problems:
        assert str(each).isprintable() or "\n" in str(each)
        assert len(str(each)) < 4000
    if file.machine is not None:
        registry = gather([file], SHARED)
        host = file.machine.hostname
        if host in registry.machines:
            registry.define(registry.machines[host])
    document = file.document
    if document is None:
        return
    veil = veiled(text(data), secrets_in(document.data))
    assert veil.restored(veil.text) == text(data)
    assert not veil.lost(veil.text)
    if isinstance(document.data, dict):
        wanted = merged(document.data, plain(json.loads('{"cmdline": "quiet", "kernel": null}')))
        written = rewritten(document.text or "", wanted)
        again = parse_machine(written.encode(), NAME)
        assert again.document is not None
        assert again.document.data == {"hostname": "web01", **_of(wanted)}


def _of(data: object) -> dict[str, object]:
    assert isinstance(data, dict)
    return data


TARGET = Target(
    take=take,
    longest=1 << 20,
    refuses=(ConfigError, EditError),
    words=(
        *(b"a: ", b"- ", b"[", b"{", b"&a ", b"*a ", b"<<: ", b"? ", b": ", b"!", b"%TAG ! x\n"),
        *(b"|\n ", b">\n ", b'"', b"'", b"# ", b"---\n", b"{{ x }}", b"password: ", b"x://a@b"),
    ),
)
