"""To which NIC the build of a machine belongs that its `match` alone tells."""

from __future__ import annotations

from pyxie.builds.builds import Builds
from pyxie.builds.definitions import Definitions
from pyxie.builds.life import Build
from pyxie.registry.machine import Machine


def assigned_already(definitions: Definitions, build: Build, mac: str) -> Machine | None:
    """Return what a NIC is built from, if nothing has to be noted for it; see `assigned`."""
    machine = definitions.of(build)
    return machine if machine.match is None or build.mac == mac else None


async def assigned(
    builds: Builds, definitions: Definitions, build: Build, mac: str, peer: str
) -> Machine | None:
    """Return what a NIC is built from, noting that it is, or None if the build is another's.

    Args:
        builds: All of them.
        definitions: What they are built from.
        build: Of the machine that the NIC is recognised as.
        mac: The NIC. One of a machine without a `match` is in its file, or in its build.
        peer: Where it asks from.

    Returns:
        The machine by the settings in force when this returns.
    """
    machine = assigned_already(definitions, build, mac)
    if machine is not None:
        return machine
    machine = definitions.of(build)
    named = {*machine.macs, *build.macs}
    if not await builds.assign(build, mac, peer, named=named):
        return None
    return definitions.of(build)
