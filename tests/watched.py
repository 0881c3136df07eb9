"""``pyxie`` under the watchdog: ``python -m tests.watched serve …``; see `tests.watchdog`.

What it sees is said on standard error, a line of `MARK` each.
"""

from __future__ import annotations

import sys

from pyxie.__main__ import main
from tests.watchdog import Watchdog

MARK = "watchdog: "


def _tell(said: str) -> None:
    print(MARK + said.replace("\n", " "), file=sys.stderr, flush=True)


if __name__ == "__main__":
    Watchdog(everything=True, tell=_tell).install()
    main()
