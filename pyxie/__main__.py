"""``python -m pyxie``, and the program ``pyxie``."""

from __future__ import annotations

import sys
from typing import NoReturn

from pyxie import latemethods
from pyxie.uncollected import uncollected

_INTERRUPTED = 130
"""As `pyxie.cli.INTERRUPTED`, which is not there yet."""


def main() -> NoReturn:
    """Run the command line; Ctrl-C while that is loaded ends it as quietly as later."""
    with uncollected():
        latemethods.install()
        try:
            from pyxie.cli import main as run
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
