"""What came of rehearsals, kept for as long as another would come to the same; bounded.

Only of what can be built: who mends a file has it tried anew. A verdict is some hundred bytes, for
machines of one kind share what is equal, and none of their texts is kept.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any, Final, TypeVar

from pyxie.advice.served import Advice
from pyxie.bounded import note
from pyxie.bounds import VERDICTS
from pyxie.config.nodes import Loc
from pyxie.config.settings import Settings
from pyxie.errors import NotServedError
from pyxie.images.spec import Images, Local, OnMedium, check_ours, images_of
from pyxie.registry.asbuilt import Kept
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext
from pyxie.render.lastseen import LastSeen
from pyxie.render.uses import State, Uses, state_of
from pyxie.wiping.forecast import Forecast
from pyxie.workers.made import Known

T = TypeVar("T")

_LOOKED_AT: Final = 512
"""Files that are looked at once in a while, to see whether verdicts are outdated."""
_KINDS: Final = 256
"""Different results, and sets of files, that machines share."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a rehearsal; as `pyxie.rehearsal.Rehearsal`, without the texts."""

    faults: tuple[Known, ...]
    advice: tuple[Advice, ...]
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class _Kept:
    """A verdict.

    Attributes:
        host: Of which machine.
        tried: It.
        files: Those that it was made of, as they were.
        ours: Files of ours are booted, which have to be there: it was looked for them.
    """

    host: str
    tried: Tried
    files: Mapping[str, State]
    ours: bool


@dataclass(frozen=True, slots=True)
class _Files:
    """Those that verdicts were made of.

    Attributes:
        changes: How often verdicts had changed by then.
        sets: Those of each, by what they are as objects: machines of one kind share them.
        places: All of them.
    """

    changes: int
    sets: Mapping[int, Mapping[str, State]]
    places: tuple[str, ...]


def key_of(machine: Machine, context: BuildContext, written: frozenset[Loc]) -> bytes:
    """Return what is another where a machine, or the way in which it is tried, is another."""
    own = sorted(map(repr, written))
    said = repr((machine.model_dump_json(), context, own))
    return blake2b(said.encode(errors="surrogatepass"), digest_size=16).digest()


def key_of_kept(kept: Kept, context: BuildContext) -> bytes:
    """Return the same of a machine of which that is kept, too."""
    return kept.key(context, lambda: key_of(kept.definition.machine, context, kept.written))


class Verdicts:
    """Those of the machines, by one snapshot of the settings.

    A key is that of `key_of`, and means one machine; the one kept first is forgotten first.

    Args:
        settings: That snapshot.
    """

    def __init__(self, settings: Settings) -> None:
        self._ours = settings.images, settings.isos, settings.image_store.folders
        self._kept: dict[bytes, _Kept] = {}
        self._alike: dict[Hashable, Any] = {}
        self._seen = LastSeen()
        self._changes = 0
        self._looked_at: _Files | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: bytes) -> bool:
        """Tell whether there is one, which files may have outdated."""
        return key in self._kept

    def ready(self, key: bytes) -> Tried | None:
        """Return what `look` would, where that is known without asking a file system."""
        kept = self._kept.get(key)
        if kept is None or kept.ours or not self._seen.still(kept.files):
            return None
        return kept.tried

    def look(self, machine: Machine, key: bytes) -> Tried | None:
        """Return a verdict, if the files that it was made of are as they were; in a thread."""
        kept = self._kept.get(key)
        if kept is None or not self._seen.look(kept.files):
            return None
        if kept.ours and not self._are_there(images_of(machine)):
            return None
        return kept.tried

    def put(self, machine: Machine, key: bytes, tried: Tried, uses: Uses) -> None:
        """Keep a verdict, unless another may come to something else."""
        if self._kept.pop(key, None) is not None:
            self._changes += 1
        if tried.faults or not uses.lasting:
            return
        files = self._shared(frozenset(uses.files.items()), uses.files)
        kept = _Kept(machine.hostname, self._shared(tried, tried), files, _has_ours(machine))
        VERDICTS.reached(note(self._kept, key, kept, VERDICTS.whole))
        self._changes += 1  # afterwards: a thread that reads it first misses nothing

    def outdated(self) -> set[str]:
        """Forget verdicts whose files have changed; return of which machines; in a thread."""
        files = self._files()
        states = {place: state_of(place) for place in files.places}
        old = {
            at
            for at, each in files.sets.items()
            if any(states.get(place, was) != was for place, was in each.items())
        }
        if not old:
            return set()
        found = [(key, each) for key, each in tuple(self._kept.items()) if id(each.files) in old]
        for key, _ in found:
            self._kept.pop(key, None)
        self._looked_at = None
        return {each.host for _, each in found}

    def _files(self) -> _Files:
        """Return what is looked at of all that is kept: at rest the same each time."""
        changes, files = self._changes, self._looked_at
        if files is None or files.changes != changes:
            sets = {id(each.files): each.files for each in tuple(self._kept.values())}
            places = dict.fromkeys(place for each in sets.values() for place in each)
            # Of more than that are looked at when a build asks for them.
            files = self._looked_at = _Files(changes, sets, tuple(islice(places, _LOOKED_AT)))
        return files

    def _shared(self, key: Hashable, value: T) -> T:
        """Return what is equal to a value and was kept of another machine, else the value."""
        found: T = self._alike.get(key, value)
        note(self._alike, key, found, _KINDS)
        return found

    def _are_there(self, images: Images) -> bool:
        with suppress(NotServedError):
            check_ours(images, *self._ours)
            return True
        return False


def _has_ours(machine: Machine) -> bool:
    return any(isinstance(each, Local | OnMedium) for _, each in images_of(machine).parts)
