"""Which copies builds need: those go for nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from pyxie.builds.definitions import Definitions
from pyxie.builds.life import Build
from pyxie.errors import ConfigError, NotServedError
from pyxie.images.spec import Upstream, images_of
from pyxie.imagestore.entry import key_of
from pyxie.slices import in_slices


def needed_by(
    builds: Callable[[], Collection[Build]], definitions: Definitions
) -> Callable[[], Awaitable[frozenset[str]]]:
    """Return what gives the keys of the kernels and initrds of all machines in build mode.

    Args:
        builds: Those of now.
        definitions: What their machines are.
    """

    async def needed() -> frozenset[str]:
        keys: set[str] = set()
        async for build in in_slices(builds()):
            try:
                machine = definitions.of(build)
                images = images_of(machine, definitions.called(build))
            except (ConfigError, NotServedError):
                continue
            for _, image in images.parts:
                if isinstance(image, Upstream):
                    keys.add(key_of(image.url, image.reach))
        return frozenset(keys)

    return needed
