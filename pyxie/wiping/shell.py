"""Does a shell script wipe a disk? By the programs that it runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from pyxie.wiping.shellparts import REDIRECTED, assigned, commands, expanded
from pyxie.wiping.verdict import EVERY_DISK, Unclear, Verdict, Wipes, combined

Words: TypeAlias = Sequence[str]

_DEEPEST: Final = 4
_LONGEST: Final = 1000
_NO_DISK: Final = re.compile(
    r"/dev/(?:null|zero|full|u?random|std\w+|console|tty\w*|pts/.*|kmsg|fd/.*|shm/.*|log)"
)
_NOT_PROGRAMS: Final = frozenset(
    (
        *("if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "time", "exec"),
        *("command", "builtin", "sudo", "doas", "env", "nohup", "setsid", "nice", "busybox"),
        *("in-target", "curtin", "log-output", "xargs", "-", "--"),
    )
)
"""What may stand before the program: a shell's own words, and programs that run another."""
_TAKES_ONE: Final = frozenset(("chroot", "timeout", "arch-chroot", "ip-netns"))
_SHELLS: Final = frozenset(("sh", "bash", "dash", "ash", "ksh", "zsh", "su", "eval", ".", "source"))
_FETCHES: Final = frozenset(("curl", "wget", "fetch", "preseed_fetch", "tftp"))


def read_shell(text: str, ours: str = "", depth: int = 0) -> Verdict:
    """Return what a script does to disks.

    Args:
        text: The script.
        ours: How the URLs begin that pyxie itself serves.
        depth: How often a script within a script was opened to get here.
    """
    return combined(_found(text, ours, depth))


def _found(text: str, ours: str, depth: int) -> Iterator[Verdict]:
    values: dict[str, str] = {}
    fetched: dict[str, str] = {}
    foreign = ""
    for written in commands(text):
        words = [expanded(word, values) for word in written]
        for word in words:
            pair = assigned(word)
            if pair is None:
                break
            # One that doubles itself line by line would fill the memory.
            values[pair[0]] = pair[1] if len(pair[1]) < _LONGEST else "$"
        yield from _redirected(words)
        words = _program(words)
        if not words:
            continue
        name = words[0].rpartition("/")[2]
        if name in _FETCHES:
            urls = [word for word in words if "://" in word and not _is_ours(word, ours)]
            foreign = urls[0] if urls else ""
            for path in _outputs(words):
                fetched[path] = foreign
            continue
        if name in _SHELLS:
            yield from _run(words, ours, depth, fetched, foreign)
        elif fetched.get(words[0]):
            yield _foreign(fetched[words[0]])
        rule = _RULES.get(name) or (_formats if name.startswith("mkfs") else None)
        if rule is not None:
            yield from rule(words[1:])


def _is_ours(url: str, ours: str) -> bool:
    return bool(ours) and url.startswith(f"{ours}/")


def _foreign(url: str) -> Unclear:
    # Neither a password nor a token that stands in it is anybody's else to read.
    host = re.sub(r"^(\w+://)(?:[^/@]*@)?([^/?#]*).*", r"\1\2", url, flags=re.DOTALL)
    return Unclear(f"it runs what {host} gives")


def _run(
    words: Words, ours: str, depth: int, fetched: Mapping[str, str], foreign: str
) -> Iterator[Verdict]:
    """Look into what a shell is given."""
    rest = words[1:]
    if depth < _DEEPEST:
        if words[0].endswith("eval"):
            yield read_shell(" ".join(rest), ours, depth + 1)
        for option, text in pairwise(rest):
            if re.fullmatch(r"-\w*c", option):
                yield read_shell(text, ours, depth + 1)
    files = [word for word in rest if not word.startswith("-")]
    if not files and foreign:  # what was fetched just before is its input
        yield _foreign(foreign)
    yield from (_foreign(fetched[word]) for word in files if fetched.get(word))


def _program(words: Words) -> list[str]:
    """Return the words from the program on."""
    left = [word for word in words if word != REDIRECTED]
    while left:
        word = left[0].rpartition("/")[2]
        if word in _TAKES_ONE:
            left = left[1:]
            while left and left[0].startswith("-"):
                left = left[1:]
            left = left[1:]
        elif word in _NOT_PROGRAMS or assigned(left[0]) or re.fullmatch(r"[\w-]*\{", word):
            left = left[1:]
            while left and left[0].startswith("-") and left[0] != "-":
                left = left[1:]
        else:
            return left
    return []


def _outputs(words: Words) -> Iterator[str]:
    for option, path in pairwise(words):
        if re.fullmatch(r"-\w*[oO]|--output|--output-document", option):
            yield path


def _redirected(words: Words) -> Iterator[Verdict]:
    """Find disks that a redirection writes to."""
    for sign, target in pairwise(words):
        if sign != REDIRECTED:
            continue
        if "$" in target and re.search(r"disk|dev|drive", target, re.IGNORECASE):
            yield Unclear(f"it writes to {target}")
        elif "$" not in target and is_disk(target):
            yield Wipes((target,))


