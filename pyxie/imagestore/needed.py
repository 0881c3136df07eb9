"""Which copies builds need: those go for nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeAlias

from pyxie.builds.definitions import Definitions
from pyxie.builds.life import Build
from pyxie.errors import ConfigError, NotServedError
from pyxie.images.spec import Upstream, images_of
from pyxie.imagestore.entry import key_of
from pyxie.slices import in_slices

Needs: TypeAlias = Mapping[str, Sequence[str]]
"""Keys of copies, and the machines whose builds need them."""


def needed_by(
    builds: Callable[[], Collection[Build]], definitions: Definitions
) -> Callable[[], Awaitable[Needs]]:
    """Return what gives the keys of the kernels and initrds of machines in build mode, and whose.

    Args:
        builds: Those of now.
        definitions: What their machines are.
    """

    async def needed() -> Needs:
        hosts: dict[str, list[str]] = {}
        async for build in in_slices(builds()):
            try:
                machine = definitions.of(build)
                images = images_of(machine, definitions.called(build))
            except (ConfigError, NotServedError):
                continue
            for _, image in images.parts:
                if isinstance(image, Upstream):
                    hosts.setdefault(key_of(image.url, image.reach), []).append(build.host)
        return hosts

    return needed
