"""What a machine's file says and nothing that its build serves reads.

A template that leaves out an address installs a machine that cannot be reached under it; a param
that is misspelt is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyxie.advice.served import Advice, Served
from pyxie.config.validate import nearest

_OF_A_NIC = (
    *("ipaddress", "netmask", "gateway", "addresses4", "addresses6", "gateway4", "gateway6"),
    "vlan_id",
)
"""What is for templates only; the rest are notes, or what a machine is recognised by."""


def unused(served: Served) -> Iterator[Advice]:
    """Say which keys of the machine's own file, or of the call, are of no consequence.

    A build without templates installs nothing, and needs none of them.
    """
    if any(served.texts.values()):
        yield from _params(served)
        yield from _nics(served)
        yield from _finish(served)


def _params(served: Served) -> Iterator[Advice]:
    read = {name for path in served.reads if (name := _param(path))}
    sought = sorted(read - served.machine.params.keys())
    for loc in sorted(each for each in served.written if each[0] == "params" and len(each) == 2):
        name = str(loc[1])
        if name in read or not served.machine.params.get(name):
            continue
        near = nearest(name, sought)
        hint = f"; did you mean {near!r}?" if near else ""
        sentence = f"nothing that this build serves reads 'params.{name}'{hint}"
        yield Advice(loc, sentence, aside=near is None)


def _param(path: str) -> str:
    for prefix in ("params.", "machine.params."):
        if path.startswith(prefix):
            return path.removeprefix(prefix)
    return ""


def _nics(served: Served) -> Iterator[Advice]:
    written = {each[:3] for each in served.written}
    for at, nic in enumerate(served.machine.network):
        left = [
            spelt
            for key in _OF_A_NIC
            if ("network", at, key) in written
            for spelt, paths in _spelt(key, getattr(nic, key))
            if not any(f"machine.network[{at}].{path}" in served.reads for path in paths)
        ]
        if left:
            *most, last = left
            listed = f"{', '.join(most)} and {last}" if most else last
            sentence = f"nothing that this build serves reads {listed} of this NIC"
            yield Advice(("network", at), sentence)


def _spelt(key: str, value: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give each thing that may be read, and the paths of which one has to be."""
    if isinstance(value, tuple):
        for at, each in enumerate(value):
            names = [name for name in ("ipaddress", "netmask", "cidr") if getattr(each, name)]
            if names:
                yield f"{key}[{at}]", tuple(f"{key}[{at}].{name}" for name in names)
    elif value:
        yield key, (key.replace("_", ""),)


def _finish(served: Served) -> Iterator[Advice]:
    if served.machine.finish and not any("/template/finish/" in text for text in served.said()):
        yield Advice(("finish",), "nothing that this build serves fetches 'finish'")
