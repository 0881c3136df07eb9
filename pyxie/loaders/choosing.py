"""Which boot loaders a client may be handed: what its layers say under ``loader``."""

from __future__ import annotations

from collections.abc import Callable

from pyxie.builds.definitions import Definitions
from pyxie.builds.life import Build
from pyxie.config.settings import Settings
from pyxie.loaders.catalogue import Choice, Wanted
from pyxie.loaders.folders import Loaders
from pyxie.recognition.recognise import AdHoc, Known, Recognised, Unknown, settled


class LoaderChoice:
    """Tells it from memory: a DHCP answer waits for it.

    Args:
        loaders: Which there are.
        definitions: What the machines of builds are built from.
        settings: Those of now.
    """

    def __init__(
        self, loaders: Loaders, definitions: Definitions, settings: Callable[[], Settings]
    ) -> None:
        self._loaders = loaders
        self._definitions = definitions
        self._settings = settings

    def of(self, client: Recognised) -> Choice:
        """Return what a client may be handed."""
        return self._loaders.catalogue.choice(self._wanted(client))

    def _wanted(self, client: Recognised) -> Wanted:
        settings = self._settings()
        match settled(client):
            case Known(build=Build(active=True) as build):
                return self._definitions.of(build).loader
            case AdHoc(boot=boot):
                return boot.machine.loader
            case Unknown(build_type=str(name)) if name in settings.build_types:
                return settings.build_types[name].loader or settings.loader
            case _:  # what is known of it by now says nothing of a loader
                return settings.loader
