"""A system's own shim and GRUB by TFTP, below the machine's MAC: they know it by nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pyxie.builds.life import Build
from pyxie.clock import steady
from pyxie.config.values import mac as canonical
from pyxie.confined import normalise
from pyxie.errors import NotServedError
from pyxie.loaders.own import FOLDER
from pyxie.loaders.probes import is_entry, is_probe
from pyxie.loaders.shims import ShimMemory
from pyxie.recognition.recognise import Known, Recognised, settled
from pyxie.tftp.source import Found


class OwnLoaders:
    """Finds them.

    Args:
        recognise: Tells who a machine is, by its MAC.
        find: Finds the files of a machine in build mode, by ``boot/HOST/shim/…``.
        clock: Seconds, steady.
    """

    def __init__(
        self,
        recognise: Callable[[str], Recognised],
        find: Callable[[str, str], Awaitable[Found | None]],
        clock: Callable[[], float] = steady,
    ) -> None:
        self._recognise = recognise
        self._find = find
        self._clock = clock
        self._given = ShimMemory()

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
                return await self._of(who, "/".join(rest), peer)
            case [alone]:  # firmware that tells a shim no name: it asks in the root
                meant, whose = self._given.meant(peer, alone, self._clock())
                if meant and whose:
                    return await self._of(whose, alone, peer)
            case _:
                pass
        return None

    def may_mean(self, name: str, peer: str) -> bool:
        """Tell whether a name may be one machine's, by its first words alone.

        Those of `pyxie.grub.configs` and `pyxie.tftp.kernels` too.
        """
        try:
            segments = normalise(name).split("/")
        except NotServedError:
            return True
        match segments:
            case [("boot" | "grub"), *_] | [_, "own", *_]:
                return True
            case [alone]:
                return bool(self._given.meant(peer, alone, self._clock())[0])
            case _:
                return False

    async def _of(self, who: str, name: str, peer: str) -> Found | None:
        if is_entry(f"{FOLDER}/{name}") or is_probe(name.rpartition("/")[2]):
            return None  # and no mirror is asked whether it has one
        try:
            mac = canonical(who)
        except ValueError:
            return None
        match settled(self._recognise(mac)):
            case Known(build=Build(active=True) as build):
                found = await self._find(f"boot/{build.host}/shim/{name}", peer)
                if found is not None and found.what == "shim":
                    self._given.give(peer, f"{FOLDER}/{name}", mac, self._clock())
                return found
            case _:
                raise NotServedError(name, "is of a machine that is not in build mode")
