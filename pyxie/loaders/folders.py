"""Boot loaders: the operator's own, else the distribution's; over TFTP and HTTP alike."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from pyxie.architectures import ARCHITECTURES
from pyxie.clock import steady
from pyxie.config.settings import Http
from pyxie.config.values import mac as canonical
from pyxie.confined import find, normalise
from pyxie.errors import NotServedError
from pyxie.inotify import MOUNTS
from pyxie.loaders.autoexec import autoexec, is_autoexec
from pyxie.loaders.catalogue import Catalogue, Loader, Wanted
from pyxie.loaders.knownplaces import MAC, Given, KnownPlaces
from pyxie.loaders.probes import is_entry, is_probe
from pyxie.loaders.programs import HEAD, codes_for
from pyxie.loaders.shims import ShimMemory, is_shim
from pyxie.tftp.source import Found, ProbeError

DISTRIBUTION = (Path("/usr/lib/ipxe"), Path("/usr/share/ipxe"), Path("/usr/lib/ipxe/qemu"))
"""Where Debian and Ubuntu, then Fedora, EL, SUSE and Arch, and Debian's ipxe-qemu put iPXE.

Not Alpine's ``/usr/share/alpine-ipxe``: that iPXE has a script in it, which boots from
boot.alpinelinux.org whatever DHCP says (aports, ``alpine.ipxe``).
"""

_MOST_LISTED: Final = 5000
"""Files of the operator's folder that are looked at; any other is served all the same."""
_NO_LOADERS: Final = (".j2", ".md")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks for.

    Attributes:
        path: The file.
        name: Its name in its folder.
        mac: ``aa:bb:cc:dd:ee:ff``, if it is known.
    """

    path: Path
    name: str
    mac: str | None


class Loaders:
    """Finds loaders by name, and tells which one fits an architecture.

    Also the `pyxie.tftp.source.Source` of the TFTP server: a name may be led by the
    machine's MAC, as our DHCP answers write it, which tells the trace who asks.

    Args:
        folder: The operator's, as of now, all of whose files are served.
        distribution: Folders of which only the loaders that pyxie knows are served.
        pairs: Gives signed shims and their GRUBs by name, as packages have brought them.
        entry: What GRUB is given for its first configuration where the operator has none.
        http_port: Where our HTTP server listens, to which scripts lead.
        clock: Seconds, steady.
        mounts: As of `pyxie.inotify.rely_on`.

    Attributes:
        catalogue: What there was at the last `refresh`.
    """

    def __init__(
        self,
        folder: Callable[[], Path],
        distribution: Sequence[Path] = DISTRIBUTION,
        *,
        pairs: Callable[[], Mapping[str, Path]] = dict,
        entry: bytes = b"",
        http_port: Callable[[], int] = lambda: Http().port,
        clock: Callable[[], float] = steady,
        mounts: Path = MOUNTS,
    ) -> None:
        self._folder = folder
        self._distribution = tuple(distribution)
        self._pairs = pairs
        self._paired: Mapping[str, Path] = {}
        self._entry = entry
        self._http_port = http_port
        self._clock = clock
        self._shims = ShimMemory()
        self._lock = threading.Lock()
        self._places = KnownPlaces(clock, mounts)
        self.catalogue = Catalogue((), ())
        self.refresh()

    @property
    def by_architecture(self) -> Mapping[int, str]:
        """The loader's name where nothing else is wanted, by option 93's code."""
        return self.catalogue.usual

    def refresh(self) -> None:
        """Look again which loaders are there."""
        self._paired = self._pairs()
        self.catalogue = Catalogue(self._own(), (*self._packaged(), *self._signed()))

    def missing(self) -> list[str]:
        """Return a sentence for each common kind of machine that has no loader."""
        return [
            f"no boot loader for {ARCHITECTURES[code].name} machines: put "
            f"{ARCHITECTURES[code].loaders[0]} into {self._folder()} or install the package 'ipxe'"
            " ('ipxe-bootimgs' on Fedora, EL and SUSE)"
            for code in (0x00, 0x07)
            if code not in self.by_architecture
        ]

    def check(self, wanted: Wanted) -> None:
        """Look whether what the key ``loader`` names can be handed out now.

        A file that was laid down since the last `refresh` is found.

        Raises:
            NotServedError: It cannot.
        """
        if not wanted:
            return
        names = (wanted,) if isinstance(wanted, str) else wanted.values()
        if self._faults(wanted) or not all(map(self._has, names)):
            self.refresh()
            for fault in self._faults(wanted):
                raise NotServedError("loader", fault)

    def _faults(self, wanted: Wanted) -> list[str]:
        return list(self.catalogue.faults(wanted, self._folder()))

    def find(self, name: str) -> Path:
        """Return the file of that name.

        Raises:
            NotServedError: There is none.
        """
        try:
            return find(self._folder(), name)
        except NotServedError:
            known = _KNOWN.get(name.lower(), "")
            for folder in self._distribution:
                if known and (folder / known).is_file():
                    return folder / known
            paired = self._paired.get(name.lower())
            if paired is not None and paired.is_file():
                return paired
            raise

    def open(self, name: str, local: IPv4Address, peer: IPv4Address) -> Found:
        """Return what a TFTP client asks for; see `pyxie.tftp.source.Source`."""
        plain = normalise(name)
        first, _, rest = plain.partition("/")
        mac = None
        if rest and MAC.fullmatch(first):
            mac = canonical(first)
            if not self._has(plain):  # an operator may have a folder of that name
                plain = rest
        try:
            asked = self.asked(plain, str(peer), mac)
        except NotServedError as exc:
            if is_entry(plain):
                return Found(data=self._entry, mac=mac, what=plain)
            if is_probe(plain.rpartition("/")[2]):
                raise ProbeError(name, exc.why) from exc
            if not is_autoexec(plain):
                raise
            script = autoexec(f"http://{local}:{self._http_port()}", mac)
            return Found(data=script.encode(), mac=mac, what=plain)
        if asked.name == plain and not is_shim(plain):
            self._places.learn(plain, self._given(plain), asked.path, self.find)
        return Found(path=asked.path, mac=asked.mac, what=asked.name)

    def ready(self, name: str, peer: str) -> Found | None:
        """Return what `open` would, where that is known without a look at a file.

        For the event loop. Of shims, and of those that one has started, it is not known: whom they
        are given to is remembered.
        """
        try:
            plain = normalise(name)
            first, _, rest = plain.partition("/")
            mac = canonical(first) if rest and MAC.fullmatch(first) else None
        except (NotServedError, ValueError):
            return None
        if mac is not None:
            plain = rest
        if is_shim(plain):
            return None
        if mac is None and "/" not in plain and self._shims.meant(peer, plain, self._clock())[0]:
            return None
        place = self._places.ready(plain, self._given(plain), after_mac=mac is not None)
        if place is None:
            return None
        return Found(path=place.path, mac=mac, what=plain, state=place.state)

    def _given(self, name: str) -> Given:
        """Return what a name is looked for in; packages' names only as they are spelt here."""
        known = _KNOWN.get(name.lower()) == name
        packages = [folder / name for folder in self._distribution] if known else []
        paired = self._paired.get(name)
        if paired is not None:
            packages.append(paired)
        return Given(self._folder(), tuple(packages))

    def asked(self, name: str, client: str, mac: str | None) -> Asked:
        """Return what a client means by a name.

        In the root, that is what the shim starts which it was given.

        Args:
            name: Without a MAC before it.
            client: Its address.
            mac: ``aa:bb:cc:dd:ee:ff``, if it is known.

        Raises:
            NotServedError: There is nothing of that name.
        """
        now = self._clock()
        if mac is None and "/" not in name:
            with self._lock:
                meant, whose = self._shims.meant(client, name, now)
            for each in meant:
                if self._has(each):
                    return Asked(self.find(each), each, whose)
        path = self.find(name)
        if is_shim(name):
            with self._lock:
                self._shims.give(client, name, mac, now)
        return Asked(path, name, mac)

    def _has(self, name: str) -> bool:
        try:
            self.find(name)
        except NotServedError:
            return False
        return True

    def _own(self) -> Iterator[Loader]:
        root = self._folder()
        for at, name in enumerate(_names(root)):
            if at == _MOST_LISTED:
                return
            try:
                yield Loader(name, _codes(find(root, name)))
            except (NotServedError, OSError):
                continue  # a link that leads out, say, which is not served either

    def _packaged(self) -> Iterator[Loader]:
        for name in dict.fromkeys(_KNOWN.values()):
            for folder in self._distribution:
                try:
                    yield Loader(name, _codes(folder / name))
                except OSError:
                    continue
                break

    def _signed(self) -> Iterator[Loader]:
        for name, path in self._paired.items():
            try:
                yield Loader(name, _codes(path))
            except OSError:
                continue  # it is being updated


def _codes(path: Path) -> frozenset[int]:
    with path.open("rb") as file:
        return codes_for(path.name, file.read(HEAD))


def _names(root: Path) -> Iterator[str]:
    """Yield the names of the files below ``root``, once each however its links go round."""
    seen = set()
    for top, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(top)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and not name.endswith(_NO_LOADERS):
                yield os.path.relpath(Path(top, name), root)


_KNOWN: Final = {name.lower(): name for row in ARCHITECTURES.values() for name in row.loaders}
"""What is served from the distribution's folders, by its name in lower case."""