def is_disk(word: str) -> bool:
    """Tell whether a word is the path of a block device."""
    return word.startswith("/dev/") and len(word) > len("/dev/") and not _NO_DISK.fullmatch(word)


def _disks(words: Words) -> Iterator[Verdict]:
    """Return those that are named; a variable may be any."""
    named = [word for word in words if is_disk(word) and "$" not in word]
    if named:
        yield Wipes(tuple(named))
    elif any("$" in word for word in words):
        yield Wipes()


def _formats(words: Words) -> Iterator[Verdict]:
    yield from _disks([word for word in words if not word.startswith("-")])


def _if_any(*told: str) -> Callable[[Words], Iterator[Verdict]]:
    """Return a rule for a program that wipes if one of these stands among its words."""

    def rule(words: Words) -> Iterator[Verdict]:
        if any(
            word in told
            or word.partition("=")[0] in told
            # -af is -a and -f
            or (re.fullmatch(r"-[a-zA-Z]+", word) and any(f"-{each}" in told for each in word[1:]))
            for word in words
        ):
            yield from _disks(words)

    return rule


def _unless_any(*told: str) -> Callable[[Words], Iterator[Verdict]]:
    """Return a rule for a program that only looks if one of these stands among its words."""

    def rule(words: Words) -> Iterator[Verdict]:
        if not any(word in told for word in words):
            yield from _disks(words)

    return rule


def _dd(words: Words) -> Iterator[Verdict]:
    for word in words:
        if word.startswith("of="):
            target = word.removeprefix("of=")
            if is_disk(target) and "$" not in target:
                yield Wipes((target,))
            elif "$" in target:
                yield Unclear(f"it writes to {target} by dd")


def _installs(words: Words) -> Iterator[Verdict]:
    """Programs that install onto the disk that they are given, or onto one of their choice."""
    yield combined((Wipes(), *_disks(words)))


def _flatcar(words: Words) -> Iterator[Verdict]:
    if "-s" in words:
        yield Wipes(("the smallest disk",))
    else:
        yield from _installs(words)


def _installs_if(*told: str) -> Callable[[Words], Iterator[Verdict]]:
    def rule(words: Words) -> Iterator[Verdict]:
        if any(word in told for word in words):
            yield from _installs(words)

    return rule


def _nwipe(words: Words) -> Iterator[Verdict]:
    yield Wipes((EVERY_DISK,)) if "--autonuke" in words else Wipes()


def _alpine(words: Words) -> Iterator[Verdict]:
    if any(word.startswith("-") and "q" in word for word in words):
        return  # only what is running is set up
    yield Wipes()


def _setup_disk(words: Words) -> Iterator[Verdict]:
    if "none" not in words:
        yield from _installs(words)


_LOOKS: Final = ("-l", "--list", "-d", "--dump", "-s", "-J", "--json", "--show-size", "-V")

_RULES: Final[Mapping[str, Callable[[Words], Iterator[Verdict]]]] = {
    "dd": _dd,
    "wipefs": _if_any("-a", "--all"),
    "sgdisk": _unless_any("-p", "--print", "-i", "--info", "-v", "--verify", "-L"),
    "sfdisk": _unless_any(*_LOOKS),
    "fdisk": _unless_any(*_LOOKS),
    "gdisk": _unless_any(*_LOOKS),
    "parted": _if_any("mklabel", "mktable", "mkpart", "rm", "resizepart"),
    "mke2fs": _formats,
    "mkdosfs": _formats,
    "pvcreate": _formats,
    "blkdiscard": _formats,
    "shred": _formats,
    "tee": _formats,
    "bcache": _formats,
    "badblocks": _if_any("-w"),
    "hdparm": _if_any("--security-erase", "--security-erase-enhanced"),
    "nvme": _if_any("format", "sanitize", "write-zeroes"),
    "sg_format": _formats,
    "mdadm": _if_any("--create", "-C", "--zero-superblock"),
    "zpool": _if_any("create", "labelclear"),
    "cryptsetup": _if_any("luksFormat", "reencrypt", "erase"),
    "ddrescue": _formats,
    "qemu-img": _if_any("convert", "dd"),
    "bmaptool": _if_any("copy"),
    "cp": _formats,
    "nwipe": _nwipe,
    "flatcar-install": _flatcar,
    "coreos-install": _flatcar,
    "coreos-installer": _installs_if("install"),
    "bootc": _installs_if("to-disk"),
    "elemental": _installs_if("install"),
    "kairos-agent": _installs_if("install"),
    "setup-alpine": _alpine,
    "setup-disk": _setup_disk,
    "disko": _installs,
    "ocs-sr": _installs_if("restoredisk"),
}
