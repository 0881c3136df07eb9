"""All operations that pyxie has over HTTP: its own, and waitron's."""

from __future__ import annotations

from pyxie.compat import waitron1, waitron3
from pyxie.http import (
    api,
    boot,
    boot_api,
    builds,
    discovered,
    docs,
    lists,
    machines,
    nocloud,
    tokens,
)
from pyxie.http.routing import Operation

_OWN = (api, lists, machines, boot, boot_api, builds, nocloud, discovered, tokens)


def operations(waitron_api: int) -> list[Operation]:
    """Return all operations, waitron's as the setting ``waitron_api`` wants them."""
    modules = (*_OWN, waitron3 if waitron_api == 3 else waitron1)
    found = [operation for module in modules for operation in module.routes]
    return [*found, *docs.routes(found)]
