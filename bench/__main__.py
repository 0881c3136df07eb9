"""pyxie beside its peers, on the same work, in turn: a table, JSON and a chart.

    python -m bench [--only NAME …] [--rounds 5] [--json FILE] [--chart FILE] [--page FILE]

Run as root, for its network namespaces. Ctrl-C ends it and takes away all that it has laid.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import platform
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bench.chart import chart
from bench.contest import Contest, Result, alternate
from bench.figures import Row, others, rows
from bench.page import written
from bench.report import report
from bench.table import table
from tests.lab.besieged import CHECKOUT
from tests.lab.needs import MissingError

MODULES = {
    "offers": {"offers", "cold"},
    "blocks": {"lockstep", "window"},
    "answers": {"scripts", "v1boot", "health"},
    "downloads": {"initrd"},
    "images": {"storm"},
    "builds": {"builds", "builds-cold", "bulk"},
}
"""Those that have contests, and which, in the order of the table: what nobody wants is not laid."""
NAMED = ("netem",)
"""Those that are held only when they are named: they take long, and are of no row of the table."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], help="modules or contests, by name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where all figures are written to")
    parser.add_argument("--chart", type=Path, help="where an SVG is written to")
    parser.add_argument("--page", type=Path, help="a document, in which the table is written anew")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    began, results, failed = time.monotonic(), [], False
    try:
        for name in wanted(chosen.only):
            for each in contested(name, chosen.only, chosen.rounds):
                failed |= each is None
                results += [each] if each else []
    except KeyboardInterrupt:
        failed = True
        print("\nended before its time")
    found = [row for result in results for row in rows(result)]
    about = where(results)
    minutes = (time.monotonic() - began) / 60
    print(f"\n{caption(about)}; {chosen.rounds} rounds in {minutes:.0f} minutes\n")
    print(table(found), end="")
    print_others(found)
    if failed:
        sys.exit("not all contests were held to their end, so nothing is written")
    if chosen.json:
        chosen.json.write_text(report(results, about))
    if chosen.page:
        text = chosen.page.read_text()
        chosen.page.write_text(written(text, f"Measured {caption(about)}.", table(found)))
    if chosen.chart:
        chosen.chart.write_text(chart(found, caption(about)))


def wanted(only: Sequence[str]) -> list[str]:
    """Return the modules in which there is something of that; all rows of the table, if nothing."""
    if not only:
        return list(MODULES)
    of_table = [name for name, contests in MODULES.items() if {name, *contests} & set(only)]
    return of_table + [name for name in NAMED if any(each.startswith(name) for each in only)]


def contested(module: str, only: list[str], rounds: int) -> Iterator[Result | None]:
    """Hold a module's contests that are wanted; yield `None` for one that failed."""
    laid: AbstractContextManager[Sequence[Contest]]
    laid = importlib.import_module(f"bench.{module}").contests()
    try:
        with laid as contests:
            for contest in contests:
                if {module, contest.name} & set(only) or not only:
                    print(f"{contest.name}: {contest.work}", flush=True)
                    yield held(contest, rounds)
    except MissingError as exc:
        print(f"{module}: {exc}")
        yield None
    except Exception:  # noqa: BLE001  (the others are still to be held)
        traceback.print_exc()
        yield None


def held(contest: Contest, rounds: int) -> Result:
    """Hold one; where pyxie is alone there is nothing to alternate with, and three runs do."""
    alone = len(contest.sides) == 1
    return alternate(
        contest,
        min(rounds, 3) if alone else rounds,
        warm_up=0 if alone else 1,
        say=lambda text: print(text, flush=True),
    )


def where(results: Sequence[Result]) -> dict[str, Any]:
    """Return when and on what this is, and what else ran there."""
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    git = ["git", "-C", str(CHECKOUT), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    besides = others(results)
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": commit,
        "processors": os.cpu_count(),
        "processor": processor,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "others": vars(besides) if besides else None,
    }


def caption(about: dict[str, Any]) -> str:
    """Return it in words."""
    said = (
        f"{about['date']}, {about['commit']}, {about['processors']} processors,"
        f" {about['processor']}, Linux {about['kernel']}, Python {about['python']}"
    )
    if besides := about["others"]:
        said += f"; others took {besides['median']:.0f} % of them, {besides['most']:.0f} % at most"
    return said


def print_others(found: list[Row]) -> None:
    """Tell what else has run, which is no peer: what the lab itself can do."""
    for row in found:
        for side in row.others:
            seen = side.figure
            print(f"{row.work}: {side.name} {seen.median:.4g} {row.unit}, ±{seen.noise:.0%}")


if __name__ == "__main__":
    main()
