"""Fuzzes all that takes bytes of strangers.

    python -m tests.fuzz [--seconds 600] [--keep FOLDER] [TARGET…]

Each target gets the same share of the time: for a quarter of it the worst inputs there are of its
words, then what atheris (libFuzzer) makes of its corpus by looking which branches it leads to. What
is found is printed as it is to stand in the corpus, and is in ``fuzz-found`` as well.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.guided import STUCK
from tests.fuzz.seeds import seeds, spelt
from tests.fuzz.target import names, target

FOUND = Path("fuzz-found")
GRACE = 60.0
"""Seconds that a process may take beyond its last input's."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", default=names())
    parser.add_argument("--seconds", type=float, default=600.0, help="for all of them")
    parser.add_argument("--keep", type=Path, help="inputs that led to new branches, for next time")
    options = parser.parse_args()
    share = options.seconds / len(options.targets)
    failed = [
        name
        for name in options.targets
        if not (_worst(name, share / 4) & _guided(name, share * 3 / 4, options.keep))
    ]
    sys.exit(f"found something in {', '.join(failed)}" if failed else 0)


def _worst(name: str, seconds: float) -> bool:
    """Try the worst inputs; tell whether they harmed nobody."""
    code, out = _run(["worst", name, str(seconds)], seconds)
    if code == 0:
        print(f"{name}: {out.splitlines()[-1]}", flush=True)
        return True
    print(f"{name}: FOUND by what the last line before the traceback says:\n{out[-4000:]}")
    return False


def _guided(name: str, seconds: float, keep: Path | None) -> bool:
    """Have atheris try; tell whether it found nothing."""
    FOUND.mkdir(exist_ok=True)
    before = set(FOUND.iterdir())
    with tempfile.TemporaryDirectory(prefix="pyxie-fuzz-") as folder:
        for at, data in enumerate(seeds(name).values()):
            (Path(folder) / f"seed{at}").write_bytes(data[: target(name).longest])
        # What is new goes to the first folder.
        kept = [str(_made(keep / name))] if keep else []
        words = [
            f"-max_total_time={max(1, round(seconds))}",
            f"-max_len={target(name).longest}",
            *(f"-timeout={STUCK:.0f}", f"-report_slow_units={STUCK:.0f}"),
            "-rss_limit_mb=2048",
            f"-artifact_prefix={FOUND}/{name}-",
            f"-dict={_dictionary(name, Path(folder) / 'words')}",
        ]
        code, out = _run(["guided", name, *words, *kept, folder], seconds)
    found = sorted(set(FOUND.iterdir()) - before)
    if code == 0 and not found:
        done = re.findall(r"^#\d+\s+DONE.*?cov: \d+", out, re.MULTILINE)
        print(f"{name}: {' '.join(''.join(done[-1:]).split())}", flush=True)
        return True
    print(f"{name}: FOUND\n{out[-4000:]}")
    for each in found:
        print(spelt("Say what it is", each.read_bytes()))
    return False


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _dictionary(name: str, file: Path) -> Path:
    """Write a target's words as libFuzzer reads them."""
    words = ("".join(f"\\x{byte:02x}" for byte in word) for word in target(name).words)
    file.write_text("".join(f'"{word}"\n' for word in words))
    return file


def _run(words: list[str], seconds: float) -> tuple[int, str]:
    command = [sys.executable, "-m", "tests.fuzz.guided", *words]
    try:
        ended = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds + STUCK + GRACE,
        )
    except subprocess.TimeoutExpired as exc:
        return 1, f"{(exc.stdout or b'').decode(errors='replace')}\nwas killed: it did not end"
    return ended.returncode, ended.stdout.decode(errors="replace")


if __name__ == "__main__":
    main()
