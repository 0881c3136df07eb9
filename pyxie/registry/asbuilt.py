"""What machines are built from by their files alone, kept for as long as those are the same.

To define a machine takes most of what a build takes by then. It is kept of machines that were tried
while there was nothing else to do, and of those that were built; without the places of its values,
which are made again where a message needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from pyxie.bounded import note
from pyxie.bounds import DEFINITIONS_KEPT
from pyxie.config.nodes import Document, Loc
from pyxie.config.validate import slimmed
from pyxie.registry.define import Common, Definition, define
from pyxie.registry.machine import Machine
from pyxie.registry.merge import Merged
from pyxie.registry.origins import own
from pyxie.registry.registry import Registry

_KINDS: Final = 256
"""Different sets of paths that machines share."""


@dataclass(slots=True, eq=False)
class Kept:
    """A machine's definition, without a call's type and body.

    Attributes:
        shared: All that it may have inherited, and
        document: its file: the same objects mean that nothing has changed.
        definition: It.
        written: The paths of what its own file says.
    """

    shared: Common
    document: Document
    definition: Definition
    written: frozenset[Loc]
    _key: tuple[object, bytes] | None = field(default=None, repr=False)
    _expects: bool | None = field(default=None, repr=False)
    _text: str | None = field(default=None, repr=False)

    def text(self) -> str:
        """Return the machine as JSON: made for its first build, which keeps the same text."""
        if self._text is None:
            self._text = self.definition.machine.model_dump_json()
        return self._text

    def key(self, context: object, make: Callable[[], bytes]) -> bytes:
        """Return by what its verdict is found, which is made once for a context."""
        if self._key is None or self._key[0] != context:
            self._key = context, make()
        return self._key[1]

    def expects(self, look: Callable[[], bool]) -> bool:
        """Tell whether it is said of any of its files what that is to be; looked at once."""
        if self._expects is None:
            self._expects = look()
        return self._expects


class KeptDefinitions:
    """Those of some machines; for the event loop."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self._written: dict[frozenset[Loc], frozenset[Loc]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, registry: Registry, host: str) -> Kept | None:
        """Return what `Registry.define` would of a machine there is; None where it is not known.

        Args:
            registry: The machines of now.
            host: Its name.
        """
        kept = self._kept.get(host)
        if kept is None or kept.shared is not registry.shared:
            return None
        if kept.document is not registry.documents.get(host):
            return None
        return kept if _are_own(kept.definition.machine, registry.by_mac) else None

    def put(self, registry: Registry, definition: Definition, written: frozenset[Loc]) -> Kept:
        """Keep what `Registry.define` gave of a machine, without a type and a body.

        Args:
            registry: By which it did.
            definition: It.
            written: The paths of what its own file says.
        """
        machine, shared = definition.machine, registry.shared
        document = registry.documents[machine.hostname]
        alike = self._written.get(written, written)
        note(self._written, alike, alike, _KINDS)
        light = replace(definition, made=partial(_merged, shared, document))
        kept = Kept(shared, document, light, alike)
        forgotten = note(self._kept, machine.hostname, kept, DEFINITIONS_KEPT.whole)
        DEFINITIONS_KEPT.reached(forgotten)
        return kept


def made_of(registry: Registry, machine: Machine) -> tuple[Definition, frozenset[Loc]]:
    """Return what is kept of a machine; in a thread; raises as `Registry.define`."""
    found = registry.define(machine)
    written, built = own(found.merged), found.machine
    if machine.network and built.network == machine.network:  # kept once for both
        built = built.model_copy(update={"network": machine.network})
    return replace(found, machine=slimmed(built)), written


def _are_own(machine: Machine, by_mac: Mapping[str, Machine]) -> bool:
    """Tell whether no NIC of a machine is another's."""
    return all(by_mac.get(mac, machine).hostname == machine.hostname for mac in machine.macs)


def _merged(shared: Common, document: Document) -> Merged:
    return define(shared, document).merged
