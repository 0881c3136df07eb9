"""What a machine hears that is not in build mode: by ``when_idle`` of its layers.

It is asked for each DISCOVER of such a machine, of which there may be thousands at once, so nothing
else is merged for it. What is left of a build is of no account: neither a build type nor a call
says anything of a machine that is not built.
"""

from __future__ import annotations

from pyxie.config.build import WhenIdle
from pyxie.config.nodes import Document
from pyxie.registry.define import Common, groups_of
from pyxie.registry.merge import Layer, says_nothing

_KEY = "when_idle"


def when_idle(shared: Common, own: Document) -> WhenIdle:
    """Return what the last of a machine's layers says: settings, groups, its file.

    Args:
        shared: What it inherits.
        own: Its file, which is valid.
    """
    mine = own.data if isinstance(own.data, dict) else {}
    layers = [shared.settings, *groups_of(shared, mine), Layer("machine", own)]
    for layer in reversed(layers):
        for key, value, place in layer.items():
            if key == _KEY and not says_nothing(value, place):
                return "local" if value == "local" else "silent"
    return "silent"
