"""The programs that wipe a disk, each by its own words. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from pyxie.wiping.verdict import EVERY_DISK, Unclear, Verdict, Wipes, combined

Words: TypeAlias = Sequence[str]
Rule: TypeAlias = Callable[[Words], Iterator[Verdict]]

_NO_DISK: Final = re.compile(
    r"/dev/(?:null|zero|full|u?random|std\w+|console|tty\w*|pts/.*|kmsg|fd/.*|shm/.*|log|"
    r"(?:loop|ram|zram)\d\S*)"
)
_A_DISK: Final = re.compile(r".*\$\{?\w*(?:disk|drive|device|dev)\d?\}?", re.IGNORECASE)


def rule_of(program: str) -> Rule | None:
    """Return what tells of a program by its words whether it wipes."""
    name = program.rpartition("/")[2]
    rule = _RULES.get(name)
    if rule is None and name.startswith(_BEGINNINGS):
        rule = next(each for begin, each in _FAMILIES.items() if name.startswith(begin))
    return rule


def outputs(words: Words) -> Iterator[str]:
    """Walk the files that a program is told to write, by ``-o``."""
    for option, path in pairwise(words):
        if re.fullmatch(r"-\w*[oO]|--output|--output-document", option):
            yield path


def is_disk(word: str) -> bool:
    """Tell whether a word is the path of a block device."""
    return word.startswith("/dev/") and len(word) > len("/dev/") and not _NO_DISK.fullmatch(word)


def holds_disk(word: str) -> bool:
    """Tell whether a word ends in a variable of whose name it is plain that it is a disk."""
    return _A_DISK.fullmatch(word) is not None


def _disks(words: Words) -> Iterator[Verdict]:
    """Return those that are named; a variable may be any."""
    named = [word for word in words if is_disk(word) and "$" not in word]
    if named:
        yield Wipes(tuple(named))
    elif any("$" in word for word in words):
        yield Wipes()


def _formats(words: Words) -> Iterator[Verdict]:
    yield from _disks([word for word in words if not word.startswith("-")])


def _if_any(*told: str) -> Rule:
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


def _unless_any(*told: str) -> Rule:
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
            elif holds_disk(target) or ("$" in target and target.startswith("/dev/")):
                yield Wipes()
            elif "$" in target:
                yield Unclear(f"it writes to {target} by dd")


def _last(words: Words) -> Iterator[Verdict]:
    """Programs that write to the last word; the others are read."""
    yield from _formats([word for word in words if not word.startswith("-")][-1:])


def _ddrescue(words: Words) -> Iterator[Verdict]:
    # From the first to the second; the third is its map.
    yield from _disks([word for word in words if not word.startswith("-")][1:2])


def _qemu_img(words: Words) -> Iterator[Verdict]:
    if words[:1] == ["convert"]:
        yield from _last(words)
    elif words[:1] == ["dd"]:
        yield from _dd(words)


def _parted(words: Words) -> Iterator[Verdict]:
    # It takes several commands in one word.
    yield from _if_any("mklabel", "mktable", "mkpart", "rm", "resizepart")(
        [part for word in words for part in word.split()]
    )


def _sgdisk(words: Words) -> Iterator[Verdict]:
    long = ("--zap", "--zap-all", "--clear", "--delete", "--new", "--largest-new")
    restores = ("--load-backup", "--replicate")
    if any(
        word.partition("=")[0] in (*long, *restores)
        # -Zop, -n1:0:0
        or ((found := re.match(r"-([A-Za-z]+)", word)) and set(found[1]) & set("ZzodnNlR"))
        for word in words
    ):
        yield from _disks(words)


def _partclone(words: Words) -> Iterator[Verdict]:
    yield from _disks(list(outputs(words)))


def _debconf_set(words: Words) -> Iterator[Verdict]:
    if words[:1] in (["partman-auto/method"], ["partman-auto/expert_recipe"]):
        yield Wipes()


def _installs(words: Words) -> Iterator[Verdict]:
    """Programs that install onto the disk that they are given, or onto one of their choice."""
    yield combined((Wipes(), *_disks(words)))


def _flatcar(words: Words) -> Iterator[Verdict]:
    if "-s" in words:
        yield Wipes(("the smallest disk",))
    else:
        yield from _installs(words)


def _installs_if(*told: str) -> Rule:
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

_RULES: Final[Mapping[str, Rule]] = {
    "dd": _dd,
    "wipefs": _if_any("-a", "--all"),
    "sgdisk": _sgdisk,
    "sfdisk": _unless_any(*_LOOKS),
    "fdisk": _unless_any(*_LOOKS),
    "gdisk": _unless_any(*_LOOKS),
    "parted": _parted,
    "mke2fs": _formats,
    "mkswap": _formats,
    "mkntfs": _formats,
    "scrub": _formats,
    "wipe": _formats,
    "ntfsclone": _if_any("-O", "--overwrite", "-r", "--restore-image"),
    "dcfldd": _dd,
    "dc3dd": _dd,
    "debconf-set": _debconf_set,
    "vgcreate": _installs,
    "vgremove": _installs,
    "lvremove": _installs,
    "pvremove": _installs,
    "archinstall": _installs_if("--silent"),
    "mkdosfs": _formats,
    "pvcreate": _formats,
    "blkdiscard": _formats,
    "shred": _formats,
    "tee": _formats,
    "bcache": _formats,
    "badblocks": _if_any("-w"),
    "hdparm": _if_any("--security-erase", "--security-erase-enhanced"),
    "nvme": _if_any("format", "sanitize", "write-zeroes", "delete-ns"),
    "sg_format": _formats,
    "sg_sanitize": _formats,
    "mdadm": _if_any("--create", "-C", "--zero-superblock"),
    # Disks of a pool may be named without /dev/.
    "zpool": _installs_if("create", "labelclear", "add", "attach", "replace"),
    "cryptsetup": _if_any("luksFormat", "luksErase", "reencrypt", "erase"),
    "ddrescue": _ddrescue,
    "qemu-img": _qemu_img,
    "bmaptool": _if_any("copy"),
    "cp": _last,
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
    "ocs-sr": _installs_if("restoredisk", "restoreparts"),
}
_FAMILIES: Final = {"mkfs": _formats, "partclone.": _partclone}
"""Programs by how their names begin."""
_BEGINNINGS: Final = tuple(_FAMILIES)
