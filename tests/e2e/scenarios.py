"""Which whole boots run when: all by `make e2e`, some of them also elsewhere.

A scenario is a test with the mark ``scenario``, whose one argument is its name in the table of
times; the names here are those.
"""

from __future__ import annotations

from typing import Final

IN_MAKE_TEST: Final = (
    "BIOS: each step is an event, DHCP server on the same host",
    "UEFI x64: the Debian installer, DHCP server on the same host",
)
"""They show the most: a boot by each kind of firmware, with all that its steps leave behind."""

SHORTEST: Final = (
    "BIOS: not in build mode, left alone",
    "BIOS: not in build mode, sent on to its disk",
    "BIOS: an API server that takes its time",
    "UEFI x64 HTTP Boot: each step is an event",
)
"""What CI runs after `make check`: the shortest of the others, by the table of `make e2e`."""
