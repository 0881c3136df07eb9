"""What lies on a medium, and where in its image each file's bytes are. Pure.

The index of it is made by a process that has read what may be hostile, so each line is checked
here: that a name is one, and that the bytes are within the image.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pyxie.bounds import MEDIUM_ENTRIES
from pyxie.errors import NotServedError, PyxieError

Extent: TypeAlias = tuple[int, int]
"""Where a run of bytes begins in the image, and how many they are."""

_HOPS: Final = 40
"""Links on the way to a file, as Linux has it (path_resolution(7))."""
_STEPS: Final = 2000
"""Segments on that way, those of links too: whoever asks has all others wait meanwhile."""
_LONGEST_LINK: Final = 4096
"""Bytes of what a link leads to (PATH_MAX)."""
_DEEPEST: Final = 64
"""Folders within each other; ISO 9660 has 8, Rock Ridge and UDF any number."""
_LONGEST: Final = 255
"""Bytes of a name, as all file systems of media have it."""
_OUTSIDE: Final = "leads out of the medium"
_FRAGMENTS: Final = 64
"""Runs of bytes of one file: ISO 9660 has them of 4 GiB, UDF of 1 GiB."""


class MediumError(PyxieError):
    """A medium cannot be used; the text says why, for the operator."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a medium.

    Attributes:
        extents: Where its bytes are, in order, none that touches the one before it; or bytes
            themselves, where they are nowhere in the image.
    """

    extents: tuple[Extent | bytes, ...]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(len(each) if isinstance(each, bytes) else each[1] for each in self.extents)


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link of a medium, which leads to anywhere on it.

    Attributes:
        target: As it is written.
    """

    target: str


@dataclass(slots=True)
class Folder:
    """A folder of a medium.

    Attributes:
        names: What lies in it.
        folded: Names that are not all in lower case, by what they are in it.
    """

    names: dict[str, Node] = field(default_factory=dict)
    folded: dict[str, str] = field(default_factory=dict)

    def spelt(self, name: str) -> str:
        """Return that name, else one that differs in letter case alone; there may be none."""
        plain = name.casefold()
        return name if name in self.names else self.folded.get(plain, plain)

    def put(self, name: str, node: Node) -> None:
        """Add a name, if there is none yet."""
        if name not in self.names:
            self.names[name] = node
            if name != name.casefold():
                self.folded.setdefault(name.casefold(), name)


Node: TypeAlias = "File | Link | Folder"


@dataclass(frozen=True, slots=True)
class Tree:
    """All that lies on a medium.

    Attributes:
        root: Its first folder.
        entries: How many files, folders and links there are.
    """

    root: Folder = field(default_factory=Folder)
    entries: int = 0

    def find(self, name: str) -> File | Folder:
        """Return what a name leads to, by links too.

        Args:
            name: Segments parted by slashes, whatever they are; letter case is tolerated.

        Raises:
            NotServedError: There is no such file, or it would lead out of the medium.
        """
        way = self._walk(name)
        return way[-1][1] if way else self.root

    def real(self, name: str) -> str:
        """Return the name of a file as it is spelt, without links; raises as `find`."""
        return "/".join(spelt for spelt, _ in self._walk(name))

    def holds(self, name: str) -> bool:
        """Tell whether there is a file of that name, in any letter case."""
        try:
            return isinstance(self.find(name), File)
        except NotServedError:
            return False

    def files(self) -> Iterator[tuple[str, File]]:
        """Walk all files, by their names from the root; links are not followed."""
        waiting = deque([("", self.root)])
        while waiting:
            above, folder = waiting.popleft()
            for name, node in folder.names.items():
                if isinstance(node, File):
                    yield f"{above}{name}", node
                elif isinstance(node, Folder):
                    waiting.append((f"{above}{name}/", node))

    def _walk(self, name: str) -> list[tuple[str, File | Folder]]:
        """Return the folders on the way to what a name leads to, and that itself, as spelt."""
        way: list[tuple[str, File | Folder]] = []
        to_go, hops, steps = deque(name.split("/")), 0, 0
        while to_go:
            segment = to_go.popleft()
            steps += 1
            if steps > _STEPS:
                raise NotServedError(name[:_LONGEST], "leads too long a way")
            if segment in {"", "."}:
                continue
            here = way[-1][1] if way else self.root
            if not isinstance(here, Folder):
                raise NotServedError(name, "no such file")
            if segment == "..":
                if not way:
                    raise NotServedError(name, _OUTSIDE)
                way.pop()
                continue
            spelt = here.spelt(segment)
            found = here.names.get(spelt)
            if found is None:
                raise NotServedError(name, "no such file")
            if isinstance(found, Link):
                hops += 1
                if hops > _HOPS:
                    raise NotServedError(name, "is a link that leads in circles")
                if found.target.startswith("/"):
                    raise NotServedError(name, _OUTSIDE)
                to_go.extendleft(reversed(found.target.split("/")))
            else:
                way.append((spelt, found))
        return way


