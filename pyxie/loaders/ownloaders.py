"""A system's own shim and GRUB by TFTP, below the machine's MAC: they know it by nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pyxie.builds.life import Build
from pyxie.config.values import mac as canonical
from pyxie.confined import normalise
from pyxie.errors import NotServedError
from pyxie.loaders.own import FOLDER
from pyxie.loaders.probes import is_entry, is_probe
from pyxie.recognition.recognise import Known, Recognised, settled
from pyxie.tftp.source import Found


class OwnLoaders:
    """Finds them.

    Args:
        recognise: Tells who a machine is, by its MAC.
        find: Finds the files of a machine in build mode, by ``boot/HOST/shim/…``.
    """

    def __init__(
        self,
        recognise: Callable[[str], Recognised],
        find: Callable[[str, str], Awaitable[Found | None]],
    ) -> None:
        self._recognise = recognise
        self._find = find

    async def find(self, name: str, peer: str) -> Found | None:
        """Return the file that a name means; None if it is none of these, or one of every system.

        Args:
            name: As the client spelt it, ``52-54-00-12-34-56/own/bootx64.efi``.
            peer: The client's address.

        Raises:
            NotServedError: There is none, or it cannot be had.
        """
        match normalise(name).split("/"):
            case [who, folder, *rest] if rest and folder == FOLDER:
                pass
            case _:
                return None
        if is_entry(f"{FOLDER}/{'/'.join(rest)}") or is_probe(rest[-1]):
            return None  # and no mirror is asked whether it has one
        try:
            found = settled(self._recognise(canonical(who)))
        except ValueError:
            return None
        match found:
            case Known(build=Build(active=True) as build):
                return await self._find(f"boot/{build.host}/shim/{'/'.join(rest)}", peer)
            case _:
                raise NotServedError(name, "is of a machine that is not in build mode")
