"""The table in docs/templates.md of what each shipped build type reads of a machine.

Made of the templates, by rendering them: ``python -m tests.render.table`` writes it anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from pyxie.advice.served import Served
from pyxie.registry.machine import Machine
from pyxie.rehearsal import rehearse
from pyxie.render.context import BuildContext
from pyxie.render.rendering import Rendering
from tests.render.examples import BASE, TOKEN, config, example, names

DOCUMENT = Path(__file__).parents[2] / "docs/templates.md"
PLACE = re.compile(r"(?<=<!-- python -m tests.render.table -->\n)(?:\|.*\n)*")

_NETWORK = [
    {
        "macaddress": "52:54:00:12:00:03",
        "addresses4": [{"cidr": "192.0.2.23/24"}, {"cidr": "192.0.2.24/24"}],
        "addresses6": [{"cidr": "2001:db8::23/64"}],
        "gateway4": "192.0.2.1",
        "gateway6": "2001:db8::1",
    },
    {
        "macaddress": "52:54:00:12:00:04",
        "addresses4": [{"cidr": "198.51.100.5/24"}],
        "vlan_id": "7",
    },
]
_COLUMNS = {
    "IPv4": ("machine.network[0].addresses4[0].cidr", "machine.network[0].gateway4"),
    "IPv6": ("machine.network[0].addresses6[0].cidr", "machine.network[0].gateway6"),
    "more of one version": ("machine.network[0].addresses4[1].cidr",),
    "other NICs": ("machine.network[1].addresses4[0].cidr",),
    "VLANs": ("machine.network[1].vlanid",),
    "`nameservers`": ("machine.params.nameservers",),
}
_SET = {"nameservers": "192.0.2.1", "disk": "/dev/vda", "ssh_key": "ssh-ed25519 AAAA"}


def table() -> str:
    """Return the table, a line a build type."""
    head = ["build type", *_COLUMNS, "`finish`", "other params"]
    lines = [head, ["---"] * len(head)]
    lines += [_row(name) for name in names()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def written() -> str:
    """Return the table as the document has it."""
    found = PLACE.search(DOCUMENT.read_text(encoding="utf-8"))
    return found[0] if found else ""


def _row(name: str) -> list[str]:
    served = [_served(name, {}), _served(name, _SET)]
    reads = frozenset().union(*(each.reads for each in served))
    marks = ["yes" if set(paths) <= reads else "no" for paths in _COLUMNS.values()]
    fetched = any("/template/finish/" in text for each in served for text in each.said())
    params = {path.rpartition("params.")[2] for path in reads if "params." in path}
    others = ", ".join(f"`{each}`" for each in sorted(params - {"nameservers"}))
    return [f"`{name}`", *marks, "yes" if fetched else "no", others]


def _served(name: str, params: dict[str, str]) -> Served:
    plain = example(name).model_dump() | {"network": _NETWORK}
    plain |= {"finish": "finish.sh.j2", "params": plain["params"] | params}
    machine = Machine.model_validate(plain)
    context = BuildContext(base_url=BASE, token=TOKEN, mac="")
    return rehearse(Rendering(config()), machine, context).sound()


if __name__ == "__main__":
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(PLACE.sub(lambda _: table(), text, count=1), encoding="utf-8")
