"""All operations that pyxie has over HTTP: its own, and waitron's."""

from __future__ import annotations

from pyxie.compat import waitron1, waitron3
from pyxie.http import (
    adhoc,
    answerfile,
    boot,
    boot_api,
    bootfiles,
    builds,
    bulk,
    dhcpservers,
    discovered,
    docs,
    events,
    front,
    health,
    images,
    leases,
    loaderfiles,
    loaders,
    machine_files,
    machines,
    media,
    mediafiles,
    mirror,
    nocloud,
    recipes,
    settings,
    tokens,
    why,
)
from pyxie.http.page import (
    assets,
    bulkscreen,
    copyscreen,
    healthscreen,
    imagesscreen,
    machineactions,
    machineeditor,
    machinescreen,
    machinesscreen,
    mediumscreen,
    signing,
    stream,
    waitingscreen,
)
from pyxie.http.routing import Operation

_OWN = (
    *(front, signing),
    *(health, machines, machine_files, builds, bulk, events, tokens, settings, media),
    *(images, recipes, loaders, dhcpservers, leases, why),
    *(
        boot,
        loaderfiles,
        bootfiles,
        mediafiles,
        mirror,
        boot_api,
        adhoc,
        discovered,
        nocloud,
        answerfile,
    ),
    *(assets, machinescreen, machineeditor, machineactions, machinesscreen, bulkscreen),  # the page
    *(imagesscreen, copyscreen, mediumscreen, healthscreen, waitingscreen),
    stream,
)


def operations(waitron_api: int) -> list[Operation]:
    """Return all operations, waitron's in the version that the setting ``waitron_api`` names."""
    modules = (*_OWN, waitron3 if waitron_api == 3 else waitron1)
    found = [operation for module in modules for operation in module.routes]
    return [*found, *docs.routes(found)]
