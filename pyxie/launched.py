"""What is there before the daemon's own libraries are loaded; see `pyxie.launch`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyxie.lines import Lines
from pyxie.outbound.proxies import Proxies
from pyxie.workers.forkserver import ForkServer

if TYPE_CHECKING:
    from pyxie.registry.earlyread import EarlyRead


@dataclass(frozen=True, slots=True)
class Launched:
    """What `pyxie.daemon.serve` goes on with.

    Attributes:
        forks: Starts workers.
        lines: What the log is written by.
        proxies: Those of the environment.
        files: How many files the host lets it open.
        early: Reads machine files meanwhile.
    """

    forks: ForkServer
    lines: Lines
    proxies: Proxies
    files: int
    early: EarlyRead