def written(path: str, node: File | Link | None) -> str:
    """Return the line of an index for what lies on a medium; None stands for a folder."""
    if isinstance(node, File):
        runs = (each for each in node.extents if not isinstance(each, bytes))
        places = ",".join(f"{start}+{length}" for start, length in runs)
        return f"{path}\tfile\t{places}"
    return f"{path}\tlink\t{node.target}" if isinstance(node, Link) else f"{path}\tfolder\t"


def read(lines: Iterable[str], size: int) -> Tree:
    """Return the tree of an index.

    Args:
        lines: As `written`.
        size: Of the image, in bytes.

    Raises:
        MediumError: It says what cannot be, or is too much.
    """
    root, entries = Folder(), 0
    folders: dict[str, Folder] = {"": root}
    for line in lines:
        entries += 1
        if entries > MEDIUM_ENTRIES.whole:
            MEDIUM_ENTRIES.reached()
            raise MediumError(f"has over {MEDIUM_ENTRIES.whole:,} files and folders")
        path, kind, rest = (*line.split("\t"), "", "")[:3]
        above, _, name = path.rpartition("/")
        folder = _folder(folders, above)
        if not is_name(name):
            raise MediumError(f"has a file whose name cannot be: {name[:80]!r}")
        match kind:
            case "file":
                folder.put(name, File(_extents(rest, size, path)))
            case "link":
                if len(rest.encode(errors="replace")) <= _LONGEST_LINK:
                    folder.put(name, Link(rest))
            case "folder":
                _folder(folders, path)
            case _:
                raise MediumError(f"has what is neither file nor folder: {path[:80]!r}")
    return Tree(root, entries)


def is_name(name: str) -> bool:
    """Tell whether a file may have that name: one that can be shown, and stand in a URL."""
    return (
        name not in {"", ".", ".."}
        and name.isprintable()
        and not {"/", "\\"} & set(name)
        and len(name.encode(errors="replace")) <= _LONGEST
    )


def merged(extents: Iterable[Extent]) -> tuple[Extent, ...]:
    """Return where bytes are, with those as one that follow each other; none that is empty."""
    found: list[Extent] = []
    for start, length in extents:
        if length and found and sum(found[-1]) == start:
            found[-1] = found[-1][0], found[-1][1] + length
        elif length:
            found.append((start, length))
    return tuple(found)


def _folder(folders: dict[str, Folder], path: str) -> Folder:
    """Return a folder, made if it was not named before."""
    found = folders.get(path)
    if found is not None:
        return found
    if path.count("/") >= _DEEPEST:
        raise MediumError(f"has over {_DEEPEST} folders within each other")
    above, _, name = path.rpartition("/")
    if not is_name(name):
        raise MediumError(f"has a folder whose name cannot be: {name[:80]!r}")
    found = folders[path] = Folder()
    _folder(folders, above).put(name, found)
    return found


def _extents(text: str, size: int, path: str) -> tuple[Extent, ...]:
    found: list[Extent] = []
    for part in text.split(",") if text else ():
        start, _, length = part.partition("+")
        if not (start.isdecimal() and length.isdecimal()) or len(part) > 40:
            raise MediumError(f"has a file that is nowhere: {path[:80]!r}")
        found.append((int(start), int(length)))
    if any(start + length > size for start, length in found) or len(found) > _FRAGMENTS:
        raise MediumError(f"has a file that ends beyond it: {path[:80]!r}; is it whole?")
    return merged(found)
