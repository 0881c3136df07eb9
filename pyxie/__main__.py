"""``python -m pyxie``, and the program ``pyxie``."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

from pyxie import latemethods

_INTERRUPTED = 130
"""As `pyxie.cli.INTERRUPTED`, which is not there yet."""


def main() -> NoReturn:
    """Run the command line; Ctrl-C while that is loaded ends it as quietly as later."""
    gc.disable()  # it would go through all libraries over and over while they are loaded
    latemethods.install()
    try:
        from pyxie.cli import main as run
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    gc.freeze()  # nor need it at the end: together a third of what a short command takes
    gc.enable()
    run()


if __name__ == "__main__":
    main()
